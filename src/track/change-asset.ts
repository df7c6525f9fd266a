import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { toRowId } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import { assetAliases, assetFields, assetIdField } from './asset-fields.ts'
import { insertModels } from './asset-models.ts'
import { type Asset, assetSchema, showAsset } from './asset-row.ts'
import { getAsset, requireFreeCivitaiId } from './asset-store.ts'
import { mergeCivitaiPair } from './civitai-pair.ts'
import type { CreateAssetDeps } from './create-asset.ts'
import type { InspectedMedia } from './inspect-media.ts'
import { requireReferences } from './references.ts'
import { assetModelsTable, assetsTable } from './table.ts'
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
    v.pipe(v.boolean(), v.description('true reads the media at asset_url again and replaces the linked models')),
  ),
})
type Update = v.InferOutput<typeof updateSchema>

export function createAssetChanges(deps: CreateAssetDeps): readonly Operation[] {
  return [
    defineOperation({
      name: 'update_asset',
      summary: 'Link an asset to its post or prompts, or change what is known of it',
      description:
        'Changes an asset and returns all of it. A field that is left out keeps its value, null clears it, metadata is replaced whole. Mostly called last, to link an asset to a post: asset_id from create_asset or find_asset, post_id from create_civitai_post. Media, type and source never change: other bytes are another asset.',
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
        'Removes the record of an asset with its linked models and its history of reactions, and returns the asset as it was. Files and Civitai are not touched; prompts and posts stay. To only take it off a post call update_asset with post_id null.',
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

async function updateAsset(deps: CreateAssetDeps, input: Update, call: Call): Promise<Asset> {
  const { db, audit, clock } = deps
  const media = input.extract === true ? await inspectAgain(deps, input.asset_id, call) : undefined
  const now = clock.now()
  return db.write(async (tx) => {
    const { row, asset: before } = await getAsset(tx, input.asset_id)
    const pair = mergeCivitaiPair('image', input, row)
    await requireReferences(tx, input)
    await requireFreeCivitaiId(tx, pair.civitaiId, row.id)
    const changes = {
      inputPromptId: toChange(input.input_prompt_id),
      outputPromptId: toChange(input.output_prompt_id),
      postId: toChange(input.post_id),
      inputAssetIds: input.input_asset_ids,
      metadata: input.metadata,
      onBehalfOf: input.on_behalf_of,
    }
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    const asksNothing = Object.values(input).filter((value) => value !== undefined).length === 1
    if (asksNothing) return before
    const next = { ...row, ...given, ...pair, updatedBy: call.actor.name, updatedAt: now }
    const { id: _, ...values } = next
    await tx.update(assetsTable).set(values).where(eq(assetsTable.id, row.id))
    if (media !== undefined) {
      await tx.delete(assetModelsTable).where(eq(assetModelsTable.assetId, row.id))
      await insertModels(tx, row.id, media.models)
    }
    const after = showAsset(next, media?.models ?? before.models)
    await recordChange(audit, call, 'update_asset', now, { table: 'assets', rowId: input.asset_id, before, after })
    return after
  })
}

/** @throws AppError checksum_mismatch where other bytes stand at the asset's address now */
async function inspectAgain({ db, inspect }: CreateAssetDeps, assetId: string, call: Call): Promise<InspectedMedia> {
  const { asset } = await getAsset(db.read, assetId)
  const media = await inspect(asset.asset_url, { type: asset.asset_type, extract: true }, call)
  if (media.sha256sum === asset.sha256sum) return media
  throw new AppError('checksum_mismatch', 'Cannot read the asset again: other bytes stand at its asset_url now', {
    hint: 'Record them with create_asset; nothing was changed',
  })
}

async function deleteAsset({ db, audit, clock }: CreateAssetDeps, assetId: string, call: Call): Promise<Asset> {
  const now = clock.now()
  return db.write(async (tx) => {
    const { row, asset } = await getAsset(tx, assetId)
    await tx.delete(assetsTable).where(eq(assetsTable.id, row.id))
    const change = { table: 'assets', rowId: assetId, before: asset, after: null } as const
    await recordChange(audit, call, 'delete_asset', now, change)
    return asset
  })
}
