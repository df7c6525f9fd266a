import { asc } from 'drizzle-orm'
import * as v from 'valibot'
import type { WriteDb } from '../db/db.ts'
import { cleanText } from '../operation/check-text.ts'
import { toPublicId } from '../operation/fields.ts'
import { isAmong, type Reader } from './conditions.ts'
import { assetModelsTable } from './table.ts'

/** A model that an asset was made with, as far as the media's own metadata tell. Digests: lower-case hex, no prefix. */
export const assetModelSchema = v.object({
  type: v.string(),
  name: v.nullable(v.string()),
  weight: v.nullable(v.number()),
  /** Its strength on the main model and on the text encoder, where they are not `weight`. */
  unet_weight: v.nullable(v.number()),
  clip_weight: v.nullable(v.number()),
  sha256: v.nullable(v.string()),
  tensor_sha256: v.nullable(v.string()),
  auto_v1: v.nullable(v.string()),
  auto_v2: v.nullable(v.string()),
  auto_v3: v.nullable(v.string()),
  air: v.nullable(v.string()),
  civitai_model_id: v.nullable(v.number()),
  civitai_version_id: v.nullable(v.number()),
})
export type AssetModel = v.InferOutput<typeof assetModelSchema>

/** More than any workflow loads; a bound for files that were made to be odd. */
const MAX_MODELS = 500

/** NUL ends a text in the database, whatever a file says behind it. */
const cleanOrNull = (text: string | null | undefined): string | null =>
  typeof text === 'string' ? cleanText(text) : null

/** Columns that the reader left out become null, so that every link shows the same fields. */
export const toAssetModels = (found: readonly Partial<AssetModel>[]): AssetModel[] =>
  found.slice(0, MAX_MODELS).map((model) => ({
    type: model.type ?? 'other',
    name: cleanOrNull(model.name),
    weight: model.weight ?? null,
    unet_weight: model.unet_weight ?? null,
    clip_weight: model.clip_weight ?? null,
    sha256: model.sha256 ?? null,
    tensor_sha256: model.tensor_sha256 ?? null,
    auto_v1: model.auto_v1 ?? null,
    auto_v2: model.auto_v2 ?? null,
    auto_v3: model.auto_v3 ?? null,
    air: cleanOrNull(model.air),
    civitai_model_id: model.civitai_model_id ?? null,
    civitai_version_id: model.civitai_version_id ?? null,
  }))

type ModelRow = typeof assetModelsTable.$inferSelect

export const showModel = (row: ModelRow): AssetModel => ({
  type: row.type,
  name: row.name,
  weight: row.weight,
  unet_weight: row.unetWeight,
  clip_weight: row.clipWeight,
  sha256: row.sha256,
  tensor_sha256: row.tensorSha256,
  auto_v1: row.autoV1,
  auto_v2: row.autoV2,
  auto_v3: row.autoV3,
  air: row.air,
  civitai_model_id: row.civitaiModelId,
  civitai_version_id: row.civitaiVersionId,
})

export async function insertModels(tx: WriteDb, assetId: number, models: readonly AssetModel[]): Promise<void> {
  for (const model of models) {
    await tx.insert(assetModelsTable).values({
      assetId,
      type: model.type,
      name: model.name,
      weight: model.weight,
      unetWeight: model.unet_weight,
      clipWeight: model.clip_weight,
      sha256: model.sha256,
      tensorSha256: model.tensor_sha256,
      autoV1: model.auto_v1,
      autoV2: model.auto_v2,
      autoV3: model.auto_v3,
      air: model.air,
      civitaiModelId: model.civitai_model_id,
      civitaiVersionId: model.civitai_version_id,
    })
  }
}

/** Models of many assets in one query, by the asset's id. */
export async function readModels(db: Reader, assetIds: readonly number[]): Promise<Map<string, AssetModel[]>> {
  const models = new Map<string, AssetModel[]>()
  if (assetIds.length === 0) return models
  const rows = await db
    .select()
    .from(assetModelsTable)
    .where(isAmong(assetModelsTable.assetId, assetIds))
    .orderBy(asc(assetModelsTable.assetId), asc(assetModelsTable.id))
  for (const row of rows) {
    const id = toPublicId(row.assetId)
    const list = models.get(id) ?? []
    list.push(showModel(row))
    models.set(id, list)
  }
  return models
}
