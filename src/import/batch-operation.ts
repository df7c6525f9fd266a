import * as v from 'valibot'
import { AppError, isAppError, toProblem } from '../errors.ts'
import { createId } from '../lib/id.ts'
import { inParallel } from '../lib/in-parallel.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { type Analysis, analysisSchema } from './analysis.ts'
import type { CallbackRules } from './callback/rules.ts'
import type { ImportInput } from './import-job.ts'
import {
  dryRunField,
  type ImportRequest,
  refuseUnservable,
  requestFields,
  requireOneSource,
  sourceOf,
} from './request.ts'
import type { ImportSource } from './source.ts'

/** What import_prompt does with one item. */
export interface BatchDeps {
  readonly toJobInput: (request: ImportRequest, source: ImportSource, actor: Actor) => Promise<ImportInput>
  readonly start: (input: ImportInput, actor: Actor, batchId: string) => Promise<string>
  readonly analyzeNow: (request: ImportRequest, source: ImportSource, call: Call) => Promise<Analysis>
  readonly callbacks: CallbackRules
}

/** What each item is, at its place in the batch. */
type Placed<T> = T & { readonly item: number }

/** Dry runs share threads that read files; some wait for a network meanwhile. */
const DRY_RUNS_AT_ONCE = 16
/** New jobs that share a commit. */
const STARTS_AT_ONCE = 64
/** Characters of all dry runs of a batch together: one alone can be megabytes. */
const MAX_ANALYSES = 64 * 2 ** 20

const itemField = v.pipe(v.number(), v.description('Place of the item in the batch, from 0'))

const placedAnalysisSchema = v.looseObject({
  item: itemField,
  error: v.optional(v.looseObject({ code: v.string(), detail: v.string() })),
  ...v.partial(analysisSchema).entries,
})
type PlacedAnalysis = v.InferInput<typeof placedAnalysisSchema>

const outputSchema = v.object({
  batch_id: v.string(),
  jobs: v.array(v.object({ job_id: v.string(), item: itemField })),
  analyses: v.optional(
    v.pipe(
      v.array(placedAnalysisSchema),
      v.description('What each item with dry_run needs, or the error that its own call would have given'),
    ),
  ),
})

export function createBatchOperation({ toJobInput, start, analyzeNow, callbacks }: BatchDeps): Operation {
  /** Of many files one may hold no prompt: that is said at its place. */
  async function analyzeAll(
    requests: readonly Placed<{ readonly request: ImportRequest }>[],
    call: Call,
  ): Promise<PlacedAnalysis[]> {
    const analyses: PlacedAnalysis[] = []
    let left = MAX_ANALYSES
    let done = 0
    await inParallel([...requests.entries()], DRY_RUNS_AT_ONCE, async ([at, { item, request }]) => {
      call.signal.throwIfAborted()
      try {
        const analysis = await analyzeNow(request, sourceOf(request), call)
        const length = JSON.stringify(analysis).length
        if (length > left) throw tooMuch()
        left -= length
        analyses[at] = { item, ...analysis }
      } catch (error) {
        if (call.signal.aborted || !isAppError(error)) throw error
        analyses[at] = { item, error: { ...toProblem(error, call.requestId) } }
      }
      done += 1
      call.progress({ done, total: requests.length, unit: 'items', message: 'analyzing' })
    })
    return analyses
  }

  return defineOperation({
    name: 'import_prompts',
    summary: 'Start many imports at once',
    description:
      'Starts one import job for each item (the fields of import_prompt) under one batch_id. An item with dry_run starts none: what it needs is in analyses, at once. ' +
      'One bad item refuses the whole call. Before: nothing; import_prompt with dry_run shows what one item needs. After: list_import_jobs with the batch_id, until every job has ended.',
    example: { items: [{ path: '/workspace/output/one.png' }, { path: '/workspace/output/two.png' }] },
    effect: 'write',
    permission: 'models:download',
    permissionFor: ({ items }) => (items.every(({ dry_run }) => dry_run) ? 'models:read' : 'models:download'),
    http: {
      method: 'post',
      path: '/v1/prompts/import/batch',
      status: 202,
      statusFor: ({ jobs }) => (jobs.length === 0 ? 200 : 202),
    },
    input: v.strictObject({
      items: v.pipe(
        v.array(v.strictObject({ ...requestFields, dry_run: dryRunField })),
        v.minLength(1),
        v.maxLength(1000),
        v.description('One import each'),
      ),
    }),
    output: outputSchema,
    async run({ items }, call) {
      for (const [at, item] of items.entries()) {
        refuseUnservable(item, call, callbacks)
        requireOneSource(item, undefined, `items.${at}`)
      }
      const placed = items.map(({ dry_run, ...request }, item) => ({ item, dry_run, request }))
      const inputs: Placed<{ readonly input: ImportInput }>[] = []
      for (const { item, request } of placed.filter(({ dry_run }) => !dry_run)) {
        inputs.push({ item, input: await toJobInput(request, sourceOf(request), call.actor) })
      }
      const dryRuns = placed.filter(({ dry_run }) => dry_run)
      // First, so that a call which is broken off meanwhile has started nothing.
      const analyses = await analyzeAll(dryRuns, call)
      const batchId = createId('batch')
      const jobs: Placed<{ readonly job_id: string }>[] = []
      await inParallel([...inputs.entries()], STARTS_AT_ONCE, async ([at, { item, input }]) => {
        jobs[at] = { job_id: await start(input, call.actor, batchId), item }
      })
      return { batch_id: batchId, jobs, ...(dryRuns.length === 0 ? {} : { analyses }) }
    },
  })
}

const tooMuch = (): AppError =>
  new AppError('payload_too_large', 'The answers of this batch together are too large', {
    hint: 'Ask for this item by itself, with import_prompt',
  })
