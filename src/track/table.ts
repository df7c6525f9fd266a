import { sql } from 'drizzle-orm'
import { index, integer, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { authorship, jsonList, jsonObject, rowId } from '../db/columns.ts'

export const ASSET_TYPES = ['image', 'video'] as const
export const ASSET_SOURCES = ['generated', 'upload'] as const
export const POST_STATUSES = ['pending', 'published', 'failed'] as const

/** The words that made an asset, or that were made from one. */
export const promptsTable = sqliteTable(
  'prompts',
  {
    id: rowId(),
    promptText: text('prompt_text').notNull(),
    llmModelProvider: text('llm_model_provider'),
    llmModel: text('llm_model'),
    purpose: text('purpose'),
    metadata: jsonObject('metadata'),
    ...authorship(),
  },
  (t) => [
    index('prompts_by_time').on(t.createdAt),
    index('prompts_by_creator').on(t.createdBy, t.createdAt),
    // Many prompts begin alike, and many pictures have the same one: what follows it ends with their seeds.
    index('prompts_by_text').on(sql`substr(${t.promptText}, 1, 80)`, sql`substr(${t.metadata}, -80)`),
  ],
)

/** A post on Civitai. It knows nothing of its assets: they point to it. */
export const postsTable = sqliteTable(
  'posts',
  {
    id: rowId(),
    /** Digits, as the outside writes them. */
    civitaiId: text('civitai_id').notNull(),
    civitaiUrl: text('civitai_url').notNull(),
    civitaiAccount: text('civitai_account').notNull(),
    status: text('status', { enum: POST_STATUSES }).notNull(),
    title: text('title'),
    description: text('description'),
    metadata: jsonObject('metadata'),
    ...authorship(),
  },
  (t) => [
    uniqueIndex('posts_by_civitai_id').on(t.civitaiId),
    index('posts_by_time').on(t.createdAt),
    index('posts_by_status').on(t.status, t.createdAt),
    index('posts_by_creator').on(t.createdBy, t.createdAt),
    index('posts_by_person').on(t.onBehalfOf, t.createdAt),
  ],
)

/**
 * An image or a video, known by the digest of its bytes. Prompts and posts that an asset points to cannot be removed
 * under it: whoever removes one has to unlink it first, which leaves its trace in the audit.
 */
export const assetsTable = sqliteTable(
  'assets',
  {
    id: rowId(),
    assetUrl: text('asset_url').notNull(),
    assetType: text('asset_type', { enum: ASSET_TYPES }).notNull(),
    assetSource: text('asset_source', { enum: ASSET_SOURCES }).notNull(),
    sha256sum: text('sha256sum').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** As the bytes say; null where they do not. */
    mimeType: text('mime_type'),
    inputPromptId: integer('input_prompt_id').references(() => promptsTable.id, { onDelete: 'restrict' }),
    outputPromptId: integer('output_prompt_id').references(() => promptsTable.id, { onDelete: 'restrict' }),
    postId: integer('post_id').references(() => postsTable.id, { onDelete: 'restrict' }),
    /** Ids as the outside writes them; an input that was deleted since stays named (ids are never used again). */
    inputAssetIds: jsonList('input_asset_ids').$type<string[]>(),
    civitaiId: text('civitai_id'),
    civitaiUrl: text('civitai_url'),
    metadata: jsonObject('metadata'),
    ...authorship(),
  },
  (t) => [
    uniqueIndex('assets_by_sha256').on(t.sha256sum),
    uniqueIndex('assets_by_civitai_id').on(t.civitaiId),
    index('assets_by_civitai_url').on(t.civitaiUrl),
    index('assets_by_time').on(t.createdAt),
    index('assets_by_type').on(t.assetType, t.createdAt),
    index('assets_by_creator').on(t.createdBy, t.createdAt),
    index('assets_by_post').on(t.postId, t.createdAt),
    index('assets_by_input_prompt').on(t.inputPromptId),
    index('assets_by_output_prompt').on(t.outputPromptId),
  ],
)

/** Models that an asset was made with, in the order of its metadata. Digests are lower-case hex without a prefix. */
export const assetModelsTable = sqliteTable(
  'asset_models',
  {
    id: rowId(),
    assetId: integer('asset_id')
      .notNull()
      .references(() => assetsTable.id, { onDelete: 'cascade' }),
    /** `checkpoint`, `lora`, … */
    type: text('type').notNull(),
    name: text('name'),
    weight: real('weight'),
    unetWeight: real('unet_weight'),
    clipWeight: real('clip_weight'),
    sha256: text('sha256'),
    tensorSha256: text('tensor_sha256'),
    autoV1: text('auto_v1'),
    autoV2: text('auto_v2'),
    autoV3: text('auto_v3'),
    air: text('air'),
    civitaiModelId: integer('civitai_model_id'),
    civitaiVersionId: integer('civitai_version_id'),
  },
  (t) => [
    index('asset_models_by_asset').on(t.assetId),
    index('asset_models_by_name').on(t.name),
    index('asset_models_by_sha256').on(t.sha256),
    index('asset_models_by_tensor').on(t.tensorSha256),
    index('asset_models_by_auto_v1').on(t.autoV1),
    index('asset_models_by_auto_v2').on(t.autoV2),
    index('asset_models_by_auto_v3').on(t.autoV3),
    index('asset_models_by_air').on(t.air),
    index('asset_models_by_model').on(t.civitaiModelId),
    index('asset_models_by_version').on(t.civitaiVersionId),
  ],
)

/** Reactions when the row was made: one for each asset and sync, never changed. Null where Civitai did not say. */
export const assetStatsTable = sqliteTable(
  'asset_stats',
  {
    id: rowId(),
    assetId: integer('asset_id')
      .notNull()
      .references(() => assetsTable.id, { onDelete: 'cascade' }),
    cry: integer('cry'),
    laugh: integer('laugh'),
    like: integer('like'),
    dislike: integer('dislike'),
    heart: integer('heart'),
    comment: integer('comment'),
    ...authorship(),
  },
  (t) => [index('asset_stats_by_asset').on(t.assetId, t.createdAt)],
)
