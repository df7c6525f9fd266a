import { resolve } from 'node:path'
import type { JsonObject } from '../../lib/json.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { textOf } from '../dependency-state.ts'
import { findOperation } from '../find-operation.ts'
import { describeProgress } from '../operation-command.ts'
import { withSession } from '../session.ts'
import { renderTable } from '../table.ts'
import { printable } from '../text-width.ts'
import { updateCsvFile } from './csv-file.ts'
import { objectsOf, textsOf, toCatalogRow } from './page-row.ts'
import { readPaths } from './pages.ts'
import { namesInTable } from './table-names.ts'

export interface ValidateOptions {
  readonly csv?: string
}

/** `airkeep catalog validate`: the class of each page, and the catalog's statistics. */
export async function validateCatalog(context: Context, path: string, { csv }: ValidateOptions): Promise<number> {
  const { signal, progress, outside } = context
  const app = await context.app()
  const operation = findOperation(app, 'validate_catalog', 'airkeep catalog validate')
  return withSession(context, app, async (session) => {
    const sharesDisk = session.where.kind !== 'server'
    const calls = await readPaths([path], { cwd: outside.cwd, sharesDisk, signal })
    // The texts of a folder as one catalog: what is counted is counted over all of it.
    const input = calls.length === 1 ? calls[0]?.input : { items: calls.flatMap((call) => call.input.items ?? []) }
    const unread = calls.flatMap(({ notes = [] }) => notes)
    const { output: said } = await session.invoke(
      operation,
      { ...input },
      { signal, progress: (state) => progress.show(describeProgress(state)) },
    )
    const output: JsonObject = { ...said, notes: [...unread, ...textsOf(said.notes)] }
    if (csv !== undefined) {
      const file = resolve(outside.cwd, csv)
      const pages = objectsOf(output.pages).map((page) => ({ page, name: textOf(page.file_path) ?? '' }))
      const shown = pages.map(({ name }) => calls[0]?.nameOf(name) ?? name)
      const typed = { cwd: outside.cwd, paths: [path], catalogs: app.config.settings.catalog }
      const names = await namesInTable(file, typed, shown)
      const rows = pages.map(({ page }, at) =>
        toCatalogRow(names.get(shown[at] ?? '') ?? '', page, 'No', textsOf(page.notes).join('; ')),
      )
      const { updated, added } = await updateCsvFile(file, rows, () => true)
      await context.note(`${file}: ${updated} rows changed, ${added} added`)
    }
    await context.print(output, (columns) => renderValidation(output, columns))
    return 0
  })
}

/** Pages that somebody may want to mend, then the statistics. */
export function renderValidation(output: JsonObject, columns: number | undefined): string {
  const noted = objectsOf(output.pages).filter(
    ({ notes, is_valid, syntax_type }) =>
      textsOf(notes).length > 0 || (is_valid !== true && syntax_type !== 'NO_DOWNLOAD'),
  )
  const rows = noted.map(({ file_path, syntax_type, is_valid, notes }) => ({
    page: textOf(file_path) ?? '',
    class: textOf(syntax_type) ?? '',
    valid: is_valid === true ? 'yes' : 'no',
    notes: textsOf(notes).join('; '),
  }))
  const text = isJsonObject(output.statistics) ? (textOf(output.statistics.text) ?? '') : ''
  const unread = textsOf(output.notes).map((note) => printable(note))
  return [...(rows.length === 0 ? [] : [renderTable(rows, columns), '']), ...unread, text].join('\n')
}
