import { isStandIn } from '../secrets.ts'
import { type FoundDownload, type FoundFile, namesOf, noteOf, ofPlace, titleOf } from './found-download.ts'
import { hasOption, lastValueOf, type OptionTable, operandsOf, readArguments, valuesOf } from './options.ts'
import { placeFile, placeFolder } from './place.ts'
import type { ShellCommand } from './shell-command.ts'
import { hasBlank, readSource } from './source.ts'

const OPTIONS: OptionTable = {
  // The letter behind -n belongs to it: -nc, -nv.
  short: 'oaeiBtOTwQPUlARDInX',
  long: [
    ...[
      'output-document',
      'directory-prefix',
      'header',
      'user-agent',
      'tries',
      'timeout',
      'wait',
      'limit-rate',
      'user',
    ],
    ...[
      'password',
      'http-user',
      'http-password',
      'http-passwd',
      'input-file',
      'output-file',
      'append-output',
      'execute',
    ],
    ...['progress', 'post-data', 'post-file', 'method', 'body-data', 'body-file', 'referer', 'load-cookies', 'quota'],
    ...['save-cookies', 'base', 'level', 'accept', 'reject', 'domains', 'cut-dirs', 'default-page', 'dns-timeout'],
    ...['connect-timeout', 'read-timeout', 'waitretry', 'ca-certificate', 'certificate', 'private-key', 'config'],
    ...['restrict-file-names', 'secure-protocol', 'bind-address', 'prefer-family', 'retry-on-http-error', 'proxy-user'],
    ...['proxy-password', 'max-redirect', 'compression', 'start-pos', 'report-speed', 'ftp-user', 'ftp-password'],
  ],
}
const NO_FILE = /^(?:-|\/dev\/(?:null|stdout|stderr))$/

/** `wget -P FOLDER URL…`, `wget -O FILE URL`. */
export function readWget({ args, folder, outputTo }: ShellCommand): FoundDownload | undefined {
  const read = readArguments(args, OPTIONS)
  const urls = operandsOf(read)
  const output = lastValueOf(read, 'O', 'output-document')
  const prefix = lastValueOf(read, 'P', 'directory-prefix')
  const list = lastValueOf(read, 'i', 'input-file')
  if ((urls.length === 0 && list === undefined) || hasOption(read, 'spider', 'version', 'help')) return undefined
  if (list === undefined && urls.every(hasBlank)) return undefined
  const stored = output !== undefined && NO_FILE.test(output.text) ? outputTo : output
  if (stored === undefined && output !== undefined) return undefined
  let hasSecret = holdsKey(valuesOf(read, 'header'), valuesOf(read, 'password', 'http-password', 'http-passwd'))
  const sources = urls.map(readSource)
  const notes = sources.flatMap((source) => source.notes)
  hasSecret ||= sources.some(({ hadSecret }) => hadSecret)
  if (stored !== undefined) {
    const { name, ...place } = placeFile(stored, folder)
    if (prefix !== undefined && output !== undefined) notes.push('wget ignores -P beside -O')
    if (urls.length > 1) notes.push('wget -O puts several addresses one behind the other into one file')
    const { source } = sources[0] ?? { source: { kind: 'unknown' } as const }
    const file: FoundFile = { ...ofPlace(place), source, names: namesOf(name) }
    return { program: 'wget', files: [file], notes: [...notes, ...noteOf(place)], hasSecret }
  }
  const place = placeFolder(prefix, folder)
  const byServer = hasOption(read, 'content-disposition', 'trust-server-names')
  const files = sources.map((source): FoundFile => {
    const { name, query } = source
    const isCivitai = source.source.kind === 'civitai'
    // Without being told otherwise wget keeps the query in the name.
    const asked = name === undefined ? undefined : `${name}${query}`
    const names = byServer ? (isCivitai ? [] : namesOf(name, asked)) : namesOf(asked, name)
    return { ...ofPlace(place), source: source.source, names, expected: titleOf(source) }
  })
  if (list !== undefined) {
    notes.push('which files wget gets stands in another file')
    files.push({ ...ofPlace(place), source: { kind: 'unknown' }, names: [], expected: 'files that wget finds out' })
  }
  return { program: 'wget', files, notes: [...notes, ...noteOf(place)], hasSecret }
}

/** Whether a key stands among headers and passwords, and not only the name of a variable. */
export function holdsKey(headers: readonly { text: string }[], passwords: readonly { text: string }[]): boolean {
  const keys = headers.flatMap(({ text }) => /^\s*authorization\s*:\s*(?:\w+\s+)?(.*)$/i.exec(text)?.[1] ?? [])
  return [...keys, ...passwords.map(({ text }) => text)].some((key) => !isStandIn(key.trim()))
}
