import * as v from 'valibot'
import { toPublicId } from '../operation/fields.ts'
import { shownMetadata } from './metadata-field.ts'
import { authorEntries, showAuthorship, shownId } from './row.ts'
import { POST_STATUSES, type postsTable } from './table.ts'

/** A post as every operation answers it. */
export const postSchema = v.object({
  post_id: v.pipe(shownId, v.description('Number of the record here, for update_asset; not the number on Civitai')),
  civitai_id: shownId,
  civitai_url: v.string(),
  civitai_account: v.string(),
  status: v.picklist(POST_STATUSES),
  title: v.nullable(v.string()),
  description: v.nullable(v.string()),
  metadata: shownMetadata,
  ...authorEntries,
})
export type Post = v.InferOutput<typeof postSchema>

export const showPost = (row: typeof postsTable.$inferSelect): Post => ({
  post_id: toPublicId(row.id),
  civitai_id: row.civitaiId,
  civitai_url: row.civitaiUrl,
  civitai_account: row.civitaiAccount,
  status: row.status,
  title: row.title,
  description: row.description,
  metadata: row.metadata,
  ...showAuthorship(row),
})
