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
/** Until it is tried again whether one more brings something; after a complaint. */
const TRY_AGAIN_MS = 15_000
const SORRY_MS = 60_000

export function createGrowth({ max, tuning }: GrowthOptions): Growth {
  let target = Math.min(max, tuning.firstConnections)
  let window: { readonly since: number; readonly bytes: number } | undefined
  let before: { readonly rate: number; readonly connections: number } | undefined
  let restUntil = 0

  return {
    target: () => target,
    sample(now, { claimed, receiving }, bytes) {
      // A new one has to get going first; between two pieces each is away for a moment.
      const enough = window === undefined ? receiving >= target : claimed >= target - 1
      if (now < restUntil || target >= max || !enough) {
        window = undefined
        return
      }
      window ??= { since: now, bytes }
      const ms = now - window.since
      if (ms < tuning.growEveryMs) return
      const rate = (bytes - window.bytes) / ms
      window = undefined
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
      before = undefined
      window = undefined
      restUntil = now + SORRY_MS
    },
  }
}
