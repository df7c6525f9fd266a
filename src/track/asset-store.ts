import { and, desc, eq, ne, type SQL } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import { toPublicId, toRowId } from '../operation/fields.ts'
import { readModels } from './asset-models.ts'
import { type Asset, type AssetRow, type DetailedAsset, showAsset } from './asset-row.ts'
import { isAmong, type Reader } from './conditions.ts'
import { type Prompt, showPrompt } from './prompt-row.ts'
import { noSuchAsset } from './references.ts'
import { assetsTable, promptsTable } from './table.ts'

export interface FoundAsset {
  readonly row: AssetRow
  readonly asset: Asset
}

/** @throws AppError not_found */
export async function getAsset(db: Reader, assetId: string): Promise<FoundAsset> {
  const rows = await db
    .select()
    .from(assetsTable)
    .where(eq(assetsTable.id, toRowId(assetId)))
  const row = rows[0]
  if (row === undefined) throw noSuchAsset(assetId)
  const models = await readModels(db, [row.id])
  return { row, asset: showAsset(row, models.get(assetId) ?? []) }
}

/** Assets newest first, with their models: two queries, however many there are. */
export async function readAssets(db: Reader, where: SQL | undefined, limit: number, offset = 0): Promise<Asset[]> {
  const rows = await db
    .select()
    .from(assetsTable)
    .where(where)
    .orderBy(desc(assetsTable.createdAt), desc(assetsTable.id))
    .limit(limit)
    .offset(offset)
  return withModels(db, rows)
}

export async function withModels(db: Reader, rows: readonly AssetRow[]): Promise<Asset[]> {
  const models = await readModels(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => showAsset(row, models.get(toPublicId(row.id)) ?? []))
}

/** Adds the prompts that assets point to: one query, however many there are. */
export async function withPrompts(db: Reader, assets: readonly Asset[]): Promise<DetailedAsset[]> {
  const ids = new Set(
    assets
      .flatMap(({ input_prompt_id, output_prompt_id }) => [input_prompt_id, output_prompt_id])
      .filter((id) => id !== null),
  )
  const prompts = new Map<string, Prompt>()
  if (ids.size > 0) {
    const rows = await db
      .select()
      .from(promptsTable)
      .where(isAmong(promptsTable.id, [...ids].map(toRowId)))
    for (const row of rows) prompts.set(toPublicId(row.id), showPrompt(row))
  }
  const named = (id: string | null): Prompt | null => (id === null ? null : (prompts.get(id) ?? null))
  return assets.map((asset) => ({
    ...asset,
    input_prompt: named(asset.input_prompt_id),
    output_prompt: named(asset.output_prompt_id),
  }))
}

/** @throws AppError conflict with the asset that has this number on Civitai already */
export async function requireFreeCivitaiId(db: Reader, civitaiId: string | null, except?: number): Promise<void> {
  if (civitaiId === null) return
  const rows = await db
    .select({ id: assetsTable.id })
    .from(assetsTable)
    .where(and(eq(assetsTable.civitaiId, civitaiId), except === undefined ? undefined : ne(assetsTable.id, except)))
  if (rows[0] !== undefined)
    throw existing(rows[0].id, `Another asset is recorded as Civitai image ${civitaiId} already`)
}

/** @throws AppError conflict with the asset that has these bytes already */
export async function requireNewBytes(db: Reader, sha256sum: string): Promise<void> {
  const rows = await db.select({ id: assetsTable.id }).from(assetsTable).where(eq(assetsTable.sha256sum, sha256sum))
  if (rows[0] !== undefined) throw existing(rows[0].id, 'An asset with these bytes is recorded already')
}

function existing(rowId: number, message: string): AppError {
  const id = toPublicId(rowId)
  return new AppError('conflict', message, {
    existing: { asset_id: id },
    hint: `Use asset_id ${id}: find_asset shows it, update_asset changes it`,
  })
}
