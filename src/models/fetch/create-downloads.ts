import { isAppError } from '../../errors.ts'
import type { JobFollower } from '../../jobs/follow-job.ts'
import { isFinal } from '../../jobs/job.ts'
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
import { createInterests } from './interests.ts'

export interface DownloadsDeps {
  readonly jobs: Pick<JobRunner, 'create' | 'retry' | 'cancel'>
  readonly store: Pick<JobStore, 'find' | 'findWaitingFor'>
  readonly follower: Pick<JobFollower, 'follow'>
  readonly decide: DecideOffers
}

export function createDownloads({ jobs, store, follower, decide }: DownloadsDeps): Downloads {
  const interests = createInterests()

  /** Unless somebody has come to want it meanwhile, or waits to go on with it. */
  async function end(id: string, unwantedBy: string): Promise<void> {
    const row = await store.find(id)
    if (row === undefined || isFinal(row.status)) return
    await interests.inTurn(row.key ?? id, async () => {
      const others = await store.findWaitingFor(id)
      if (others.every((other) => other === unwantedBy) && !(await isWanted(id))) await jobs.cancel(id)
    })
  }

  /** One that has ended, such as because this is paused, orders it anew when it goes on. */
  async function isWanted(id: string): Promise<boolean> {
    for (const by of interests.of(id)) {
      const row = await store.find(by)
      if (row !== undefined && !isFinal(row.status)) return true
    }
    return false
  }

  return {
    decide: (offers, { actor, type, maxSizeBytes }) => decide(offers, { actor, type, maxSizeBytes }),
    order(order) {
      const { actor, wantedBy, goesOn = false } = order
      const input = orderInput(order)
      const { home } = input.place
      const key = `${downloadKey(input, actor, 'import')}${home === undefined ? '' : ` ${JSON.stringify(home)}`}`
      return interests.inTurn(key, async () => {
        const row = await jobs.create(DOWNLOAD_KIND, {
          ...{ actor, key },
          input: fromJson(input),
          view: firstDownloadView(input),
        })
        if (wantedBy !== undefined) interests.add(row.id, wantedBy)
        if (row.status === 'paused' && goesOn) await jobs.retry(row.id)
        return { jobId: row.id }
      })
    },
    wants(by, jobIds) {
      for (const id of jobIds) interests.add(id, by)
    },
    async leave(by, { keep = [], known = [] } = {}) {
      const left = new Set([...interests.drop(by, keep), ...known.filter((id) => !keep.includes(id))])
      for (const id of left) await end(id, by)
    },
    async follow(jobId, { signal, onState, waitsWhilePaused = false }) {
      // A job that is paused goes on some day, or never: not everybody is to wait for that.
      const paused = new AbortController()
      const either = AbortSignal.any([signal, paused.signal])
      try {
        const row = await follower.follow(jobId, {
          signal: either,
          onChange(view) {
            if (view.status === 'paused' && !waitsWhilePaused) paused.abort(PAUSED)
            else onState?.(stateOf(view))
          },
        })
        interests.forget(jobId)
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
