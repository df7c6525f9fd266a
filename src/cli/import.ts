import { type AppError, ERROR_KINDS, toProblem } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { Context } from './context.ts'
import { findOperation } from './find-operation.ts'
import { findSources, type ImportSource } from './import-source.ts'
import { renderImport } from './import-table.ts'
import { exitCodeOf, followJob, jobExitCode, noteQueued, startedJobs } from './job.ts'
import { toAbsolute } from './local-paths.ts'
import { describeError, toReported } from './report.ts'
import { type Session, withSession } from './session.ts'

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
      const started: Started[] = []
      for (const source of sources) started.push(await start(context, session, operation, source, options))
      const results: Result[] = []
      for (const each of started) results.push(await finish(context, session, each, options))
      await printResults(context, results)
      if (!options.wait && session.where.kind === 'own') await noteQueued(context)
      return exitCodeOf(results.map(({ code }) => code))
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
    context.progress.clear()
    await context.outside.stderr.write(describeError(started.error)).catch(() => {})
    const { exitCode } = ERROR_KINDS[started.error.code]
    return { source, output: { error: toProblem(started.error) as unknown as JsonObject }, code: exitCode }
  }
  const { output, job } = started
  if (job === undefined || !options.wait) return { source, output, code: 0 }
  const ended = await followJob(context, session, job)
  return { source, output: ended, code: jobExitCode(ended) }
}

async function printResults(context: Context, results: readonly Result[]): Promise<void> {
  const [first] = results
  const output: JsonObject =
    first?.source.only === true
      ? first.output
      : { items: results.map((each) => ({ source: each.source.label, ...each.output })), count: results.length }
  await context.print(output, (columns) =>
    results
      .filter((each) => !('error' in each.output && 'detail' in Object(each.output.error)))
      .map((each) => renderImport(each.source.label, each.output, columns))
      .join('\n\n'),
  )
}
