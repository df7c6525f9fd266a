/**
 * Sets the clock on the wall to and fro: 400 days back, on and back again, every so many milliseconds; what only counts
 * seconds, such as timers, goes on as it is.
 */
export function jumpClock(everyMs: number): void {
  const Real = Date
  let offset = 0
  const now = (): number => Real.now() + offset
  globalThis.Date = class extends Real {
    constructor(...given: readonly unknown[]) {
      if (given.length === 0) super(now())
      else super(...(given as [number]))
    }
    static override now = now
  } as DateConstructor
  let at = 0
  setInterval(() => {
    at += 1
    offset = ([0, -400, 400][at % 3] ?? 0) * 86_400_000
  }, everyMs).unref()
}
