import { and, eq, or, type SQL } from 'drizzle-orm'
import * as v from 'valibot'
import { parseCivitaiLink } from '../civitai/links.ts'
import { AppError } from '../errors.ts'
import { idField, limitField, offsetField, requiredTextField, toRowId } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { assetAliases, assetFields, assetIdField } from './asset-fields.ts'
import { postedAssetSchema, withPosts } from './asset-post.ts'
import { type Asset, assetSchema } from './asset-row.ts'
import { readAssets, withPrompts } from './asset-store.ts'
import { equals, within } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { createDigestLookup } from './digest-lookup.ts'
import { createdByField, pageEntries } from './row.ts'
import { ASSET_TYPES, assetsTable } from './table.ts'
import { endTimeField, startTimeField, toTimeRange } from './time-range.ts'
import { assetUses, type UsesDeps, usesField } from './uses.ts'

/** Written out in both cases: JSON Schema patterns have no flags. */
const HEX = /^(?:[sS][hH][aA]256:|0[xX])?[0-9a-fA-F]{1,64}$/
const HEX_MESSAGE = 'sha256sum must be hexadecimal digits'

const criteria = {
  asset_id: v.optional(assetIdField),
  sha256sum: v.optional(
    v.pipe(v.string(HEX_MESSAGE), v.regex(HEX, HEX_MESSAGE), v.description('From calculate_sha256: 64 hex digits')),
  ),
  civitai_id: v.optional(assetFields.civitai_id),
  civitai_url: v.optional(requiredTextField('https://civitai.com/images/N', 2_000)),
  post_id: v.optional(idField('post_id', 'Assets of this recorded post: post_id of create_civitai_post')),
  uses: v.optional(usesField('Assets made with this model')),
}
type Criteria = v.InferOutput<v.StrictObjectSchema<typeof criteria, undefined>>

/** Assets of one answer where several match. */
const MAX_FOUND = 500

export function createAssetQueries(deps: Pick<TrackDeps, 'db' | 'findNames'>): readonly Operation[] {
  const { db } = deps
  const findByDigest = createDigestLookup(db)

  async function findAll(input: Criteria): Promise<{ assets: readonly Asset[]; where?: SQL }> {
    const where = await toCondition(deps, input)
    if (where === undefined) return { assets: [] }
    const given = Object.values(input).filter((value) => value !== undefined)
    if (given.length > 1 || input.sha256sum === undefined) {
      return { assets: await readAssets(db.read, where, MAX_FOUND), where }
    }
    const asset = await findByDigest(toDigest(input.sha256sum))
    return { assets: asset === undefined ? [] : [asset] }
  }
  return [
    defineOperation({
      name: 'find_asset',
      summary: 'Whether an asset is recorded, and everything known of it',
      description:
        'Looks for a recorded asset; several criteria must all hold. found false is an answer, not an error. Where several assets match (post_id, uses), assets lists them, newest first, and asset is the newest. Each has its models, its prompts and, as post, the Civitai post that it is in. Before: calculate_sha256, to look for a file by its sha256sum. After: where found is true, go on with asset.asset_id, such as with update_asset, instead of recording it again; where it is false, create_asset; for the posts made with a model list_civitai_posts takes uses too.',
      example: { sha256sum: '3b7f1f0a5c2d4e6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7' },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'get', path: '/v1/assets/find' },
      aliases: assetAliases,
      input: v.strictObject(criteria),
      output: v.object({
        found: v.boolean(),
        asset: v.optional(postedAssetSchema),
        assets: v.optional(v.array(postedAssetSchema)),
        count: v.optional(v.pipe(v.number(), v.description('Assets that match, where several do'))),
      }),
      async run(input) {
        const found = await findAll(input)
        const assets = await withPosts(db.read, await withPrompts(db.read, found.assets))
        const [asset] = assets
        if (asset === undefined) return { found: false }
        if (assets.length === 1) return { found: true, asset }
        const count = assets.length < MAX_FOUND ? assets.length : await db.read.$count(assetsTable, found.where)
        return { found: true, asset, assets, count }
      },
    }),
    defineOperation({
      name: 'list_assets',
      summary: 'Recorded assets, newest first',
      description:
        'Lists assets, newest first. Before: nothing; for one of which you know the digest or a number call find_asset instead. After: update_asset with an asset_id; list_civitai_posts with include_details shows assets by post, with their prompts.',
      example: { asset_type: 'image', limit: 10 },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'get', path: '/v1/assets' },
      input: v.strictObject({
        asset_type: v.optional(v.pipe(v.picklist(ASSET_TYPES), v.description('Only images, or only videos'))),
        post_id: v.optional(idField('post_id', 'Assets of this recorded post: post_id of create_civitai_post')),
        created_by: v.optional(createdByField),
        start_time: v.optional(startTimeField),
        end_time: v.optional(endTimeField),
        limit: limitField(50, 500),
        offset: offsetField,
      }),
      output: v.object({ assets: v.array(assetSchema), ...pageEntries }),
      async run({ limit, offset, ...filter }) {
        const where = and(
          equals(assetsTable.assetType, filter.asset_type),
          equals(assetsTable.postId, filter.post_id === undefined ? undefined : toRowId(filter.post_id)),
          equals(assetsTable.createdBy, filter.created_by),
          within(assetsTable.createdAt, toTimeRange(filter)),
        )
        const [assets, count] = await Promise.all([
          readAssets(db.read, where, limit, offset),
          db.read.$count(assetsTable, where),
        ])
        return { assets, count, limit, offset }
      },
    }),
  ]
}

/**
 * All criteria together; undefined where they can match nothing.
 * @throws AppError invalid_input where none is given, or for an unreadable `uses`
 */
async function toCondition(deps: UsesDeps, input: Criteria): Promise<SQL | undefined> {
  if (Object.values(input).every((value) => value === undefined)) {
    throw new AppError('invalid_input', `find_asset needs at least one of ${Object.keys(criteria).join(', ')}`, {
      hint: 'Call calculate_sha256 and pass its sha256sum, or list_assets to see what there is',
    })
  }
  const digest = input.sha256sum === undefined ? undefined : toDigest(input.sha256sum)
  const using = input.uses === undefined ? undefined : await assetUses(deps, input.uses)
  // Part of a digest, as people shorten it, is nobody's.
  if (digest !== undefined && digest.length !== 64) return undefined
  return and(
    equals(assetsTable.id, input.asset_id === undefined ? undefined : toRowId(input.asset_id)),
    equals(assetsTable.sha256sum, digest),
    equals(assetsTable.civitaiId, input.civitai_id),
    input.civitai_url === undefined ? undefined : hasCivitaiUrl(input.civitai_url),
    equals(assetsTable.postId, input.post_id === undefined ? undefined : toRowId(input.post_id)),
    using,
  )
}

const toDigest = (text: string): string => text.toLowerCase().replace(/^(?:sha256:|0x)/, '')

/** However the address is spelled (.com, .red, with a query), its number finds the asset. */
function hasCivitaiUrl(url: string): SQL | undefined {
  const id = parseCivitaiLink(url, 'image')
  return or(eq(assetsTable.civitaiUrl, url), id === undefined ? undefined : eq(assetsTable.civitaiId, id))
}
