/** Work that many may ask for and that is done once; whoever leaves ends it only by being the last. */
export interface SharedWork<T> {
  /** @throws the signal's reason, and what the work throws */
  get(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

interface Running<T> {
  readonly result: Promise<T>
  readonly abort: AbortController
  waiting: number
}

export function createSharedWork<T>(): SharedWork<T> {
  const running = new Map<string, Running<T>>()

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController()
    const forget = (): void => {
      if (running.get(key) === started) running.delete(key)
    }
    const result = work(abort.signal).finally(forget)
    // Those who asked are told; nobody may be left.
    result.catch(() => {})
    const started: Running<T> = { result, abort, waiting: 0 }
    // What was given up is nothing to join.
    abort.signal.addEventListener('abort', forget)
    running.set(key, started)
    return started
  }

  return {
    async get(key, signal, work) {
      signal?.throwIfAborted()
      const shared = running.get(key) ?? start(key, work)
      shared.waiting += 1
      let leave = (): void => {}
      const left = new Promise<never>((_, reject) => {
        leave = () => reject(signal?.reason)
        signal?.addEventListener('abort', leave, { once: true })
      })
      try {
        return await Promise.race([shared.result, left])
      } finally {
        signal?.removeEventListener('abort', leave)
        shared.waiting -= 1
        if (shared.waiting === 0) shared.abort.abort(signal?.reason)
      }
    },
  }
}
