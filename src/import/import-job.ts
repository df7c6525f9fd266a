import * as v from 'valibot'
import type { JobEnd, JobKind, RunningJob } from '../jobs/job.ts'
import { fromJson, type JsonObject } from '../lib/json.ts'
import type { Library, LibraryOpener } from '../models/library.ts'
import type { Actor } from '../operation/permission.ts'
import { type Analysis, analyze } from './analysis.ts'
import { type Dependency, dependencySchema, type ImportWarning } from './dependency.ts'
import { fetchMissing, type Upstream } from './fetch-missing.ts'
import type { Generation } from './generation.ts'
import { resolveLocally } from './resolve.ts'
import { type SourceReader, sourceSchema } from './source.ts'
import { withoutSource } from './without-source.ts'

export const IMPORT_STATUSES = [
  'analyzing',
  'resolving',
  'downloading',
  'completed',
  'partially_completed',
  'failed',
  'cancelled',
] as const

/** What a job was asked to do; stored with it. */
export const importInputSchema = v.object({
  source: sourceSchema,
  format: v.string(),
  /** Model folders of this request; the host's where empty. */
  model_roots: v.array(v.string()),
  track: v.boolean(),
  /** Fetch what is missing. Jobs of earlier versions do not say. */
  download: v.optional(v.boolean(), true),
})

export type ImportInput = v.InferOutput<typeof importInputSchema>

/** Records prompt and asset of an import in the ledger. */
export type RecordImport = (record: {
  readonly generation: Generation
  /** As they were found on this host. */
  readonly dependencies: readonly Dependency[]
  /** Undefined where the prompt came as text. */
  readonly media: ImportedMedia | undefined
  readonly actor: Actor
  readonly signal: AbortSignal
  /** In whose run. */
  readonly jobId: string
}) => Promise<Recorded>

export interface ImportedMedia {
  /** A path or an address. */
  readonly url: string
  readonly type: 'image' | 'video'
  /** Of the page on Civitai by which it was imported. */
  readonly civitaiUrl?: string | undefined
}

export interface Recorded {
  readonly prompt_id?: string
  readonly asset_id?: string
}

export interface ImportJobDeps {
  readonly sources: SourceReader
  readonly library: LibraryOpener
  readonly record: RecordImport
  /** Looks for what is not on this host, and fetches it; without it imports look here alone. */
  readonly upstream?: Upstream | undefined
}

export const IMPORT_KIND = 'import'

/**
 * The job object while nothing is known yet. It never holds the prompt's words: others than the owner see it.
 */
export const firstView = (): JsonObject => ({ status: 'analyzing', progress: 0, dependencies: [] })

export function createImportJob(deps: ImportJobDeps): JobKind<ImportInput> {
  return {
    kind: IMPORT_KIND,
    prefix: 'imp',
    permission: 'models:read',
    concurrency: 2,
    input: importInputSchema,
    run: (job) =>
      runImport(job, deps).catch((error: unknown) => {
        throw withoutSource(error, job.input.source)
      }),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message, error_code: error.code }),
    reopened: firstView,
  }
}

