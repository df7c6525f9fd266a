import { AppError } from '../../errors.ts'
import { contentsOf } from './download-input.ts'
import type { Unfetched } from './download-view.ts'
import type { Offer, Search, WantedModel } from './wanted.ts'

/**
 * What looking for a model comes to: offers, or why there is nothing to fetch without somebody's help.
 * @throws AppError not_found (it is nowhere), upstream_unavailable (somebody could not be asked),
 * checksum_mismatch (it is another file)
 */
export function offersFound(search: Search, wanted: WantedModel): readonly Offer[] | Unfetched {
  const { offers, candidates, refusal, failure, contradiction } = search
  const sha256 = wanted.hashes.find(({ algorithm }) => algorithm === 'sha256')?.value
  if (offers.length > 0) {
    // An address says nothing of the bytes: what the caller says of them is what they have to be.
    return offers.map((offer) =>
      sha256 === undefined || contentsOf([offer]).length > 0 ? offer : { ...offer, sha256 },
    )
  }
  if (refusal !== undefined) {
    const { reason: reasonCode, message: reason, hint, until } = refusal
    return { reasonCode, reason, hint, until, candidates }
  }
  if (candidates.length > 0) {
    return { reasonCode: null, reason: 'Several models may be meant: name one of them', candidates }
  }
  if (failure !== undefined) {
    throw new AppError('upstream_unavailable', failure.message, {
      hint: failure.retryable ? 'Try again later: retry_model_job goes on with it' : undefined,
    })
  }
  if (contradiction !== undefined) {
    throw new AppError('checksum_mismatch', `Cannot download the model: ${contradiction}`, {
      hint: 'Check both the address and the digest',
    })
  }
  throw new AppError('not_found', 'Cannot download the model: it is nowhere to be had', {
    hint: 'The steps of the job say where it was looked for',
  })
}
