import { type AppError, isAppError } from '../errors.ts'
import { inParallel } from '../lib/in-parallel.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { Answer } from './backend.ts'
import type { Context } from './context.ts'
import type { ImportSource } from './import-source.ts'
import { startedJobs } from './job.ts'
import { toAbsolute } from './local-paths.ts'
import { progressBar } from './progress.ts'
import { toReported } from './report.ts'
import { ConnectionLost } from './request.ts'
import { type SendFile, sendMedia } from './send-media.ts'
import type { Session } from './session.ts'

export interface ImportOptions {
  readonly models?: string[]
  readonly format: string
  readonly dryRun?: true
  readonly wait: boolean
  readonly track?: true
  /** Fetch what is missing. */
  readonly download: boolean
  /** Link what is here under another name. */
  readonly link?: true
  readonly yes?: true
}

export type StartOptions = ImportOptions & {
  /** Jobs that were told not to download and do so from now on, instead of new ones. */
  readonly goesOn?: GoesOn
}

export interface GoesOn {
  /** retry_import_job */
  readonly operation: Operation
  readonly jobs: ReadonlyMap<ImportSource, string>
}

const LATEST_ANSWER_MS = 1_000

/** What came of asking for one import. */
export type Started = { readonly source: ImportSource } & (
  | { readonly output: JsonObject; readonly job: string | undefined }
  | { readonly error: AppError }
)

/** Dry runs share threads that read files: enough at once that none of them waits. Jobs begin in their order. */
const DRY_RUNS_AT_ONCE = 64

/**
 * Asks for the import of each source, in their order.
 * @param started gets what came of each, as it comes
 * @throws what ends all of them
 */
export async function startAll(
  context: Context,
  session: Session,
  operation: Operation,
  sources: readonly ImportSource[],
  options: StartOptions,
  started: Started[],
): Promise<void> {
  let done = 0
  const { signal } = context
  const callSignal = options.dryRun ? signal : abortsLater(signal)
  await inParallel([...sources.entries()], options.dryRun ? DRY_RUNS_AT_ONCE : 1, async ([at, source]) => {
    signal.throwIfAborted()
    started[at] = await start(context, session, operation, source, options, callSignal)
    done += 1
    if (sources.length > 1)
      context.progress.show(`${progressBar(done, sources.length)} ${done} of ${sources.length} files`)
  })
}

/** An answer that is on its way names a job, which nobody could cancel else: it may still come. */
function abortsLater(signal: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', () => setTimeout(abort, LATEST_ANSWER_MS).unref(), { once: true })
  return controller.signal
}

async function start(
  { signal, outside }: Context,
  session: Session,
  operation: Operation,
  source: ImportSource,
  { models, format, dryRun, track, download, link, goesOn }: StartOptions,
  callSignal: AbortSignal,
): Promise<Started> {
  const base = {
    ...(format === 'auto' ? {} : { format }),
    ...(dryRun ? { dry_run: true } : {}),
    ...(track ? { track: true } : {}),
    ...(link ? { link: true } : {}),
    ...(download || dryRun ? {} : { download: false }),
    ...(models === undefined ? {} : { model_roots: models.map((dir) => toAbsolute(dir, outside.cwd)) }),
  }
  const { kind, value } = source
  const call = { signal: callSignal, progress() {} }
  const send: SendFile = (file, isDryRun) =>
    session.invoke(operation, { ...base, ...(isDryRun ? { dry_run: true } : {}) }, { ...call, file })
  const invoke = (): Promise<Answer> => {
    const job_id = goesOn?.jobs.get(source)
    if (goesOn !== undefined && job_id !== undefined) {
      return session.invoke(goesOn.operation, { job_id, download: true }, call)
    }
    // Another host cannot read this one's files: they travel.
    if (kind === 'path' && session.where.kind === 'server') return sendMedia(value, dryRun === true, send)
    if (kind === 'file') return send(value, dryRun === true)
    return session.invoke(operation, { ...base, [kind]: value }, call)
  }
  if (source.error !== undefined) return { source, error: source.error }
  try {
    const answer = await invoke()
    return { source, output: answer.output, job: startedJobs(answer)[0] }
  } catch (error) {
    // Of many sources one may be bad; of one there is nothing else to say.
    if (signal.aborted || source.only || endsAll(error)) throw error
    return { source, error: toReported(error) }
  }
}

/** Of every other source it would be the same. */
const endsAll = (error: unknown): boolean =>
  isAppError(error) && (error.code === 'unauthorized' || error.cause instanceof ConnectionLost)
