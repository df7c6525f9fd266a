import type { Container } from './container.ts'
import { decodeUtf8, looksLikeText } from './text.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { sniffText } from './text-kind.ts'
import { scanXml } from './xml-scanner.ts'
import { readXmp } from './xmp.ts'

/** SVG: what stands in its `<metadata>` elements, JSON in CDATA or XMP. To be asked before plain text. */
export const svg: Container = {
  name: 'svg',
  matches: (head) => looksLikeText(head) && sniffText(startOf(head)).image,
  read(source, limits) {
    const into = createTextCollector(limits)
    if (!into.fits('svg', source.sizeBytes)) return into.content()
    const text = decodeUtf8(source.read(0, source.sizeBytes))
    if (text === undefined) into.warn('svg', 'the file is not UTF-8 all through')
    else readDrawing(text, into)
    return into.content()
  },
}

const startOf = (head: Uint8Array): string => new TextDecoder().decode(head).trimStart()

/** Drawings have one such element. */
const MAX_ELEMENTS = 100
const METADATA = /<((?:[A-Za-z_][\w.-]{0,40}:)?metadata)[\s>]/g

function readDrawing(text: string, into: TextCollector): void {
  const elements = new RegExp(METADATA)
  for (let count = 0; count < MAX_ELEMENTS; count += 1) {
    const start = elements.exec(text)
    if (start === null) return
    const headEnd = text.indexOf('>', start.index)
    if (headEnd > 0 && text[headEnd - 1] === '/') continue
    const end = text.indexOf(`</${start[1]}`, start.index)
    if (end < 0) {
      into.warn('svg:metadata', 'it does not end')
      return
    }
    readElement(`${text.slice(start.index, end)}</${start[1]}>`, into)
    elements.lastIndex = end
  }
}

/** Savers write JSON, in CDATA or with entities. Elements are XMP, or somebody's vocabulary that is not read. */
function readElement(xml: string, into: TextCollector): void {
  const texts: string[] = []
  let elements = 0
  for (const event of scanXml(xml)) {
    if (event.kind === 'open') elements += 1
    else if (event.kind === 'text') texts.push(event.text)
    else if (event.kind === 'broken') {
      into.warn('svg:metadata', event.reason)
      return
    }
  }
  if (elements === 1) into.add({ place: 'svg:metadata', key: 'metadata', text: texts.join('').trim() })
  else if (/<(?:x:xmpmeta|rdf:RDF)\b/.test(xml)) readXmp(xml, 'svg:xmp', into)
}
