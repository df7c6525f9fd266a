import { type EbmlElement, elementsIn, numbersIn, readElement } from './ebml.ts'
import type { WindowedSource } from './windowed-source.ts'

export const SEEK_HEAD = 0x114d9b74
export const TAGS = 0x1254c367
const SEEK = 0x4dbb
const SEEK_ID = 0x53ab
const SEEK_POSITION = 0x53ac
/** Entries of one index; writers list about six. */
const MAX_SEEKS = 100

/** Where an index says that tags begin, or that another index does. */
export function readSeekHead(source: WindowedSource, head: EbmlElement, segment: EbmlElement): number[] {
  const found: number[] = []
  let count = 0
  for (const seek of elementsIn(source, head)) {
    count += 1
    if (count > MAX_SEEKS) break
    const fields = seek.id === SEEK ? numbersIn(source, seek) : new Map<number, number>()
    const id = fields.get(SEEK_ID)
    const position = fields.get(SEEK_POSITION)
    if ((id === TAGS || id === SEEK_HEAD) && position !== undefined) found.push(segment.bodyStart + position)
  }
  return found
}

/** The tags that an index leads to; what is not there as it says is passed over. */
export function tagsAt(source: WindowedSource, segment: EbmlElement, listed: readonly number[]): EbmlElement[] {
  const positions = new Set(listed)
  const found: EbmlElement[] = []
  // A set gives what is added to it on the way: indexes that another index leads to.
  for (const position of positions) {
    if (position >= segment.end || positions.size > MAX_SEEKS) continue
    const element = readElement(source, position, segment.end)
    if (element?.id === TAGS) found.push(element)
    else if (element?.id === SEEK_HEAD) {
      for (const next of readSeekHead(source, element, segment)) positions.add(next)
    }
  }
  return found
}
