/** What follows the id in an AIR. */
export interface Versioned {
  /** A version's number at Civitai, a revision at Hugging Face. */
  readonly version?: string
  /** The file inside a repository of Hugging Face, without escapes; there only beside `version`. */
  readonly path?: string
  /** The number of one file of a version. */
  readonly fileId?: string
  readonly layer?: string
  /** `safetensors`. Never there beside `path`, which ends in it. */
  readonly format?: string
}

const VERSION = /^[\w./~%+-]*$/
const FILE_AND_FORMAT = /^(\d{1,19})(?:\.([a-z][\w-]*))?$/i
const LAYER_AND_FORMAT = /^([\w-]*)(?:\.([a-z][\w-]*))?$/i
/** `v1.0` has no format, `v1.safetensors` has one. */
const FORMAT = /\.([a-z][\w-]*)$/i

/** A revision that has slashes of its own, as Hugging Face names them; its users write them with and without escapes. */
const REFERENCE = /^refs(?:\/|%2[Ff])(?:pr|heads|tags|convert)(?:\/|%2[Ff])(?:(?!%2[Ff])[^/])+/

/** What stands behind the `@`: at Hugging Face a revision and perhaps a path, elsewhere a version. */
export function readVersion(source: string, text: string): Versioned | undefined {
  const isRepository = source.toLowerCase() === 'huggingface'
  const slash = isRepository ? text.indexOf('/', REFERENCE.exec(text)?.[0].length) : -1
  if (slash >= 0) return readPath(text.slice(0, slash), text.slice(slash + 1))
  const colon = text.indexOf(':')
  const end = colon < 0 ? readEnd(text) : readEnd(text.slice(0, colon), text.slice(colon + 1))
  if (!isRepository || end?.version === undefined) return end
  const version = unescaped(end.version)
  return isPlain(version) ? { ...end, version } : undefined
}

function readPath(revision: string, file: string): Versioned | undefined {
  const [version, path] = [unescaped(revision), unescaped(file)]
  return isPlain(version) && isPlain(path) ? { version, path } : undefined
}

/** `<version>[+<fileId>][.<format>]`; what stands behind a colon is `<layer>[.<format>]`. */
export function readEnd(text: string, layerText = ''): Versioned | undefined {
  const plus = text.lastIndexOf('+')
  const [, fileId, fileFormat] = (plus < 0 ? null : FILE_AND_FORMAT.exec(text.slice(plus + 1))) ?? []
  const layered = LAYER_AND_FORMAT.exec(layerText)
  const [, layer = '', layerFormat] = layered ?? []
  const before = fileId === undefined ? text : text.slice(0, plus)
  const isBare = fileId === undefined && layer === '' && layerFormat === undefined
  const ownFormat = isBare ? FORMAT.exec(before)?.[1] : undefined
  const version = ownFormat === undefined ? before : before.slice(0, -ownFormat.length - 1)
  const format = layerFormat ?? fileFormat ?? ownFormat
  if (layered === null || !VERSION.test(version)) return undefined
  return {
    ...(version === '' ? {} : { version }),
    ...(fileId === undefined ? {} : { fileId }),
    ...(layer === '' ? {} : { layer }),
    ...(format === undefined ? {} : { format }),
  }
}

/** There is something, and it can stand in one line. */
const isPlain = (text: string): boolean => text !== '' && !/\p{Cc}/u.test(text)

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** All that stands behind the id of `air`. */
export function formatEnd(air: Versioned & { readonly source: string; readonly id: string }): string {
  const { source, id, version, path, fileId, layer, format } = air
  if (path !== undefined) return `@${joined(escaped(version ?? 'main'), path.split('/').map(escaped).join('/'))}`
  const isBare = fileId === undefined && layer === undefined && format === undefined
  return [
    version === undefined ? '' : `@${source === 'huggingface' ? escapedRevision(version, isBare) : version}`,
    // A name's own dots would swallow the format.
    version === undefined && format !== undefined && !/^\d+$/.test(id) ? '@' : '',
    fileId === undefined ? '' : `+${fileId}`,
    layer === undefined ? '' : `:${layer}`,
    format === undefined ? '' : `.${format}`,
  ].join('')
}

/** What stands behind a revision `refs` must not be taken for a part of it. */
function joined(revision: string, path: string): string {
  const whole = `${revision}/${path}`
  return [undefined, revision].includes(REFERENCE.exec(whole)?.[0]) ? whole : whole.replace(/^r/, '%72')
}

/** A revision `release.candidate` must not be taken for one with a format. */
const escapedRevision = (revision: string, isBare: boolean): string =>
  isBare ? escaped(revision).replace(FORMAT, '%2E$1') : escaped(revision)

/** Brackets and quotes too, which end an AIR in prose. */
const escaped = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
