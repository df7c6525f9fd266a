import * as v from 'valibot'
import { AppError, toAppError } from '../../errors.ts'
import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import { fromJson, isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { Actor } from '../../operation/permission.ts'
import { countStates, countToHash, type FileToHash, filesToHash, isHashed, lookAgain } from '../library/digests.ts'
import { markGoneElsewhere } from '../library/elsewhere.ts'
import { forgetGone } from '../library/gone.ts'
import type { LibraryReader } from '../library/reader.ts'
import type { Refreshed, Refresher } from '../library/refresh.ts'
import type { LibraryDeps } from '../library/take-changes.ts'
import { unreadableFiles } from '../library/unreadable.ts'
import type { ModelRoot } from '../root.ts'
import { confine } from '../roots/confine.ts'
import type { WalkProblem } from './walked-file.ts'

export const SCAN_KIND = 'scan'

export const scanInputSchema = v.object({
  /** Folders of this scan; all that are known where empty. */
  roots: v.array(v.string()),
  /** Ask Civitai about the digests afterwards. */
  identify: v.boolean(),
})
export type ScanInput = v.InferOutput<typeof scanInputSchema>

export interface ScanJobDeps extends LibraryDeps {
  readonly refresher: Refresher
  readonly reader: LibraryReader
  /** The folders that a scan of `named` walks; all that are known where it names none. */
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
  /** Plain sentences about how these folders were found, and which settings of a UI could not be followed. */
  readonly notes: () => readonly string[]
  /** Leaves digests on the volumes that they belong to, for the next host. Never throws. */
  readonly leaveDigests: (roots: readonly ModelRoot[]) => Promise<void>
  readonly identify: (options: {
    readonly signal: AbortSignal
    readonly actor: Actor
    readonly onProgress: (done: number, total: number) => void
  }) => Promise<JsonObject>
  /** Files that are read at once at most, so that the queue always has some to choose from. */
  readonly window: number
}

/** Warnings in the job object: a broken disk has thousands. */
const MAX_WARNINGS = 50

/** Digests go to their volume that often: a pod may end at any moment. */
const LEAVE_EVERY_MS = 60_000

/** Files to hash that are asked for at once. */
const PAGE = 200

/** People see no more than that of progress. */
const SHOW_EVERY_MS = 100

export const firstScanView = (): JsonObject => ({ status: 'analyzing', phase: 'walking', progress: 0 })

/**
 * Brings the index up to date: names first, then headers, then digests. Every step writes what it found before the next,
 * so that a run after a kill goes on where the last one stood and hashes no finished file again.
 */
export function createScanJob(deps: ScanJobDeps): JobKind<ScanInput> {
  return {
    kind: SCAN_KIND,
    prefix: 'scan',
    permission: 'models:read',
    // A scan of one folder, or one that asks Civitai, does not wait for hours behind another: they share what is read.
    concurrency: 2,
    input: scanInputSchema,
    run: (job) => runScan(job, deps),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message, error_code: error.code }),
    reopened: firstScanView,
    paused: (view) => ({ ...view, status: 'paused' }),
  }
}

const NO_FOLDERS = new AppError(
  'not_found',
  'No model folders were found: name them (airkeep scan DIR), or set AIRKEEP_MODELS or UI_HOME',
)

async function runScan(job: RunningJob<ScanInput>, deps: ScanJobDeps): Promise<JobEnd> {
  const { signal, input } = job
  const found = await deps.rootsOf(input.roots)
  const isConfined = job.actor.kind !== 'owner' && input.roots.length > 0
  const roots = isConfined ? await confine(found, input.roots) : found
  if (roots.length === 0) throw NO_FOLDERS
  const known: JsonObject = { status: 'analyzing', roots: roots.map(({ path }) => path) }
  // They quote configurations, which a link may have led to.
  const notes = isConfined ? [] : deps.notes()
  if (notes.length > 0) known.notes = [...notes]
  const save = (phase: string): Promise<void> => job.save({ ...known, phase, progress: 0 })

  await save('walking')
  const refreshed = await deps.refresher.refresh({
    roots,
    hostRoots: input.roots.length === 0 ? roots : undefined,
    signal,
    onFiles: (files) => job.show({ ...known, phase: 'walking', progress: 0, files, message: `${files} files` }),
  })
  Object.assign(known, toCounts(refreshed))
  if (input.roots.length === 0) {
    const paths = roots.map(({ path }) => path)
    known.gone = refreshed.gone + (await markGoneElsewhere(deps, paths, signal))
  }
  await forgetGone(deps)
  await save('reading')
  await lookAgain(deps)
  const { refuted } = await deps.reader.inspectAll(signal, {
    onFiles: (read) =>
      job.show({
        ...known,
        phase: 'reading',
        progress: 0,
        files_read: read,
        message: `read the headers of ${read} files`,
      }),
  })
  if (refuted > 0) known.replaced = refuted

  // First what is known by now: hashing may take hours.
  let isIdentified = !input.identify || (await identify(job, deps, known))
  const hashing = await hashAll(job, deps, known, roots)
  if (input.identify) isIdentified = await identify(job, deps, known)
  const unreadable = await unreadableFiles(deps, {
    roots: roots.map(({ path }) => path),
    except: hashing.faults.map(({ path }) => path),
    limit: MAX_WARNINGS,
  })
  const faults = refreshed.unreadable.length + unreadable.count + hashing.faults.length
  const warnings = [...refreshed.unreadable, ...unreadable.shown, ...hashing.faults, ...refreshed.skipped]
  const view = {
    ...known,
    states: await countStates(
      deps,
      roots.map(({ path }) => path),
    ),
    status: faults > 0 || !isIdentified ? 'partially_completed' : 'completed',
    phase: 'done',
    progress: 1,
    warnings: fromJson(warnings.slice(0, MAX_WARNINGS).map(toWarning)),
    warning_count: faults + refreshed.skipped.length,
  }
  return { status: 'succeeded', view }
}

