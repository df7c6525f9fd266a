import { crc32 } from 'node:zlib'
import type { ByteSource } from './byte-source.ts'
import { decodeLatin1 } from './text.ts'
import { windowedSource } from './windowed-source.ts'

/** One chunk that the caller wanted, with its data. */
export interface PngChunk {
  readonly type: string
  readonly data: Uint8Array
  readonly crcMatches: boolean
}

export interface ChunkReading {
  /** Whether a chunk of this type and length is to be read; all others are passed over by their length. */
  wants(type: string, lengthBytes: number): boolean
  /** Given each chunk that was wanted, in order. Its data may be gone when this returns. */
  take(chunk: PngChunk): void
}

const SIGNATURE_BYTES = 8
/** Chunks looked at in one file: a 2 GB picture of libpng's 8 KiB pieces has 250,000. */
const MAX_CHUNKS = 1_000_000
/** Read at once while looking for chunk headers: usually all the texts in front of the pixels. */
const WINDOW_BYTES = 8192

/** Walks the chunks of a PNG up to IEND. Pixel data is skipped by its offset and never read. Says why where it ends before. */
export function readChunks(source: ByteSource, reading: ChunkReading): string | undefined {
  const { read } = windowedSource(source, WINDOW_BYTES)
  let offset = SIGNATURE_BYTES
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    const head = readHead(read, offset)
    if (head === undefined) return 'the file ends before its IEND chunk'
    const { length, type } = head
    if (!CHUNK_TYPE.test(type)) return `there is no chunk at byte ${offset}`
    if (type === 'IEND') return undefined
    if (offset + 12 + length > source.sizeBytes) return `the file ends inside its ${type} chunk`
    if (reading.wants(type, length)) {
      const body = read(offset + 4, length + 8)
      if (body.length < length + 8) return `the file ends inside its ${type} chunk`
      const crcMatches = crc32(body.subarray(0, 4 + length)) === uint32At(body, 4 + length)
      reading.take({ type, data: body.subarray(4, 4 + length), crcMatches })
    }
    offset = type === 'IDAT' ? lastOfRun(source, offset, length) : offset + 12 + length
  }
  return `it has more than ${MAX_CHUNKS} chunks`
}

const CHUNK_TYPE = /^[A-Za-z]{4}$/

type Read = ByteSource['read']

function readHead(read: Read, offset: number): { readonly length: number; readonly type: string } | undefined {
  const head = read(offset, 8)
  if (head.length < 8) return undefined
  return { length: uint32At(head, 0), type: decodeLatin1(head.subarray(4, 8)) }
}

const uint32At = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0)

/**
 * Where to go on behind the IDAT chunk at `offset`. IDAT chunks stand one after another without anything between them
 * (PNG 5.6), and encoders make all but the last of one length: when a chunk like this one stands where the last of such
 * a run has to be, the walk goes on from there instead of visiting each.
 */
function lastOfRun({ read, sizeBytes }: ByteSource, offset: number, length: number): number {
  const step = 12 + length
  const next = offset + step
  // The pixels are nearly always the file's last large thing; what stands behind them makes the guess miss at worst.
  const steps = Math.floor((sizeBytes - offset - 12) / step)
  for (const guess of [steps, steps - 1]) {
    if (guess < 2) break
    const head = readHead(read, offset + (guess - 1) * step)
    if (head?.type === 'IDAT' && head.length === length) return offset + guess * step
  }
  return next
}
