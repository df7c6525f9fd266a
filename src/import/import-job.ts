import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import type { LocalFiles } from '../access/local-files.ts'
import type { AppError } from '../errors.ts'
import type { JobEnd, JobKind, RunningJob } from '../jobs/job.ts'
import { fromJson, isJsonObject, type JsonObject } from '../lib/json.ts'
import type { WritableRoots } from '../models/fetch/writable-roots.ts'
import type { Library, LibraryOpener } from '../models/library.ts'
import type { LinkName } from '../models/link-name.ts'
import type { Actor } from '../operation/permission.ts'
import { type Analysis, analyze } from './analysis.ts'
import { callbackOf } from './callback/summary.ts'
import { applyChoices } from './choose/apply-choices.ts'
import { choiceSchema } from './choose/choice.ts'
import { chosenWanted } from './choose/chosen-wanted.ts'
import { type Dependency, dependencySchema, type ImportWarning } from './dependency.ts'
import { fetchMissing, type Upstream } from './fetch-missing.ts'
import { createFetchView, isUnderWay } from './fetch-view.ts'
import type { Generation } from './generation.ts'
import { fetchInto, linkInto } from './into-named.ts'
import { linkNames } from './link-names.ts'
import { createPaced } from './paced.ts'
import { createLastLook, type LastLook } from './resolve/last-look.ts'
import { resolveLocally } from './resolve/resolve-locally.ts'
import { rewritePayload } from './rewritten-payload.ts'
import { type SourceReader, sourceSchema } from './source.ts'
import { toDownloadOf } from './to-download.ts'
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
  /** Link what is here under another name as the prompt names it. */
  link: v.exactOptional(v.boolean()),
  /** What somebody decided since. */
  choices: v.exactOptional(v.array(choiceSchema)),
  /** Told when it ends. */
  callback_url: v.exactOptional(v.string()),
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
  /** Of the disk that new files go to, where these model folders are named for them. */
  readonly freeBytes?: ((named: readonly string[]) => Promise<number>) | undefined
  /** Model folders of a request that new files may go to; without it none. */
  readonly writableRoots?: WritableRoots | undefined
  /** Files that somebody chooses; without it nobody can. */
  readonly localFiles?: LocalFiles | undefined
  /** Without it nothing is linked. */
  readonly linkName?: LinkName | undefined
}

export const IMPORT_KIND = 'import'

/** People see no more than that of progress; whoever asks later gets what was stored last. */
const SHOW_EVERY_MS = 100
const SAVE_EVERY_MS = 1_000

/** They wait for threads, disks and networks most of the time; files are hashed in turns of their own. */
const IMPORTS_AT_ONCE = 32

/**
 * The job object while nothing is known yet. It never holds the prompt's words: others than the owner see it.
 */
export const firstView = (): JsonObject => ({ status: 'analyzing', progress: 0, dependencies: [] })

/** What it needs is known from the last run, so that somebody can choose for one after another. */
function reopenedView({ dependencies }: JsonObject): JsonObject {
  const known = v.safeParse(v.array(dependencySchema), dependencies ?? [])
  return { ...firstView(), dependencies: known.success ? known.output.map((each) => fromJson(asPending(each))) : [] }
}

/** What it has not come to is not under way any more. */
function endedView(view: JsonObject, how: 'failed' | 'cancelled', error: AppError): JsonObject {
  const { dependencies, hashed_bytes, bytes_to_hash, ...rest } = view
  const known = v.safeParse(v.array(dependencySchema), dependencies ?? [])
  const stopped = known.success ? known.output.map((each) => fromJson(asStopped(each, how))) : (dependencies ?? [])
  return { ...rest, status: how, dependencies: stopped, error: error.message, error_code: error.code }
}

/** The download keeps its id: it ends with the import that alone wants it. */
function asStopped(dependency: Dependency, how: 'failed' | 'cancelled'): Dependency {
  const { status } = dependency
  const reason = `The import ${how === 'cancelled' ? 'was cancelled' : 'has failed'}: retry_import_job goes on with it`
  if (isUnderWay(dependency)) return { ...dependency, status: 'missing', reason }
  return status === 'pending' ? { ...dependency, reason, bytes_done: 0, bytes_total: 0 } : dependency
}

