import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import { toRowId } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import { assetAliases, assetFields, assetIdField } from './asset-fields.ts'
import { type Asset, assetSchema, showAsset } from './asset-row.ts'
import { getAsset, requireFreeCivitaiId } from './asset-store.ts'
import { mergeCivitaiPair } from './civitai-pair.ts'
import type { Reader } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { inspectAgain, linkExtracted } from './extract-again.ts'
import type { InspectMedia } from './inspect-media.ts'
import { requireReferences } from './references.ts'
import { assetsTable } from './table.ts'
import { recordChange } from './trail.ts'

const updateSchema = v.strictObject({
  asset_id: assetIdField,
  input_prompt_id: v.nullish(assetFields.input_prompt_id),
  output_prompt_id: v.nullish(assetFields.output_prompt_id),
  post_id: v.nullish(assetFields.post_id),
  input_asset_ids: v.nullish(assetFields.input_asset_ids),
  civitai_id: v.nullish(assetFields.civitai_id),
  civitai_url: v.nullish(assetFields.civitai_url),
  metadata: v.nullish(assetFields.metadata),
  on_behalf_of: v.nullish(assetFields.on_behalf_of),
  extract: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Read the media again where they were recorded, as create_asset does: link the models they name instead of those that are linked and, of generated media without an input_prompt_id, record and link their prompt',
      ),
    ),
  ),
})
type Update = v.InferOutput<typeof updateSchema>

interface ChangeDeps extends Pick<TrackDeps, 'db' | 'audit' | 'clock'> {
  readonly inspect: InspectMedia
}

export function createAssetChanges(deps: ChangeDeps): readonly Operation[] {
  return [
    defineOperation({
      name: 'update_asset',
      summary: 'Link an asset to its post or prompts, or change what is known of it',
      description:
        'Changes an asset and returns all of it. A field that is left out keeps its value, null clears it, metadata is replaced whole. Media, type and source never change: other bytes are another asset. With extract the media are read again and what they name is linked, such as where create_asset was told not to, or models are better known by now. Before: create_asset or find_asset, for the asset_id; create_civitai_post, for the post_id that links it to a post. After: nothing; list_civitai_posts with include_details shows what is linked.',
      example: { asset_id: '456', post_id: '789' },
      effect: 'write',
      permission: 'track:write',
      http: { method: 'patch', path: '/v1/assets/{asset_id}' },
      aliases: assetAliases,
      input: updateSchema,
      output: assetSchema,
      run: (input, call) => updateAsset(deps, input, call),
    }),
    defineOperation({
      name: 'delete_asset',
      summary: 'Remove an asset from the ledger; its media stay where they are',
      description:
        'Removes the record of an asset with its linked models and its history of reactions, and returns the asset as it was. Files and Civitai are not touched; prompts and posts stay. Before: find_asset, to be sure of the asset_id; to only take it off a post call update_asset with post_id null instead. After: nothing.',
      example: { asset_id: '456' },
      effect: 'destroy',
      permission: 'track:write',
      http: { method: 'delete', path: '/v1/assets/{asset_id}' },
      input: v.strictObject({ asset_id: assetIdField }),
      output: assetSchema,
      run: ({ asset_id }, call) => deleteAsset(deps, asset_id, call),
    }),
  ]
}

/** A public id as a row number; undefined keeps, null clears. */
function toChange(id: string | null | undefined): number | null | undefined {
  return typeof id === 'string' ? toRowId(id) : id
}

/** The asset as it is, with what the input makes of its two fields of Civitai. @throws AppError as update_asset does */
async function getChangeable(db: Reader, input: Update) {
  const found = await getAsset(db, input.asset_id)
  const pair = mergeCivitaiPair('image', input, found.row)
  await requireReferences(db, input)
  await requireFreeCivitaiId(db, pair.civitaiId, found.row.id)
  return { ...found, pair }
}

async function updateAsset({ db, audit, clock, inspect }: ChangeDeps, input: Update, call: Call): Promise<Asset> {
  // What costs nothing is checked before the media are read, and again in the write, where it counts.
  const media = input.extract
    ? await inspectAgain(inspect, (await getChangeable(db.read, input)).asset, call)
    : undefined
  const now = clock.now()
  return db.write(async (tx) => {
    const { row, asset: before, pair } = await getChangeable(tx, input)
    const changes = {
      inputPromptId: toChange(input.input_prompt_id),
      outputPromptId: toChange(input.output_prompt_id),
      postId: toChange(input.post_id),
      inputAssetIds: input.input_asset_ids,
      metadata: input.metadata,
      onBehalfOf: input.on_behalf_of,
    }
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    const wanted = { ...row, ...given, ...pair }
    const { models, inputPromptId } =
      media === undefined
        ? { models: before.models, inputPromptId: wanted.inputPromptId }
        : await linkExtracted(tx, audit, call, { media, row: wanted, linked: before.models, now })
    const samePair = input.civitai_id === undefined && input.civitai_url === undefined
    const sameMaking = models === before.models && inputPromptId === row.inputPromptId
    if (Object.keys(given).length === 0 && samePair && sameMaking) return before
    const next = { ...wanted, inputPromptId, updatedBy: call.actor.name, updatedAt: now }
    const { id: _, ...values } = next
    await tx.update(assetsTable).set(values).where(eq(assetsTable.id, row.id))
    const after = showAsset(next, models)
    await recordChange(audit, call, 'update_asset', now, { table: 'assets', rowId: input.asset_id, before, after })
    return after
  })
}

async function deleteAsset({ db, audit, clock }: ChangeDeps, assetId: string, call: Call): Promise<Asset> {
  const now = clock.now()
  return db.write(async (tx) => {
    const { row, asset } = await getAsset(tx, assetId)
    await tx.delete(assetsTable).where(eq(assetsTable.id, row.id))
    const change = { table: 'assets', rowId: assetId, before: asset, after: null } as const
    await recordChange(audit, call, 'delete_asset', now, change)
    return asset
  })
}
