import { desc, eq } from 'drizzle-orm'
import * as v from 'valibot'
import type { CivitaiImage } from '../civitai/image.ts'
import { idField, limitField, offsetField, toPublicId, toRowId } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation, traceOf } from '../operation/operation.ts'
import { assetIdField } from './asset-fields.ts'
import { reactionEntries } from './civitai-assets.ts'
import { isAmong } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { noSuchAsset } from './references.ts'
import { authorEntries, newAuthorship, pageEntries, showAuthorship, shownId } from './row.ts'
import { assetStatsTable, assetsTable } from './table.ts'
import { recordChange } from './trail.ts'

const statsSchema = v.object({ at: v.string(), ...reactionEntries, ...authorEntries })

const showStats = (row: typeof assetStatsTable.$inferSelect): v.InferOutput<typeof statsSchema> => {
  const { cry, laugh, like, dislike, heart, comment } = row
  const author = showAuthorship(row)
  return { at: author.created_at, cry, laugh, like, dislike, heart, comment, ...author }
}

/** As many as Civitai gives in one answer. */
const PAGE_IMAGES = 200

type StatsDeps = Pick<TrackDeps, 'db' | 'audit' | 'clock' | 'civitai' | 'civitaiToken'>

export function createStatsOperations(deps: StatsDeps): readonly Operation[] {
  const { db } = deps
  return [
    defineOperation({
      name: 'sync_post_asset_stats',
      summary: 'Keep the present reactions to every recorded asset of a Civitai post',
      description:
        'Reads the reactions to all media of a Civitai post and keeps one row for each recorded asset; call it as often as a point in time is wanted. Assets are found by their civitai_id: images that no asset names are skipped (skipped_image_ids). Before: create_asset with civitai_id for the media of the post, or match_post_media with apply for assets that are recorded already. After: list_asset_stats shows how the reactions of an asset grow.',
      example: { civitai_post_id: '23683656' },
      effect: 'write',
      permission: 'track:write',
      http: { method: 'post', path: '/v1/civitai/posts/{civitai_post_id}/stats' },
      input: v.strictObject({
        civitai_post_id: idField('civitai_post_id', 'The number N in https://civitai.com/posts/N'),
      }),
      output: v.object({
        civitai_post_id: shownId,
        at: v.string(),
        synced_count: v.number(),
        skipped_count: v.number(),
        skipped_image_ids: v.array(shownId),
        failed: v.pipe(
          v.array(v.object({ civitai_image_id: shownId, asset_id: shownId, reason: v.string() })),
          v.description('Recorded assets whose reactions Civitai did not give'),
        ),
      }),
      run: ({ civitai_post_id }, call) => syncStats(deps, civitai_post_id, call),
    }),
    defineOperation({
      name: 'list_asset_stats',
      summary: 'How the reactions to an asset grew, newest first',
      description:
        'Lists the kept reactions of one asset, newest first. Before: sync_post_asset_stats, which keeps a row each time (empty until the first one); find_asset, for the asset_id. After: nothing.',
      example: { asset_id: '456', limit: 10 },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'get', path: '/v1/assets/{asset_id}/stats' },
      input: v.strictObject({ asset_id: assetIdField, limit: limitField(50, 500), offset: offsetField }),
      output: v.object({ items: v.array(statsSchema), ...pageEntries }),
      async run({ asset_id, limit, offset }) {
        const id = toRowId(asset_id)
        const known = await db.read.select({ id: assetsTable.id }).from(assetsTable).where(eq(assetsTable.id, id))
        if (known.length === 0) throw noSuchAsset(asset_id)
        const where = eq(assetStatsTable.assetId, id)
        const [rows, count] = await Promise.all([
          db.read
            .select()
            .from(assetStatsTable)
            .where(where)
            .orderBy(desc(assetStatsTable.createdAt), desc(assetStatsTable.id))
            .limit(limit)
            .offset(offset),
          db.read.$count(assetStatsTable, where),
        ])
        return { items: rows.map(showStats), count, limit, offset }
      },
    }),
  ]
}

async function syncStats({ db, audit, clock, civitai, civitaiToken }: StatsDeps, civitaiPostId: string, call: Call) {
  const token = await civitaiToken(call.actor)
  const images: CivitaiImage[] = []
  const options = { limit: PAGE_IMAGES, token, signal: call.signal, trace: traceOf(call) }
  for await (const page of civitai.postImagePages(civitaiPostId, options)) {
    images.push(...page.images)
    call.progress({ done: images.length, unit: 'items', message: 'reading reactions' })
  }
  const author = newAuthorship(call, clock.now())
  return db.write(async (tx) => {
    const ids = images.map(({ id }) => id)
    const known = await tx
      .select({ id: assetsTable.id, civitaiId: assetsTable.civitaiId })
      .from(assetsTable)
      .where(isAmong(assetsTable.civitaiId, ids))
    const assetIds = new Map(known.map((row) => [row.civitaiId, row.id]))
    const skipped: string[] = []
    const failed: { civitai_image_id: string; asset_id: string; reason: string }[] = []
    let synced = 0
    for (const { id, stats } of images) {
      const assetId = assetIds.get(id)
      if (assetId === undefined) {
        skipped.push(id)
        continue
      }
      if (Object.values(stats).every((value) => value === null)) {
        failed.push({ civitai_image_id: id, asset_id: toPublicId(assetId), reason: 'Civitai gave no reactions for it' })
        continue
      }
      const [row] = await tx
        .insert(assetStatsTable)
        .values({ assetId, ...stats, ...author })
        .returning()
      if (row === undefined) throw new Error('The database gave new stats no row')
      const after = { asset_id: toPublicId(assetId), ...showStats(row) }
      const change = { table: 'asset_stats', rowId: toPublicId(row.id), before: null, after } as const
      await recordChange(audit, call, 'sync_post_asset_stats', author.createdAt, change)
      synced += 1
    }
    return {
      civitai_post_id: civitaiPostId,
      at: showAuthorship(author).created_at,
      synced_count: synced,
      skipped_count: skipped.length,
      skipped_image_ids: skipped,
      failed,
    }
  })
}
