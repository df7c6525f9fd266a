import { AppError, isAppError } from '../errors.ts'

/**
 * What an aborted signal means to the caller: its own AppError, `upstream_unavailable` for AbortSignal.timeout,
 * else `cancelled`.
 */
export function toCancelled(signal: AbortSignal, what: string): AppError {
  const reason: unknown = signal.reason
  if (isAppError(reason)) return reason
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new AppError('upstream_unavailable', `Cannot fetch ${what}: it took too long`, { cause: reason })
  }
  return new AppError('cancelled', `Stopped fetching ${what}: it was cancelled`, { cause: reason })
}

export interface TimeLimit {
  readonly ms: number
  readonly signal: AbortSignal | undefined
  /** The URL as messages show it. */
  readonly what: string
  /** Message of the error when `ms` have passed. */
  readonly expired: string
}

/** Waits for work that cannot be stopped, such as a name lookup, but no longer than `ms` and not past the signal. */
export function timeLimit<T>(work: Promise<T>, { ms, signal, what, expired }: TimeLimit): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      end()
    }
    const stop = (): void => settle(() => signal && reject(toCancelled(signal, what)))
    const timer = setTimeout(() => settle(() => reject(new AppError('upstream_unavailable', expired))), ms)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
