import { AppError } from '../errors.ts'
import { freeChunk } from '../lib/free-chunk.ts'
import type { AnswerHints } from './answer-text.ts'
import type { Blocks } from './blocks.ts'
import type { Claim } from './claim.ts'
import { BEGINNING_BYTES, checkBeginning } from './content-check.ts'
import type { Part } from './part.ts'
import type { PrefixHash } from './prefix-hash.ts'
import { SourceFault } from './source-fault.ts'
import type { DownloadTuning } from './tuning.ts'

/** Gathers blocks: one is filled while the one before is written. */
export interface BlockWriter {
  /** Takes over as much of the chunk as fits; waits while the disk is slower than the line. */
  add(chunk: Uint8Array, from: number, to: number): Promise<number>
  /** Nothing more of it is to be added. */
  done(chunk: Uint8Array): void
  /** Writes what has waited for long. */
  flushAged(): Promise<void>
  end(): Promise<void>
  /** Bytes written that were not there before. */
  fresh(): number
}

export interface BlockWriterDeps {
  readonly blocks: Blocks
  readonly part: Part
  readonly hash: PrefixHash
  readonly tuning: DownloadTuning
  /** Of the file in the end: the first bytes are judged by it, too. */
  readonly name: string
  /** Bytes that were not there before. */
  onWritten(claim: Claim, bytes: number): void
  /** The disk, not the source, is at fault. */
  onDiskError(error: unknown): void
}

/** @param contentType of the answer, for judging the first bytes of the file */
export function createBlockWriter(deps: BlockWriterDeps, claim: Claim, contentType: string | undefined): BlockWriter {
  const { blocks, part, hash, tuning, name } = deps
  const hints = { contentType, name }
  let block = blocks.take()
  let filled = 0
  let position = claim.begin
  let since = performance.now()
  let writing: Promise<void> = Promise.resolve()
  let fresh = 0
  let ended = false
  /** Freed when it is written. */
  let held: Uint8Array | undefined

  async function store(bytes: Uint8Array, at: number, release: () => void): Promise<void> {
    let more: number
    try {
      more = await part.write(at, bytes)
    } catch (error) {
      deps.onDiskError(error)
      return
    }
    fresh += more
    deps.onWritten(claim, more)
    // What somebody else wrote is hashed as it stands in the file.
    if (more < bytes.length || !hash.offer(at, bytes, release)) release()
    hash.advance()
  }

  async function flush(): Promise<void> {
    if (position === 0 && filled > 0) checkHead(block.subarray(0, filled), hints)
    await writing
    if (filled === 0) return
    const full = block
    writing = store(full.subarray(0, filled), position, () => blocks.give(full))
    position += filled
    block = blocks.take()
    filled = 0
  }

  /** What is a block by itself need not be copied. */
  async function pass(chunk: Uint8Array, from: number, to: number): Promise<number> {
    const bytes = chunk.subarray(from, to)
    if (position === 0) checkHead(bytes.subarray(0, BEGINNING_BYTES), hints)
    await writing
    held = chunk
    writing = store(bytes, position, () => freeChunk(chunk))
    position += bytes.length
    return bytes.length
  }

  return {
    async add(chunk, from, to) {
      if (filled === 0 && to - from >= block.length) return await pass(chunk, from, to)
      const length = Math.min(to - from, block.length - filled)
      if (filled === 0) since = performance.now()
      block.set(chunk.subarray(from, from + length), filled)
      filled += length
      if (filled === block.length) await flush()
      return length
    },
    async flushAged() {
      // The first bytes are judged together.
      if (filled < (position === 0 ? BEGINNING_BYTES : 1)) return
      if (performance.now() - since >= tuning.blockAgeMs) await flush()
    },
    async end() {
      await flush()
      await writing
      if (!ended) blocks.give(block)
      ended = true
    },
    done(chunk) {
      if (chunk !== held) freeChunk(chunk)
    },
    fresh: () => fresh,
  }
}

function checkHead(head: Uint8Array, hints: AnswerHints): void {
  try {
    checkBeginning(head, hints)
  } catch (error) {
    if (error instanceof AppError) throw new SourceFault('dead', error.message, { cause: error })
    throw error
  }
}
