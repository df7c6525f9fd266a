import { formatEnd, readEnd, readVersion, type Versioned } from './air-end.ts'

/**
 * A model in one line, as Civitai names it:
 * `urn:air:<ecosystem>:<type>:<source>:<id>[@<version>][+<fileId>][:<layer>][.<format>]`.
 * Ecosystems, types and sources are open sets: new ones come with every family of models.
 */
export interface Air extends Versioned {
  /** In lower case: `sdxl`. Left out in the short forms (`civitai:1@2`). */
  readonly ecosystem?: string
  /** In lower case: `lora`. */
  readonly type?: string
  /** In lower case: `civitai`, `huggingface`. */
  readonly source: string
  /** A model's number at Civitai, `owner/repository` at Hugging Face. */
  readonly id: string
}

const PREFIX = /^(?:urn:)?air:/i
const MAX_LENGTH = 1000
const WORD = /^[\w./-]*$/
/** A dot first would be read as a format's. */
const ID = /^(?!\.)[\w./~%-]+$/
/** Sources that tell an AIR without its prefix; any other word before a colon may be anything. */
const KNOWN_SOURCE = /^(?:civitai|civitai-r2|huggingface|orchestrator|tensorart)$/i

/**
 * Reads one AIR with nothing around it but blanks. `urn:air:` may be missing where the source is a known one, and so
 * may ecosystem and type: `civitai:1@2`. Undefined for anything else.
 */
export function parseAir(text: string): Air | undefined {
  if (text.length > MAX_LENGTH || !text.includes(':')) return undefined
  const trimmed = text.trim()
  const isPrefixed = PREFIX.test(trimmed)
  const body = trimmed.replace(PREFIX, '')
  const at = body.indexOf('@')
  const words = (at < 0 ? body : body.slice(0, at)).split(':', 6)
  const sourceAt = findSource(words, isPrefixed, at >= 0)
  const [source = '', id = '', layer, ...more] = sourceAt < 0 ? [] : words.slice(sourceAt)
  if (source === '' || more.length > 0 || (layer !== undefined && at >= 0)) return undefined
  const rest = at < 0 ? readIdEnd(id, layer) : readVersion(source, body.slice(at + 1))
  if (rest === undefined) return undefined
  const [ecosystem = '', type = ''] = words.slice(0, sourceAt)
  const air: Air = {
    ...(ecosystem === '' ? {} : { ecosystem: ecosystem.toLowerCase() }),
    ...(type === '' ? {} : { type: type.toLowerCase() }),
    source: source.toLowerCase(),
    id,
    ...rest,
  }
  const isValid = [ecosystem, type, source].every((word) => WORD.test(word)) && ID.test(air.id)
  return isValid && (isPrefixed || tellsItself(air)) ? air : undefined
}

/**
 * Where the source stands among the words: behind ecosystem and type, behind an ecosystem alone, or first. Without both,
 * and without a version, two words may be anything.
 */
function findSource(words: readonly string[], isPrefixed: boolean, isVersioned: boolean): number {
  if (isPrefixed && words.length >= 4) return 2
  const known = words.slice(0, 3).findIndex((word) => KNOWN_SOURCE.test(word))
  return known >= 0 || !isPrefixed || !isVersioned ? known : words.length - 2
}

/** `civitai:version:1` and `huggingface:word` are written by others and mean something else, or nothing. */
function tellsItself({ source, id }: Air): boolean {
  if (source === 'civitai') return /^\d+$/.test(id)
  return source !== 'huggingface' || id.includes('/')
}

/** What can stand behind an id that has no version. Dots are part of the id, unless it is a number. */
function readIdEnd(text: string, layer: string | undefined): (Versioned & { readonly id: string }) | undefined {
  const end = readEnd(text, layer)
  if (end?.version === undefined) return undefined
  const { version: id, ...rest } = end
  const isName = layer === undefined && rest.fileId === undefined && !/^\d+$/.test(id)
  return isName ? { id: text } : { id, ...rest }
}

/** The text that `parseAir` reads as `air`; the short form where ecosystem and type are not known. */
export function formatAir(air: Air): string {
  const { ecosystem = '', type = '', source, id } = air
  const isShort = ecosystem === '' && type === '' && KNOWN_SOURCE.test(source) && tellsItself(air)
  return `${isShort ? '' : `urn:air:${ecosystem}:${type}:`}${source}:${id}${formatEnd(air)}`
}
