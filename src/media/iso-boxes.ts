import type { ByteSource } from './byte-source.ts'
import { decodeLatin1 } from './text.ts'

/** One box (QuickTime says atom) of an ISO base media file (ISO/IEC 14496-12, 4.2). */
export interface IsoBox {
  /** Four characters, one a byte. */
  readonly type: string
  readonly bodyStart: number
  /** Never behind the end of what the box lies in. */
  readonly end: number
  /** Its size says more than there is: what it holds may stop anywhere. */
  readonly cutOff: boolean
}

export interface BoxRange {
  readonly start: number
  readonly end: number
  /** Whether any four bytes are a type: the items of `ilst` may be numbered. @default false */
  readonly numbered?: boolean
}

export interface BoxWalker {
  /** The boxes of one level, one after another; never what is inside of them. */
  boxes(range: BoxRange): Generator<IsoBox>
}

/** Looked at in one file, all levels together: two hours in fragments of a second have 15,000 at the top. */
const MAX_BOXES = 100_000

/**
 * Walks boxes by their sizes: 32 bits, 64 bits, or 0 for "to the end". Bodies are never read.
 * @param brokenOff told when a level ends before its end; where the file itself is cut off, once for all levels
 */
export function createBoxWalker(source: ByteSource, brokenOff: (reason: string) => void): BoxWalker {
  let left = MAX_BOXES
  let isCutOffTold = false

  function tellCutOff(type: string, end: number): void {
    if (end < source.sizeBytes) {
      brokenOff(`a ${readable(type)} box is larger than what it lies in`)
      return
    }
    if (!isCutOffTold) brokenOff(`the file ends inside its ${readable(type)} box`)
    isCutOffTold = true
  }

  return {
    *boxes({ start, end, numbered = false }) {
      let offset = start
      while (offset < end) {
        const head = source.read(offset, Math.min(16, end - offset))
        if (isPadding(head)) return
        const size = sizeOf(head)
        const type = decodeLatin1(head.subarray(4, 8))
        if (size === undefined || !(numbered || TYPE.test(type))) return brokenOff(`there is no box at byte ${offset}`)
        if (left === 0) return brokenOff(`it has more than ${MAX_BOXES} boxes`)
        left -= 1
        const boxEnd = size.total === 0 ? end : offset + size.total
        if (boxEnd > end) tellCutOff(type, end)
        yield { type, bodyStart: offset + size.head, end: Math.min(boxEnd, end), cutOff: boxEnd > end }
        offset = boxEnd
      }
    },
  }
}

/** 0xa9 is the © of Mac Roman, with which Apple's own names of texts begin. */
const TYPE = /^[\x20-\x7e\xa9]{4}$/

const readable = (type: string): string => (TYPE.test(type) ? type.trim() : 'numbered')

/** QuickTime ends a list of user data with four zero bytes, and preallocated files end in more. */
const isPadding = (head: Uint8Array): boolean => head.subarray(0, 8).every((byte) => byte === 0)

interface BoxSize {
  /** Of the box with its head; 0: to the end of what it lies in. */
  readonly total: number
  readonly head: number
}

function sizeOf(head: Uint8Array): BoxSize | undefined {
  if (head.length < 8) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const size = view.getUint32(0)
  if (size === 0 || size >= 8) return { total: size, head: 8 }
  if (size !== 1 || head.length < 16) return undefined
  const large = Number(view.getBigUint64(8))
  return large >= 16 ? { total: large, head: 16 } : undefined
}
