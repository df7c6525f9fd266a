import { rm } from 'node:fs/promises'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { canSee } from '../events/event.ts'
import { type JobRow, toPublicJob } from '../jobs/job.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import { createId } from '../lib/id.ts'
import { fromJson, type JsonObject } from '../lib/json.ts'
import { jobIdField, limitField, offsetField, textField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation, traceOf, type Upload } from '../operation/operation.ts'
import { type Actor, holds } from '../operation/permission.ts'
import { dependencySchema, warningSchema } from './dependency.ts'
import { generationSchema } from './generation.ts'
import { analyze, firstView, IMPORT_KIND, IMPORT_STATUSES, type ImportInput, importJobSchema } from './import-job.ts'
import { FORMATS } from './parse/detect.ts'
import type { ImportSource, SourceReader } from './source.ts'

export interface ImportDeps {
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly sources: SourceReader
  /** Checks the model folders that a caller names. @throws AppError invalid_input, not_found, forbidden */
  readonly checkRoots: (roots: readonly string[], actor: Actor) => Promise<readonly string[]>
}

const sourceFields = {
  payload: v.optional(
    v.pipe(
      v.unknown(),
      v.metadata({ anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] }),
      v.description('Prompt or workflow: text, JSON in a string, or a JSON object'),
    ),
  ),
  path: v.optional(textField('Picture, video, workflow or text file: an absolute path on the host where airkeep runs')),
  url: v.optional(textField('http(s):// or s3:// address of one')),
}

const requestFields = {
  ...sourceFields,
  format: v.optional(v.pipe(v.picklist(['auto', ...FORMATS]), v.description('Format to read it as')), 'auto'),
  download: v.optional(v.pipe(v.boolean(), v.description('Fetch what is missing')), true),
  track: v.optional(v.pipe(v.boolean(), v.description('Record prompt and asset in the ledger as well')), false),
  model_roots: v.optional(
    v.pipe(v.array(v.string()), v.maxLength(100), v.description('Model folders to look in instead')),
  ),
  callback_url: v.optional(
    textField('https address to tell when the job ends: not part of this version, leave it out'),
  ),
}

const inputSchema = v.strictObject({
  ...requestFields,
  file: v.optional(textField('The file itself, in a multipart request over HTTP; left out everywhere else')),
  dry_run: v.optional(v.pipe(v.boolean(), v.description('Only say what it needs: look nowhere, start no job')), false),
})

type ImportRequest = Omit<v.InferOutput<typeof inputSchema>, 'dry_run' | 'file'>

const acceptedSchema = v.object({ job_id: v.string(), status: v.literal('analyzing'), message: v.string() })

const analysisSchema = v.object({
  format: v.string(),
  confidence: v.number(),
  sources: v.array(v.looseObject({})),
  dependencies: v.array(dependencySchema),
  generation: generationSchema,
  warnings: v.array(warningSchema),
})

const jobInput = v.strictObject({ job_id: jobIdField })

