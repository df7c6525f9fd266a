import type { ByteSource } from './byte-source.ts'
import { decodeLatin1 } from './text.ts'
import { windowedSource } from './windowed-source.ts'

/** One chunk that the caller wanted, with as much of its data as was asked for and is there. */
export interface RiffChunk {
  readonly type: string
  readonly data: Uint8Array
  /** The file ends inside of it. */
  readonly cutOff: boolean
}

export interface RiffReading {
  /** Types of chunks that the file may consist of: what is found where a padding byte is missing. */
  readonly known: ReadonlySet<string>
  /** How many bytes of a chunk are to be read; 0 passes it over. */
  wants(type: string, lengthBytes: number): number
  /** Told at most once, when the walk ends early, and why. */
  brokenOff(reason: string): void
}

const HEAD_BYTES = 12
const CHUNK_HEAD_BYTES = 8
/** Each frame of an animation is one: this is an hour of them. */
const MAX_CHUNKS = 100_000

/** Walks the chunks of a RIFF file to its end, whatever size it says it has: tools add chunks without changing that. */
export function* readRiffChunks(source: ByteSource, reading: RiffReading): Generator<RiffChunk> {
  const { read } = windowedSource(source)
  // ImageMagick 6 fills a short type up with NUL.
  const typeAt = (offset: number): string => decodeLatin1(read(offset, 4)).replace('\0', ' ')
  const said = read(4, 4)
  const saidEnd = said.length < 4 ? 0 : 8 + new DataView(said.buffer, said.byteOffset, 4).getUint32(0, true)
  let offset = HEAD_BYTES
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    if (offset >= source.sizeBytes) {
      if (offset < saidEnd) reading.brokenOff('the file is shorter than it says')
      return
    }
    const head = read(offset, CHUNK_HEAD_BYTES)
    const type = typeAt(offset)
    // Behind the end that the file states there may be anything.
    if (offset >= saidEnd && !reading.known.has(type)) return
    if (head.length < CHUNK_HEAD_BYTES || !/^[\x20-\x7e]{4}$/.test(type)) {
      return reading.brokenOff(`there is no chunk at byte ${offset}`)
    }
    const length = new DataView(head.buffer, head.byteOffset + 4, 4).getUint32(0, true)
    const wanted = Math.min(length, reading.wants(type, length))
    const end = offset + CHUNK_HEAD_BYTES + length
    const cutOff = end > source.sizeBytes
    if (wanted > 0) yield { type, data: read(offset + CHUNK_HEAD_BYTES, wanted), cutOff }
    if (cutOff) return reading.brokenOff(`the file ends inside its ${type.trim()} chunk`)
    offset = end + (length & 1)
    if (offset > end && !reading.known.has(typeAt(offset)) && reading.known.has(typeAt(end))) offset = end
  }
  reading.brokenOff(`it has more than ${MAX_CHUNKS} chunks`)
}
