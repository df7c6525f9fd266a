import { AppError } from '../errors.ts'
import type { HashThread } from './thread.ts'

export interface FileThreads {
  /** Runs `work` on a thread of its own, in the order of the calls, as soon as one is free. */
  run<T>(work: (thread: HashThread) => Promise<T>, signal: AbortSignal | undefined): Promise<T>
  /** Those that wait and those that run reject with `cancelled`; resolves when no thread is left. */
  close(): Promise<void>
}

interface Waiter {
  readonly give: (thread: HashThread) => void
  readonly refuse: (error: unknown) => void
}

const cancelled = (cause?: unknown): AppError => new AppError('cancelled', 'Hashing was cancelled', { cause })

/** At most `size` threads that hash one file each; started when first needed, kept for the next file. */
export function createFileThreads(size: number, start: () => HashThread): FileThreads {
  const idle: HashThread[] = []
  const busy = new Set<HashThread>()
  const running = new Set<Promise<unknown>>()
  let waiters: Waiter[] = []
  let closed = false

  /** A thread for the next waiter: an idle one that lives, else a new one while there may be more. */
  function next(): HashThread | undefined {
    while (true) {
      const thread = idle.pop()
      if (thread === undefined) return busy.size < size ? start() : undefined
      if (thread.death === undefined) return thread
    }
  }

  function serve(): void {
    while (waiters.length > 0) {
      try {
        const thread = next()
        if (thread === undefined) return
        busy.add(thread)
        waiters.shift()?.give(thread)
      } catch (error) {
        refuseAll(error)
      }
    }
  }

  function refuseAll(error: unknown): void {
    const refused = waiters
    waiters = []
    for (const { refuse } of refused) refuse(error)
  }

  function release(thread: HashThread): void {
    busy.delete(thread)
    if (thread.death === undefined) idle.push(thread)
    // One that could not even start would not start for those that wait either.
    else if (!thread.death.started) refuseAll(thread.death.error)
    serve()
  }

  function acquire(signal: AbortSignal | undefined): Promise<HashThread> {
    return new Promise((resolve, reject) => {
      if (closed || signal?.aborted) return reject(cancelled(signal?.reason))
      const onAbort = (): void => {
        waiters = waiters.filter((other) => other !== waiter)
        reject(cancelled(signal?.reason))
      }
      const waiter: Waiter = {
        give: (thread) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(thread)
        },
        refuse: (error) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      waiters.push(waiter)
      serve()
    })
  }

  async function work<T>(task: (thread: HashThread) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const thread = await acquire(signal)
    const onAbort = (): void => thread.cancel()
    try {
      if (closed || signal?.aborted) throw cancelled(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      return await task(thread)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      release(thread)
    }
  }

  return {
    run(task, signal) {
      const result = work(task, signal)
      running.add(result)
      return result.finally(() => running.delete(result))
    },
    async close() {
      closed = true
      refuseAll(cancelled())
      for (const thread of busy) thread.cancel()
      await Promise.allSettled(running)
      await Promise.all(idle.splice(0).map((thread) => thread.end()))
    },
  }
}
