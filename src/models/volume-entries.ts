import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import { HEADER, parseEntry, toEnd, toLine, type VolumeEntry } from './volume-entry.ts'
import type { OpenedDigests } from './volume-file.ts'

export interface ReadEntries {
  readonly entries: ReadonlyMap<string, VolumeEntry>
  /** Lines of a sound file that are no entries. */
  readonly skipped: number
  /** Why nothing of it counts. */
  readonly fault?: string
}

/** Read and parsed, or written, at once: about a millisecond. */
const CHUNK_BYTES = 64 * 1024
/** Longer than any line with a path that a filesystem takes. */
const MAX_LINE_BYTES = 64 * 1024

const NEWLINE = 0x0a
/** First byte of the end; entries begin with `[`. */
const BRACE = 0x7b

const damaged = (fault: string): ReadEntries => ({ entries: new Map(), skipped: 0, fault })
const CUT = 'it was cut or changed'

/** Reads a whole digest file; nothing of it counts before its end has said that it is complete. */
export async function readEntries(
  { handle, sizeBytes }: OpenedDigests,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<ReadEntries> {
  if (sizeBytes > maxBytes) return damaged('it is too large')
  const entries = new Map<string, VolumeEntry>()
  const hash = createHash('sha256')
  let lines = 0
  let skipped = 0
  let from = HEADER.length
  let end: string | undefined
  for await (const block of blocksOfLines(handle, sizeBytes)) {
    signal?.throwIfAborted()
    if (block === undefined || end !== undefined) return damaged(CUT)
    if (from > 0 && block.toString('utf8', 0, from) !== HEADER) return damaged('it is of another format or version')
    const last = block.lastIndexOf(NEWLINE, -2) + 1
    const to = last >= from && block[last] === BRACE ? last : block.length
    hash.update(block.subarray(0, to))
    if (to < block.length) end = block.toString('utf8', to)
    // Each line ends with a newline, so the last part is empty.
    for (const line of block.toString('utf8', from, to).split('\n').slice(0, -1)) {
      const entry = parseEntry(line)
      lines += 1
      if (entry === undefined) skipped += 1
      else entries.set(entry.relative, entry)
    }
    from = 0
  }
  return end === toEnd(lines, hash.digest('hex')) ? { entries, skipped } : damaged(CUT)
}

/** Pieces of a file that end where a line does; undefined for an endless line and for a last one without an end. */
async function* blocksOfLines(handle: FileHandle, sizeBytes: number): AsyncGenerator<Buffer | undefined> {
  let rest: Buffer = Buffer.alloc(0)
  for (let position = 0; position < sizeBytes; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) break
    position += bytesRead
    const bytes: Buffer = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    const border = bytes.lastIndexOf(NEWLINE) + 1
    rest = bytes.subarray(border)
    if (border > 0) yield bytes.subarray(0, border)
    if (rest.length > MAX_LINE_BYTES) break
  }
  if (rest.length > 0) yield undefined
}

/**
 * The whole file in pieces, its end included.
 * @throws AppError payload_too_large
 */
export async function* toChunks(
  entries: AsyncIterable<VolumeEntry> | Iterable<VolumeEntry>,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let text = HEADER
  let count = 0
  let total = 0
  const take = (): Buffer => {
    const bytes = Buffer.from(text)
    text = ''
    total += bytes.length
    if (total > maxBytes) {
      throw new AppError('payload_too_large', 'Cannot leave digests on the volume: there are too many files')
    }
    return bytes
  }
  for await (const entry of entries) {
    text += toLine(entry)
    count += 1
    if (text.length < CHUNK_BYTES) continue
    const bytes = take()
    hash.update(bytes)
    yield bytes
  }
  hash.update(text)
  text += toEnd(count, hash.digest('hex'))
  yield take()
}