/** Asks Civitai about the digests that it was not asked about; false where that failed: the index is complete all the same. */
async function identify(
  { signal, actor, save, show }: RunningJob<ScanInput>,
  deps: ScanJobDeps,
  known: JsonObject,
): Promise<boolean> {
  await save({ ...known, phase: 'identifying', progress: 0 })
  const onProgress = (done: number, total: number): void =>
    show({ ...known, phase: 'identifying', progress: total === 0 ? 1 : done / total, message: 'asking Civitai' })
  const before = isJsonObject(known.identified) ? known.identified : {}
  try {
    const asked = await deps.identify({ signal, actor, onProgress })
    known.identified = Object.fromEntries(
      Object.entries(asked).map(([name, count]) => [name, Number(before[name] ?? 0) + Number(count)]),
    )
    return true
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = toAppError(error)
    known.identified = { ...before, error: message, error_code: code }
    return false
  }
}

const toWarning = ({ path, reason }: WalkProblem): JsonObject => ({ place: path, reason })

const toCounts = ({ files, unchanged, added, changed, renamed, gone }: Refreshed): JsonObject => ({
  files,
  unchanged,
  added,
  changed,
  renamed,
  gone,
})

interface Hashed {
  readonly faults: readonly WalkProblem[]
}

/** Hashes whatever has no digests, those too that are found meanwhile. */
async function hashAll(
  job: RunningJob<ScanInput>,
  deps: ScanJobDeps,
  known: JsonObject,
  roots: readonly ModelRoot[],
): Promise<Hashed> {
  const paths = roots.map(({ path }) => path)
  const faults: WalkProblem[] = []
  const running = new Map<string, Promise<void>>()
  const bytesOf = new Map<string, number>()
  /** Changed since they were found: they would come up for ever, until the next walk. */
  const stale: string[] = []
  const { signal } = job
  const abort = new AbortController()
  const either = AbortSignal.any([signal, abort.signal])
  let left = await countToHash(deps, paths)
  let doneFiles = 0
  let doneBytes = 0
  const view = (): JsonObject => {
    const partly = [...bytesOf.values()].reduce((sum, bytes) => sum + bytes, 0)
    const bytes = doneBytes + partly
    const total = Math.max(bytes, doneBytes + left.bytes)
    return {
      ...known,
      phase: 'hashing',
      progress: total === 0 ? 1 : Math.round((bytes / total) * 1000) / 1000,
      files_hashed: doneFiles,
      files_to_hash: left.files + doneFiles,
      hashed_bytes: bytes,
      bytes_to_hash: total,
      message: `hashed ${doneFiles} of ${left.files + doneFiles} files`,
    }
  }
  let shownAt = 0
  const show = (): void => {
    const now = deps.clock.now()
    if (now - shownAt < SHOW_EVERY_MS) return
    shownAt = now
    job.show(view())
  }
  const begin = (file: FileToHash): void => {
    bytesOf.set(file.path, 0)
    const onBytes = (done: number): void => {
      bytesOf.set(file.path, done)
      show()
    }
    const read = async (): Promise<void> => {
      // Since the page was read somebody may have needed this one at once.
      const isKnown = await isHashed(deps, file.path)
      if (!isKnown) {
        const { fault } = await deps.reader.hash(file, { priority: 'background', signal: either, onBytes })
        if (fault !== undefined) {
          faults.push({ path: file.path, reason: fault })
          stale.push(file.path)
        }
        doneFiles += 1
        doneBytes += file.sizeBytes
      }
      left = { files: Math.max(0, left.files - 1), bytes: Math.max(0, left.bytes - file.sizeBytes) }
      show()
    }
    running.set(
      file.path,
      read().finally(() => {
        running.delete(file.path)
        bytesOf.delete(file.path)
      }),
    )
  }

  if (left.files > 0) await job.save(view())
  let waiting: FileToHash[] = []
  let leftAt = deps.clock.now()
  let advanced = false
  try {
    while (true) {
      signal.throwIfAborted()
      if (waiting.length === 0) {
        waiting = await filesToHash(deps, { roots: paths, except: [...running.keys(), ...stale], limit: PAGE })
      }
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        begin(file)
        if (running.size >= deps.window) break
      }
      if (running.size === 0) break
      await Promise.race(running.values())
      // A host that goes away again and again gets to the end of a large library all the same.
      if (!advanced && doneFiles > faults.length) {
        advanced = true
        await job.save(view(), { advanced })
      }
      if (deps.clock.now() - leftAt > LEAVE_EVERY_MS) {
        await deps.leaveDigests(roots)
        leftAt = deps.clock.now()
      }
    }
  } finally {
    // Nothing of this run goes on after it.
    abort.abort()
    await Promise.allSettled(running.values())
  }
  await deps.leaveDigests(roots)
  Object.assign(known, { files_hashed: doneFiles, hashed_bytes: doneBytes })
  return { faults }
}
