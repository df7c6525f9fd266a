import { and, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import { modelFilesTable as files } from './table.ts'

/** As the index of model files has them, by SHA-256: the same bytes have the same base, on whatever host they lie. */
export async function findBaseModels(
  db: Pick<Db, 'read'>,
  sha256s: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (sha256s.length === 0) return new Map()
  const rows = await db.read
    .select({ sha256: files.sha256, baseModel: files.baseModel })
    .from(files)
    .where(and(inArray(files.sha256, [...sha256s]), isNotNull(files.baseModel), isNull(files.goneAt)))
  return new Map(rows.flatMap(({ sha256, baseModel }) => (sha256 && baseModel ? [[sha256, baseModel] as const] : [])))
}
