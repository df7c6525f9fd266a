import { AppError } from '../errors.ts'
import type { FollowedDigests, FollowedPart } from './growing-file.ts'
import type { HashThread } from './thread.ts'

/** A native SHA-256 of a file that is being written: a worker reads it behind the writer, while it is still in memory. */
export interface FileFollower<P extends FollowedPart = FollowedPart> {
  /** So many bytes are there from the beginning. Never throws: what fails is told by `digest`. */
  advance(bytes: number): void
  /** How far it has got: Infinity where nothing is wanted of the file. */
  readTo(): number
  /**
   * Reads what is left of the file, which is all there, and ends. Undefined where there are no tensors.
   * @throws AppError not_found, forbidden, invalid_input, internal (shorter than told, unreadable), cancelled
   */
  digest(sizeBytes: number): Promise<FollowedDigests[P] | undefined>
  /** Ends it without a digest. May be called again, and after `digest`. */
  dispose(): void
}

/** Read by one call: no stream of the same worker waits longer than for that. */
const STEP_BYTES = 8 * 2 ** 20
/** What is worth a call before the end. */
const LEAST_BYTES = 2 ** 20
/** Under way at a time. */
const CALLS = 2

export interface FileFollowerDeps<P extends FollowedPart> {
  readonly thread: HashThread
  /** Names the follower among the streams of its thread. */
  readonly stream: number
  readonly path: string
  readonly part: P
  readonly signal: AbortSignal | undefined
  /** Called once, however it ends. */
  readonly onEnd: () => void
}

export function followFile<P extends FollowedPart>(deps: FileFollowerDeps<P>): FileFollower<P> {
  const { thread, stream, path, part, signal, onEnd } = deps
  let failure: unknown
  let ended = false
  let there = 0
  let at = 0
  /** Up to where calls are under way: the thread finds the next one waiting when it is done with one. */
  let asked = 0
  let least = LEAST_BYTES
  const reading = new Set<Promise<void>>()

  function end(reason: unknown): void {
    if (ended) return
    ended = true
    failure = reason
    signal?.removeEventListener('abort', onAbort)
    // A thread that is gone has nothing left to drop.
    thread.call('drop', { stream }).catch(() => {})
    onEnd()
  }
  const onAbort = (): void => end(cancelled(signal?.reason))

  /** Keeps calls under way until less than `least` is left. */
  function readOn(): void {
    while (!ended && reading.size < CALLS && there - asked >= least) {
      asked = Math.min(there, asked + STEP_BYTES)
      const call: Promise<void> = read(asked).finally(() => {
        reading.delete(call)
        readOn()
      })
      reading.add(call)
    }
  }

  async function read(to: number): Promise<void> {
    try {
      at = await thread.call('readOn', { stream, end: to })
      // Where nothing more is wanted it is told so.
      asked = Math.max(asked, at)
    } catch (error) {
      end(error)
    }
  }

  signal?.addEventListener('abort', onAbort, { once: true })
  thread.call('follow', { stream, path, part }).catch(end)

  return {
    advance(bytes) {
      there = Math.max(there, bytes)
      readOn()
    },
    readTo: () => at,
    async digest(sizeBytes) {
      there = sizeBytes
      least = 1
      readOn()
      try {
        while (reading.size > 0) await Promise.all(reading)
        if (ended) throw failure
        const found = await thread.call('followed', { stream, sizeBytes })
        if (ended) throw failure
        return found as FollowedDigests[P] | undefined
      } catch (error) {
        end(error)
        throw failure
      } finally {
        end(new Error('A file was followed after its digest'))
      }
    },
    dispose: () => end(cancelled(undefined)),
  }
}

const cancelled = (cause: unknown): AppError => new AppError('cancelled', 'Hashing a file was cancelled', { cause })
