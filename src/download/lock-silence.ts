import type { Elsewhere } from './lock-owner.ts'

/** An owner on another machine, of which nothing else can be known, is gone when it was silent for so long by the clock. */
const SILENT_MS = 60_000
/**
 * And for so long while it was looked at: clocks of two machines may differ by any time. Three signs of life fit into
 * it, of which two may be late or lost.
 */
const LOOKED_MS = 50_000
/** Until then it shows whether it lives. */
const SHOWS_AFTER_MS = SILENT_MS + LOOKED_MS

/** What one who waits for a lock hears of its owner on another machine. */
export interface LockSilence {
  /** `gone`: nobody writes there any more. @returns how long that is worth waiting for, where it may be */
  judge(owner: Elsewhere): 'gone' | { readonly leastMs: number }
}

/** In milliseconds. */
export interface LockClocks {
  /** Never set. */
  now(): number
  /** The time of day, since the epoch. */
  date(): number
}

export const ownClocks: LockClocks = { now: () => performance.now(), date: () => Date.now() }

export function createLockSilence({ now, date }: LockClocks): LockSilence {
  let last: { readonly heardAt: number; readonly since: number } | undefined
  let lives = false
  return {
    judge({ heardAt }) {
      if (last?.heardAt !== heardAt) {
        lives = last !== undefined
        last = { heardAt, since: now() }
      }
      const isSilent = Math.abs(date() - heardAt) >= SILENT_MS
      if (isSilent && now() - last.since >= LOOKED_MS) return 'gone'
      return { leastMs: lives ? 0 : SHOWS_AFTER_MS }
    },
  }
}
