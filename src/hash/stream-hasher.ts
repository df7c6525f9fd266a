import { AppError } from '../errors.ts'
import type { Sha256 } from './digest.ts'
import type { HashCalls } from './messages.ts'
import { PIECE_BYTES, type PieceBuffers } from './piece-buffers.ts'
import type { HashThread } from './thread.ts'

/** A SHA-256 of a stream, by WebAssembly in a worker. Calls are worked off in their order. */
export interface StreamHasher {
  /**
   * Copies the chunk, which must stay as it is until the promise resolves. That is at once while less
   * than a mebibyte waits for the worker, and else when there is room: await it and memory stays bounded.
   */
  update(chunk: Uint8Array): Promise<void>
  /** The state after all that was given to `update`, for `restore` of another hasher, now or after a restart. */
  save(): Promise<Uint8Array>
  /** Ends the hasher. `sizeBytes` counts the bytes before a restore too. */
  digest(): Promise<{ sha256: Sha256; sizeBytes: number }>
  /** Ends it without a digest; what waits rejects with `cancelled`. May be called again, and after `digest`. */
  dispose(): void
}

/** Pieces of one stream that may wait for the worker. */
const WINDOW_PIECES = 4

export interface StreamHasherDeps {
  readonly thread: HashThread
  readonly buffers: PieceBuffers
  /** Names the stream within its thread. */
  readonly stream: number
  readonly restore: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
  /** Called once, however the hasher ends. */
  readonly onEnd: () => void
}

/** @throws AppError invalid_input for a state that cannot be restored, cancelled, internal */
export async function openStreamHasher(deps: StreamHasherDeps): Promise<StreamHasher> {
  const { thread, buffers, stream, signal } = deps
  let failure: unknown
  let ended = false
  let waiting = 0
  let piece: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  let wake = (): void => {}
  let tail: Promise<unknown> = thread.call('open', { stream, restore: deps.restore })

  function end(reason: unknown): void {
    if (ended) return
    ended = true
    failure = reason
    piece = undefined
    signal?.removeEventListener('abort', onAbort)
    deps.onEnd()
    wake()
  }
  function drop(reason: AppError): void {
    if (ended) return
    end(reason)
    // A thread that is gone has nothing left to drop.
    thread.call('drop', { stream }).catch(() => {})
  }
  const onAbort = (): void =>
    drop(new AppError('cancelled', 'Hashing a stream was cancelled', { cause: signal?.reason }))

  function send(): void {
    if (piece === undefined) return
    const { buffer } = piece
    const length = filled
    piece = undefined
    filled = 0
    waiting += 1
    thread
      .call('update', { stream, buffer, length }, { transfer: [buffer] })
      .then((back) => buffers.give(back), end)
      .finally(() => {
        waiting -= 1
        wake()
      })
  }

  /** An empty piece to fill, as soon as the window has room. */
  async function nextPiece(): Promise<Uint8Array<ArrayBuffer>> {
    while (waiting >= WINDOW_PIECES && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    if (ended) throw failure
    filled = 0
    piece = new Uint8Array(buffers.take())
    return piece
  }

  async function write(chunk: Uint8Array): Promise<void> {
    let from = 0
    while (from < chunk.length) {
      const target = piece ?? (await nextPiece())
      const part = chunk.subarray(from, from + PIECE_BYTES - filled)
      target.set(part, filled)
      filled += part.length
      from += part.length
      if (filled === PIECE_BYTES) send()
    }
  }

  async function ask<K extends 'save' | 'digest'>(name: K): Promise<HashCalls[K]['output']> {
    send()
    return await thread.call(name, { stream })
  }

  /** One after another; an end (abort, dispose, crash) in between reaches each that waits. */
  function enqueue<T>(work: () => Promise<T>, afterwards?: () => void): Promise<T> {
    const result = tail.then(async () => {
      if (ended) throw failure
      const value = await work()
      if (ended) throw failure
      afterwards?.()
      return value
    })
    tail = result.catch(() => {})
    return result
  }

  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await tail
    if (ended) throw failure
  } catch (error) {
    end(error)
    throw failure
  }
  return {
    update: (chunk) => enqueue(() => write(chunk)),
    save: () => enqueue(() => ask('save')),
    digest: () =>
      enqueue(
        () => ask('digest'),
        () => end(new Error('A stream hasher was used after its digest')),
      ),
    dispose: () => drop(new AppError('cancelled', 'Hashing a stream was cancelled')),
  }
}
