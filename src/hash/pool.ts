import { availableParallelism } from 'node:os'
import { AppError } from '../errors.ts'
import { createFileThreads } from './file-threads.ts'
import { createPieceBuffers } from './piece-buffers.ts'
import { openStreamHasher, type StreamHasher } from './stream-hasher.ts'
import { type HashThread, hashWorkerUrl, startHashThread } from './thread.ts'
import type { FileDigest, HashEngine } from './whole-file.ts'

export interface HashFileOptions {
  /** `wasm` is about eight times as slow and gives the same digest. @default 'native' */
  readonly engine?: HashEngine | undefined
  /** Also the digest of a safetensors' tensors, in the same pass; about twice the work. @default false */
  readonly tensor?: boolean | undefined
  /** The path is real: what symlinks have made of it since is refused with `forbidden`. @default false */
  readonly exact?: boolean | undefined
  /** Ends the reading between two buffers; the promise rejects when nothing of it is left. */
  readonly signal?: AbortSignal | undefined
  /** About ten times a second, and once with the whole size at the end. */
  readonly onProgress?: ((bytesDone: number, bytesTotal: number) => void) | undefined
}

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
   * Opens a hasher for a stream. Streams share workers that files do not use, so any number may stay open.
   *
   * @throws AppError invalid_input (`restore` is not a saved state of this version); cancelled; internal
   */
  createStreamHasher(options?: StreamHasherOptions): Promise<StreamHasher>
  /** Cancels what runs or waits and ends the workers. */
  close(): Promise<void>
}

export interface HashPoolOptions {
  /** Workers for files, and as many for streams. @default the number of cores, at most 4 */
  readonly size?: number | undefined
  /** Workers give way to the rest of the process and of the host: for a server. @default false */
  readonly background?: boolean | undefined
  /** Told of each file that was hashed, and how long a worker was busy with it. */
  readonly onHashed?: ((digest: FileDigest, seconds: number) => void) | undefined
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
}

interface StreamThread {
  readonly thread: HashThread
  streams: number
}

export function createHashPool(options: HashPoolOptions = {}): HashPool {
  const size = Math.max(1, options.size ?? Math.min(availableParallelism(), 4))
  const start = (): HashThread => startHashThread(options.workerUrl ?? hashWorkerUrl(), options.background)
  const files = createFileThreads(size, start)
  const buffers = createPieceBuffers()
  let streamThreads: StreamThread[] = []
  let lastStream = 0
  let closed = false

  /** The living thread with the fewest streams, or a new one while each has some and there may be more. */
  function pickStreamThread(): StreamThread {
    streamThreads = streamThreads.filter(({ thread }) => thread.death === undefined)
    const [least] = streamThreads.toSorted((a, b) => a.streams - b.streams)
    if (least !== undefined && (least.streams === 0 || streamThreads.length >= size)) return least
    const added = { thread: start(), streams: 0 }
    streamThreads.push(added)
    return added
  }

  return {
    async hashFile(path, { engine = 'native', tensor = false, exact = false, signal, onProgress } = {}) {
      const progress = onProgress !== undefined
      const digest = await files.run(async (thread) => {
        const began = performance.now()
        const found = await thread.call('file', { path, exact, engine, tensor, progress }, { onProgress })
        options.onHashed?.(found, (performance.now() - began) / 1000)
        return found
      }, signal)
      onProgress?.(digest.sizeBytes, digest.sizeBytes)
      return digest
    },
    async createStreamHasher({ restore, signal } = {}) {
      if (closed || signal?.aborted) {
        throw new AppError('cancelled', 'Hashing a stream was cancelled', { cause: signal?.reason })
      }
      const picked = pickStreamThread()
      picked.streams += 1
      const onEnd = (): void => {
        picked.streams -= 1
      }
      return openStreamHasher({ thread: picked.thread, buffers, stream: ++lastStream, restore, signal, onEnd })
    },
    async close() {
      closed = true
      await Promise.all([files.close(), ...streamThreads.map(({ thread }) => thread.end())])
    },
  }
}
