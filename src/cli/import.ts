import { ERROR_KINDS, toProblem } from '../errors.ts'
import { fromJson, isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Context } from './context.ts'
import { findOperation } from './find-operation.ts'
import { findSources, type ImportSource } from './import-source.ts'
import { renderSummary, summarize } from './import-summary.ts'
import { renderImport } from './import-table.ts'
import { exitCodeOf, followJob, jobExitCode, noteQueued } from './job.ts'
import { describeError } from './report.ts'
import { type Session, withSession } from './session.ts'
import { type ImportOptions, type Started, startAll } from './start-imports.ts'
import { printableLine } from './text-width.ts'

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
      const results: Result[] = []
      try {
        await startAll(context, session, operation, sources, options, started)
        for (const each of started) results.push(await finish(context, session, each, options))
      } catch (error) {
        // Of one job that is being followed followJob tells.
        if (context.signal.aborted && sources.length > 1)
          await tellLeft(context, session, started.slice(results.length))
        throw error
      }
      await printResults(context, results, options)
      if (!options.wait && session.where.kind === 'own') await noteQueued(context)
      return exitCodeOfAll(results)
    })
  } finally {
    await remove()
  }
}

/** Jobs outlive the command that started them: whoever ends it has to know. */
async function tellLeft(context: Context, { where }: Session, started: readonly Started[]): Promise<void> {
  const jobs = started.filter((each) => 'job' in each && each.job !== undefined).length
  if (jobs === 0) return
  const goOn = where.kind === 'own' ? 'with the next airkeep serve, import or scan' : `at ${where.url}`
  await context.note(`imports that were begun go on ${goOn}: ${jobs}; airkeep cancel-import-job ends one`)
}

interface Result {
  readonly source: ImportSource
  readonly output: JsonObject
  readonly code: number
}

async function finish(context: Context, session: Session, started: Started, options: ImportOptions): Promise<Result> {
  const { source } = started
  if ('error' in started) {
    const { code } = started.error
    // Of a folder thousands of files may be bad: the summary names them.
    if (!source.inFolder) {
      const told = describeError(started.error).trimEnd()
      await context.note(told.replace(/^error: /, () => `error: ${printableLine(source.label)}: `))
    }
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
 * Of one source its own; of several 10 where some failed, and 4 where none of them holds a prompt. Files of a folder
 * without one are no failure of the others.
 */
function exitCodeOfAll(results: readonly Result[]): number {
  const nothing = ERROR_KINDS.not_found.exitCode
  const others = results.filter(({ source, code }) => !source.inFolder || code !== nothing)
  return others.length === 0 ? nothing : exitCodeOf(others.map(({ code }) => code))
}
