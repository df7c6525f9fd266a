import { crc32 } from 'node:zlib'
import type { ByteSource } from './byte-source.ts'
import { decodeLatin1 } from './text.ts'

/** One chunk that the caller wanted, with its data. */
export interface PngChunk {
  readonly type: string
  readonly data: Uint8Array
  readonly crcMatches: boolean
}

export interface ChunkReading {
  /** Whether a chunk of this type and length is to be read; all others are passed over by their length. */
  wants(type: string, lengthBytes: number): boolean
  /** Told at most once, when the walk ends before IEND, and why. */
  brokenOff(reason: string): void
}

const SIGNATURE_BYTES = 8
/** Chunks looked at in one file: a 2 GB picture of libpng's 8 KiB pieces has 250,000. */
const MAX_CHUNKS = 1_000_000
/** Read at once while looking for chunk headers: usually all the texts in front of the pixels. */
const WINDOW_BYTES = 8192
/** Where chunks are smaller than a window, walking them reads everything: then in few large reads. */
const MAX_WINDOW_BYTES = 256 * 1024

/** Walks the chunks of a PNG up to IEND. Pixel data is skipped by its offset and never read. */
export async function* readChunks(source: ByteSource, reading: ChunkReading): AsyncGenerator<PngChunk> {
  const read = windowed(source)
  let offset = SIGNATURE_BYTES
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    const head = await read(offset, 8)
    if (head.length < 8) return reading.brokenOff('the file ends before its IEND chunk')
    const length = new DataView(head.buffer, head.byteOffset, 8).getUint32(0)
    const type = decodeLatin1(head.subarray(4, 8))
    if (!/^[A-Za-z]{4}$/.test(type)) return reading.brokenOff(`there is no chunk at byte ${offset}`)
    if (type === 'IEND') return
    if (offset + 12 + length > source.sizeBytes) return reading.brokenOff(`the file ends inside its ${type} chunk`)
    if (reading.wants(type, length)) {
      const body = await read(offset + 4, length + 8)
      if (body.length < length + 8) return reading.brokenOff(`the file ends inside its ${type} chunk`)
      const stored = new DataView(body.buffer, body.byteOffset + 4 + length, 4).getUint32(0)
      const crcMatches = crc32(body.subarray(0, 4 + length)) === stored
      yield { type, data: body.subarray(4, 4 + length), crcMatches }
    }
    offset += 12 + length
  }
  reading.brokenOff(`it has more than ${MAX_CHUNKS} chunks`)
}

/** Serves small reads that lie near each other from one larger one. */
function windowed(source: ByteSource): (offset: number, length: number) => Promise<Uint8Array> {
  let start = 0
  let size = WINDOW_BYTES
  let window: Uint8Array = new Uint8Array(0)
  return async (offset, length) => {
    const within = offset - start
    if (within >= 0 && within + length <= window.length) return window.subarray(within, within + length)
    const isNear = within < window.length + WINDOW_BYTES
    size = isNear ? Math.min(2 * size, MAX_WINDOW_BYTES) : WINDOW_BYTES
    window = await source.read(offset, Math.max(length, size))
    start = offset
    return window.subarray(0, length)
  }
}
