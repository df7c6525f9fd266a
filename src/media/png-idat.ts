import type { ByteSource } from './byte-source.ts'
import { windowedSource } from './windowed-source.ts'

/** What IHDR says of the pixels. */
export interface PngHeader {
  readonly width: number
  readonly height: number
  readonly bitDepth: number
  readonly colourType: number
  readonly interlaced: boolean
}

/** The one zlib stream that the IDAT chunks of a PNG are together. */
export interface PixelStream {
  readonly header: PngHeader
  /** Its first bytes: `length` of them, or fewer where it ends before. */
  first(length: number): Uint8Array
}

const SIGNATURE_BYTES = 8
const IHDR = 0x49484452
const IDAT = 0x49444154
const IEND = 0x49454e44
/** Before the pixels stand texts and colours: a few dozen at the very most. */
const MAX_CHUNKS_BEFORE = 10_000
/** libpng writes pieces of 8 KiB: this is more than any limit lets in. */
const MAX_PIXEL_CHUNKS = 100_000
/** Read at once of a large chunk. */
const PIECE_BYTES = 32 * 1024

/** Undefined where the file has no header or no pixels. */
export function openPixelStream(source: ByteSource): PixelStream | undefined {
  const { read } = windowedSource(source)
  const start = read(SIGNATURE_BYTES, 25)
  if (start.length < 25) return undefined
  const view = new DataView(start.buffer, start.byteOffset, 25)
  if (view.getUint32(0) !== 13 || view.getUint32(4) !== IHDR) return undefined
  const header = {
    width: view.getUint32(8),
    height: view.getUint32(12),
    bitDepth: view.getUint8(16),
    colourType: view.getUint8(17),
    interlaced: view.getUint8(20) !== 0,
  }
  let offset = SIGNATURE_BYTES + 25
  for (let count = 0; count < MAX_CHUNKS_BEFORE; count += 1) {
    const chunk = readHead(read, offset)
    if (chunk === undefined || chunk.type === IEND) return undefined
    if (chunk.type === IDAT) return { header, first: gathering(pieces(read, offset)) }
    offset += 12 + chunk.length
  }
  return undefined
}

type Read = ByteSource['read']

function readHead(read: Read, offset: number): { readonly length: number; readonly type: number } | undefined {
  const head = read(offset, 8)
  if (head.length < 8) return undefined
  const view = new DataView(head.buffer, head.byteOffset, 8)
  return { length: view.getUint32(0), type: view.getUint32(4) }
}

/** The data of consecutive IDAT chunks from `start` on. */
function* pieces(read: Read, start: number): Generator<Uint8Array> {
  let offset = start
  for (let count = 0; count < MAX_PIXEL_CHUNKS; count += 1) {
    const chunk = readHead(read, offset)
    if (chunk === undefined || chunk.type !== IDAT) return
    offset += 8
    const end = offset + chunk.length
    while (offset < end) {
      const piece = read(offset, Math.min(PIECE_BYTES, end - offset))
      if (piece.length === 0) return
      yield piece
      offset += piece.length
    }
    offset += 4 // the checksum
  }
}

/** What was gathered is kept: a longer beginning goes on from there. */
function gathering(from: Generator<Uint8Array>): PixelStream['first'] {
  let gathered: Uint8Array = new Uint8Array(0)
  return (length) => {
    const parts = [gathered]
    let total = gathered.length
    while (total < length) {
      const { value, done } = from.next()
      if (done === true) break
      parts.push(value)
      total += value.length
    }
    if (parts.length > 1) gathered = Buffer.concat(parts, total)
    return gathered.subarray(0, length)
  }
}