/** Jobs that a job object names: none where somebody has asked for it and it has not come to them yet. */
const downloadsOf = ({ dependencies }: JsonObject): readonly string[] =>
  (Array.isArray(dependencies) ? dependencies.filter(isJsonObject) : []).flatMap(({ download_job_id: id }) =>
    typeof id === 'string' ? [id] : [],
  )

/** As its prompt names it, with nothing of what was found. */
function asPending(dependency: Dependency): Dependency {
  if (!dependency.active) return dependency
  const { resolved_path, resolved_name, resolved_source, resolved_node, matched_by, until, steps, ...rest } = dependency
  const { download_job_id, target, ...named } = rest
  return { ...named, status: 'pending', reason_code: null, reason: null, bytes_done: 0, bytes_total: 0 }
}

export function createImportJob(deps: ImportJobDeps): JobKind<ImportInput> {
  return {
    kind: IMPORT_KIND,
    prefix: 'imp',
    permission: 'models:read',
    concurrency: IMPORTS_AT_ONCE,
    input: importInputSchema,
    run: (job) =>
      runImport(job, deps).catch((error: unknown) => {
        throw withoutSource(error, job.input.source)
      }),
    ended: endedView,
    reopened: reopenedView,
    abandoned: async ({ id, view }) => deps.upstream?.downloads.leave(id, { known: downloadsOf(view) }),
    sequel: callbackOf,
  }
}

async function runImport(job: RunningJob<ImportInput>, deps: ImportJobDeps): Promise<JobEnd> {
  const { input, signal, actor } = job
  const { choices = [], link: isToLink = false } = input
  deps.upstream?.downloads.wants(job.id, downloadsOf(job.view ?? {}))
  // What an earlier run has left has to go. What is recorded has to be of a job that was not cancelled meanwhile.
  const begun = reopenedView(job.view ?? {})
  if (input.track || !isDeepStrictEqual(job.view, begun)) await job.save(begun)
  const parsed = await analyze(input, deps.sources, { actor, signal, trace: { job_id: job.id } })
  const known = {
    format: parsed.format,
    confidence: parsed.confidence,
    sources: parsed.sources,
    warnings: parsed.warnings,
  }
  let room: { readonly free_bytes?: number | undefined } = {}
  const view = (status: string, progress: number, dependencies: readonly Dependency[]): JsonObject => {
    const toDownload = deps.upstream === undefined ? {} : { to_download: toDownloadOf(dependencies) }
    return fromJson({ status, progress, dependencies, ...known, ...toDownload, ...hashingOf(dependencies), ...room })
  }

  const fetchOthers = async (here: readonly Dependency[]): Promise<readonly Dependency[]> => {
    const upstream = deps.upstream === undefined ? undefined : fetchInto(named, deps.upstream)
    if (!here.some(isNotHere)) {
      await upstream?.downloads.leave(job.id)
      return here
    }
    const lastLook = createLastLook(library, signal)
    if (upstream === undefined) return lookHere(here, lastLook)
    // A disk that does not tell is no reason to fetch nothing.
    room = { free_bytes: await deps.freeBytes?.(named).catch(() => undefined) }
    // The object has every dependency: stored at each change of each it would fill disks.
    let newest = here
    const viewOf = createFetchView(here, view)
    const shown = createPaced<void>(SHOW_EVERY_MS, () => job.show(viewOf(newest)))
    const saved = createPaced<void>(SAVE_EVERY_MS, () => job.save(viewOf(newest), { advanced: true }))
    try {
      return await job.aside(() =>
        fetchMissing(here, upstream, {
          actor,
          signal,
          trace: { job_id: job.id },
          jobId: job.id,
          isAskedFor: downloadsOf(job.view ?? {}).length === 0,
          download: input.download,
          lastLook,
          chosen: (dependency) => chosenWanted(dependency, choices),
          onChanged(now) {
            newest = [...now]
            saved.offer()
            shown.offer()
          },
          onProgress(now) {
            newest = [...now]
            shown.offer()
          },
        }),
      )
    } finally {
      await Promise.all([shown.stop(), saved.stop()])
    }
  }

  // Folders that a request names are looked at before anything else.
  if (input.model_roots.length > 0) await job.save(view('resolving', 0, parsed.dependencies))
  const confined = actor.kind !== 'owner'
  const library = await deps.library.open(input.model_roots, signal, { confined, since: job.queuedAt })
  // Looked at in each run: what the host has may be another by then.
  const named = (await deps.writableRoots?.(input.model_roots, actor)) ?? []
  const { localFiles } = deps
  const linkName = deps.linkName === undefined ? undefined : linkInto(named, deps.linkName)
  const chosen = await applyChoices(parsed.dependencies, choices, { library, localFiles, actor, signal })
  const here = await resolveLocally(chosen, library, {
    signal,
    onOpen: ({ dependencies: now }) => job.save(view('resolving', settledShare(now), now)),
    onSettled: async ({ dependencies: now }) => {
      signal.throwIfAborted()
      job.show(view('resolving', settledShare(now), now))
    },
    onHashing: ({ dependencies: now, hashedBytes, bytesToHash }) => {
      const bytes = { hashed_bytes: hashedBytes, bytes_to_hash: bytesToHash }
      job.show({ ...view('resolving', settledShare(now), now), ...bytes })
    },
  })
  known.warnings = [...known.warnings, ...(await libraryWarnings(library))]
  const found = await fetchOthers(here)
  const used = found.flatMap(({ resolved_path: path }) => (typeof path === 'string' ? [path] : []))
  const formats = [...new Set(parsed.sources.map(({ format }) => format))]
  const dependencies = isToLink && linkName !== undefined ? await linkNames(found, formats, { linkName, actor }) : found
  const { source, format } = input
  const call = { actor, signal, trace: { job_id: job.id } }
  const [rewritten] = await Promise.all([
    rewritePayload({ source, format, formats, dependencies }, deps.sources, call),
    library.markUsed(used),
  ])
  known.warnings = [...known.warnings, ...rewritten.warnings]
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
  return {
    status: 'succeeded',
    view: tracked === undefined ? end : { ...end, tracked: fromJson(tracked) },
    private: rewritten.private,
  }
}

