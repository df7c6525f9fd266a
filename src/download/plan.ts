import { type Claim, newClaim } from './claim.ts'
import { createIntervals, type Interval, type Intervals } from './intervals.ts'
import type { Supply } from './supply.ts'
import { takeover } from './takeover.ts'
import type { DownloadTuning } from './tuning.ts'

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

/**
 * A request should last so many times as long as making its connection, which must not count, and no longer: what lies
 * behind others that are under way cannot be hashed yet.
 */
const OPENINGS = 30
const SEGMENT_SECONDS = 10

export function createPlan({ written, sizeBytes, notedSize, tuning, shares }: PlanDeps): Plan {
  const claims = new Set<Claim>()
  const { minSegmentBytes: least, maxSegmentBytes: most } = tuning

  function unclaimed(size: number): Interval[] {
    const busy = createIntervals(written.list())
    for (const { begin, end } of claims) busy.add(begin, Math.min(end, size))
    return busy.gaps(0, size)
  }

  /** Nothing is known yet: the first answer tells the size. */
  function probe(supply: Supply): Claim | undefined {
    if (claims.size > 0) return undefined
    // Of a file that is all there the last byte is asked for: nothing else says whether it is still the same.
    const begin = supply.whole
      ? 0
      : Math.max(0, Math.min(written.prefix(), (notedSize() ?? Number.POSITIVE_INFINITY) - 1))
    if (supply.whole || supply.single || supply.source.ranges === 'open_ended')
      return newClaim(supply, begin, Number.POSITIVE_INFINITY)
    const [first] = written.gaps(begin, Math.min(begin + least, notedSize() ?? Number.POSITIVE_INFINITY))
    return newClaim(supply, begin, Math.max(first?.[1] ?? 0, begin + 1))
  }

  function fresh(supply: Supply, gaps: readonly Interval[], connections: number): Claim | undefined {
    const [first] = gaps
    if (first === undefined) return undefined
    // The whole file comes, what is there already included; or what has to come in one answer.
    if (supply.whole || supply.single) {
      return claims.size > 0 ? undefined : newClaim(supply, supply.whole ? 0 : first[0], sizeBytes() ?? first[1])
    }
    if (supply.source.ranges === 'open_ended') {
      const [begin, end] = gaps.reduce((a, b) => (b[1] - b[0] > a[1] - a[0] ? b : a))
      // It can only go on to the end: others begin at the front, where the hash goes on.
      const shared = shares(supply) && end - begin > 2 * least
      return newClaim(supply, shared ? Math.floor((begin + end) / 2) : begin, end)
    }
    const [begin, end] = first
    if (connections <= 1) return newClaim(supply, begin, end)
    const left = gaps.reduce((sum, [from, to]) => sum + to - from, 0)
    const seconds = Math.min((supply.openingMs * OPENINGS) / 1_000, SEGMENT_SECONDS)
    const wanted = Math.min(supply.rate * seconds, left / (2 * connections), most)
    const length = Math.floor(Math.max(wanted, least))
    // What would be left over is no piece of its own.
    return newClaim(supply, begin, end - begin < length + least / 2 ? end : begin + length)
  }

  function find(supply: Supply, connections: number): { claim: Claim; victim?: Claim } | undefined {
    const size = sizeBytes()
    const found = size === undefined ? probe(supply) : fresh(supply, unclaimed(size), connections)
    if (found !== undefined) return { claim: found }
    if (size === undefined || supply.whole || supply.single || supply.source.ranges === 'open_ended') return undefined
    return takeover(claims, tuning, supply, size)
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
