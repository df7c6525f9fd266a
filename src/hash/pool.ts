import { availableParallelism } from 'node:os'
import { createTurnTable, DEVICE_SLOTS } from './device-turns.ts'
import { type FileFollower, followFile } from './file-follower.ts'
import type { HashChunksOptions, HashFileOptions, HashRangeOptions, ReadFileOptions } from './file-options.ts'
import type { FileChunks, RangeDigest } from './file-parts.ts'
import { createFileThreads } from './file-threads.ts'
import type { FollowedPart } from './growing-file.ts'
import type { FileCallName, FileInput, HashCalls } from './messages.ts'
import { createPieceBuffers } from './piece-buffers.ts'
import { openStreamHasher, type StreamHasher } from './stream-hasher.ts'
import { createStreamThreads } from './stream-threads.ts'
import { type HashThread, hashWorkerUrl, startHashThread } from './thread.ts'
import type { FileDigest, HashEngine } from './whole-file.ts'

export interface StreamHasherOptions {
  /** What `save` of an earlier hasher gave: goes on behind the bytes that it covers. */
  readonly restore?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
}

/** Hashing off the event loop. Its workers start when first needed and do not keep the process alive when idle. */
export interface HashPool {
  /**
   * Hashes a file at rest. Files beyond the pool's size wait for a free worker, in the order of the calls.
   *
   * @throws AppError not_found; forbidden; invalid_input (a folder, a FIFO, a device); conflict (the file
   * changed while it was read); cancelled; internal (reading failed, the worker crashed)
   */
  hashFile(path: string, options?: HashFileOptions): Promise<FileDigest>
  /**
   * SHA-256 of a file and of each of its chunks, in one pass; about twice the work of the first alone.
   *
   * @throws AppError as `hashFile`, and invalid_input for a size that makes no chunks or over a million
   */
  hashChunks(path: string, options: HashChunksOptions): Promise<FileChunks>
  /**
   * SHA-256 of a part of a file, without reading the rest.
   *
   * @throws AppError as `hashFile`, and invalid_input for a range that is none or goes beyond the end of the file
   */
  hashRange(path: string, options: HashRangeOptions): Promise<RangeDigest>
  /**
   * Opens a hasher for a stream. Streams share workers that files do not use, so any number may stay open.
   *
   * @throws AppError invalid_input (`restore` is not a saved state of this version); cancelled; internal
   */
  createStreamHasher(options?: StreamHasherOptions): Promise<StreamHasher>
  /**
   * Hashes a file behind the one who writes it, in a thread of the streams.
   *
   * @throws AppError cancelled; internal (no worker can be started)
   */
  followFile<P extends FollowedPart>(path: string, part: P, signal?: AbortSignal): FileFollower<P>
  /** Cancels what runs or waits and ends the workers. */
  close(): Promise<void>
}

export interface HashedBytes {
  readonly engine: HashEngine
  readonly sizeBytes: number
}

export interface HashPoolOptions {
  /** Workers for files, and as many for streams. @default the number of cores, at most 4 */
  readonly size?: number | undefined
  /** Workers give way to the rest of the process and of the host: for a server. @default false */
  readonly background?: boolean | undefined
  /** Told of each file or part of one that was hashed, and how long a worker was busy with it. */
  readonly onHashed?: ((hashed: HashedBytes, seconds: number) => void) | undefined
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
}

export function createHashPool(options: HashPoolOptions = {}): HashPool {
  const size = Math.max(1, options.size ?? Math.min(availableParallelism(), 4))
  const turns = createTurnTable()
  const start = (): HashThread =>
    startHashThread(options.workerUrl ?? hashWorkerUrl(), { background: options.background, turns })
  const files = createFileThreads(size, start)
  const streams = createStreamThreads(size, start)
  const buffers = createPieceBuffers()

  async function read<K extends FileCallName>(
    name: K,
    input: HashCalls[K]['input'],
    { signal, onProgress }: ReadFileOptions,
    bytesOf: (output: HashCalls[K]['output']) => number,
  ): Promise<HashCalls[K]['output']> {
    const output = await files.run(async (thread) => {
      const began = performance.now()
      const found = await thread.call(name, input, { onProgress })
      options.onHashed?.({ engine: found.engine, sizeBytes: bytesOf(found) }, (performance.now() - began) / 1000)
      return found
    }, signal)
    const { seconds, readSeconds, turnSeconds } = output
    onProgress?.(bytesOf(output), bytesOf(output), { seconds, readSeconds, turnSeconds })
    return output
  }

  return {
    async hashFile(path, asked = {}) {
      const { tensor, sample, blake3, crc32 } = asked
      const input = { ...inputOf(path, asked), tensor, sample, blake3, crc32 }
      return read('file', input, asked, ({ sizeBytes }) => sizeBytes)
    },
    async hashChunks(path, asked) {
      const input = { ...inputOf(path, asked), chunkBytes: asked.chunkBytes }
      return read('chunks', input, asked, ({ sizeBytes }) => sizeBytes)
    },
    async hashRange(path, asked) {
      const { begin, end } = asked
      return read('range', { ...inputOf(path, asked), begin, end }, asked, () => end - begin)
    },
    async createStreamHasher({ restore, signal } = {}) {
      return openStreamHasher({ ...streams.join(signal), buffers, restore, signal })
    },
    followFile: (path, part, signal) => followFile({ ...streams.join(signal), path, part, signal }),
    async close() {
      await Promise.all([files.close(), streams.close()])
    },
  }
}

function inputOf(path: string, { engine = 'native', exact = false, turns, onProgress }: ReadFileOptions): FileInput {
  if (turns !== undefined && !(Number.isInteger(turns) && turns >= 0 && turns < DEVICE_SLOTS)) {
    throw new RangeError(`There are ${DEVICE_SLOTS} slots for devices, and ${turns} is none of them`)
  }
  return { path, engine, exact, turns, progress: onProgress !== undefined }
}
