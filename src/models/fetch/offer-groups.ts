import type { ExpectedFile } from '../../download/request.ts'
import { parseSha256, parseTensorSha256 } from '../../hash/digest.ts'
import type { Offer } from './wanted.ts'

/**
 * By what is in them, in their order. Only the digest of the whole file says that files have the same bytes: those with
 * the same tensors may have other headers.
 */
export function sameBytes(offers: readonly Offer[]): readonly (readonly [Offer, ...Offer[]])[] {
  const whole = offers.find(({ sha256 }) => sha256 !== undefined)?.sha256
  const tensors = offers.find(({ tensor_sha256: tensor }) => tensor !== undefined)?.tensor_sha256
  const groups: [Offer, ...Offer[]][] = []
  for (const offer of offers) {
    const isOther =
      (offer.sha256 ?? whole) !== whole ||
      (offer.tensor_sha256 ?? tensors) !== tensors ||
      // What nobody vouches for is not taken where somebody does.
      (offer.sha256 === undefined && offer.tensor_sha256 === undefined && (whole ?? tensors) !== undefined)
    if (isOther) continue
    const group = groups.find(([one]) => one.sha256 !== undefined && one.sha256 === offer.sha256)
    if (group === undefined) groups.push([offer])
    else group.push(offer)
  }
  return groups
}

/** What is known of the file that all of these are. */
export function expectedOf(offers: readonly Offer[]): ExpectedFile {
  const known = <K extends keyof Offer>(key: K): Offer[K] | undefined =>
    offers.find((offer) => offer[key] !== undefined)?.[key]
  const [whole, tensors] = [known('sha256'), known('tensor_sha256')]
  return {
    sizeBytes: known('size_bytes'),
    sha256: whole === undefined ? undefined : parseSha256(whole),
    tensorSha256: tensors === undefined ? undefined : parseTensorSha256(tensors),
  }
}