export function createImportOperations(deps: ImportDeps): readonly Operation[] {
  const { jobs, store } = deps

  /** The job, if this caller may see it: an unknown and a foreign one give the same answer. */
  async function visibleJob(id: string, actor: Actor): Promise<JobRow> {
    const row = await store.find(id)
    if (row?.kind === IMPORT_KIND && canSee(actor, { owner: row.owner, permission: 'models:read' })) return row
    throw new AppError('not_found', 'Record not found', { hint: 'list_import_jobs shows the jobs there are' })
  }

  /** Seeing another's job is one thing, ending it another. */
  async function ownJob(id: string, actor: Actor): Promise<void> {
    const row = await visibleJob(id, actor)
    if (row.owner === actor.name || holds(actor, 'admin')) return
    throw new AppError('forbidden', 'Only the one who started a job, or admin, may change it')
  }

  async function toJobInput(request: ImportRequest, source: ImportSource, actor: Actor): Promise<ImportInput> {
    const roots = request.model_roots ?? []
    return {
      source,
      format: request.format,
      model_roots: [...(await deps.checkRoots(roots, actor))],
      track: request.track,
    }
  }

  async function start(request: ImportRequest, source: ImportSource, actor: Actor, batchId?: string): Promise<string> {
    const input = fromJson(await toJobInput(request, source, actor))
    const batch = batchId === undefined ? {} : { batchId }
    const row = await jobs.create(IMPORT_KIND, { actor, input, view: firstView(), ...batch })
    return row.id
  }

  return [
    defineOperation({
      name: 'import_prompt',
      summary: 'Find every model that a prompt, workflow or media file needs',
      description:
        'Reads a prompt, a workflow or a picture with its metadata, lists every model it depends on and finds each on this host. ' +
        'Give exactly one of payload, path, url. With dry_run it only says what is needed and answers at once, else it answers a job_id. ' +
        'Before: nothing. After: with a job_id get_import_job until status is completed, partially_completed, failed or cancelled. ' +
        'With track it also records prompt and asset: create_prompt and create_asset are not needed then.',
      example: { path: '/workspace/output/picture.png', dry_run: true },
      effect: 'write',
      permission: 'models:download',
      permissionFor: ({ dry_run }) => (dry_run ? 'models:read' : 'models:download'),
      http: {
        method: 'post',
        path: '/v1/prompts/import',
        status: 202,
        statusFor: (output) => ('job_id' in output ? 202 : 200),
        upload: 'file',
      },
      paths: ['path', 'model_roots'],
      input: inputSchema,
      output: v.looseObject({ ...v.partial(acceptedSchema).entries, ...v.partial(analysisSchema).entries }),
      async run({ dry_run, file: _, ...request }, call) {
        refuseUnservable(request, call)
        const source = await readRequest(request, call, deps.sources)
        if (dry_run) return { ...(await analyze({ source, format: request.format }, deps.sources, whoOf(call))) }
        const jobId = await start(request, source, call.actor)
        return { job_id: jobId, status: 'analyzing' as const, message: 'Import job created and processing started.' }
      },
    }),
    defineOperation({
      name: 'import_prompts',
      summary: 'Start many imports at once',
      description:
        'Starts one import job for each item (the fields of import_prompt) under one batch_id. ' +
        'One bad item refuses the whole call. Before: nothing; import_prompt with dry_run shows what one item needs. After: list_import_jobs with the batch_id, until every job has ended.',
      example: { items: [{ path: '/workspace/output/one.png' }, { path: '/workspace/output/two.png' }] },
      effect: 'write',
      permission: 'models:download',
      http: { method: 'post', path: '/v1/prompts/import/batch', status: 202 },
      input: v.strictObject({
        items: v.pipe(
          v.array(v.strictObject(requestFields)),
          v.minLength(1),
          v.maxLength(1000),
          v.description('One import each'),
        ),
      }),
      output: v.object({ batch_id: v.string(), jobs: v.array(v.object({ job_id: v.string() })) }),
      async run({ items }, call) {
        const sources: ImportSource[] = []
        for (const item of items) {
          refuseUnservable(item, call)
          sources.push(await readRequest(item, {}, deps.sources))
        }
        const batchId = createId('batch')
        const started: { job_id: string }[] = []
        for (const [at, item] of items.entries()) {
          const source = sources[at]
          if (source !== undefined) started.push({ job_id: await start(item, source, call.actor, batchId) })
        }
        return { batch_id: batchId, jobs: started }
      },
    }),
    defineOperation({
      name: 'get_import_job',
      summary: 'State of an import and of each dependency',
      description:
        'Answers the job that import_prompt started: status, progress from 0 to 1, and every dependency with its own ' +
        'status (resolved with resolved_path, missing, ambiguous with candidates, skipped) and one plain reason. ' +
        'Before: import_prompt, or list_import_jobs, for the job_id. After: the same again until status is completed, partially_completed, failed or cancelled; retry_import_job once what was missing is there.',
      example: { job_id: 'imp_0f3k9' },
      effect: 'read',
      permission: 'models:read',
      permissionFor: () => undefined,
      http: { method: 'get', path: '/v1/prompts/import/{job_id}' },
      input: jobInput,
      output: importJobSchema,
      run: async ({ job_id }, call) => toAnswer(await visibleJob(job_id, call.actor)),
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
        const filter = { kind: IMPORT_KIND, batchId: batch_id, state: status, owner }
        const rows = await store.list(filter, limit, offset)
        return { items: rows.map(toAnswer), count: rows.length, limit, offset }
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
        await ownJob(job_id, call.actor)
        return toAnswer(await jobs.cancel(job_id))
      },
    }),
    defineOperation({
      name: 'retry_import_job',
      summary: 'Run an import again under the same job_id',
      description:
        'Queues an import that has ended again. Before: get_import_job, to see what was missing, and the models put in place. After: get_import_job until it has ended.',
      example: { job_id: 'imp_0f3k9' },
      effect: 'write',
      permission: 'models:download',
      http: { method: 'post', path: '/v1/prompts/import/{job_id}/retry', status: 202 },
      input: jobInput,
      output: importJobSchema,
      async run({ job_id }, call) {
        await ownJob(job_id, call.actor)
        return toAnswer(await jobs.retry(job_id))
      },
    }),
  ]
}

