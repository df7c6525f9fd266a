import { type ExpectedFile, PROGRAMS, type Program } from '../expected-file.ts'
import { MAX_BLOCK, MAX_COMMANDS, MAX_FILES } from '../limits.ts'
import type { CodeBlock } from '../markdown.ts'
import { readAria2c } from './aria2c.ts'
import { readCivitdl } from './civitdl.ts'
import { readCurl } from './curl.ts'
import type { FoundDownload } from './found-download.ts'
import { readHuggingFace } from './hugging-face.ts'
import { openFile, openText } from './open-file.ts'
import { cleanScript, newShellState, readScript } from './read-script.ts'
import { noiseOf, readComments, roleOf } from './role.ts'
import type { ShellCommand } from './shell-command.ts'
import { readWget } from './wget.ts'

export interface PageCommands {
  readonly programs: ReadonlySet<Program>
  /** Commands that download. */
  readonly count: number
  readonly files: readonly ExpectedFile[]
  readonly notes: readonly string[]
  /** Lines of the page, from 1, of commands with a key in them. */
  readonly secretLines: readonly number[]
  /** Why a block with commands could not be read. */
  readonly unread?: string | undefined
}

const READERS: Readonly<Record<string, (command: ShellCommand) => FoundDownload | undefined>> = {
  civitdl: readCivitdl,
  wget: readWget,
  wget2: readWget,
  curl: readCurl,
  hf: readHuggingFace,
  'huggingface-cli': readHuggingFace,
  aria2c: readAria2c,
}
/** Without one of these words there is nothing to read. */
const HINT = /civitdl|wget|curl|aria2c|\bhf\b|huggingface-cli|sha256sum|\bcd\b|=/

/** What the commands of a page would download, and where to. @param firstLine line of the page at which its body begins */
export function readCommands(blocks: readonly CodeBlock[], firstLine: number): PageCommands {
  const state = newShellState(MAX_COMMANDS)
  const programs = new Set<Program>()
  const files: ExpectedFile[] = []
  const notes = new Set<string>()
  const secretLines: number[] = []
  const digests = new Map<string, string>()
  let count = 0
  let unread: string | undefined

  for (const block of blocks) {
    if (!HINT.test(block.code)) continue
    const startLine = firstLine + block.line
    const leaveOut = (why: string): void => {
      const note = `the code block in line ${startLine} ${why}`
      notes.add(note)
      const program = programIn(block.code)
      if (program === undefined) return
      unread ??= note
      const expected = 'files of a code block that cannot be read'
      files.push({ program, line: startLine, source: { kind: 'unknown' }, expected, names: [], is_below: false })
    }
    if (block.code.length > MAX_BLOCK) {
      leaveOut('is too long to be read')
      continue
    }
    const code = cleanScript(block.code)
    const commands = readScript(code, state)
    if (commands === undefined) {
      leaveOut('cannot be read as commands')
      continue
    }
    const commentOf = readComments(code)
    const fromHeading = block.heading === undefined ? undefined : noiseOf(block.heading)
    let found = 0
    for (const command of commands) {
      takeDigest(command, digests)
      const reader = Object.hasOwn(READERS, command.name) ? READERS[command.name] : undefined
      const download = reader?.(command)
      if (download === undefined) continue
      found += 1
      programs.add(download.program)
      const line = startLine + linesBefore(code, command.start)
      if (download.hasSecret) secretLines.push(line)
      for (const note of download.notes) notes.add(openText(note))
      const comment = commentOf(command.start, command.end)
      const role = (comment === undefined ? undefined : roleOf(comment)) ?? fromHeading
      for (const file of download.files) {
        if (files.length >= MAX_FILES) break
        const { names, expected = 'a file whose name is not known' } = file
        const { program } = download
        const rest = { program, line, expected: names[0] ?? expected, is_below: file.is_below ?? false }
        files.push(openFile({ ...file, ...rest, ...(role === undefined ? {} : { role }) }))
      }
    }
    count += found
    // A block of its own is mostly pasted into a new shell; one that only goes somewhere goes on in the next.
    if (found > 0) state.folder = undefined
  }
  if (state.left <= 0) notes.add(`of its commands only the first ${MAX_COMMANDS} were read`)
  return { programs, count, files: withDigests(merged(files), digests), notes: [...notes], secretLines, unread }
}

/** Which program a script names first, however it may go on. */
function programIn(code: string): Program | undefined {
  const [word] = /\b(?:civitdl|wget|curl|aria2c|hf download|huggingface-cli)\b/.exec(code) ?? []
  if (word === undefined) return undefined
  return PROGRAMS.find((program) => word.startsWith(program)) ?? 'hf'
}

function linesBefore(code: string, offset: number): number {
  let lines = 0
  for (let at = code.indexOf('\n'); at >= 0 && at < offset; at = code.indexOf('\n', at + 1)) lines += 1
  return lines
}

/** `wget A || curl -o A` places one file. */
function merged(files: readonly ExpectedFile[]): ExpectedFile[] {
  const seen = new Set<string>()
  return files.filter(({ folder, absolute_folder, names, civitdl, source }) => {
    const what = names[0] ?? (civitdl === undefined ? JSON.stringify(source) : JSON.stringify(civitdl))
    const isPlaced = (folder ?? absolute_folder) !== undefined
    const key = JSON.stringify([folder, absolute_folder, what])
    if (!isPlaced || source.kind === 'unknown') return true
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** `echo "<64 hex>  name" | sha256sum -c`. */
function takeDigest({ name, args, pipedTo }: ShellCommand, digests: Map<string, string>): void {
  if (pipedTo !== 'sha256sum' || (name !== 'echo' && name !== 'printf')) return
  const text = args.map((arg) => arg.text).join(' ')
  for (const [, digest = '', path = ''] of text.matchAll(/\b([0-9a-f]{64})\s+\*?([^\s\\]{1,400})/gi)) {
    digests.set(path.slice(path.lastIndexOf('/') + 1), digest.toLowerCase())
  }
}

const withDigests = (files: readonly ExpectedFile[], digests: ReadonlyMap<string, string>): ExpectedFile[] =>
  files.map((file) => {
    const sha256 = file.sha256 ?? file.names.map((name) => digests.get(name)).find((digest) => digest !== undefined)
    return sha256 === undefined ? file : { ...file, sha256 }
  })
