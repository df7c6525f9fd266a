import type { Offer, OfferCandidate } from './wanted.ts'

/**
 * What nodes have of one content, for a person to choose: by the digest that finds it again, or by the node and its name
 * there where nothing is known of its bytes.
 */
export function nodesCandidate(offers: readonly [Offer, ...Offer[]]): OfferCandidate {
  const [first] = offers
  const known = <K extends keyof Offer>(key: K): Offer[K] | undefined =>
    offers.find((offer) => offer[key] !== undefined)?.[key]
  const [sha256, tensors, air] = [known('sha256'), known('tensor_sha256'), known('air')]
  const nodes = [...new Set(offers.map(({ node }) => node))]
  const why = nodes.length === 1 ? `the node ${nodes[0]} has it` : `the nodes ${nodes.join(', ')} have it`
  if (sha256 === undefined && tensors === undefined && air === undefined) return { ...byName(first), why }
  return {
    ...(air === undefined ? {} : { air }),
    ...(sha256 !== undefined ? { sha256 } : tensors === undefined ? {} : { tensor_sha256: tensors }),
    name: first.filename,
    why,
  }
}

/** How a node's file is chosen of whose bytes nothing is known. */
export const byName = (offer: Offer): Pick<OfferCandidate, 'node' | 'name' | 'size_bytes'> => ({
  ...(offer.node === undefined ? {} : { node: offer.node }),
  name: namesAtNode(offer)[0] ?? offer.filename,
  ...(offer.size_bytes === undefined ? {} : { size_bytes: offer.size_bytes }),
})

/** Whether it is what somebody chose by its node and name there. */
export const isChosen = (offer: Offer, node: string, name: string): boolean =>
  offer.node === node && namesAtNode(offer).includes(name)

/** What a SwarmUI has no digest of goes by its name; the last part of that is what others show. */
const namesAtNode = ({ ref, filename, sha256, tensor_sha256: tensors }: Offer): readonly string[] =>
  ref.kind === 'node' && sha256 === undefined && tensors === undefined ? [ref.name ?? ref.hash, filename] : [filename]
