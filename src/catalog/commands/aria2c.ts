import { type FoundDownload, type FoundFile, namesOf, noteOf, ofPlace, titleOf } from './found-download.ts'
import { hasOption, lastValueOf, type OptionTable, operandsOf, readArguments, valuesOf } from './options.ts'
import { type PlacedFile, placeFile, placeFolder } from './place.ts'
import type { ShellCommand } from './shell-command.ts'
import { isKnown, type ShellValue } from './shell-value.ts'
import { hasBlank, type ReadSource, readSource } from './source.ts'
import { holdsKey } from './wget.ts'

const OPTIONS: OptionTable = {
  short: 'dolsxkjimtUuTMOR',
  long: [
    ...[
      'dir',
      'out',
      'header',
      'checksum',
      'split',
      'max-connection-per-server',
      'min-split-size',
      'input-file',
      'log',
    ],
    ...['max-concurrent-downloads', 'user-agent', 'http-user', 'http-passwd', 'all-proxy', 'https-proxy', 'referer'],
    ...[
      'load-cookies',
      'save-session',
      'timeout',
      'connect-timeout',
      'max-tries',
      'retry-wait',
      'conf-path',
      'max-download-limit',
    ],
    ...[
      'max-overall-download-limit',
      'summary-interval',
      'console-log-level',
      'log-level',
      'file-allocation',
      'lowest-speed-limit',
    ],
  ],
}

/** `aria2c -d FOLDER -o NAME URL`. Several addresses are one file from several servers, unless -Z is there. */
export function readAria2c({ args, folder }: ShellCommand): FoundDownload | undefined {
  const read = readArguments(args, OPTIONS)
  const urls = operandsOf(read)
  const list = lastValueOf(read, 'i', 'input-file')
  if (urls.length === 0 && list === undefined) return undefined
  if (list === undefined && urls.every(hasBlank)) return undefined
  const isEach = hasOption(read, 'Z', 'force-sequential')
  const sources = urls.map(readSource)
  const notes = (isEach ? sources : sources.slice(0, 1)).flatMap((source) => source.notes)
  const hasSecret =
    sources.some(({ hadSecret }) => hadSecret) || holdsKey(valuesOf(read, 'header'), valuesOf(read, 'http-passwd'))
  const dir = lastValueOf(read, 'd', 'dir')
  const out = lastValueOf(read, 'o', 'out')
  const sha256 = /^sha-256=([0-9a-f]{64})$/i.exec(lastValueOf(read, 'checksum')?.text ?? '')?.[1]?.toLowerCase()
  const files = (isEach ? sources : sources.slice(0, 1)).map((source): FoundFile => {
    const given = isEach ? undefined : out
    const place: PlacedFile = given === undefined ? placeFolder(dir, folder) : placeOut(given, dir, folder)
    notes.push(...noteOf(place))
    const names = given === undefined ? namesWithout(source) : namesOf(place.name)
    const rest = { ...ofPlace(place), source: source.source, names, expected: titleOf(source) }
    return sha256 === undefined || isEach ? rest : { ...rest, sha256 }
  })
  if (list !== undefined) {
    notes.push('which files aria2c gets stands in another file')
    const place = placeFolder(dir, folder)
    files.push({ ...ofPlace(place), source: { kind: 'unknown' }, names: [], expected: 'files that aria2c finds out' })
  }
  return { program: 'aria2c', files, notes: [...new Set(notes)], hasSecret }
}

/** aria2c takes the server's name: at Hugging Face that of the file, at Civitai one that nobody knows before. */
const namesWithout = ({ source, name }: ReadSource): string[] => (source.kind === 'civitai' ? [] : namesOf(name))

function placeOut(out: ShellValue, dir: ShellValue | undefined, folder: ShellValue | undefined): PlacedFile {
  if (dir === undefined || !isKnown(out)) return placeFile(out, folder)
  return placeFile({ ...out, text: `${dir.text}/${out.text}`, hasGlob: out.hasGlob || dir.hasGlob }, folder)
}
