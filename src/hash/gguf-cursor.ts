import type { ReadAt } from './read-at.ts'

/** Why reading a gguf header stopped. Only this folder sees it. */
export class GgufStop extends Error {
  /** The file ends early; otherwise it cannot be a gguf. */
  readonly truncated: boolean

  constructor(reason: string, truncated: boolean) {
    super(reason)
    this.truncated = truncated
  }
}

/** Reads numbers and texts one after the other. Each throws GgufStop. */
export interface GgufCursor {
  position(): number
  u8(): number
  u32(): number
  /** As a number; beyond what a number holds exactly it is no gguf. */
  u64(): number
  /** The next bytes, valid until the next call. */
  bytes(length: number): DataView
  skip(length: number): void
}

const PIECE_BYTES = 128 * 1024

/**
 * @param littleEndian order of the bytes in numbers
 * @param maxBytes a header that goes on behind this is refused
 */
export function createGgufCursor(
  read: ReadAt,
  sizeBytes: number,
  littleEndian: boolean,
  from: number,
  maxBytes: number,
): GgufCursor {
  let position = from
  let piece: DataView = new DataView(new ArrayBuffer(0))
  let pieceAt = 0

  /** Makes the next `length` bytes stand in `piece` and returns where; steps behind them. */
  function take(length: number): number {
    if (position + length > pieceAt + piece.byteLength || position < pieceAt) {
      ensureThere(length)
      const bytes = read(position, Math.max(PIECE_BYTES, length))
      // The reader's buffer is its own; a piece of ours lives as long as the reader is not asked again.
      piece = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      pieceAt = position
      if (piece.byteLength < length) throw new GgufStop('the file became shorter while it was read', true)
    }
    const at = position - pieceAt
    position += length
    return at
  }

  function ensureThere(length: number): void {
    if (position + length > maxBytes) throw new GgufStop(`the header would have more than ${maxBytes} bytes`, false)
    if (position + length > sizeBytes)
      throw new GgufStop(`the file ends after ${sizeBytes} bytes, inside its header`, true)
  }

  return {
    position: () => position,
    u8: () => piece.getUint8(take(1)),
    u32() {
      const at = take(4)
      return piece.getUint32(at, littleEndian)
    },
    u64() {
      const at = take(8)
      // Two halves: vocabularies have hundreds of thousands of lengths, and each BigInt would be an object.
      const low = piece.getUint32(littleEndian ? at : at + 4, littleEndian)
      const high = piece.getUint32(littleEndian ? at + 4 : at, littleEndian)
      const value = high * 2 ** 32 + low
      if (!Number.isSafeInteger(value)) throw new GgufStop('the header counts further than any file is long', false)
      return value
    },
    bytes(length) {
      const at = take(length)
      return new DataView(piece.buffer, piece.byteOffset + at, length)
    },
    skip(length) {
      ensureThere(length)
      position += length
    },
  }
}
