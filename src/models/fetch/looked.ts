import type { Offer, OfferCandidate, Search } from './wanted.ts'

/** What one place answered. */
export interface Looked {
  readonly offers: readonly Offer[]
  /** As the end of "Civitai: …", for people. */
  readonly result: string
  readonly candidates?: readonly OfferCandidate[]
  readonly refusal?: Search['refusal']
  readonly failure?: Search['failure']
}
