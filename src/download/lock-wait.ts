import { setTimeout as pause } from 'node:timers/promises'
import { cancelled } from './cancelled.ts'

/**
 * Resolves when it is time to look again, with false when that is too late.
 * @param leastMs it is not too late before so many milliseconds, from the first time on that it was asked
 * @throws AppError cancelled
 */
export type LockWait = (leastMs?: number) => Promise<boolean>

export interface LockWaitOptions {
  /** Milliseconds, from the first time on that it is asked. */
  readonly forMs: number
  readonly signal: AbortSignal
  /** Milliseconds of a clock that is never set. */
  readonly now?: () => number
}

const LOOK_AGAIN_MS = 100

/** For a writer that is about to end, such as one that was killed and has not let go of its memory yet. */
export function createLockWait({ forMs, signal, now = () => performance.now() }: LockWaitOptions): LockWait {
  let begun: number | undefined
  return async (leastMs = 0) => {
    if (signal.aborted) throw cancelled(signal)
    begun ??= now()
    if (now() - begun >= Math.max(forMs, leastMs)) return false
    try {
      await pause(LOOK_AGAIN_MS, undefined, { signal })
    } catch {
      throw cancelled(signal)
    }
    return true
  }
}

export const noWait: LockWait = async () => false
