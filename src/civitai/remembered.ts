import { AppError } from '../errors.ts'
import { orAborted } from '../lib/abort.ts'

export interface RememberedOptions {
  readonly signal: AbortSignal
  /** Asks again whatever is remembered. */
  readonly fresh?: boolean | undefined
}

/** Answers to questions, kept for a while; what is asked by several at once is asked for once. */
export interface Remembered<T> {
  /**
   * Undefined where there is none, which is remembered too, but not for long. Failures are not remembered. Whoever
   * leaves ends the asking only by being the last.
   * @throws AppError cancelled, and what `ask` throws
   */
  get(
    key: string,
    options: RememberedOptions,
    ask: (signal: AbortSignal) => Promise<T | undefined>,
  ): Promise<T | undefined>
  /** What is remembered, if anything is. */
  peek(key: string): { readonly value: T | undefined } | undefined
  put(key: string, value: T | undefined): void
}

export interface RememberedLimits {
  readonly entries: number
  readonly hitMs: number
  readonly missMs: number
  /** Milliseconds of a clock that is never set. */
  readonly now?: () => number
}

interface Flight<T> {
  readonly result: Promise<T | undefined>
  readonly abort: AbortController
  waiting: number
}

export function createRemembered<T>(limits: RememberedLimits): Remembered<T> {
  const { entries, hitMs, missMs, now = () => performance.now() } = limits
  const known = new Map<string, { readonly value: T | undefined; readonly until: number }>()
  const flights = new Map<string, Flight<T>>()

  function peek(key: string): { readonly value: T | undefined } | undefined {
    const entry = known.get(key)
    return entry !== undefined && entry.until > now() ? entry : undefined
  }

  function put(key: string, value: T | undefined): void {
    known.delete(key)
    known.set(key, { value, until: now() + (value === undefined ? missMs : hitMs) })
    // A map keeps the order in which things came.
    for (const oldest of known.keys()) {
      if (known.size <= entries) break
      known.delete(oldest)
    }
  }

  function begin(key: string, ask: (signal: AbortSignal) => Promise<T | undefined>): Flight<T> {
    const abort = new AbortController()
    const asked = ask(abort.signal).then((value) => {
      put(key, value)
      return value
    })
    const flight: Flight<T> = { result: asked.finally(() => land(key, flight)), abort, waiting: 0 }
    flights.set(key, flight)
    return flight
  }

  function land(key: string, flight: Flight<T>): void {
    if (flights.get(key) === flight) flights.delete(key)
  }

  return {
    peek,
    put,
    async get(key, { signal, fresh }, ask) {
      const entry = fresh === true ? undefined : peek(key)
      if (entry !== undefined) return entry.value
      if (signal.aborted) throw cancelled(signal)
      const flight = flights.get(key) ?? begin(key, ask)
      flight.waiting += 1
      try {
        return await orAborted(flight.result, signal)
      } catch (error) {
        throw signal.aborted ? cancelled(signal) : error
      } finally {
        flight.waiting -= 1
        if (flight.waiting === 0) {
          land(key, flight)
          flight.abort.abort()
        }
      }
    },
  }
}

const cancelled = (signal: AbortSignal): AppError =>
  new AppError('cancelled', 'Stopped asking Civitai: it was cancelled', { cause: signal.reason })
