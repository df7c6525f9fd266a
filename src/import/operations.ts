import * as v from 'valibot'
import { AppError } from '../errors.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import { fromJson } from '../lib/json.ts'
import { textField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation, traceOf, type Upload } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { type Analysis, analysisSchema, toAnalysis } from './analysis.ts'
import { createBatchOperation } from './batch-operation.ts'
import { type CallbackRules, createCallbackRules } from './callback/rules.ts'
import { type ChooseDeps, createChooseOperation } from './choose/operation.ts'
import { createGraphOperation, type FindBaseModels } from './graph/operation.ts'
import { firstView, IMPORT_KIND, type ImportInput } from './import-job.ts'
import { createImportJobOperations } from './job-operations.ts'
import { packTexts } from './packed-text.ts'
import {
  dryRunField,
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
  /** Who may be told of an end; nobody where it is left out. */
  readonly callbacks?: CallbackRules
  /** For choosing among candidates, which cannot be done without. */
  readonly choose?: Pick<ChooseDeps, 'localFiles' | 'hostsFor'>
  /** Base models of files by their SHA-256, for the graph. */
  readonly baseModels?: FindBaseModels
}

const inputSchema = v.strictObject({
  ...requestFields,
  file: v.optional(textField('The file itself, in a multipart request over HTTP; left out everywhere else')),
  dry_run: dryRunField,
})

const acceptedSchema = v.object({ job_id: v.string(), status: v.literal('analyzing'), message: v.string() })

export function createImportOperations(deps: ImportDeps): readonly Operation[] {
  const callbacks = deps.callbacks ?? createCallbackRules({ secret: '', hostsFor: () => [] })
  async function toJobInput(request: ImportRequest, source: ImportSource, actor: Actor): Promise<ImportInput> {
    const roots = request.model_roots ?? []
    return {
      source: source.kind === 'texts' ? { ...source, texts: await packTexts(source.texts) } : source,
      format: request.format,
      model_roots: [...(await deps.checkRoots(roots, actor))],
      track: request.track,
      download: request.download,
      link: request.link,
      ...(request.callback_url === undefined ? {} : { callback_url: request.callback_url }),
    }
  }

  async function start(input: ImportInput, actor: Actor, batchId?: string): Promise<string> {
    const batch = batchId === undefined ? {} : { batchId }
    const row = await deps.jobs.create(IMPORT_KIND, { actor, input: fromJson(input), view: firstView(), ...batch })
    return row.id
  }

  /** A dry run reads a file that was sent as it is; a job has only its texts. */
  async function analyzeNow(
    { format, track }: ImportRequest,
    source: ImportSource | Upload,
    call: Call,
  ): Promise<Analysis> {
    const { actor, signal } = call
    const reading: SourceReading = await ('kind' in source
      ? deps.sources.read(source, { format }, { actor, signal, trace: traceOf(call) })
      : deps.sources.readMedia({ path: source.path, exact: false }, { format }, signal))
    const analysis = toAnalysis(reading)
    return track ? { ...analysis, warnings: [...analysis.warnings, NOT_RECORDED] } : analysis
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
        refuseUnservable(request, call, callbacks)
        requireOneSource(request, call.upload)
        if (dry_run) return { ...(await analyzeNow(request, call.upload ?? sourceOf(request), call)) }
        const source =
          call.upload === undefined ? sourceOf(request) : await keepTexts(call.upload, deps.sources, call.signal)
        const jobId = await start(await toJobInput(request, source, call.actor), call.actor)
        return { job_id: jobId, status: 'analyzing' as const, message: 'Import job created and processing started.' }
      },
    }),
    createBatchOperation({ toJobInput, start, analyzeNow, callbacks }),
    ...createImportJobOperations(deps),
    ...(deps.choose === undefined ? [] : [createChooseOperation({ ...deps, ...deps.choose })]),
    createGraphOperation(deps),
  ]
}

const NOT_RECORDED = { place: 'track', reason: 'a dry run records nothing: without dry_run track does' }

const noFileInJson = (): AppError =>
  new AppError('invalid_input', 'file can only be sent in a multipart request', {
    hint: 'Name a file of the host where airkeep runs by path',
    errors: [{ path: 'file', expected: 'file must be left out' }],
  })
