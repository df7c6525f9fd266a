/** Time that never jumps, whatever is done to the clock on the wall. */
export interface WaitingClock {
  /** Milliseconds since some moment; only differences mean anything. */
  now(): number
  /** Calls once when `ms` have passed, or earlier where that is weeks away; the function that it gives prevents it. */
  after(ms: number, action: () => void): () => void
}

/** Timers of longer than this fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const steadyClock: WaitingClock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
