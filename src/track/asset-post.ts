import * as v from 'valibot'
import { toPublicId, toRowId } from '../operation/fields.ts'
import { type DetailedAsset, detailedAssetSchema } from './asset-row.ts'
import { isAmong, type Reader } from './conditions.ts'
import { postSchema } from './post-row.ts'
import { postsTable } from './table.ts'

const { post_id, civitai_id, civitai_url, title } = postSchema.entries

/** An asset with its prompts and, in short, the post that it is in. */
export const postedAssetSchema = v.object({
  ...detailedAssetSchema.entries,
  post: v.nullable(v.object({ post_id, civitai_id, civitai_url, title })),
})
export type PostedAsset = v.InferOutput<typeof postedAssetSchema>

/** Adds the posts that assets point to: one query, however many there are. */
export async function withPosts(db: Reader, assets: readonly DetailedAsset[]): Promise<PostedAsset[]> {
  const ids = new Set(assets.map((asset) => asset.post_id).filter((id) => id !== null))
  const posts = new Map<string, PostedAsset['post']>()
  if (ids.size > 0) {
    const { id, civitaiId, civitaiUrl, title: postTitle } = postsTable
    const rows = await db
      .select({ id, civitai_id: civitaiId, civitai_url: civitaiUrl, title: postTitle })
      .from(postsTable)
      .where(isAmong(id, [...ids].map(toRowId)))
    for (const { id: rowId, ...post } of rows) posts.set(toPublicId(rowId), { post_id: toPublicId(rowId), ...post })
  }
  return assets.map((asset) => ({
    ...asset,
    post: asset.post_id === null ? null : (posts.get(asset.post_id) ?? null),
  }))
}
