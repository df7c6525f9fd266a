import type { ByteSource } from './byte-source.ts'

/** A place in JSON bytes that only moves forward. Takes no memory but one chunk, however deep or long the JSON is. */
export interface JsonCursor {
  /** Offset in the source. */
  readonly at: number
  /** Passes over white space and gives the byte that follows; -1 at the end. */
  token(): number
  /** Passes over one byte. */
  step(): void
  /** Passes over the value that begins here: a string up to its quote, an object or list up to its bracket. */
  skipValue(): void
}

const CHUNK_BYTES = 64 * 1024
const QUOTE = 0x22
const BACKSLASH = 0x5c

export function createJsonCursor(source: ByteSource, start: number, end: number): JsonCursor {
  let chunk: Uint8Array = new Uint8Array(0)
  let chunkStart = start
  let index = 0

  function peek(): number {
    if (index < chunk.length) return chunk[index] ?? -1
    const at = chunkStart + index
    if (at >= end) return -1
    chunk = source.read(at, Math.min(CHUNK_BYTES, end - at))
    chunkStart = at
    index = 0
    return chunk[0] ?? -1
  }

  function skipString(): void {
    index += 1
    for (let byte = peek(); byte >= 0; byte = peek()) {
      index += byte === BACKSLASH ? 2 : 1
      if (byte === QUOTE) return
    }
  }

  function skipScalar(): void {
    for (let byte = peek(); byte > 0x20 && !isEnd(byte) && !isClosing(byte); byte = peek()) index += 1
  }

  return {
    get at() {
      return Math.min(chunkStart + index, end)
    },
    token() {
      let byte = peek()
      for (; byte >= 0 && byte <= 0x20; byte = peek()) index += 1
      return byte
    },
    step() {
      index += 1
    },
    skipValue() {
      const first = peek()
      if (first === QUOTE) return skipString()
      if (!isOpening(first)) return skipScalar()
      let depth = 0
      for (let byte = first; byte >= 0; byte = peek()) {
        if (byte === QUOTE) {
          skipString()
          continue
        }
        index += 1
        if (isOpening(byte)) depth += 1
        else if (isClosing(byte)) depth -= 1
        if (depth === 0) return
      }
    },
  }
}

const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d
const isEnd = (byte: number): boolean => byte === 0x2c || byte === 0x3a
