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

/** Of what one connection brought on average before. */
const LEAST_GAIN = 0.5
/** So much, in bytes a millisecond, is limited by no host: where one alone brings nearly as much, others only cost. */
const FAST = (256 * 2 ** 20) / 1_000
const NEARLY = 0.7
/** Until it is tried again whether one more brings something; after a complaint. */
const TRY_AGAIN_MS = 15_000
const SORRY_MS = 60_000

export function createGrowth({ max, tuning }: GrowthOptions): Growth {
  let target = Math.min(max, tuning.firstConnections)
  let window: { readonly since: number; readonly bytes: number } | undefined
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
      if (before !== undefined && rate - before.rate < (LEAST_GAIN * before.rate) / before.connections) {
        before = undefined
        restUntil = now + TRY_AGAIN_MS
        return
      }
      before = { rate, connections: target }
      target += 1
    },
    complain(now, connections) {
      target = Math.max(1, Math.min(target, connections) - 1)
      alone = 'tried'
      before = undefined
      window = undefined
      restUntil = now + SORRY_MS
    },
  }
}
