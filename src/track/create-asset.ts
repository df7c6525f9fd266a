import * as v from 'valibot'
import type { WriteDb } from '../db/db.ts'
import { requiredTextField, toPublicId, toRowId } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import { assetAliases, assetFields } from './asset-fields.ts'
import { insertModels } from './asset-models.ts'
import { type Asset, assetSchema, showAsset } from './asset-row.ts'
import { requireFreeCivitaiId, requireNewBytes } from './asset-store.ts'
import { mergeCivitaiPair } from './civitai-pair.ts'
import type { TrackDeps } from './deps.ts'
import { keepExtractedPrompt } from './extracted-prompt.ts'
import type { InspectMedia } from './inspect-media.ts'
import { requireReferences } from './references.ts'
import { newAuthorship } from './row.ts'
import { ASSET_SOURCES, ASSET_TYPES, assetsTable } from './table.ts'
import { recordChange } from './trail.ts'

const inputSchema = v.strictObject({
  asset_url: requiredTextField(
    'Where the media is: an absolute path on the host where airkeep runs, or a file://, http(s):// or s3://bucket/key URL',
  ),
  asset_type: v.pipe(
    v.picklist(ASSET_TYPES),
    v.description('What the bytes at asset_url are; other bytes are refused'),
  ),
  asset_source: v.pipe(
    v.picklist(ASSET_SOURCES),
    v.description(
      'generated: a model made it; upload: it came from elsewhere, such as a photo or media found on Civitai',
    ),
  ),
  input_prompt_id: v.optional(assetFields.input_prompt_id),
  output_prompt_id: v.optional(assetFields.output_prompt_id),
  post_id: v.optional(assetFields.post_id),
  input_asset_ids: v.optional(assetFields.input_asset_ids),
  civitai_id: v.optional(assetFields.civitai_id),
  civitai_url: v.optional(assetFields.civitai_url),
  metadata: v.optional(assetFields.metadata),
  on_behalf_of: v.optional(assetFields.on_behalf_of),
  extract: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Read the generation data inside the media: link the models it names and, of generated media without an input_prompt_id, record and link its prompt',
      ),
    ),
    true,
  ),
})

export interface CreateAssetDeps extends Pick<TrackDeps, 'db' | 'audit' | 'clock'> {
  readonly inspect: InspectMedia
}

export function createAssetCreation(deps: CreateAssetDeps): Operation {
  return defineOperation({
    name: 'create_asset',
    summary: 'Record an image or a video, known by its SHA-256',
    description:
      'Records one image or video and returns its asset_id. Reads everything at asset_url, computes its SHA-256 and checks that it is the asset_type. Unless extract is false, the models that the media name in their own metadata are linked; where no input_prompt_id is given and asset_source is generated, so is the prompt there, recorded unless the ledger has the same. The same bytes, or the same civitai_id, a second time give a conflict whose `existing` holds the asset_id to go on with. Before: calculate_sha256 and find_asset, to see whether it is recorded already; create_prompt where there is a prompt, for the input_prompt_id; for media of a Civitai post fetch_civitai_post_assets, for asset_url, civitai_image_id and civitai_url. After: keep the asset_id; once the post is recorded (create_civitai_post), update_asset with asset_id and post_id links them.',
    example: {
      asset_url: 'https://example.com/images/mountain.jpg',
      asset_type: 'image',
      asset_source: 'generated',
      input_prompt_id: '123',
    },
    effect: 'write',
    permission: 'track:write',
    http: { method: 'post', path: '/v1/assets', status: 201 },
    aliases: assetAliases,
    paths: ['asset_url'],
    input: inputSchema,
    output: assetSchema,
    run: (input, call) => createAsset(deps, input, call),
  })
}

async function createAsset(
  { db, audit, clock, inspect }: CreateAssetDeps,
  input: v.InferOutput<typeof inputSchema>,
  call: Call,
): Promise<Asset> {
  const pair = mergeCivitaiPair('image', input)
  // What costs nothing is checked before anything is fetched, and again in the write, where it counts.
  await requireReferences(db.read, input)
  await requireFreeCivitaiId(db.read, pair.civitaiId)
  const media = await inspect(input.asset_url, { type: input.asset_type, extract: input.extract }, call)
  call.signal.throwIfAborted()

  const toId = (id: string | undefined): number | null => (id === undefined ? null : toRowId(id))
  const authorship = newAuthorship(call, clock.now(), input.on_behalf_of)
  const values = {
    assetUrl: input.asset_url,
    assetType: input.asset_type,
    assetSource: input.asset_source,
    sha256sum: media.sha256sum,
    sizeBytes: media.sizeBytes,
    mimeType: media.mimeType,
    outputPromptId: toId(input.output_prompt_id),
    postId: toId(input.post_id),
    inputAssetIds: input.input_asset_ids ?? null,
    ...pair,
    metadata: input.metadata ?? null,
    ...authorship,
  }
  // The words of media that came from elsewhere made nothing here.
  const prompt = input.asset_source === 'generated' ? media.prompt : undefined
  const keepPrompt = async (tx: WriteDb): Promise<number | null> =>
    prompt === undefined
      ? null
      : keepExtractedPrompt(tx, audit, call, { prompt, type: input.asset_type, authorship, op: 'create_asset' })
  return db.write(async (tx) => {
    await requireNewBytes(tx, media.sha256sum)
    await requireFreeCivitaiId(tx, pair.civitaiId)
    await requireReferences(tx, input)
    const row = { ...values, inputPromptId: toId(input.input_prompt_id) ?? (await keepPrompt(tx)) }
    const id = (await tx.insert(assetsTable).values(row).returning({ id: assetsTable.id }))[0]?.id
    if (id === undefined) throw new Error('The database gave a new asset no id')
    await insertModels(tx, id, media.models)
    const asset = showAsset({ id, ...row }, media.models)
    const change = { table: 'assets', rowId: toPublicId(id), before: null, after: asset } as const
    await recordChange(audit, call, 'create_asset', values.createdAt, change)
    return asset
  })
}
