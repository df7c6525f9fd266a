import { AppError } from '../errors.ts'
import type { HashThread } from './thread.ts'

/** A stream's place in a thread that it shares with others. */
export interface StreamPlace {
  readonly thread: HashThread
  /** Names the stream among all. */
  readonly stream: number
  /** To be called once, when the stream has ended. */
  readonly onEnd: () => void
}

/** Threads that any number of streams share. */
export interface StreamThreads {
  /** @throws AppError cancelled (closed), internal (no thread can be started) */
  join(signal: AbortSignal | undefined): StreamPlace
  close(): Promise<void>
}

interface StreamThread {
  readonly thread: HashThread
  streams: number
}

/** @param size threads at most */
export function createStreamThreads(size: number, start: () => HashThread): StreamThreads {
  let threads: StreamThread[] = []
  let lastStream = 0
  let closed = false

  /** The living thread with the fewest streams, or a new one while each has some and there may be more. */
  function pick(): StreamThread {
    threads = threads.filter(({ thread }) => thread.death === undefined)
    const [least] = threads.toSorted((a, b) => a.streams - b.streams)
    if (least !== undefined && (least.streams === 0 || threads.length >= size)) return least
    const added = { thread: start(), streams: 0 }
    threads.push(added)
    return added
  }

  return {
    join(signal) {
      if (closed || signal?.aborted) {
        throw new AppError('cancelled', 'Hashing a stream was cancelled', { cause: signal?.reason })
      }
      const picked = pick()
      picked.streams += 1
      const onEnd = (): void => {
        picked.streams -= 1
      }
      return { thread: picked.thread, stream: ++lastStream, onEnd }
    },
    async close() {
      closed = true
      await Promise.all(threads.map(({ thread }) => thread.end()))
    },
  }
}
