import type { Claim } from './claim.ts'

/** Keeps `rate` of claims and of their sources: to be called every `everyMs`. */
export function createRates(everyMs: number): (claims: Iterable<Claim>) => void {
  const lastAt = new WeakMap<Claim, number>()
  return (claims) => {
    for (const claim of claims) {
      const rate = ((claim.at - (lastAt.get(claim) ?? claim.begin)) * 1_000) / everyMs
      lastAt.set(claim, claim.at)
      claim.rate = blend(claim.rate, rate, 0.2)
      claim.supply.rate = blend(claim.supply.rate, claim.rate, 0.1)
    }
  }
}

const blend = (before: number, now: number, weight: number): number =>
  before === 0 ? now : before * (1 - weight) + now * weight
