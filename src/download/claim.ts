import type { Supply } from './supply.ts'

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

export const newClaim = (supply: Supply, begin: number, end: number): Claim => ({
  ...{ supply, begin, at: begin, end, rate: 0, doubled: false, unended: false, since: performance.now() },
})
