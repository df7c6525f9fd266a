import type { JsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { textOf } from '../dependency-state.ts'
import { checkedPages, isTested, statusOf } from './check-answer.ts'
import { updateCsvFile } from './csv-file.ts'
import { textsOf, toCatalogRow } from './page-row.ts'
import { namesInTable, type TypedPages } from './table-names.ts'

/** A table of a catalog, and which pages are told of. */
export interface CatalogTable {
  readonly path: string
  readonly typed: TypedPages
}

/** Writes into the table of the catalog what was looked for, how it ended and when. */
export async function noteInTable(
  context: Pick<Context, 'note'>,
  { path, typed }: CatalogTable,
  answer: JsonObject,
): Promise<void> {
  const shown = checkedPages(answer)
  const names = await namesInTable(
    path,
    typed,
    shown.map(({ name }) => name),
  )
  const pages = shown.map((page) => ({ ...page, name: names.get(page.name) ?? page.name }))
  const about = `${textOf(answer.checked_at) ?? ''} on ${textOf(answer.instance) ?? ''}`
  const tested = new Set(pages.filter(isTested).map(({ name }) => name))
  const rows = pages.map((page) => {
    const notes = textsOf(page.result.notes)
    const { name, result } = page
    if (!tested.has(name)) return toCatalogRow(name, result, 'No', notes.join('; '))
    return toCatalogRow(name, result, 'Yes', [`${WORDS[statusOf(page)] ?? ''} ${about}`, ...notes].join('; '))
  })
  const { updated, added } = await updateCsvFile(path, rows, ({ file_path }) => tested.has(file_path))
  await context.note(`${path}: ${updated} rows changed, ${added} added`)
}

const WORDS: Readonly<Record<string, string>> = {
  all: 'downloaded',
  partial: 'partly downloaded',
  none: 'not downloaded',
}
