export interface RetryTiming {
  /** Wait before the first retry, in milliseconds; doubled each time. */
  readonly firstMs: number
  readonly maxMs: number
}

/** Wait before retry `attempt` (0 for the first): doubling, capped, with up to 50 % jitter taken off. */
export function backoffMs(attempt: number, timing: RetryTiming, random: () => number = Math.random): number {
  const full = Math.min(timing.maxMs, timing.firstMs * 2 ** attempt)
  return Math.round(full * (1 - random() / 2))
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