const toAnswer = (row: JobRow) => toPublicJob(row) as JsonObject & v.InferInput<typeof importJobSchema>

const whoOf = (call: Call) => ({ actor: call.actor, signal: call.signal, trace: traceOf(call) })

/** What this version cannot do is refused, so that nobody waits for it. */
function refuseUnservable(request: ImportRequest, call: Pick<Call, 'upload' | 'actor'>): void {
  // Known now, not after an hour of hashing: recording looks first whether the media are recorded already.
  const lacking = (['track:read', 'track:write'] as const).find((needed) => !holds(call.actor, needed))
  if (request.track && lacking !== undefined) {
    throw new AppError('forbidden', `track needs the permission ${lacking}`, {
      hint: `Leave track out, or ask the owner for a token with --permission ${lacking}`,
    })
  }
  if (request.callback_url !== undefined) {
    throw new AppError(
      'invalid_input',
      'callback_url needs AIRKEEP_WEBHOOK_SECRET, and callbacks are not part of this version',
      {
        hint: 'Follow the job by GET /v1/prompts/import/{job_id}/events',
        errors: [{ path: 'callback_url', expected: 'callback_url must be left out' }],
      },
    )
  }
  if (request.track && call.upload !== undefined) {
    throw new AppError('invalid_input', 'track needs path or url: an uploaded file has no address to record', {
      errors: [{ path: 'track', expected: 'track must be left out when a file is uploaded' }],
    })
  }
}

/** Exactly one of payload, path, url and an uploaded file. */
async function readRequest(
  request: ImportRequest,
  call: { readonly upload?: Upload | undefined },
  sources: SourceReader,
): Promise<ImportSource> {
  const given = [request.payload, request.path, request.url, call.upload].filter((value) => value !== undefined)
  if (given.length !== 1) {
    throw new AppError('invalid_input', 'Exactly one of payload, path, url and file must be given', {
      errors: [{ path: '', expected: 'exactly one of payload, path, url and file' }],
    })
  }
  if (call.upload !== undefined) {
    // Its texts are all that is kept of it: they are what a restart needs.
    const { texts, warnings } = await sources.readMedia({ path: call.upload.path, exact: false })
    await rm(call.upload.path, { force: true })
    return { kind: 'texts', texts: [...texts], warnings: [...warnings] }
  }
  if (request.path !== undefined) return { kind: 'path', path: request.path }
  if (request.url !== undefined) return { kind: 'url', url: request.url }
  const text = typeof request.payload === 'string' ? request.payload : JSON.stringify(request.payload)
  return { kind: 'texts', texts: [{ place: 'payload', key: '', text }], warnings: [] }
}
