import type { Offer } from './wanted.ts'

/**
 * Offers by what is in them, in their order: those with a digest in common have one content, be it that of the whole file
 * or of its tensors, directly or by way of another. What says nothing of its bytes is a content of its own.
 */
export function contentGroups(offers: readonly Offer[]): readonly (readonly [Offer, ...Offer[]])[] {
  let groups: { readonly digests: ReadonlySet<string>; readonly offers: readonly [Offer, ...Offer[]] }[] = []
  for (const offer of offers) {
    const own = digestsOf(offer)
    const same = groups.filter(({ digests }) => own.some((digest) => digests.has(digest)))
    const [first, ...others] = same.flatMap((group) => [...group.offers])
    const joined = {
      digests: new Set([...own, ...same.flatMap(({ digests }) => [...digests])]),
      offers: first === undefined ? ([offer] as const) : ([first, ...others, offer] as const),
    }
    const [place] = same
    groups =
      place === undefined
        ? [...groups, joined]
        : groups.flatMap((group) => (group === place ? [joined] : same.includes(group) ? [] : [group]))
  }
  return groups.map((group) => group.offers)
}

const digestsOf = ({ sha256, tensor_sha256: tensor, ref }: Offer): readonly string[] => {
  const digests = [
    ...(sha256 === undefined ? [] : [`sha256:${sha256}`]),
    ...(tensor === undefined ? [] : [`tensor:${tensor}`]),
  ]
  return digests.length > 0 ? digests : [JSON.stringify(ref)]
}
