import { isAppError } from '../../errors.ts'
import type { JobFollower } from '../../jobs/follow-job.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import type { JobStore } from '../../jobs/store.ts'
import { fromJson } from '../../lib/json.ts'
import type { RefusalReason } from '../../net/file-source.ts'
import type { DecideOffers } from './decide-offers.ts'
import { downloadKey, orderInput } from './download-input.ts'
import { DOWNLOAD_KIND } from './download-job.ts'
import { outcomeOf, stateOf } from './download-outcome.ts'
import { firstDownloadView } from './download-view.ts'
import type { DownloadOutcome, Downloads } from './downloads.ts'

export interface DownloadsDeps {
  readonly jobs: Pick<JobRunner, 'create'>
  readonly follower: Pick<JobFollower, 'follow'>
  readonly decide: DecideOffers
}

export function createDownloads({ jobs, follower, decide }: DownloadsDeps): Downloads {
  return {
    decide: (offers, { actor, type, maxSizeBytes }) => decide(offers, { actor, type, maxSizeBytes }),
    async order(order) {
      const input = orderInput(order)
      const { id } = await jobs.create(DOWNLOAD_KIND, {
        actor: order.actor,
        input: fromJson(input),
        view: firstDownloadView(input),
        key: downloadKey(input),
      })
      return { jobId: id }
    },
    async follow(jobId, { signal, onState }) {
      // A job that is paused goes on some day, or never: whoever follows it is not to wait for that.
      const paused = new AbortController()
      const either = AbortSignal.any([signal, paused.signal])
      try {
        const row = await follower.follow(jobId, {
          signal: either,
          onChange(view) {
            if (view.status === 'paused') paused.abort(PAUSED)
            else onState?.(stateOf(view))
          },
        })
        return outcomeOf(row)
      } catch (error) {
        if (error === PAUSED) return PAUSED_OUTCOME
        throw error
      }
    },
  }
}

const PAUSED = new Error('The download is paused')

const PAUSED_OUTCOME: DownloadOutcome = {
  status: 'paused',
  reason: 'Its download is paused: retry_model_job goes on with it',
}

/** As many are looked through as anybody may have blocked at once. */
const MOST_REOPENED = 1_000

export interface ReopenDeps {
  readonly jobs: Pick<JobRunner, 'retry'>
  readonly store: Pick<JobStore, 'list'>
}

/**
 * Has blocked downloads go on: when terms were accepted or a key was stored, and when the program starts with other
 * settings. Each decides anew, so that one whose reason still holds ends as it did.
 */
export function createReopenDownloads({ jobs, store }: ReopenDeps) {
  return async (reasons: readonly RefusalReason[]): Promise<void> => {
    const blocked = await store.list({ kinds: [DOWNLOAD_KIND], state: 'partially_completed' }, MOST_REOPENED, 0)
    for (const { id, view } of blocked) {
      if (!reasons.some((reason) => reason === view.reason_code)) continue
      try {
        await jobs.retry(id)
      } catch (error) {
        // Another that fetches the same lives by now.
        if (!isAppError(error) || error.code !== 'conflict') throw error
      }
    }
  }
}
