import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import { type JobRow, toPublicJob } from '../../jobs/job.ts'
import { createJobAccess } from '../../jobs/job-access.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import type { JobStore } from '../../jobs/store.ts'
import { jobIdField, limitField, offsetField, requiredTextField } from '../../operation/fields.ts'
import { defineOperation, demand, type Operation } from '../../operation/operation.ts'
import { type Actor, holds } from '../../operation/permission.ts'
import type { ModelRow } from '../library/rows.ts'
import { firstScanView, SCAN_KIND } from './scan-job.ts'
import { firstVerifyView, VERIFY_KIND } from './verify-job.ts'

export interface ModelJobDeps {
  readonly jobs: JobRunner
  readonly store: JobStore
  /** Checks the folders that a caller names. @throws AppError invalid_input, not_found, forbidden */
  readonly checkRoots: (roots: readonly string[], actor: Actor) => Promise<readonly string[]>
  readonly findByDigest: (hash: string) => Promise<readonly ModelRow[]>
  /** Told that a scan will begin. */
  readonly prepare: () => void
}

const CHECK_KIND = 'check_downloads'

/** Kinds of jobs that are about model files; the last two look for those that catalog pages name, and fetch them. */
export const MODEL_KINDS = [SCAN_KIND, VERIFY_KIND, 'download', CHECK_KIND, 'download_missing'] as const

const startedSchema = v.object({ job_id: v.string(), status: v.string(), message: v.string() })

