import type { FetchCall, FindOffers } from './downloads.ts'
import type { Offer } from './wanted.ts'

/**
 * Places outside of the nodes that have the very bytes: asked when no node that had them can give them any more. A part
 * that has come goes on from there.
 * @returns none where an offer came from elsewhere already, or where nobody knows what the bytes are
 * @throws the signal's reason
 */
export async function searchElsewhere(
  findOffers: FindOffers,
  offers: readonly Offer[],
  call: FetchCall,
): Promise<readonly Offer[]> {
  const [best] = offers
  if (best?.sha256 === undefined || offers.some(({ ref }) => ref.kind !== 'node')) return []
  const { sha256, type = 'other' } = best
  const wanted = {
    type,
    hashes: [{ algorithm: 'sha256' as const, value: sha256 }],
    names: [],
    urls: [],
    urls_by_caller: false,
  }
  const found = await findOffers(wanted, { ...call, prefer: ['civitai', 'huggingface'] })
  return found.offers.filter((offer) => offer.ref.kind !== 'node' && offer.sha256 === sha256)
}
