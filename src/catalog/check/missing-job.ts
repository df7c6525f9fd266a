import * as v from 'valibot'
import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import type { JobStore } from '../../jobs/store.ts'
import { inParallel } from '../../lib/in-parallel.ts'
import { fromJson, type JsonObject } from '../../lib/json.ts'
import type { DownloadOutcome, Downloads } from '../../models/fetch/downloads.ts'

export const MISSING_KIND = 'download_missing'

export const missingInputSchema = v.object({
  ordered: v.array(
    v.object({
      job_id: v.string(),
      expected: v.string(),
      file_paths: v.array(v.string()),
      in_the_way: v.exactOptional(v.string()),
    }),
  ),
  left_out: v.array(v.object({ file_path: v.string(), expected: v.string(), reason: v.string() })),
})
export type MissingInput = v.InferOutput<typeof missingInputSchema>

export interface MissingJobDeps {
  readonly downloads: Pick<Downloads, 'follow'>
  readonly jobs: Pick<JobRunner, 'retry'>
  readonly store: Pick<JobStore, 'find'>
}

/** A file as the job object shows it: in the words of a dependency. */
type Shown = JsonObject & { status: string; bytes_done: number; bytes_total: number }

/** What waits for its download costs nothing. */
const WAITING = 1000

const waiting = ({ job_id, expected, file_paths }: MissingInput['ordered'][number]): Shown => ({
  reference: expected,
  filename: expected,
  status: 'download_scheduled',
  download_job_id: job_id,
  file_paths,
  bytes_done: 0,
  bytes_total: 0,
  reason_code: null,
  reason: null,
})

export const firstMissingView = ({ ordered, left_out }: MissingInput): JsonObject => ({
  status: 'downloading',
  phase: 'waiting',
  progress: 0,
  dependencies: ordered.map(waiting),
  left_out: left_out.map(fromJson),
})

/** Follows the downloads of a catalog to their ends; run again, it has those go on that ended without their file. */
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
        onState: ({ status, bytesDone, bytesTotal }) =>
          set({
            status: status === 'waiting' ? 'download_scheduled' : status,
            bytes_done: bytesDone,
            bytes_total: bytesTotal ?? 0,
          }),
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

function endOf(outcome: DownloadOutcome, inTheWay: string | undefined): JsonObject {
  switch (outcome.status) {
    case 'completed': {
      const { path, name, sha256, sizeBytes, source, node } = outcome
      return {
        status: 'resolved',
        resolved_path: path,
        resolved_name: name,
        resolved_source: source,
        ...(node === undefined ? {} : { resolved_node: node }),
        sha256,
        bytes_done: sizeBytes,
        bytes_total: sizeBytes,
        ...noteOn(path, source, inTheWay),
      }
    }
    case 'blocked':
      return { status: 'blocked', reason_code: outcome.reasonCode, reason: outcome.reason }
    case 'failed':
      return { status: 'failed', reason: outcome.reason }
    case 'cancelled':
    case 'paused':
      return { status: 'failed', reason: `Its download was ${outcome.status}: retry_model_job goes on with it` }
  }
}

function noteOn(path: string, source: string, inTheWay: string | undefined): JsonObject {
  if (inTheWay !== undefined && inTheWay !== path) {
    return { reason: `It is whole as ${path}: ${inTheWay} is damaged or unfinished, and stays until you remove it` }
  }
  return source === 'local' ? { reason: `The same file was here already: ${path}` } : {}
}

/** By bytes where they are known of all files, else by files. */
function progressOf(files: readonly Shown[]): number {
  if (files.length === 0) return 1
  const share = ({ status, bytes_done: done, bytes_total: total }: Shown): number =>
    ENDED.has(status) ? 1 : total > 0 ? Math.min(1, done / total) : 0
  return Math.round((files.reduce((sum, file) => sum + share(file), 0) / files.length) * 1000) / 1000
}

const ENDED: ReadonlySet<string> = new Set(['resolved', 'blocked', 'failed'])
