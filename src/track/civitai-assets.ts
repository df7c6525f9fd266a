import * as v from 'valibot'
import type { CivitaiImage } from '../civitai/image.ts'
import { toCivitaiLink } from '../civitai/links.ts'
import { idField, limitField } from '../operation/fields.ts'
import { defineOperation, type Operation, traceOf } from '../operation/operation.ts'
import type { TrackDeps } from './deps.ts'
import { shownMetadata } from './metadata-field.ts'
import { shownId } from './row.ts'

const reaction = v.nullable(v.number())
export const reactionEntries = {
  cry: reaction,
  laugh: reaction,
  like: reaction,
  dislike: reaction,
  heart: reaction,
  comment: reaction,
}

const civitaiAssetSchema = v.object({
  civitai_image_id: v.pipe(shownId, v.description('For civitai_id of create_asset and update_asset')),
  civitai_id: shownId,
  civitai_url: v.string(),
  civitai_post_id: shownId,
  asset_url: v.pipe(v.string(), v.description('The media in original quality, for create_asset')),
  type: v.string(),
  dimensions: v.object({ width: v.nullable(v.number()), height: v.nullable(v.number()) }),
  nsfw: v.nullable(v.boolean()),
  nsfw_level: v.nullable(v.union([v.string(), v.number()])),
  browsing_level: v.nullable(v.number()),
  created_at: v.nullable(v.string()),
  username: v.nullable(v.string()),
  base_model: v.nullable(v.string()),
  model_version_ids: v.array(v.number()),
  engagement_stats: v.pipe(v.object(reactionEntries), v.description('null where Civitai gave no number')),
  metadata: v.pipe(shownMetadata, v.description('Prompt, seed and the rest; null where the author hides them')),
})

const showImage = (image: CivitaiImage, postId: string): v.InferOutput<typeof civitaiAssetSchema> => ({
  civitai_image_id: image.id,
  civitai_id: image.id,
  civitai_url: toCivitaiLink('image', image.id),
  civitai_post_id: image.postId ?? postId,
  asset_url: image.url,
  type: image.type,
  dimensions: { width: image.width, height: image.height },
  nsfw: image.nsfw,
  nsfw_level: image.nsfwLevel,
  browsing_level: image.browsingLevel,
  created_at: image.createdAt,
  username: image.username,
  base_model: image.baseModel,
  model_version_ids: [...image.modelVersionIds],
  engagement_stats: { ...image.stats },
  metadata: image.meta,
})

/** Pages are walked by cursor, one request each; nobody asks for this many. */
const MAX_PAGE = 200

export function createCivitaiAssetQuery({
  civitai,
  civitaiToken,
}: Pick<TrackDeps, 'civitai' | 'civitaiToken'>): Operation {
  return defineOperation({
    name: 'fetch_civitai_post_assets',
    summary: 'The media of a Civitai post as they are there now, with reactions; writes nothing',
    description:
      'Asks Civitai for the images and videos of a post and writes nothing. post_id is the number in civitai.com/posts/N, never the post_id of this ledger. engagement_stats are the reactions now. While metadata.next_page is not null, call again with it as page: a page with fewer than limit assets, or none, is not necessarily the last one. No assets and next_page null mean that Civitai has no such post or shows none of it to this account. Before: nothing. After: find_asset with the civitai_id of an item, then create_asset with its asset_url, civitai_image_id and civitai_url, or update_asset where it is recorded already; sync_post_asset_stats keeps reactions over time.',
    example: { post_id: '23683656', limit: 20 },
    effect: 'read',
    permission: 'track:read',
    http: { method: 'get', path: '/v1/civitai/posts/{post_id}/assets' },
    aliases: { civitai_post_id: 'post_id' },
    input: v.strictObject({
      post_id: idField('post_id', 'The number N in https://civitai.com/posts/N'),
      limit: limitField(50, 100),
      page: v.optional(
        v.pipe(
          v.number(),
          v.integer(),
          v.minValue(1),
          v.maxValue(MAX_PAGE),
          v.description('1 is the first page; then metadata.next_page'),
        ),
        1,
      ),
    }),
    output: v.object({
      post_id: shownId,
      page: v.number(),
      limit: v.number(),
      asset_count: v.pipe(v.number(), v.description('Items on this page')),
      assets: v.array(civitaiAssetSchema),
      metadata: v.object({
        next_page: v.pipe(v.nullable(v.number()), v.description('null on the last page, which alone tells that it is')),
        next_cursor: v.nullable(v.string()),
      }),
    }),
    async run({ post_id, limit, page }, call) {
      const token = await civitaiToken(call.actor)
      const found = await civitai.fetchPostImages(post_id, {
        limit,
        page,
        token,
        signal: call.signal,
        trace: traceOf(call),
      })
      const assets = found.images.map((image) => showImage(image, post_id))
      const more = found.nextCursor !== undefined && page < MAX_PAGE
      return {
        post_id,
        page,
        limit,
        asset_count: assets.length,
        assets,
        metadata: { next_page: more ? page + 1 : null, next_cursor: found.nextCursor ?? null },
      }
    },
  })
}
