import * as v from 'valibot'
import { AppError } from '../errors.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import { createId } from '../lib/id.ts'
import { fromJson } from '../lib/json.ts'
import { textField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation, traceOf } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { toAnalysis } from './analysis.ts'
import { dependencySchema, warningSchema } from './dependency.ts'
import { generationSchema } from './generation.ts'
import { firstView, IMPORT_KIND, type ImportInput } from './import-job.ts'
import { createImportJobOperations } from './job-operations.ts'
import { packTexts } from './packed-text.ts'
import {
  type ImportRequest,
  keepTexts,
  refuseUnservable,
  requestFields,
  requireOneSource,
  sourceOf,
} from './request.ts'
import type { ImportSource, SourceReader, SourceReading } from './source.ts'

export interface ImportDeps {
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly sources: SourceReader
  /** Checks the model folders that a caller names. @throws AppError invalid_input, not_found, forbidden */
  readonly checkRoots: (roots: readonly string[], actor: Actor) => Promise<readonly string[]>
}

const inputSchema = v.strictObject({
  ...requestFields,
  file: v.optional(textField('The file itself, in a multipart request over HTTP; left out everywhere else')),
  dry_run: v.optional(v.pipe(v.boolean(), v.description('Only say what it needs: look nowhere, start no job')), false),
})

const acceptedSchema = v.object({ job_id: v.string(), status: v.literal('analyzing'), message: v.string() })

const analysisSchema = v.object({
  format: v.string(),
  confidence: v.number(),
  sources: v.array(v.looseObject({})),
  dependencies: v.array(dependencySchema),
  generation: generationSchema,
  warnings: v.array(warningSchema),
})

export function createImportOperations(deps: ImportDeps): readonly Operation[] {
  async function toJobInput(request: ImportRequest, source: ImportSource, actor: Actor): Promise<ImportInput> {
    const roots = request.model_roots ?? []
    return {
      source: source.kind === 'texts' ? { ...source, texts: await packTexts(source.texts) } : source,
      format: request.format,
      model_roots: [...(await deps.checkRoots(roots, actor))],
      track: request.track,
    }
  }

  async function start(input: ImportInput, actor: Actor, batchId?: string): Promise<string> {
    const batch = batchId === undefined ? {} : { batchId }
    const row = await deps.jobs.create(IMPORT_KIND, { actor, input: fromJson(input), view: firstView(), ...batch })
    return row.id
  }

  /** A dry run reads a file that was sent as it is; a job has only its texts. */
  async function readNow(request: ImportRequest, call: Call): Promise<SourceReading> {
    const { upload, signal } = call
    const options = { format: request.format }
    return upload === undefined
      ? deps.sources.read(sourceOf(request), options, { actor: call.actor, signal, trace: traceOf(call) })
      : deps.sources.readMedia({ path: upload.path, exact: false }, options, signal)
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
        rawField: 'payload',
      },
      paths: ['path', 'model_roots'],
      input: inputSchema,
      output: v.looseObject({ ...v.partial(acceptedSchema).entries, ...v.partial(analysisSchema).entries }),
      async run({ dry_run, file, ...request }, call) {
        if (file !== undefined) throw noFileInJson()
        refuseUnservable(request, call)
        requireOneSource(request, call.upload)
        if (dry_run) return { ...toAnalysis(await readNow(request, call)) }
        const source =
          call.upload === undefined ? sourceOf(request) : await keepTexts(call.upload, deps.sources, call.signal)
        const jobId = await start(await toJobInput(request, source, call.actor), call.actor)
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
        for (const item of items) {
          refuseUnservable(item, call)
          requireOneSource(item)
        }
        const inputs: ImportInput[] = []
        for (const item of items) inputs.push(await toJobInput(item, sourceOf(item), call.actor))
        const batchId = createId('batch')
        const started: { job_id: string }[] = []
        for (const input of inputs) started.push({ job_id: await start(input, call.actor, batchId) })
        return { batch_id: batchId, jobs: started }
      },
    }),
    ...createImportJobOperations(deps),
  ]
}

const noFileInJson = (): AppError =>
  new AppError('invalid_input', 'file can only be sent in a multipart request', {
    hint: 'Name a file of the host where airkeep runs by path',
    errors: [{ path: 'file', expected: 'file must be left out' }],
  })
