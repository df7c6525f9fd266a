import { createIntervals, type Interval, type Intervals } from './intervals.ts'
import type { Supply } from './supply.ts'
import type { DownloadTuning } from './tuning.ts'

/** A stretch of the file that one connection fetches. */
export interface Claim {
  readonly supply: Supply
  readonly begin: number
  /** Moves forward as bytes are received. */
  at: number
  /** Moves back when another connection takes over the rest; Infinity while the size is not known. */
  end: number
  /** Bytes a second, of late; 0 before the first. */
  rate: number
  /** Fetched a second time, by whoever is faster. */
  doubled: boolean
  /** Whether its body may turn out to be longer than the file. */
  unended: boolean
  /** When it began. */
  readonly since: number
}

export interface Plan {
  /**
   * What a connection to this source should fetch: what nobody fetches yet, else half of what the slowest connection
   * still has to, else the end of one that holds everything up. Undefined: nothing that is worth a connection.
   */
  take(supply: Supply, connections: number): Claim | undefined
  /** Whether `take` would give something. */
  hasWork(supply: Supply, connections: number): boolean
  release(claim: Claim): void
  claims(): ReadonlySet<Claim>
}

export interface PlanDeps {
  readonly written: Intervals
  readonly sizeBytes: () => number | undefined
  /** Of an earlier run: to be confirmed by the first answer. */
  readonly notedSize: () => number | undefined
  readonly tuning: DownloadTuning
  /** Whether there are others that could fetch what this source leaves. */
  shares(supply: Supply): boolean
}

/** A request should last so long: making a connection must not count. */
const SEGMENT_SECONDS = 10

export function createPlan({ written, sizeBytes, notedSize, tuning, shares }: PlanDeps): Plan {
  const claims = new Set<Claim>()
  const { minSegmentBytes: least, maxSegmentBytes: most } = tuning

  function unclaimed(size: number): Interval[] {
    const busy = createIntervals(written.list())
    for (const { begin, end } of claims) busy.add(begin, Math.min(end, size))
    return busy.gaps(0, size)
  }

  const claim = (supply: Supply, begin: number, end: number): Claim => ({
    ...{ supply, begin, at: begin, end, rate: 0, doubled: false, unended: false, since: performance.now() },
  })

  /** Nothing is known yet: the first answer tells the size. */
  function probe(supply: Supply): Claim | undefined {
    if (claims.size > 0) return undefined
    // Of a file that is all there the last byte is asked for: nothing else says whether it is still the same.
    const begin = supply.whole
      ? 0
      : Math.max(0, Math.min(written.prefix(), (notedSize() ?? Number.POSITIVE_INFINITY) - 1))
    if (supply.whole || supply.source.ranges === 'open_ended') return claim(supply, begin, Number.POSITIVE_INFINITY)
    const [first] = written.gaps(begin, Math.min(begin + least, notedSize() ?? Number.POSITIVE_INFINITY))
    return claim(supply, begin, Math.max(first?.[1] ?? 0, begin + 1))
  }

  function fresh(supply: Supply, gaps: readonly Interval[], connections: number): Claim | undefined {
    const [first] = gaps
    if (first === undefined) return undefined
    // The whole file comes, what is there already included.
    if (supply.whole) return claims.size > 0 ? undefined : claim(supply, 0, gaps.at(-1)?.[1] ?? first[1])
    if (supply.source.ranges === 'open_ended') {
      const [begin, end] = gaps.reduce((a, b) => (b[1] - b[0] > a[1] - a[0] ? b : a))
      // It can only go on to the end: others begin at the front, where the hash goes on.
      const shared = shares(supply) && end - begin > 2 * least
      return claim(supply, shared ? Math.floor((begin + end) / 2) : begin, end)
    }
    const [begin, end] = first
    if (connections <= 1) return claim(supply, begin, end)
    const left = gaps.reduce((sum, [from, to]) => sum + to - from, 0)
    const wanted = Math.min(supply.rate * SEGMENT_SECONDS, left / (2 * connections), most)
    const length = Math.floor(Math.max(wanted, least))
    // What would be left over is no piece of its own.
    return claim(supply, begin, end - begin < length + least / 2 ? end : begin + length)
  }

  /** Of a connection that has just begun, what others of its source do. */
  const rateOf = ({ rate, supply, since }: Claim): number =>
    rate > 0 || performance.now() - since > tuning.lateMs ? rate : supply.rate || Number.POSITIVE_INFINITY
  const msLeft = (claim: Claim): number => ((claim.end - claim.at) / Math.max(rateOf(claim), 1)) * 1_000

  /** A little: below that a connection costs more than it brings. */
  const little = least / 4

  function shared(supply: Supply, size: number): Found | undefined {
    if (supply.source.ranges === 'open_ended') return undefined
    const slowest = [...claims].filter(({ end, at }) => end > at).sort((a, b) => msLeft(b) - msLeft(a))
    for (const victim of slowest) {
      const end = Math.min(victim.end, size)
      const left = end - victim.at
      const rate = rateOf(victim)
      const own = supply.rate || rate || 1
      if (victim.doubled || msLeft(victim) <= tuning.shareMs) continue
      if (left >= 2 * little) {
        const keeps = left * (Number.isFinite(rate) ? rate / (rate + own) : 0.5)
        const split = Math.floor(victim.at + Math.min(Math.max(keeps, little), left - little))
        return { claim: claim(supply, split, end), victim }
      }
      const other = victim.supply !== supply || rate === 0
      if (other && own > 2 * rate && msLeft(victim) > tuning.lateMs) {
        return { claim: claim(supply, victim.at, end), victim }
      }
    }
    return undefined
  }

  function find(supply: Supply, connections: number): Found | undefined {
    const size = sizeBytes()
    const found = size === undefined ? probe(supply) : fresh(supply, unclaimed(size), connections)
    if (found !== undefined) return { claim: found }
    return size === undefined || supply.whole ? undefined : shared(supply, size)
  }

  return {
    take(supply, connections) {
      const found = find(supply, connections)
      if (found === undefined) return undefined
      const { claim: taken, victim } = found
      if (victim !== undefined) {
        if (taken.begin > victim.at) victim.end = taken.begin
        else victim.doubled = taken.doubled = true
      }
      claims.add(taken)
      return taken
    },
    hasWork: (supply, connections) => find(supply, connections) !== undefined,
    release: (done) => {
      claims.delete(done)
    },
    claims: () => claims,
  }
}

interface Found {
  readonly claim: Claim
  /** Whose rest it takes over, or fetches once more where both begin at the same byte. */
  readonly victim?: Claim
}
