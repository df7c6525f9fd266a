import { AppError } from '../../errors.ts'
import { orAborted } from '../../lib/abort.ts'

/** It goes on, but nobody waits for it any longer. */
export const LATE = Symbol('late')

export interface WorkLimits {
  /** How long callers wait, counted from when it began. */
  readonly patienceMs: number
  /** After this it is given up. */
  readonly lastsMs: number
}

/** Work that goes on in the background for those who ask next, when it takes longer than a caller waits. */
export interface PatientWork {
  /**
   * One at a time for each key; who asks meanwhile gets the same result, or LATE as soon as the first one did.
   * @throws the signal's reason, and what the work throws; AppError upstream_unavailable when it took too long
   */
  run<T>(
    key: string,
    limits: WorkLimits,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | typeof LATE>
  isRunning(key: string): boolean
  /** Gives up all of it. */
  close(): void
}

export function createPatientWork(): PatientWork {
  const running = new Map<string, Promise<unknown>>()
  const closing = new AbortController()

  function start<T>(
    key: string,
    limits: WorkLimits,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | typeof LATE> {
    const deadline = new AbortController()
    const giveUp = setTimeout(() => deadline.abort(), limits.lastsMs)
    giveUp.unref()
    const result = work(AbortSignal.any([closing.signal, deadline.signal]))
      .catch((error: unknown) => {
        throw deadline.signal.aborted ? tooLate(limits.lastsMs, error) : error
      })
      .finally(() => {
        clearTimeout(giveUp)
        if (running.get(key) === begun) running.delete(key)
      })
    let patience: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<typeof LATE>((resolve) => {
      patience = setTimeout(() => resolve(LATE), limits.patienceMs)
    })
    const begun = Promise.race([result, late])
    // Nobody may be there any more to be told.
    result.catch(() => {}).finally(() => clearTimeout(patience))
    begun.catch(() => {})
    running.set(key, begun)
    return begun
  }

  return {
    isRunning: (key) => running.has(key),
    run<T>(key: string, limits: WorkLimits, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) {
      const known = running.get(key) as Promise<T | typeof LATE> | undefined
      return orAborted(known ?? start(key, limits, work), signal)
    },
    close: () => closing.abort(new AppError('cancelled', 'Asking nodes was stopped: the program is closing')),
  }
}

const tooLate = (ms: number, cause: unknown): AppError =>
  new AppError('upstream_unavailable', `It did not answer within ${ms / 1000} s`, { cause })
