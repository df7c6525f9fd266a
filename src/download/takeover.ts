import { type Claim, newClaim } from './claim.ts'
import type { Supply } from './supply.ts'
import type { DownloadTuning } from './tuning.ts'

export interface Takeover {
  readonly claim: Claim
  /** Whose rest it takes over, or fetches once more where both begin at the same byte. */
  readonly victim: Claim
}

const OPENINGS = 30
const LEAST_MS = 150
const LEAST_BYTES = 2 ** 18

/** What one more connection to this source could take from those that hold the end up. */
export function takeover(
  claims: ReadonlySet<Claim>,
  tuning: DownloadTuning,
  supply: Supply,
  sizeBytes: number,
): Takeover | undefined {
  /** Of a connection that has just begun, what others of its source do. */
  const rateOf = ({ rate, supply, since }: Claim): number =>
    rate > 0 || performance.now() - since > tuning.lateMs ? rate : supply.rate || Number.POSITIVE_INFINITY
  const msLeft = (claim: Claim): number => ((claim.end - claim.at) / Math.max(rateOf(claim), 1)) * 1_000
  /** A request should last so long that opening it does not count. */
  const worthMs = Math.min(tuning.shareMs, Math.max(LEAST_MS, supply.openingMs * OPENINGS))
  /** A little: below that a connection costs more than it brings. */
  const little = Math.min(tuning.minSegmentBytes / 4, Math.max(LEAST_BYTES, (supply.rate * worthMs) / 2_000))

  const slowest = [...claims].filter(({ end, at }) => end > at).sort((a, b) => msLeft(b) - msLeft(a))
  for (const victim of slowest) {
    const end = Math.min(victim.end, sizeBytes)
    const left = end - victim.at
    const rate = rateOf(victim)
    const own = supply.rate || rate || 1
    if (victim.doubled || msLeft(victim) <= worthMs) continue
    if (left >= 2 * little) {
      const keeps = left * (Number.isFinite(rate) ? rate / (rate + own) : 0.5)
      const split = Math.floor(victim.at + Math.min(Math.max(keeps, little), left - little))
      return { claim: newClaim(supply, split, end), victim }
    }
    const other = victim.supply !== supply || rate === 0
    if (other && own > 2 * rate && msLeft(victim) > tuning.lateMs) {
      return { claim: newClaim(supply, victim.at, end), victim }
    }
  }
  return undefined
}
