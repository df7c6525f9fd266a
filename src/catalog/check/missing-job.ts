import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import type { JobStore } from '../../jobs/store.ts'
import { inParallel } from '../../lib/in-parallel.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Downloads } from '../../models/fetch/downloads.ts'
import {
  endOf,
  firstMissingView,
  type MissingInput,
  missingInputSchema,
  progressOf,
  underWay,
  waiting,
} from './missing-view.ts'

export const MISSING_KIND = 'download_missing'

export interface MissingJobDeps {
  readonly downloads: Pick<Downloads, 'follow'>
  readonly jobs: Pick<JobRunner, 'retry'>
  readonly store: Pick<JobStore, 'find'>
}

/** What waits for its download costs nothing. */
const WAITING = 1000

/**
 * Follows the downloads of a catalog to their ends, and waits for those that are paused. Run again, it has those go on
 * that ended without their file.
 */
export function createMissingJob(deps: MissingJobDeps): JobKind<MissingInput> {
  return {
    kind: MISSING_KIND,
    prefix: 'missing',
    permission: 'models:read',
    concurrency: 4,
    input: missingInputSchema,
    run: (job) => runMissing(job, deps),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message, error_code: error.code }),
    reopened: ({ error, error_code, ...view }) => ({ ...view, status: 'downloading', phase: 'waiting', again: true }),
  }
}

async function runMissing(job: RunningJob<MissingInput>, deps: MissingJobDeps): Promise<JobEnd> {
  const { ordered, left_out } = job.input
  const isAgain = job.view?.again === true
  const shown = ordered.map(waiting)
  const view = (): JsonObject => ({
    ...firstMissingView(job.input),
    dependencies: [...shown],
    progress: progressOf(shown),
  })
  await job.save(view())
  await job.aside(() =>
    inParallel([...ordered.entries()], WAITING, async ([at, order]) => {
      const set = (change: JsonObject): void => {
        shown[at] = { ...waiting(order), ...shown[at], ...change }
        job.show(view())
      }
      if (isAgain) await goOn(order.job_id, deps)
      const outcome = await deps.downloads.follow(order.job_id, {
        signal: job.signal,
        waitsWhilePaused: true,
        onState: (state) => set(underWay(state)),
      })
      set(endOf(outcome, order.in_the_way))
      // Hours of downloads may be cut off many times.
      await job.save(view(), { advanced: outcome.status === 'completed' })
    }),
  )
  const isAll = left_out.length === 0 && shown.every(({ status }) => status === 'resolved')
  const status = isAll ? 'completed' : 'partially_completed'
  return { status: 'succeeded', view: { ...view(), status, phase: 'done', progress: 1 } }
}

/** A download that ended without its file begins again. */
async function goOn(id: string, { jobs, store }: MissingJobDeps): Promise<void> {
  const row = await store.find(id)
  if (row !== undefined && row.view.status !== 'completed') await jobs.retry(id)
}
