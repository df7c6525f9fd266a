import { parseCivitaiModelLink } from '../../civitai/links.ts'
import { civitdlPattern } from '../civitdl-name.ts'
import type { CivitdlIds } from '../expected-file.ts'
import { isStandIn, openUrl } from '../secrets.ts'
import { type FoundDownload, type FoundFile, noteOf, ofPlace } from './found-download.ts'
import { hasOption, lastValueOf, type OptionTable, operandsOf, readArguments } from './options.ts'
import { placeFolder } from './place.ts'
import type { ShellCommand } from './shell-command.ts'
import { isKnown, type ShellValue } from './shell-value.ts'
import { hasBlank } from './source.ts'

/** civitdl 2.1. */
const OPTIONS: OptionTable = {
  short: 'sik',
  long: [
    'sorter',
    'max-images',
    'nsfw-mode',
    'api-key',
    'limit-rate',
    'retry-count',
    'pause-time',
    'cache-mode',
    'strict-mode',
  ],
}
const URL_LIKE = /^https?:\/\//i
const MOST_IDS = 200

/** `civitdl SOURCE… FOLDER`: each source a model, its page, a version's download, a list of those, or a file of them. */
export function readCivitdl({ args, folder }: ShellCommand): FoundDownload | undefined {
  const read = readArguments(args, OPTIONS)
  const operands = operandsOf(read)
  if (operands.length === 0) return undefined
  const isWithoutFolder = operands.length === 1 || URL_LIKE.test(operands.at(-1)?.text ?? '')
  const place = placeFolder(isWithoutFolder ? undefined : operands.at(-1), folder)
  const sources = (isWithoutFolder ? operands : operands.slice(0, -1)).flatMap(split).slice(0, MOST_IDS)
  if (sources.every(hasBlank)) return undefined
  const key = lastValueOf(read, 'k', 'api-key')
  let hasSecret = key !== undefined && !isStandIn(key.text)
  const notes = noteOf(place)
  if (hasOption(read, 'without-model')) {
    return { program: 'civitdl', files: [], notes: [...notes, 'civitdl --without-model places no model'], hasSecret }
  }
  const files = sources.map((source): FoundFile => {
    const open = openUrl(source.text)
    hasSecret ||= open.hadSecret
    const ids = readIds(open.url)
    const rest = { ...ofPlace(place), names: [], is_below: true } as const
    if (ids === undefined) {
      notes.push(whatInstead(source))
      return { ...rest, source: { kind: 'unknown' }, expected: 'models that civitdl finds out' }
    }
    if (ids.version_id === undefined) {
      notes.push(`model ${ids.model_id} is named without a version: civitdl takes the newest at that time`)
    }
    if (URL_LIKE.test(source.text) && !/^https?:\/\/(?:www\.)?civitai\.com\//i.test(source.text)) {
      notes.push('civitdl knows the addresses of civitai.com alone')
    }
    return { ...rest, source: { kind: 'civitai', ...ids }, civitdl: ids, expected: civitdlPattern(ids) }
  })
  return { program: 'civitdl', files, notes, hasSecret }
}

/** A comma list of what may each be a source. */
const split = (value: ShellValue): ShellValue[] =>
  value.text
    .split(',')
    .map((text) => ({ ...value, text: text.trim() }))
    .filter(({ text }) => text !== '')

function readIds(text: string): CivitdlIds | undefined {
  if (/^[1-9]\d{0,14}$/.test(text)) return { model_id: Number(text) }
  if (!isKnown({ text, hasGlob: false })) return undefined
  const link = parseCivitaiModelLink(text)
  if (link === undefined) return undefined
  const { modelId, versionId } = link
  return {
    ...(modelId === undefined ? {} : { model_id: modelId }),
    ...(versionId === undefined ? {} : { version_id: versionId }),
  }
}

function whatInstead(source: ShellValue): string {
  if (!isKnown(source)) return `which models civitdl gets is not known: ${source.reason ?? 'only a shell would know'}`
  if (URL_LIKE.test(source.text)) return 'an address given to civitdl names no model of Civitai'
  return 'which models civitdl gets stands in another file'
}
