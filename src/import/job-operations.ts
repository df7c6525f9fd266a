import * as v from 'valibot'
import { isFinal } from '../jobs/job.ts'
import { createJobAccess } from '../jobs/job-access.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import { jobIdField, limitField, offsetField, textField } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { holds } from '../operation/permission.ts'
import { IMPORT_KIND, IMPORT_STATUSES, importJobSchema } from './import-job.ts'
import { toAnswer, toOwnAnswer } from './job-answer.ts'
import { waitsForPaused } from './with-state.ts'

const jobInput = v.strictObject({ job_id: jobIdField })

export interface ImportJobOperationsDeps {
  readonly jobs: JobRunner
  readonly store: JobStore
}

/** Looking after imports that were started. */
export function createImportJobOperations({ jobs, store }: ImportJobOperationsDeps): readonly Operation[] {
  const access = createJobAccess(store, [IMPORT_KIND], 'list_import_jobs shows the jobs there are')

  return [
    defineOperation({
      name: 'get_import_job',
      summary: 'State of an import and of each dependency',
      description:
        'Answers the job that import_prompt started: status, progress from 0 to 1, and every dependency with its own ' +
        'status (resolved with resolved_path, missing, ambiguous with candidates, blocked, skipped) and one plain reason; the one who started it also gets rewritten_payload, the prompt with local names, where a model has another name here. ' +
        'Before: import_prompt, or list_import_jobs, for the job_id. After: the same again until status is completed, partially_completed, failed or cancelled; then choose_candidate for what is ambiguous, retry_import_job once what was missing is there.',
      example: { job_id: 'imp_0f3k9' },
      effect: 'read',
      permission: 'models:read',
      permissionFor: () => undefined,
      http: { method: 'get', path: '/v1/prompts/import/{job_id}' },
      input: jobInput,
      output: importJobSchema,
      run: async ({ job_id }, { actor }) => toOwnAnswer(jobs.latest(await access.visible(job_id, actor)), actor),
    }),
    defineOperation({
      name: 'list_import_jobs',
      summary: 'Imports, newest first',
      description:
        'Lists import jobs, newest first. Before: nothing, or import_prompts for a batch_id. After: get_import_job, retry_import_job or cancel_import_job with a job_id.',
      example: { status: 'partially_completed', limit: 20 },
      effect: 'read',
      permission: 'models:read',
      permissionFor: () => undefined,
      http: { method: 'get', path: '/v1/prompts/import' },
      input: v.strictObject({
        status: v.optional(v.pipe(v.picklist(IMPORT_STATUSES), v.description('Only jobs in this state'))),
        batch_id: v.optional(textField('Only jobs of this batch', 100)),
        limit: limitField(50, 500),
        offset: offsetField,
      }),
      output: v.object({
        items: v.array(importJobSchema),
        count: v.number(),
        limit: v.number(),
        offset: v.number(),
      }),
      async run({ status, batch_id, limit, offset }, call) {
        // Without models:read a caller sees the jobs it started itself.
        const owner = holds(call.actor, 'models:read') ? undefined : call.actor.name
        const filter = { kinds: [IMPORT_KIND], batchId: batch_id, state: status, owner }
        const [rows, count] = await Promise.all([store.list(filter, limit, offset), store.count(filter)])
        return { items: rows.map(toAnswer), count, limit, offset }
      },
    }),
    defineOperation({
      name: 'cancel_import_job',
      summary: 'Stop an import',
      description:
        'Stops a running import and answers the job; what was found so far stays in it. Before: import_prompt or list_import_jobs, for the job_id. After: nothing; retry_import_job starts it again.',
      example: { job_id: 'imp_0f3k9' },
      effect: 'destroy',
      permission: 'models:download',
      http: { method: 'delete', path: '/v1/prompts/import/{job_id}' },
      input: jobInput,
      output: importJobSchema,
      async run({ job_id }, call) {
        await access.own(job_id, call.actor)
        return toAnswer(await jobs.cancel(job_id))
      },
    }),
    defineOperation({
      name: 'retry_import_job',
      summary: 'Run an import again under the same job_id',
      description:
        'Queues an import that has ended again; with download, one that was told not to download fetches from now on. One that waits for a paused download has it go on. Before: get_import_job, to see what was missing, and the models put in place. After: get_import_job until it has ended.',
      example: { job_id: 'imp_0f3k9' },
      effect: 'write',
      permission: 'models:download',
      http: { method: 'post', path: '/v1/prompts/import/{job_id}/retry', status: 202 },
      input: v.strictObject({
        ...jobInput.entries,
        download: v.optional(
          v.pipe(
            v.boolean(),
            v.description('Fetch what is missing, or only say where it can be had; as before where it is left out'),
          ),
        ),
      }),
      output: importJobSchema,
      async run({ job_id, download }, call) {
        const row = await access.own(job_id, call.actor)
        const isOther = download !== undefined && download !== (row.input.download ?? true)
        const isHeld = !isFinal(row.status) && waitsForPaused(jobs.latest(row).view)
        if (!isOther && !isHeld) return toAnswer(await jobs.retry(job_id))
        return toAnswer(await jobs.retry(job_id, (before) => (isOther ? { ...before, download } : before)))
      },
    }),
  ]
}
