import type { ByteSource } from './byte-source.ts'
import { decodeLatin1 } from './text.ts'
import { windowedSource } from './windowed-source.ts'

/** A packet, or a piece of one, as it lies in a page of an Ogg file (RFC 3533). */
export interface OggPiece {
  /** Which of the file's streams it belongs to. */
  readonly serial: number
  /** Whether its stream begins with this page. */
  readonly isFirstPage: boolean
  /** Whether the packet ends with it, rather than going on in a later page. */
  readonly endsPacket: boolean
  readonly data: Uint8Array
}

const HEAD_BYTES = 27
/** A page has up to 64 KB; a text of 64 MB takes a thousand of them, and the sound between two headers a few. */
const MAX_PAGES = 5000

/**
 * The pieces of packets in the order of the file.
 * @param brokenOff told when the pages end before the reader wanted them to
 */
export function* readPieces(source: ByteSource, brokenOff: (reason: string) => void): Generator<OggPiece> {
  const windowed = windowedSource(source, 8192)
  let offset = 0
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const head = windowed.read(offset, HEAD_BYTES)
    if (head.length < HEAD_BYTES) return brokenOff('the file ends before its comments')
    if (decodeLatin1(head.subarray(0, 4)) !== 'OggS') return brokenOff(`there is no page at byte ${offset}`)
    const lacing = windowed.read(offset + HEAD_BYTES, head[26] ?? 0)
    const view = new DataView(head.buffer, head.byteOffset, HEAD_BYTES)
    const serial = view.getUint32(14, true)
    const isFirstPage = (view.getUint8(5) & 2) !== 0
    let start = offset + HEAD_BYTES + lacing.length
    for (const { length, endsPacket } of piecesOf(lacing)) {
      const data = windowed.read(start, length)
      if (data.length < length) return brokenOff('the file ends inside a page')
      yield { serial, isFirstPage, endsPacket, data }
      start += length
    }
    offset = start
  }
  brokenOff(`its comments do not end within ${MAX_PAGES} pages`)
}

/** A packet is cut into segments of 255 bytes; a shorter one ends it. */
function piecesOf(lacing: Uint8Array): { readonly length: number; readonly endsPacket: boolean }[] {
  const pieces: { readonly length: number; readonly endsPacket: boolean }[] = []
  let length = 0
  for (const [index, segment] of lacing.entries()) {
    length += segment
    if (segment < 255 || index === lacing.length - 1) {
      pieces.push({ length, endsPacket: segment < 255 })
      length = 0
    }
  }
  return pieces
}