async function runImport(job: RunningJob<ImportInput>, deps: ImportJobDeps): Promise<JobEnd> {
  const { input, signal, actor } = job
  await job.save(firstView())
  const parsed = await analyze(input, deps.sources, { actor, signal, trace: { job_id: job.id } })
  const known = {
    format: parsed.format,
    confidence: parsed.confidence,
    sources: parsed.sources,
    warnings: parsed.warnings,
  }
  const view = (status: string, progress: number, dependencies: readonly Dependency[]): JsonObject =>
    fromJson({ status, progress, dependencies, ...known })

  const fetchOthers = async (here: readonly Dependency[]): Promise<readonly Dependency[]> => {
    const { upstream } = deps
    if (upstream === undefined) return here
    return job.aside(() =>
      fetchMissing(here, upstream, {
        actor,
        signal,
        trace: { job_id: job.id },
        download: input.download,
        onChanged: (now) => job.save(view(stateOf(now), progressOf(now), now), { advanced: true }),
        onProgress: (now) => job.show(view('downloading', progressOf(now), now)),
      }),
    )
  }

  await job.save(view('resolving', 0, parsed.dependencies))
  const library = await deps.library.open(input.model_roots, signal, actor.kind !== 'owner')
  const unreadable: ImportWarning[] = library.unreadable.map((folder) => ({
    place: folder,
    reason: 'this folder could not be read: its models are not known',
  }))
  known.warnings = [...known.warnings, ...unreadable]
  const here = await resolveLocally(parsed.dependencies, library, {
    signal,
    onSettled: async ({ dependencies: now }) => {
      signal.throwIfAborted()
      job.show(view('resolving', settledShare(now), now))
    },
    onHashing: ({ dependencies: now, hashedBytes, bytesToHash }) => {
      const bytes = { hashed_bytes: hashedBytes, bytes_to_hash: bytesToHash }
      job.show({ ...view('resolving', settledShare(now), now), ...bytes })
    },
  })
  known.warnings = [...known.warnings, ...unreadableFiles(library)]
  const dependencies = await fetchOthers(here)
  await library.markUsed(dependencies.flatMap(({ resolved_path: path }) => (typeof path === 'string' ? [path] : [])))
  const complete = dependencies.every(isSatisfied)
  const tracked = input.track
    ? await deps.record({
        generation: parsed.generation,
        dependencies,
        media: mediaOf(input, parsed),
        actor,
        signal,
        jobId: job.id,
      })
    : undefined
  const end = view(complete ? 'completed' : 'partially_completed', 1, dependencies)
  return { status: 'succeeded', view: tracked === undefined ? end : { ...end, tracked: fromJson(tracked) } }
}

/** A broken disk makes thousands of them: the job object names the first. */
const MAX_FILE_WARNINGS = 50

const unreadableFiles = ({ files }: Library): ImportWarning[] =>
  files
    .flatMap(({ listedPath, fault }) => (fault === undefined ? [] : [{ place: listedPath, reason: fault }]))
    .slice(0, MAX_FILE_WARNINGS)

/** Nothing more is needed for it. */
const isSatisfied = ({ status, active, optional }: Dependency): boolean =>
  status === 'resolved' || status === 'skipped' || !active || (optional && status === 'missing')

function settledShare(dependencies: readonly Dependency[]): number {
  if (dependencies.length === 0) return 1
  const settled = dependencies.filter(({ status }) => status !== 'pending').length
  return Math.round((settled / dependencies.length) * 100) / 100
}

const LIVE = new Set<Dependency['status']>(['download_scheduled', 'downloading', 'verifying'])

const stateOf = (dependencies: readonly Dependency[]): string =>
  dependencies.some(({ status }) => LIVE.has(status)) ? 'downloading' : 'resolving'

/** Bytes where any are to come, else dependencies. */
function progressOf(dependencies: readonly Dependency[]): number {
  const total = dependencies.reduce((sum, { bytes_total }) => sum + bytes_total, 0)
  const done = dependencies.reduce((sum, { bytes_done }) => sum + bytes_done, 0)
  return total === 0 ? settledShare(dependencies) : Math.min(1, Math.floor((1000 * done) / total) / 1000)
}

function mediaOf(
  { source }: ImportInput,
  { media: type, media_url, civitai_url }: Analysis,
): ImportedMedia | undefined {
  if (type === undefined || source.kind === 'texts') return undefined
  return { url: media_url ?? (source.kind === 'path' ? source.path : source.url), type, civitaiUrl: civitai_url }
}

/** The fields of the job object, as every surface shows it. */
export const importJobSchema = v.looseObject({
  job_id: v.string(),
  status: v.picklist(IMPORT_STATUSES),
  progress: v.number(),
  created_at: v.string(),
  last_updated: v.string(),
  dependencies: v.array(dependencySchema),
  /** One plain sentence. */
  error: v.optional(v.string()),
  /** Its code, as in the table of errors. */
  error_code: v.optional(v.string()),
})
