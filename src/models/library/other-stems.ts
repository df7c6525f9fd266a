import { and, eq } from 'drizzle-orm'
import type { WriteDb } from '../../db/db.ts'
import { modelNamesTable as names } from '../table.ts'
import { among, type ModelRow, stemKeyOf } from './rows.ts'

type Named = Pick<ModelRow, 'instanceId' | 'path' | 'stemKey' | 'aliases'>

/** Stems of a file's other names that differ from its own, in lower case. */
export const otherStems = ({ stemKey, aliases }: Pick<ModelRow, 'stemKey' | 'aliases'>): ReadonlySet<string> =>
  new Set(aliases.map((alias) => stemKeyOf(String(alias))).filter((stem) => stem !== stemKey))

/** Makes lookups by name find files of one host, in place of their other names until now. */
export async function keepNames(tx: WriteDb, rows: readonly Named[]): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  await forgetNames(
    tx,
    first.instanceId,
    rows.map(({ path }) => path),
  )
  const kept = rows.flatMap((row) =>
    [...otherStems(row)].map((stemKey) => ({ instanceId: row.instanceId, stemKey, path: row.path })),
  )
  for (let from = 0; from < kept.length; from += MAX_ROWS) {
    await tx.insert(names).values(kept.slice(from, from + MAX_ROWS))
  }
}

export async function forgetNames(tx: WriteDb, instanceId: string, paths: readonly string[]): Promise<void> {
  await tx.delete(names).where(and(eq(names.instanceId, instanceId), among(names.path, paths)))
}

/** Rows of one statement: SQLite binds at most 32,766 values. */
const MAX_ROWS = 5_000
