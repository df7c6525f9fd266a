import type { DownloadTuning } from './tuning.ts'

/** How many connections a download should have: more as long as each one brings something. */
export interface Growth {
  target(): number
  /** To be told often: connections that fetch, those of them to which something came, and all bytes so far. */
  sample(now: number, connections: { readonly claimed: number; readonly receiving: number }, bytes: number): void
  /** A host asked for less, with so many connections. */
  complain(now: number, connections: number): void
}

export interface GrowthOptions {
  readonly max: number
  readonly tuning: Pick<DownloadTuning, 'firstConnections' | 'growEveryMs'>
}

/** Of what one connection brought on average before; from the second on the line is not full, and more are tried. */
const LEAST_GAIN = 0.5
const FULL_GAIN = 0.8
const MOST_AT_ONCE = 4
/** So much, in bytes a millisecond, is limited by no host: where one alone brings nearly as much, others only cost. */
const FAST = (256 * 2 ** 20) / 1_000
const NEARLY = 0.7
/** Until it is tried again whether one more brings something; after a complaint. */
const TRY_AGAIN_MS = 15_000
const SORRY_MS = 60_000

export function createGrowth({ max, tuning }: GrowthOptions): Growth {
  let target = Math.min(max, tuning.firstConnections)
  let window: { readonly since: number; readonly bytes: number } | undefined
  let step = 1
  let before: { readonly rate: number; readonly connections: number } | undefined
  let restUntil = 0
  let last: { readonly now: number; readonly bytes: number } | undefined
  /** What all brought while one alone shows what it brings: once. */
  let alone: 'untried' | 'tried' | { readonly rate: number; readonly connections: number } = 'untried'

  function isFast(now: number, bytes: number): boolean {
    const rate = last === undefined ? 0 : (bytes - last.bytes) / (now - last.now)
    last = { now, bytes }
    if (alone !== 'untried' || target === 1 || rate < FAST) return false
    alone = { rate, connections: target }
    return true
  }

  return {
    target: () => target,
    sample(now, { claimed, receiving }, bytes) {
      if (isFast(now, bytes)) {
        target = 1
        window = before = undefined
        restUntil = now
        return
      }
      const trial = typeof alone === 'object' ? alone : undefined
      // A new one has to get going first; between two pieces each is away for a moment.
      const enough = window === undefined ? receiving >= target : claimed >= target - 1
      if (now < restUntil || target >= max || !enough || (trial !== undefined && claimed > 1)) {
        window = undefined
        return
      }
      window ??= { since: now, bytes }
      const ms = now - window.since
      if (ms < tuning.growEveryMs) return
      const rate = (bytes - window.bytes) / ms
      window = undefined
      if (trial !== undefined) {
        alone = 'tried'
        if (rate >= NEARLY * trial.rate) restUntil = now + TRY_AGAIN_MS
        else target = trial.connections
        return
      }
      if (before !== undefined) {
        const added = target - before.connections
        const gain = (rate - before.rate) / ((added * before.rate) / before.connections)
        if (gain < LEAST_GAIN || (gain < FULL_GAIN && added > 1)) {
          // Of several that brought little, one at most brought something.
          if (gain < LEAST_GAIN) target = before.connections + 1
          before = undefined
          step = 1
          restUntil = now + TRY_AGAIN_MS
          return
        }
        step = gain < FULL_GAIN ? 1 : Math.min(2 * step, MOST_AT_ONCE)
      }
      before = { rate, connections: target }
      target = Math.min(max, target + step)
    },
    complain(now, connections) {
      target = Math.max(1, Math.min(target, connections) - 1)
      step = 1
      alone = 'tried'
      before = undefined
      window = undefined
      restUntil = now + SORRY_MS
    },
  }
}
