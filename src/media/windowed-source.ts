import type { ByteSource } from './byte-source.ts'

/** A source whose small reads are served from larger ones. */
export interface WindowedSource extends ByteSource {
  /** Bytes taken from the source below so far: what a search for something in a large file has cost. */
  readonly bytesRead: number
}

/** Where what is looked at lies close together, walking it reads everything: then in few large reads. */
const MAX_WINDOW_BYTES = 256 * 1024

/**
 * Serves small reads that lie near each other from one larger one, which grows while they stay near.
 * @param windowBytes read at once where nothing near was read before
 */
export function windowedSource(source: ByteSource, windowBytes = 1024): WindowedSource {
  let start = 0
  let size = windowBytes
  let window: Uint8Array = new Uint8Array(0)
  let bytesRead = 0

  function fromSource(offset: number, length: number): Uint8Array {
    const bytes = source.read(offset, length)
    bytesRead += bytes.length
    return bytes
  }

  return {
    sizeBytes: source.sizeBytes,
    get bytesRead() {
      return bytesRead
    },
    read(offset, length) {
      const within = offset - start
      if (within >= 0 && within + length <= window.length) return window.subarray(within, within + length)
      if (length > MAX_WINDOW_BYTES) return fromSource(offset, length)
      const isNear = within >= 0 && within < window.length + windowBytes
      size = isNear ? Math.min(2 * size, MAX_WINDOW_BYTES) : windowBytes
      window = fromSource(offset, Math.max(length, size))
      start = offset
      return window.subarray(0, length)
    },
  }
}
