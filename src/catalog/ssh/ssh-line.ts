import { isAbsolute } from 'node:path'
import type { AppError } from '../../errors.ts'
import { checkHost, checkPort, checkUser, invalid } from './ssh-parts.ts'

export interface SshLine {
  readonly host: string
  readonly port?: number
  readonly user?: string
  readonly identity?: string
}

const LONGEST_LINE = 4096

/** What would mean something to a shell beyond words and quotes: a line that needs one is not the one that was copied. */
const SHELL: readonly (readonly [RegExp, string])[] = [
  [/[\n\r]/, 'a line break'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  [/[\u0000-\u0008\u000b-\u001f\u007f]/, 'a control character'],
  [/`/, 'a backtick'],
  [/\$/, 'a $'],
  [/[;&|<>()\\]/, 'one of ; & | < > ( ) \\'],
]

/** Forwardings: airkeep needs none, whatever the line asks for. */
const IGNORED = new Set(['L', 'R', 'D'])

/**
 * Host, user, port and key of a line as hosts that rent out machines show it. Nothing else is taken from it:
 * forwardings are ignored, every other option and a command are refused by their name.
 * @throws AppError invalid_input
 */
export function parseSshLine(line: string): SshLine {
  if (line.length > LONGEST_LINE) throw refuse('it is too long')
  for (const [pattern, name] of SHELL) if (pattern.test(line)) throw refuse(`it holds ${name}`)
  const rest = splitWords(line)
  if (rest.shift() !== 'ssh') throw refuse('it does not begin with ssh')
  const taken = new Map<string, string>()
  let place: string | undefined
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-')) {
      if (place !== undefined) throw refuse('there is a command after the host, and airkeep runs its own')
      place = word
      continue
    }
    const letter = word.slice(1, 2)
    if (letter !== 'p' && letter !== 'i' && !IGNORED.has(letter))
      throw refuse(`the option ${nameOf(word)} is not taken`)
    const value = word.slice(2) || rest.shift()
    if (value === undefined) throw refuse(`the option -${letter} has no value`)
    if (IGNORED.has(letter)) continue
    if (taken.has(letter)) throw refuse(`the option -${letter} stands there twice`)
    taken.set(letter, value)
  }
  if (place === undefined) throw refuse('it names no host')
  const at = place.lastIndexOf('@')
  const port = taken.get('p')
  const identity = taken.get('i')
  return {
    host: checkHost(place.slice(at + 1)),
    ...(at === -1 ? {} : { user: checkUser(place.slice(0, at), 'ssh_host') }),
    ...(port === undefined ? {} : { port: checkPort(/^\d{1,5}$/.test(port) ? Number(port) : 0, 'ssh_host') }),
    ...(identity === undefined ? {} : { identity: checkIdentity(identity) }),
  }
}

/** ssh itself expands `%h` and `${NAME}` in the path of a key. */
function checkIdentity(path: string): string {
  if ((isAbsolute(path) || path.startsWith('~/')) && !/[%$]/.test(path)) return path
  throw refuse('the key after -i must be an absolute path or one below ~/, without % and $')
}

/** `-o` of `-oProxyCommand=…`, `--proxy` of `--proxy=…`: the option, without its value. */
const nameOf = (word: string): string => /^(?:--[A-Za-z0-9-]{0,40}|-[A-Za-z0-9]?)/.exec(word)?.[0] ?? '-'

function splitWords(line: string): string[] {
  const words: string[] = []
  for (const [, text = ''] of line.matchAll(/((?:[^ \t"']|"[^"]*"|'[^']*'|["'])+)/g)) {
    const bare = text.replaceAll(
      /"([^"]*)"|'([^']*)'/g,
      (_, double?: string, single?: string) => double ?? single ?? '',
    )
    if (/["']/.test(text.replaceAll(/"[^"]*"|'[^']*'/g, ''))) throw refuse('a quote is not closed')
    words.push(bare)
  }
  return words
}

const refuse = (reason: string): AppError =>
  invalid(
    'ssh_host',
    `The ssh line cannot be used: ${reason}`,
    'Give it as ssh -p 40123 root@host (with -i KEY where one is needed), or host, port and user by themselves',
  )
