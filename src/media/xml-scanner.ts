/** What XML consists of, in the order of the text. Entities of attributes and texts are replaced already. */
export type XmlEvent =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: readonly XmlAttribute[] }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }
  /** Where scanning ended before the text did, and why. */
  | { readonly kind: 'broken'; readonly reason: string }

export type XmlAttribute = readonly [name: string, value: string]

/** Names of XML are longer in theory only; the bound keeps a search for their end short. */
const TAG = /<(\/?)([^\s<>"'=/!?]{1,300})/y
const ATTRIBUTE = /\s*([^\s<>"'=/]{1,300})\s*=\s*(?:"([^"]*)"|'([^']*)')/y
const TAG_END = /\s*(\/?)>/y
/** Declarations, comments and processing instructions, by how they begin and end. */
const SKIPPED: readonly (readonly [begin: string, end: string])[] = [
  ['<!--', '-->'],
  ['<?', '?>'],
  ['<!', '>'],
]
const CDATA = '<![CDATA['

/**
 * Scans XML once from its beginning to its end, without going back, and stops where it is none. Names are as written.
 * Only the five entities of XML and numbers are replaced: what a document type declares is not looked at.
 */
export function* scanXml(xml: string): Generator<XmlEvent> {
  let at = 0
  while (at < xml.length) {
    const next = xml.indexOf('<', at)
    const textEnd = next < 0 ? xml.length : next
    if (textEnd > at) yield { kind: 'text', text: replaceEntities(xml.slice(at, textEnd)) }
    if (next < 0) return
    if (xml.startsWith(CDATA, next)) {
      const end = xml.indexOf(']]>', next)
      yield { kind: 'text', text: xml.slice(next + CDATA.length, end < 0 ? undefined : end) }
      if (end < 0) return yield broken('it ends inside a CDATA section')
      at = end + 3
      continue
    }
    const skipped = SKIPPED.find(([begin]) => xml.startsWith(begin, next))
    if (skipped !== undefined) {
      const [begin, end] = skipped
      const close = xml.indexOf(end, next + begin.length)
      if (close < 0) return yield broken('it ends inside a comment or a declaration')
      at = close + end.length
      continue
    }
    const tag = scanTag(xml, next)
    if (tag === undefined) return yield broken(`it is no XML from character ${next} on`)
    yield* tag.events
    at = tag.end
  }
}

const broken = (reason: string): XmlEvent => ({ kind: 'broken', reason })

interface ScannedTag {
  readonly events: readonly XmlEvent[]
  readonly end: number
}

function scanTag(xml: string, start: number): ScannedTag | undefined {
  const [, slash, name] = match(TAG, xml, start) ?? []
  if (name === undefined) return undefined
  const attributes: XmlAttribute[] = []
  let at = TAG.lastIndex
  for (let found = match(ATTRIBUTE, xml, at); found?.[1] !== undefined; found = match(ATTRIBUTE, xml, at)) {
    attributes.push([found[1], replaceEntities(found[2] ?? found[3] ?? '')])
    at = ATTRIBUTE.lastIndex
  }
  const close = match(TAG_END, xml, at)
  if (close === null) return undefined
  const closing: XmlEvent = { kind: 'close', name }
  if (slash === '/') return { events: [closing], end: TAG_END.lastIndex }
  const opening: XmlEvent = { kind: 'open', name, attributes }
  return { events: close[1] === '/' ? [opening, closing] : [opening], end: TAG_END.lastIndex }
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function replaceEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, named, decimal, hex) => {
    if (typeof named === 'string') return ENTITIES[named] ?? whole
    const code = typeof decimal === 'string' ? Number.parseInt(decimal, 10) : Number.parseInt(String(hex), 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
