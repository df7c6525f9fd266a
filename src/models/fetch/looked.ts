import type { Offer, OfferCandidate, Search } from './wanted.ts'

/** What one place answered. */
export interface Looked {
  readonly offers: readonly Offer[]
  /** As the end of "Civitai: …", for people. */
  readonly result: string
  readonly candidates?: readonly OfferCandidate[]
  /** It lies where it was looked for, with another digest: a sentence. */
  readonly contradiction?: string
  readonly refusal?: Search['refusal']
  readonly failure?: Search['failure']
}
