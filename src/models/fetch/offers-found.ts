import { AppError } from '../../errors.ts'
import { contentsOf } from './download-input.ts'
import type { Unfetched } from './download-view.ts'
import type { Offer, Search, WantedModel } from './wanted.ts'

/**
 * What looking for a model comes to: offers, or why there is nothing to fetch without somebody's help.
 * @throws AppError not_found (it is nowhere), upstream_unavailable (somebody could not be asked)
 */
export function offersFound(search: Search, wanted: WantedModel): readonly Offer[] | Unfetched {
  const { offers, candidates, refusal, failure } = search
  const sha256 = wanted.hashes.find(({ algorithm }) => algorithm === 'sha256')?.value
  if (offers.length > 0) {
    // An address says nothing of the bytes: what the caller says of them is what they have to be.
    return offers.map((offer) =>
      sha256 === undefined || contentsOf([offer]).length > 0 ? offer : { ...offer, sha256 },
    )
  }
  if (refusal !== undefined) {
    return { reasonCode: refusal.reason, reason: refusal.message, until: refusal.until, candidates }
  }
  if (candidates.length > 0) {
    return { reasonCode: null, reason: 'Several models may be meant: name one of them', candidates }
  }
  if (failure !== undefined) {
    throw new AppError('upstream_unavailable', failure.message, {
      hint: failure.retryable ? 'Try again later: retry_model_job goes on with it' : undefined,
    })
  }
  throw new AppError('not_found', 'Cannot download the model: it is nowhere to be had', {
    hint: 'The steps of the job say where it was looked for',
  })
}
