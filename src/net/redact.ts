import { withoutSecrets } from '../lib/log.ts'
import { publicUrl } from '../lib/public-url.ts'

/** What other servers say, made fit to be quoted in our own messages. */

const LONGEST_QUOTE = 200
/** As far as is looked: what comes behind is never shown. */
const LONGEST_READ = 4_000

/** Colours, titles and what else terminals obey: CSI, OSC, and the short ones. */
const TERMINAL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is sought
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g
/** Zero-width characters, and those that turn the order of a line around. */
const INVISIBLE = /\p{Cf}+/gu
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu

const URLS = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'<>`]{1,2000}/gi

/** A name of something secret, what stands between, and the secret itself. */
const NAMED: readonly RegExp[] = [
  /(\b(?:set-)?cookie["']?\s{0,3}[:=]\s{0,3})(.+)/gi,
  /(\bauthori[sz]ation["']?\s{0,3}(?:[:=]|%3d)\s{0,3}["']?)((?:[a-z]{1,20}\s{1,3})?[^\s"',;]+)/gi,
  /(\b(?:bearer|basic)\s{1,3})([\w.~+/=-]{6,})/gi,
  /((?:token|secret|passw(?:or)?d|key|signature|credential|hmac|session|jwt|\bsig|\bauth|\bverify)["']?\s{0,3}(?:=|%(?:25)*3d)\s{0,3}["']?)([^\s"',;&}]+)/gi,
  /((?:secret|passw(?:or)?d|(?:api|access|private)[-_ ]?key|signature|credential)["']?\s{0,3}:\s{0,3}["']?)([^\s"',;&}]+)/gi,
  // Behind another word with a colon, or in words of people, it has to look like a key.
  /((?:token|secret|passw(?:or)?d|key|signature|credential)["']?\s{0,3}:?\s{0,3}["']?)((?=[\w.~+/-]*\d)[\w.~+/-]{8,}=*)/gi,
]
/** What keys of well-known services look like wherever they stand. */
const KEYS =
  /\b(?:hf_|gh[a-z]_|github_pat_|glpat-|sk-|xox[a-z]-|AKIA|ASIA|eyJ)[\w.-]{8,}|(?<![\w-])[0-9a-f]{32}(?![\w-])/gi

const MASK = '***'

/**
 * Words of another server in one line of at most 200 characters, without control characters and without anything like a
 * token; undefined for what holds no words.
 */
export function quoteOf(said: unknown, longest: number = LONGEST_QUOTE): string | undefined {
  if (typeof said !== 'string') return undefined
  // What cannot be seen goes first, or it would hide the name of a key.
  const line = said
    .slice(0, LONGEST_READ)
    .toWellFormed()
    .replace(TERMINAL, '')
    .replace(INVISIBLE, '')
    .replace(BREAKS, ' ')
    .trim()
  let open = withoutSecrets(line.replace(URLS, publicUrl))
  for (const named of NAMED) open = open.replace(named, `$1${MASK}`)
  open = open.replace(KEYS, MASK)
  if (open === '') return undefined
  if (open.length <= longest) return open
  // Cut between two characters, not inside of one.
  return `${open
    .slice(0, longest)
    .toWellFormed()
    .replace(/\ufffd$/, '')
    .trimEnd()}…`
}
