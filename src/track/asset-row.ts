import * as v from 'valibot'
import { toPublicId } from '../operation/fields.ts'
import { type AssetModel, assetModelSchema } from './asset-models.ts'
import { shownMetadata } from './metadata-field.ts'
import { promptSchema } from './prompt-row.ts'
import { authorEntries, showAuthorship, shownId } from './row.ts'
import { ASSET_SOURCES, ASSET_TYPES, type assetsTable } from './table.ts'

/** An asset as every operation answers it. */
export const assetSchema = v.object({
  asset_id: shownId,
  asset_url: v.string(),
  asset_type: v.picklist(ASSET_TYPES),
  asset_source: v.picklist(ASSET_SOURCES),
  sha256sum: v.pipe(v.string(), v.description('SHA-256 of the bytes at asset_url, 64 lower-case hex digits')),
  size_bytes: v.number(),
  mime_type: v.nullable(v.string()),
  input_prompt_id: v.nullable(shownId),
  output_prompt_id: v.nullable(shownId),
  post_id: v.nullable(shownId),
  input_asset_ids: v.array(shownId),
  civitai_id: v.nullable(shownId),
  civitai_url: v.nullable(v.string()),
  metadata: shownMetadata,
  models: v.array(assetModelSchema),
  ...authorEntries,
})
export type Asset = v.InferOutput<typeof assetSchema>

/** An asset with the prompts that it points to. */
export const detailedAssetSchema = v.object({
  ...assetSchema.entries,
  input_prompt: v.nullable(promptSchema),
  output_prompt: v.nullable(promptSchema),
})
export type DetailedAsset = v.InferOutput<typeof detailedAssetSchema>

export type AssetRow = typeof assetsTable.$inferSelect

const shownIdOf = (id: number | null): string | null => (id === null ? null : toPublicId(id))

export const showAsset = (row: AssetRow, models: readonly AssetModel[]): Asset => ({
  asset_id: toPublicId(row.id),
  asset_url: row.assetUrl,
  asset_type: row.assetType,
  asset_source: row.assetSource,
  sha256sum: row.sha256sum,
  size_bytes: row.sizeBytes,
  mime_type: row.mimeType,
  input_prompt_id: shownIdOf(row.inputPromptId),
  output_prompt_id: shownIdOf(row.outputPromptId),
  post_id: shownIdOf(row.postId),
  input_asset_ids: row.inputAssetIds ?? [],
  civitai_id: row.civitaiId,
  civitai_url: row.civitaiUrl,
  metadata: row.metadata,
  models: [...models],
  ...showAuthorship(row),
})
