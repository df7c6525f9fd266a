import type { Offer, OfferCandidate } from './wanted.ts'

/** What nodes have of one content, for a person to choose: by the digest that finds it again. */
export function nodesCandidate(offers: readonly [Offer, ...Offer[]]): OfferCandidate {
  const [first] = offers
  const known = <K extends keyof Offer>(key: K): Offer[K] | undefined =>
    offers.find((offer) => offer[key] !== undefined)?.[key]
  const [sha256, tensors, air] = [known('sha256'), known('tensor_sha256'), known('air')]
  const nodes = [...new Set(offers.map(({ node }) => node))]
  return {
    ...(air === undefined ? {} : { air }),
    ...(sha256 !== undefined ? { sha256 } : tensors === undefined ? {} : { tensor_sha256: tensors }),
    name: first.filename,
    why: nodes.length === 1 ? `the node ${nodes[0]} has it` : `the nodes ${nodes.join(', ')} have it`,
  }
}
