import { and, asc, desc } from 'drizzle-orm'
import * as v from 'valibot'
import { idField, limitField, offsetField, toRowId } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { type AssetRow, type DetailedAsset, detailedAssetSchema } from './asset-row.ts'
import { withModels, withPrompts } from './asset-store.ts'
import { equals, isAmong, type Reader, within } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { postSchema, showPost } from './post-row.ts'
import { createdByField, onBehalfOfField, pageEntries } from './row.ts'
import { assetsTable, POST_STATUSES, postsTable } from './table.ts'
import { endTimeField, startTimeField, toTimeRange } from './time-range.ts'
import { postUses, usesField } from './uses.ts'

export function createPostList(deps: Pick<TrackDeps, 'db' | 'findNames'>): Operation {
  const { db } = deps
  return defineOperation({
    name: 'list_civitai_posts',
    summary: 'Recorded posts, newest first, with their assets and prompts where asked for',
    description:
      'Lists recorded posts, newest first; with include_details each has its assets with their prompts and models; with uses only posts that have an asset made with that model. civitai_id is the number in civitai.com/posts/N. Before: nothing. After: update_asset with the post_id links an asset, update_civitai_post changes the post; fetch_civitai_post_assets gives what Civitai itself shows now.',
    example: { status: 'published', include_details: true, limit: 5 },
    effect: 'read',
    permission: 'track:read',
    http: { method: 'get', path: '/v1/posts' },
    input: v.strictObject({
      id: v.optional(idField('id', 'The post_id of one recorded post')),
      civitai_id: v.optional(idField('civitai_id', 'The number in civitai.com/posts/N')),
      status: v.optional(v.pipe(v.picklist(POST_STATUSES), v.description('Only posts in this state'))),
      created_by: v.optional(createdByField),
      on_behalf_of: v.optional(onBehalfOfField),
      uses: v.optional(usesField('Posts with an asset made with this model')),
      start_time: v.optional(startTimeField),
      end_time: v.optional(endTimeField),
      include_details: v.optional(
        v.pipe(v.boolean(), v.description('Also the assets of each post, with their prompts and models')),
        false,
      ),
      limit: limitField(50, 500),
      offset: offsetField,
    }),
    output: v.object({
      posts: v.array(v.object({ ...postSchema.entries, assets: v.optional(v.array(detailedAssetSchema)) })),
      ...pageEntries,
    }),
    async run({ limit, offset, include_details, ...filter }) {
      const where = and(
        equals(postsTable.id, filter.id === undefined ? undefined : toRowId(filter.id)),
        equals(postsTable.civitaiId, filter.civitai_id),
        equals(postsTable.status, filter.status),
        equals(postsTable.createdBy, filter.created_by),
        equals(postsTable.onBehalfOf, filter.on_behalf_of),
        filter.uses === undefined ? undefined : await postUses(deps, filter.uses),
        within(postsTable.createdAt, toTimeRange(filter)),
      )
      const [rows, count] = await Promise.all([
        db.read
          .select()
          .from(postsTable)
          .where(where)
          .orderBy(desc(postsTable.createdAt), desc(postsTable.id))
          .limit(limit)
          .offset(offset),
        db.read.$count(postsTable, where),
      ])
      const posts = rows.map(showPost)
      if (!include_details) return { posts, count, limit, offset }
      const assets = await readAssetsOfPosts(
        db.read,
        rows.map(({ id }) => id),
      )
      const detailed = posts.map((post) => ({ ...post, assets: assets.get(post.post_id) ?? [] }))
      return { posts: detailed, count, limit, offset }
    },
  })
}

/** Assets, models and prompts of all posts in three queries; assets in the order of their recording. */
async function readAssetsOfPosts(db: Reader, postIds: readonly number[]): Promise<Map<string, DetailedAsset[]>> {
  const rows: AssetRow[] = await db
    .select()
    .from(assetsTable)
    .where(isAmong(assetsTable.postId, postIds))
    .orderBy(asc(assetsTable.id))
  const assets = await withPrompts(db, await withModels(db, rows))
  const byPost = new Map<string, DetailedAsset[]>()
  for (const asset of assets) {
    if (asset.post_id === null) continue
    const list = byPost.get(asset.post_id)
    if (list === undefined) byPost.set(asset.post_id, [asset])
    else list.push(asset)
  }
  return byPost
}
