import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml'
import { MAX_FRONT_MATTER } from './limits.ts'

/** One value as it stands in the page; offsets are those of the page's text. */
export interface FieldValue {
  readonly text: string
  readonly start: number
  readonly end: number
}

export interface Field {
  /** As written. */
  readonly key: string
  readonly values: readonly FieldValue[]
  /** Behind the key, where a value would stand. */
  readonly keyEnd: number
  /** Neither one value nor a list of values. */
  readonly isNested: boolean
}

export interface FrontMatter {
  /** Whether there is any. */
  readonly isPresent: boolean
  /** Behind the line that opens it. */
  readonly start: number
  /** Where the line that closes it begins. */
  readonly end: number
  /** Behind the line that closes it. */
  readonly bodyStart: number
  /** In order, by key in lower case where asked by `fieldsOf`. */
  readonly fields: readonly Field[]
  /** Why it cannot be relied on. */
  readonly fault?: string
  /** Its AIR was read from its line alone, as the rest is no YAML. */
  readonly isAirByLine?: true
}

const OPENING = /^\s{0,100}?---[ \t]{0,100}\r?\n/
const CLOSING = /^(?:---|\.\.\.)[ \t]{0,100}\r?$/m
const KEY = /^(?:["']?[\w-]{1,60}["']?[ \t]*:|#)/
const NAMED = /^[ \t]*(?:["']?[\w$@. -]{1,60}["']?[ \t]*:|[[{?&*!%-])/m
const EMPTY = /^(?:\s|#.*)*$/
/** `- - - -` and the like: the parser goes down one level for each. */
const DEEP = /(?:[-?:][ \t]{1,9}){64}|[[{]{64}/
const ALIAS = /(?:^|[\s,[{:-])\*[\w-]/
const AIR_LINE = /^["']?air["']?[ \t]{0,20}:[ \t][^\n]{1,1000}$/im
const MAX_ALIASES = 100
/** Maps that one page merges into another by `<<`, each time it does. */
const MAX_MERGED = 100
const MAX_VALUES = 50

/** Lines may end as they did on old Macs; offsets stay. */
export const withLineFeeds = (text: string): string => (text.includes('\r') ? text.replace(/\r(?!\n)/g, '\n') : text)

/** The front matter of a page's text: YAML between a first line `---` and the next one (or `...`). */
export function readFrontMatter(page: string): FrontMatter {
  const text = withLineFeeds(page)
  const opening = OPENING.exec(text)?.[0]
  if (opening === undefined) return absent()
  const start = opening.length
  const found = CLOSING.exec(text.slice(start, start + MAX_FRONT_MATTER))
  if (found === null) {
    // A page may begin with a line drawn across it.
    if (!KEY.test(text.slice(start, start + 200).split('\n', 1)[0] ?? '')) return absent()
    const fault =
      text.length - start > MAX_FRONT_MATTER
        ? `Its front matter does not end within ${MAX_FRONT_MATTER} characters`
        : 'Its front matter does not end: a line with --- is missing'
    return { ...absent(), isPresent: true, fault }
  }
  const yaml = text.slice(start, start + found.index)
  if (!NAMED.test(yaml) && !EMPTY.test(yaml)) return absent()
  const end = start + found.index
  const newline = text.indexOf('\n', end)
  const place = { isPresent: true, start, end, bodyStart: newline < 0 ? text.length : newline + 1 }
  return { ...place, ...readFields(yaml, start) }
}

const absent = (): FrontMatter => ({ isPresent: false, start: 0, end: 0, bodyStart: 0, fields: [] })

/** Fields with that name, however it is spelled. */
export const fieldsOf = ({ fields }: Pick<FrontMatter, 'fields'>, ...names: readonly string[]): readonly Field[] =>
  fields.filter(({ key }) => names.includes(key.toLowerCase()))

type Fields = Pick<FrontMatter, 'fields' | 'fault' | 'isAirByLine'>

const parse = (yaml: string): Document.Parsed =>
  parseDocument(yaml, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })

function readFields(yaml: string, start: number): Fields {
  const read = readYaml(yaml, start)
  if (read.fault === undefined || fieldsOf(read, 'air').some(({ values }) => values.length > 0)) return read
  const air = airByLine(yaml, start)
  return air.length === 0 ? read : { ...read, fields: [...read.fields, ...air], isAirByLine: true }
}

function readYaml(yaml: string, start: number): Pick<FrontMatter, 'fields' | 'fault'> {
  if (DEEP.test(yaml)) return { fields: [], fault: 'Its front matter is nested too deep' }
  try {
    const document = parse(yaml)
    const fields = fieldsIn(document, yaml, start)
    const fault = faultOf(document, yaml)
    return fault === undefined ? { fields } : { fields, fault }
  } catch {
    return { fields: [], fault: 'Its front matter cannot be read as YAML' }
  }
}

/** A line that is YAML by itself, where all of them are not: `title: one: two` above it. */
function airByLine(yaml: string, start: number): readonly Field[] {
  const found = AIR_LINE.exec(yaml)
  const [line = ''] = found ?? []
  if (found === null || DEEP.test(line)) return []
  const document = parse(line)
  return document.errors.length > 0 ? [] : fieldsIn(document, line, start + found.index)
}

function faultOf(document: Document.Parsed, yaml: string): string | undefined {
  const [error] = document.errors
  if (error !== undefined) {
    // The opening line is the first.
    const line = yaml.slice(0, error.pos[0]).split('\n').length + 1
    return `Its front matter is not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')}, line ${line})`
  }
  if (document.contents !== null && !isMap(document.contents)) {
    return 'Its front matter is not a list of names and values'
  }
  if (!ALIAS.test(yaml)) return undefined
  try {
    document.toJS({ maxAliasCount: MAX_ALIASES })
    return undefined
  } catch {
    return 'Its front matter repeats itself through too many anchors and aliases'
  }
}

function fieldsIn(document: Document.Parsed, yaml: string, start: number): Field[] {
  if (!isMap(document.contents)) return []
  const own = fieldsOfMap(document.contents)
  const names = new Set(own.map(({ key }) => key.toLowerCase()))
  // What the page says itself counts before what it takes over.
  const merged = mergedInto(document.contents, document).flatMap(fieldsOfMap)
  return [
    ...own,
    ...merged.filter(({ key }) => !names.has(key.toLowerCase())).map((field) => ({ ...field, isNested: true })),
  ]

  function fieldsOfMap(map: YAMLMap): Field[] {
    return map.items.flatMap(({ key, value }): Field[] => {
      if (!isScalar(key) || !key.range) return []
      const nodes = isSeq(value) ? value.items.slice(0, MAX_VALUES) : [value]
      const values = nodes.flatMap((node): FieldValue[] => {
        const real = isAlias(node) ? node.resolve(document) : node
        const range = isAlias(node) || isScalar(node) ? node.range : undefined
        if (!isScalar(real) || real.value === null || !range) return []
        const [from, to] = range
        const text = typeof real.value === 'string' ? real.value : (real.source ?? yaml.slice(from, to))
        return [{ text, start: start + from, end: start + to }]
      })
      const isNested = isMap(value) || (isSeq(value) && values.length < nodes.length)
      return [{ key: String(key.value), values, keyEnd: start + key.range[1], isNested }]
    })
  }
}

/** The maps that a map takes over by `<<`, and those that these do; each once. */
function mergedInto(first: YAMLMap, document: Document.Parsed): readonly YAMLMap[] {
  const found = new Set([first])
  let looks = 0
  for (const map of found) {
    for (const { key, value } of map.items) {
      if (!isScalar(key) || key.value !== '<<') continue
      for (const node of isSeq(value) ? value.items : [value]) {
        looks += 1
        if (looks > MAX_MERGED) return []
        const real = isAlias(node) ? node.resolve(document) : node
        if (isMap(real)) found.add(real)
      }
    }
  }
  found.delete(first)
  return [...found]
}
