import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { WriteDb } from '../../db/db.ts'
import { modelFilesTable } from '../table.ts'

export type ModelRow = typeof modelFilesTable.$inferSelect

/** Everything that is known only by reading the file, empty. */
export const NOTHING_READ = {
  sha256: null,
  tensorSha256: null,
  autoV1: null,
  blake3: null,
  crc32: null,
  digestSource: null,
  sample: null,
  hashedAt: null,
} as const satisfies Partial<ModelRow>

/** Every column as the insert has it. */
const replaceAll: Record<string, SQL> = Object.fromEntries(
  Object.entries(getTableColumns(modelFilesTable)).map(([key, { name }]) => [key, sql.raw(`excluded."${name}"`)]),
)

/** Rows of one statement: SQLite binds at most 32,766 values. */
const MAX_ROWS = 200

/** Writes whole rows, in place of those with the same path. */
export async function upsertRows(tx: WriteDb, rows: readonly ModelRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += MAX_ROWS) {
    await tx
      .insert(modelFilesTable)
      .values(rows.slice(from, from + MAX_ROWS))
      .onConflictDoUpdate({ target: [modelFilesTable.instanceId, modelFilesTable.path], set: replaceAll })
      .run()
  }
}

/** `column in (…)` for any number of values as one parameter. */
export const among = (column: SQLiteColumn, values: readonly (string | number)[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`

/** Absolute path as it is listed below its root. */
export const listedPathOf = ({ root, relative }: Pick<ModelRow, 'root' | 'relative'>): string =>
  `${root === '/' ? '' : root}/${relative}`

/** Stem of a file's name in lower case. */
export function stemKeyOf(name: string): string {
  const filename = name.slice(name.lastIndexOf('/') + 1)
  const dot = filename.lastIndexOf('.')
  return (dot <= 0 ? filename : filename.slice(0, dot)).toLowerCase()
}
