import { type Claim, newClaim } from './claim.ts'
import type { Supply } from './supply.ts'
import type { DownloadTuning } from './tuning.ts'

export interface Takeover {
  readonly claim: Claim
  /** Whose rest it takes over, or fetches once more where both begin at the same byte. */
  readonly victim: Claim
}

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
  /** A little: below that a connection costs more than it brings. */
  const little = tuning.minSegmentBytes / 4

  const slowest = [...claims].filter(({ end, at }) => end > at).sort((a, b) => msLeft(b) - msLeft(a))
  for (const victim of slowest) {
    const end = Math.min(victim.end, sizeBytes)
    const left = end - victim.at
    const rate = rateOf(victim)
    const own = supply.rate || rate || 1
    if (victim.doubled || msLeft(victim) <= tuning.shareMs) continue
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
