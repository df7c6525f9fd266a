import { type AppError, ERROR_KINDS, toProblem } from '../errors.ts'
import { inParallel } from '../lib/in-parallel.ts'
import { fromJson, isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { Context } from './context.ts'
import { findOperation } from './find-operation.ts'
import { findSources, type ImportSource } from './import-source.ts'
import { renderSummary, summarize } from './import-summary.ts'
import { renderImport } from './import-table.ts'
import { exitCodeOf, followJob, jobExitCode, noteQueued, startedJobs } from './job.ts'
import { toAbsolute } from './local-paths.ts'
import { progressBar } from './progress.ts'
import { describeError, toReported } from './report.ts'
import { type Session, withSession } from './session.ts'
import { printable } from './text-width.ts'

export interface ImportOptions {
  readonly models?: string[]
  readonly format: string
  readonly dryRun?: true
  readonly wait: boolean
  readonly track?: true
  readonly yes?: true
}

/** `airkeep import`: starts a job for each source, follows them, prints what each needs and where it is. */
export async function importPrompts(
  context: Context,
  given: readonly string[],
  options: ImportOptions,
): Promise<number> {
  const app = await context.app()
  const operation = findOperation(app, 'import_prompt', 'airkeep import')
  const { sources, remove } = await findSources(context, given)
  try {
    return await withSession(context, app, async (session) => {
      const started = await startAll(context, session, operation, sources, options)
      const results: Result[] = []
      for (const each of started) results.push(await finish(context, session, each, options))
      await printResults(context, results, options)
      if (!options.wait && session.where.kind === 'own') await noteQueued(context)
      return exitCodeOfAll(results)
    })
  } finally {
    await remove()
  }
}

type Started = { readonly source: ImportSource } & (
  | { readonly output: JsonObject; readonly job: string | undefined }
  | { readonly error: AppError }
)

interface Result {
  readonly source: ImportSource
  readonly output: JsonObject
  readonly code: number
}

/** Dry runs share threads that read files: enough at once that none of them waits. Jobs begin in their order. */
const DRY_RUNS_AT_ONCE = 64

async function startAll(
  context: Context,
  session: Session,
  operation: Operation,
  sources: readonly ImportSource[],
  options: ImportOptions,
): Promise<Started[]> {
  const started: Started[] = []
  let done = 0
  await inParallel([...sources.entries()], options.dryRun ? DRY_RUNS_AT_ONCE : 1, async ([at, source]) => {
    started[at] = await start(context, session, operation, source, options)
    done += 1
    if (sources.length > 1)
      context.progress.show(`${progressBar(done, sources.length)} ${done} of ${sources.length} files`)
  })
  return started
}

async function start(
  { signal, outside }: Context,
  session: Session,
  operation: Operation,
  source: ImportSource,
  { models, format, dryRun, track }: ImportOptions,
): Promise<Started> {
  const base = {
    ...(format === 'auto' ? {} : { format }),
    ...(dryRun ? { dry_run: true } : {}),
    ...(track ? { track: true } : {}),
    ...(models === undefined ? {} : { model_roots: models.map((dir) => toAbsolute(dir, outside.cwd)) }),
  }
  // Another host cannot read this one's files: they travel.
  const sent =
    source.kind === 'path' && session.where.kind === 'server' ? { kind: 'file', value: source.value } : source
  const input = sent.kind === 'file' ? base : { ...base, [sent.kind]: sent.value }
  const file = sent.kind === 'file' ? sent.value : undefined
  try {
    const answer = await session.invoke(operation, input, { signal, progress() {}, file })
    return { source, output: answer.output, job: startedJobs(answer)[0] }
  } catch (error) {
    // Of many sources one may be bad; of one there is nothing else to say.
    if (signal.aborted || source.only) throw error
    return { source, error: toReported(error) }
  }
}

async function finish(context: Context, session: Session, started: Started, options: ImportOptions): Promise<Result> {
  const { source } = started
  if ('error' in started) {
    const { code } = started.error
    // Of a folder most files may be pictures without a prompt: the summary counts them.
    if (code !== 'not_found')
      await context.note(
        describeError(started.error)
          .trimEnd()
          .replace(/^error: /, `error: ${printable(source.label)}: `),
      )
    return {
      source,
      output: { error: toProblem(started.error) as unknown as JsonObject },
      code: ERROR_KINDS[code].exitCode,
    }
  }
  const { output, job } = started
  if (job === undefined || !options.wait) return { source, output, code: 0 }
  const ended = await followJob(context, session, job)
  return { source, output: ended, code: jobExitCode(ended) }
}

async function printResults(context: Context, results: readonly Result[], { dryRun }: ImportOptions): Promise<void> {
  const [first] = results
  if (first?.source.only === true) {
    return context.print(first.output, (columns) => renderImport(first.source.label, first.output, columns))
  }
  const imported = results.map(({ source, output }) => ({ label: source.label, output }))
  const summary = summarize(imported)
  const items = imported.map(({ label, output }) => ({ source: label, ...output }))
  const shown = fromJson({ items, count: items.length, summary })
  await context.print(shown, (columns) =>
    [
      ...(dryRun
        ? []
        : imported
            .filter(({ output }) => !('error' in output && isJsonObject(output.error)))
            .map(({ label, output }) => renderImport(label, output, columns))),
      renderSummary(imported, summary, columns),
    ].join('\n\n'),
  )
}

/**
 * Of one source its own; of several 10 where some failed, and 4 where none of them holds a prompt. Pictures without one
 * are no failure of the others.
 */
function exitCodeOfAll(results: readonly Result[]): number {
  const [first] = results
  if (first?.source.only === true) return first.code
  const nothing = ERROR_KINDS.not_found.exitCode
  const others = results.filter(({ code, output }) => code !== nothing || !isJsonObject(output.error))
  return others.length === 0 ? nothing : exitCodeOf(others.map(({ code }) => code))
}