export function createScanOperations({ jobs, checkRoots, findByDigest, prepare }: ModelJobDeps): readonly Operation[] {
  /** Whoever paused a job, or admin, has it go on by asking for the same again. */
  async function goOn(row: JobRow, what: string, actor: Actor): Promise<{ status: string; message: string }> {
    if (row.status !== 'paused') return { status: 'analyzing', message: `${what} job created and processing started.` }
    if (row.owner !== actor.name && !holds(actor, 'admin')) {
      return { status: 'paused', message: `${what} job is paused; the one who started it has it go on.` }
    }
    await jobs.retry(row.id)
    return { status: 'analyzing', message: `${what} job goes on.` }
  }

  return [
    defineOperation({
      name: 'scan_models',
      summary: 'Index the model files of this host: names, headers, digests',
      description:
        'Starts a job that walks the model folders, reads headers and sidecars of what is new or changed and hashes what has no digests. ' +
        'Nothing waits for it: list_models answers what is known so far. A scan of the same folders that runs already is answered instead of a second one; one that its owner paused goes on. ' +
        'With identify it then asks Civitai which models the digests belong to: only then anything is sent. ' +
        'Before: nothing. After: get_model_job until status is completed or partially_completed, then list_models.',
      example: { identify: true },
      effect: 'write',
      permission: 'models:download',
      http: { method: 'post', path: '/v1/models/scan', status: 202 },
      paths: ['roots'],
      input: v.strictObject({
        roots: v.optional(
          v.pipe(
            v.array(requiredTextField('Absolute path of a folder', 4096)),
            v.maxLength(100),
            v.description('Folders to scan; all model folders of this host where it is left out'),
          ),
        ),
        identify: v.optional(v.pipe(v.boolean(), v.description('Ask Civitai about the digests')), false),
      }),
      output: startedSchema,
      async run({ roots = [], identify }, call) {
        prepare()
        const input = { roots: [...(await checkRoots(roots, call.actor))].sort(), identify }
        const row = await jobs.create(SCAN_KIND, {
          actor: call.actor,
          input,
          view: firstScanView(),
          key: JSON.stringify(input),
        })
        return { job_id: row.id, ...(await goOn(row, 'Scan', call.actor)) }
      },
    }),
    defineOperation({
      name: 'verify_models',
      summary: 'Read model files again and compare them with their digests',
      description:
        'Starts a job that hashes files again, of one digest or all of them, and names those whose bytes are not what they were. It also fills in BLAKE3 and CRC-32. ' +
        'Before: list_models, for a hash. After: get_model_job; its mismatches name the files.',
      example: { hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
      effect: 'write',
      permission: 'models:download',
      http: { method: 'post', path: '/v1/models/verify', status: 202 },
      input: v.strictObject({
        hash: v.optional(requiredTextField('Digest of the file to verify; every file where it is left out', 100)),
      }),
      output: startedSchema,
      async run({ hash }, call) {
        const paths = hash === undefined ? [] : (await findByDigest(hash)).map(({ path }) => path).sort()
        if (hash !== undefined && paths.length === 0) {
          throw new AppError('not_found', 'Record not found', { hint: 'No file of this host is known by this digest' })
        }
        const row = await jobs.create(VERIFY_KIND, {
          actor: call.actor,
          input: { paths },
          view: firstVerifyView(),
          key: JSON.stringify(paths),
        })
        return { job_id: row.id, ...(await goOn(row, 'Verify', call.actor)) }
      },
    }),
  ]
}

const jobInput = v.strictObject({ job_id: jobIdField })

export const MODEL_JOB_STATUSES = [
  'analyzing',
  'resolving',
  'downloading',
  'paused',
  'completed',
  'partially_completed',
  'failed',
  'cancelled',
] as const

const modelJobSchema = v.looseObject({
  job_id: v.string(),
  kind: v.picklist(MODEL_KINDS),
  status: v.picklist(MODEL_JOB_STATUSES),
  progress: v.number(),
  created_at: v.string(),
  last_updated: v.string(),
  error: v.optional(v.string()),
  error_code: v.optional(v.string()),
})

/** Looking after jobs that were started for model files: scans, verifications, downloads. */
export function createModelJobOperations({ jobs, store }: Pick<ModelJobDeps, 'jobs' | 'store'>): readonly Operation[] {
  const access = createJobAccess(store, MODEL_KINDS, 'list_model_jobs shows the jobs there are')

  /** Who may check a catalog may also end the check: no model changes by it. */
  async function demandChange(id: string, actor: Actor, operation: string): Promise<void> {
    const row = await store.find(id)
    const isOwnCheck = row?.kind === CHECK_KIND && row.owner === actor.name
    demand(actor, isOwnCheck ? 'catalog:read' : 'models:download', operation)
    await access.own(id, actor)
  }

  return [
    defineOperation({
      name: 'get_model_job',
      summary: 'State of a scan, a verification or a download',
      description:
        'Answers the job that scan_models, request_model_download, check_downloads or the like started: status, progress from 0 to 1, and what it found. ' +
        'Before: one of these, or list_model_jobs, for the job_id. After: get_model_job again until status is completed, partially_completed, failed or cancelled.',
      example: { job_id: 'scan_0f3k9' },
      effect: 'read',
      permission: 'models:read',
      permissionFor: () => undefined,
      http: { method: 'get', path: '/v1/models/jobs/{job_id}' },
      input: jobInput,
      output: modelJobSchema,
      run: async ({ job_id }, call) => toAnswer(jobs.latest(await access.visible(job_id, call.actor))),
    }),
    defineOperation({
      name: 'list_model_jobs',
      summary: 'Scans, verifications and downloads, newest first',
      description:
        'Lists jobs about model files, newest first. Before: nothing. After: get_model_job, pause_model_job, retry_model_job or cancel_model_job with a job_id.',
      example: { status: 'paused', limit: 20 },
      effect: 'read',
      permission: 'models:read',
      permissionFor: () => undefined,
      http: { method: 'get', path: '/v1/models/jobs' },
      cli: { columns: ['job_id', 'kind', 'status', 'progress', 'files', 'error', 'created_at', 'last_updated'] },
      input: v.strictObject({
        kind: v.optional(v.pipe(v.picklist(MODEL_KINDS), v.description('Only jobs of this kind'))),
        status: v.optional(v.pipe(v.picklist(MODEL_JOB_STATUSES), v.description('Only jobs in this state'))),
        limit: limitField(50, 500),
        offset: offsetField,
      }),
      output: v.object({ items: v.array(modelJobSchema), count: v.number(), limit: v.number(), offset: v.number() }),
      async run({ kind, status, limit, offset }, call) {
        // Without models:read a caller sees the jobs it started itself.
        const owner = holds(call.actor, 'models:read') ? undefined : call.actor.name
        const filter = { kinds: kind === undefined ? MODEL_KINDS : [kind], state: status, owner }
        const [rows, count] = await Promise.all([store.list(filter, limit, offset), store.count(filter)])
        return { items: rows.map((row) => toAnswer(jobs.latest(row))), count, limit, offset }
      },
    }),
    defineOperation({
      name: 'cancel_model_job',
      summary: 'Stop a scan, a verification or a download',
      description:
        'Stops a job and answers it; what it found so far stays. Before: list_model_jobs, for the job_id. After: nothing; retry_model_job starts it again.',
      example: { job_id: 'scan_0f3k9' },
      effect: 'destroy',
      permission: 'models:download',
      permissionFor: () => undefined,
      http: { method: 'delete', path: '/v1/models/jobs/{job_id}' },
      input: jobInput,
      output: modelJobSchema,
      async run({ job_id }, call) {
        await demandChange(job_id, call.actor, 'cancel_model_job')
        return toAnswer(await jobs.cancel(job_id))
      },
    }),
    defineOperation({
      name: 'retry_model_job',
      summary: 'Go on with a paused job, or run an ended one again',
      description:
        'Queues a paused or ended job under its own job_id; files that were hashed are not hashed again. Before: list_model_jobs. After: get_model_job until it has ended.',
      example: { job_id: 'scan_0f3k9' },
      effect: 'write',
      permission: 'models:download',
      permissionFor: () => undefined,
      http: { method: 'post', path: '/v1/models/jobs/{job_id}/retry', status: 202 },
      input: jobInput,
      output: modelJobSchema,
      async run({ job_id }, call) {
        await demandChange(job_id, call.actor, 'retry_model_job')
        return toAnswer(await jobs.retry(job_id))
      },
    }),
    defineOperation({
      name: 'pause_model_job',
      summary: 'Hold a scan, a verification or a download',
      description:
        'Stops a job until it is asked to go on, also over a restart of the host. Before: list_model_jobs. After: retry_model_job goes on with it.',
      example: { job_id: 'scan_0f3k9' },
      effect: 'write',
      permission: 'models:download',
      permissionFor: () => undefined,
      http: { method: 'post', path: '/v1/models/jobs/{job_id}/pause' },
      input: jobInput,
      output: modelJobSchema,
      async run({ job_id }, call) {
        await demandChange(job_id, call.actor, 'pause_model_job')
        return toAnswer(await jobs.pause(job_id))
      },
    }),
  ]
}

const toAnswer = (row: JobRow) =>
  ({ ...toPublicJob(row), kind: row.kind }) as unknown as v.InferInput<typeof modelJobSchema>
