import type { JsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { textOf } from '../dependency-state.ts'
import { checkedPages, isTested, statusOf } from './check-answer.ts'
import { updateCsvFile } from './csv-file.ts'
import { textsOf, toCatalogRow } from './page-row.ts'

/** Writes into the table of the catalog what was looked for, how it ended and when. */
export async function noteInTable(context: Context, path: string, answer: JsonObject): Promise<void> {
  const pages = checkedPages(answer)
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