/** A broken disk makes thousands of them: the job object names the first. */
const MAX_FILE_WARNINGS = 50

async function libraryWarnings(library: Library): Promise<ImportWarning[]> {
  const folders = library.unreadable.map((place) => ({
    place,
    reason: 'this folder could not be read: its models are not known',
  }))
  const files = await library.faults(MAX_FILE_WARNINGS)
  return [...folders, ...files.map(({ path, reason }) => ({ place: path, reason }))]
}

/** Without anybody else to ask, files of this host are all there is. */
const lookHere = (dependencies: readonly Dependency[], lastLook: LastLook): Promise<readonly Dependency[]> =>
  Promise.all(dependencies.map((each) => (isNotHere(each) && each.active ? lastLook(each, [], () => {}) : each)))

/** Bytes that are being read for digests, each for a dependency of its own. */
function hashingOf(dependencies: readonly Dependency[]): JsonObject {
  const pending = dependencies.filter(({ status, bytes_total: total }) => status === 'pending' && total > 0)
  if (pending.length === 0) return {}
  return {
    hashed_bytes: pending.reduce((sum, { bytes_done: done }) => sum + done, 0),
    bytes_to_hash: pending.reduce((sum, { bytes_total: total }) => sum + total, 0),
  }
}

const isNotHere = ({ status }: Dependency): boolean => status === 'missing' || status === 'ambiguous'

/** Nothing more is needed for it. */
const isSatisfied = ({ status, active, optional }: Dependency): boolean =>
  status === 'resolved' || status === 'skipped' || !active || (optional && status === 'missing')

function settledShare(dependencies: readonly Dependency[]): number {
  if (dependencies.length === 0) return 1
  const settled = dependencies.filter(({ status }) => status !== 'pending').length
  return Math.round((settled / dependencies.length) * 100) / 100
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
  /** What may be fetched and is not yet here, as far as its size is known. */
  to_download: v.optional(v.object({ files: v.number(), bytes: v.number() })),
  /** Of the disk that it would go to. */
  free_bytes: v.optional(v.number()),
  /** One plain sentence. */
  error: v.optional(v.string()),
  /** Its code, as in the table of errors. */
  error_code: v.optional(v.string()),
  /** The prompt with local names, where one differs: for its owner and admin alone. */
  rewritten_payload: v.optional(v.string()),
  /** The editor's workflow beside it, with local names. */
  rewritten_workflow: v.optional(v.string()),
})
