import type { TextCollector } from './text-collector.ts'
import { scanXml, type XmlAttribute } from './xml-scanner.ts'
import { openScope, type PropertyName, resolveName, type Scope } from './xmp-names.ts'

/** The keyword of PNG's iTXt chunk that holds an XMP packet. */
export const XMP_KEYWORD = 'XML:com.adobe.xmp'

/** Real packets nest up to about ten elements. */
const MAX_DEPTH = 64

/**
 * Properties of an XMP packet, attributes and elements alike, each as a text under its qualified name
 * (`exif:UserComment`, `xmp:CreatorTool`, `dc:description`, `comfy:prompt`). Well-known namespaces have their usual
 * prefix, others the one that the packet uses. Of lists (rdf:Alt, rdf:Seq, rdf:Bag) each item is a text.
 * @param place what stands before the name in places: `jpeg:xmp`
 */
export function readXmp(packet: string, place: string, into: TextCollector): void {
  const stack: Element[] = []
  let isWhole = true
  const breakOff = (reason: string): void => {
    isWhole = false
    into.warn(place, reason)
  }
  const add = ({ key, isHousekeeping }: PropertyName, text: string): void => {
    if (key !== undefined && !isHousekeeping) into.add({ place: `${place}:${key}`, key, text })
  }
  for (const event of scanXml(packet)) {
    const top = stack.at(-1)
    if (event.kind === 'broken') breakOff(event.reason)
    else if (event.kind === 'text') top?.texts.push(event.text)
    else if (event.kind === 'open') {
      if (stack.length === MAX_DEPTH) {
        breakOff(`it nests more than ${MAX_DEPTH} elements`)
        break
      }
      const element = openElement(event.name, event.attributes, top)
      stack.push(element)
      for (const [name, value] of event.attributes) add(resolveName(name, element.scope, true), value)
    } else if (stack.some(({ name }) => name === event.name)) {
      for (let last = stack.pop(); last !== undefined; last = stack.pop()) {
        close(last, add)
        if (last.name === event.name) break
      }
    }
  }
  // What an open element has said so far may be half of a text.
  if (stack.length > 0 && isWhole) breakOff('it ends inside an element')
}

interface Element {
  readonly name: string
  readonly scope: Scope | undefined
  /** The property that a text in here is the value of: this element, or for `rdf:li` the one around it. */
  readonly property: PropertyName
  readonly texts: string[]
}

const NONE: PropertyName = { key: undefined, isHousekeeping: false }

function openElement(name: string, attributes: readonly XmlAttribute[], outer: Element | undefined): Element {
  const scope = openScope(attributes, outer?.scope)
  const own = resolveName(name, scope, false)
  return { name, scope, property: own.key === undefined ? (outer?.property ?? NONE) : own, texts: [] }
}

/** White space between elements is no text. */
function close({ property, texts }: Element, add: (name: PropertyName, text: string) => void): void {
  const text = texts.length === 1 ? (texts[0] ?? '') : texts.join('')
  if (/\S/.test(text)) add(property, text)
}
