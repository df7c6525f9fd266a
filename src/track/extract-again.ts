import { isDeepStrictEqual } from 'node:util'
import { eq } from 'drizzle-orm'
import type { WriteDb } from '../db/db.ts'
import { AppError } from '../errors.ts'
import type { Call } from '../operation/operation.ts'
import { type AssetModel, insertModels } from './asset-models.ts'
import type { Asset, AssetRow } from './asset-row.ts'
import type { TrackDeps } from './deps.ts'
import { keepExtractedPrompt } from './extracted-prompt.ts'
import type { InspectedMedia, InspectMedia } from './inspect-media.ts'
import { newAuthorship } from './row.ts'
import { assetModelsTable } from './table.ts'

/**
 * What the media of a recorded asset say of their making, read from where they were recorded.
 * @throws AppError checksum_mismatch (other bytes are there now), and what InspectMedia throws
 */
export async function inspectAgain(inspect: InspectMedia, asset: Asset, call: Call): Promise<InspectedMedia> {
  const media = await inspect(asset.asset_url, { type: asset.asset_type, extract: true }, call)
  call.signal.throwIfAborted()
  if (media.sha256sum === asset.sha256sum) return media
  throw new AppError('checksum_mismatch', 'Other media are at asset_url than those that were recorded', {
    hint: 'Record those with create_asset, or leave extract out',
  })
}

/** An asset that is being changed. */
export interface Changing {
  /** With what else is changed, and what its media say now. */
  readonly row: AssetRow
  readonly media: InspectedMedia
  readonly linked: readonly AssetModel[]
  readonly now: number
}

export interface Making {
  /** The very list that was linked, where nothing changes. */
  readonly models: readonly AssetModel[]
  readonly inputPromptId: number | null
}

/**
 * Links the models that the media name instead of those that are linked; where they name none, what is linked stays: it
 * came from elsewhere, such as a file beside them. The prompt of generated media is kept where the asset has none.
 */
export async function linkExtracted(
  tx: WriteDb,
  audit: TrackDeps['audit'],
  call: Call,
  { row, media, linked, now }: Changing,
): Promise<Making> {
  const { models, prompt } = media
  const areSame = models.length === 0 || isDeepStrictEqual(models, linked)
  if (!areSame) {
    await tx.delete(assetModelsTable).where(eq(assetModelsTable.assetId, row.id))
    await insertModels(tx, row.id, models)
  }
  const made = { models: areSame ? linked : models }
  if (prompt === undefined || row.inputPromptId !== null || row.assetSource !== 'generated') {
    return { ...made, inputPromptId: row.inputPromptId }
  }
  const authorship = newAuthorship(call, now, row.onBehalfOf)
  const of = { prompt, type: row.assetType, authorship, op: 'update_asset' } as const
  return { ...made, inputPromptId: await keepExtractedPrompt(tx, audit, call, of) }
}
