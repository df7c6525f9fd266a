import { type EbmlElement, elementsIn } from './ebml.ts'
import { decodeText } from './text.ts'
import type { TextCollector } from './text-collector.ts'
import type { WindowedSource } from './windowed-source.ts'

const TAG = 0x7373
const SIMPLE_TAG = 0x67c8
const TAG_NAME = 0x45a3
const TAG_STRING = 0x4487

/** Tags inside tags: the specification allows any depth, its own lists have two. */
const MAX_DEPTH = 8
/** Looked at in one list of tags. */
const MAX_ELEMENTS = 100_000
const MAX_NAME_BYTES = 255

/** Every SimpleTag with a string (RFC 9559, 5.1.8), whatever it is about: the file, a track, a chapter. */
export function readMatroskaTags(source: WindowedSource, tags: EbmlElement, into: TextCollector): void {
  let left = MAX_ELEMENTS

  function* children(parent: EbmlElement): Generator<EbmlElement> {
    for (const element of elementsIn(source, parent)) {
      if (left === 0) return
      left -= 1
      yield element
    }
    if (left === 0) into.warn('webm:tag', `it has more than ${MAX_ELEMENTS} elements`)
  }

  function readSimpleTag(tag: EbmlElement, depth: number): void {
    let name = ''
    let value: EbmlElement | undefined
    const nested: EbmlElement[] = []
    for (const element of children(tag)) {
      if (element.id === TAG_NAME && element.end - element.bodyStart <= MAX_NAME_BYTES) name = textOf(source, element)
      else if (element.id === TAG_STRING) value = element
      else if (element.id === SIMPLE_TAG) nested.push(element)
    }
    if (value !== undefined) add(`webm:tag:${name}`, name.toLowerCase(), value)
    if (depth === MAX_DEPTH && nested.length > 0) into.warn('webm:tag', `tags lie more than ${MAX_DEPTH} deep`)
    if (depth < MAX_DEPTH) for (const inner of nested) readSimpleTag(inner, depth + 1)
  }

  function add(place: string, key: string, value: EbmlElement): void {
    if (value.cutOff) {
      into.warn(place, 'the file ends inside of it')
      return
    }
    if (into.fits(place, value.end - value.bodyStart)) into.add({ place, key, text: textOf(source, value) })
  }

  for (const tag of children(tags)) {
    if (tag.id !== TAG) continue
    for (const element of children(tag)) if (element.id === SIMPLE_TAG) readSimpleTag(element, 1)
  }
}

const textOf = (source: WindowedSource, { bodyStart, end }: EbmlElement): string =>
  decodeText(source.read(bodyStart, end - bodyStart))
