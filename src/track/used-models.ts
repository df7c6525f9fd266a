import { and, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { assetModelsTable as links } from './table.ts'

/** Columns of a table of model files that say what a file is. */
export interface ModelColumns {
  readonly sha256: SQLiteColumn
  readonly tensorSha256: SQLiteColumn
  readonly autoV1: SQLiteColumn
  readonly civitaiVersionId: SQLiteColumn
}

/**
 * Whether an asset was made with the model file of a row: as a condition for a query over that table. A link knows its
 * model by whatever the picture wrote; a link by AutoV1 alone counts too, because nothing is to be thrown away by chance.
 */
export function isUsedByAsset({ sha256, tensorSha256, autoV1, civitaiVersionId }: ModelColumns): SQL {
  const only = and(isNull(links.sha256), isNull(links.tensorSha256))
  const linked = or(
    eq(links.sha256, sha256),
    eq(links.tensorSha256, tensorSha256),
    and(eq(links.autoV2, sql`substr(${sha256}, 1, 10)`), only),
    and(eq(links.autoV3, sql`substr(${tensorSha256}, 1, 12)`), only),
    // Forge writes the beginning of the whole file's digest there.
    and(eq(links.autoV3, sql`substr(${sha256}, 1, 12)`), only),
    and(eq(links.autoV1, autoV1), only),
    eq(links.civitaiVersionId, civitaiVersionId),
  )
  return sql`exists (select 1 from ${links} where ${linked})`
}
