import { ERROR_KINDS } from '../errors.ts'
import { fromJson, isJsonObject } from '../lib/json.ts'
import type { Context } from './context.ts'
import { findOperation } from './find-operation.ts'
import { importWithQuestion, mayAsk } from './import-dialogue.ts'
import { type Result, type Results, runImports } from './import-jobs.ts'
import { findSources } from './import-source.ts'
import { renderSummary, summarize } from './import-summary.ts'
import { renderImport } from './import-table.ts'
import { exitCodeOf, noteQueued } from './job.ts'
import { withSession } from './session.ts'
import type { ImportOptions } from './start-imports.ts'

/**
 * `airkeep import`: starts a job for each source, follows them, prints what each needs and where it is. On a terminal it
 * asks before it downloads.
 */
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
      const parts = { context, app, session, operation }
      const work = mayAsk(context, session, sources, options) ? importWithQuestion : runImports
      const { results, fetched } = await work(parts, sources, options)
      await printResults(context, { results, fetched }, options)
      if (!options.wait && session.where.kind === 'own') await noteQueued(context)
      return exitCodeOfAll(results)
    })
  } finally {
    await remove()
  }
}

async function printResults(context: Context, { results, fetched }: Results, { dryRun }: ImportOptions): Promise<void> {
  const [first] = results
  const ending = fetched === undefined ? [] : [fetched]
  if (first?.source.only === true) {
    const { source, output } = first
    return context.print(output, (columns) => [renderImport(source.label, output, columns), ...ending].join('\n'))
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
      [renderSummary(imported, summary, columns), ...ending].join('\n'),
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
