import type { WaitingClock } from '../../src/download/waiting-clock.ts'

export interface ManualClock extends WaitingClock {
  /** Lets time pass: what is due is called in its order, and what follows from it comes before what is due later. */
  pass(ms: number): Promise<void>
  /** Calls that are still to come. */
  readonly pending: number
}

/** A clock that goes only when it is told to. */
export function manualClock(): ManualClock {
  let now = 1_000
  const timers = new Set<{ readonly at: number; readonly action: () => void }>()
  return {
    now: () => now,
    after(ms, action) {
      const timer = { at: now + ms, action }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async pass(ms) {
      const end = now + ms
      await settled()
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.action()
        await settled()
      }
      now = end
    },
    get pending() {
      return timers.size
    },
  }
}

/** Everything that only waits for promises has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
