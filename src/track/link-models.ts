import { isDeepStrictEqual } from 'node:util'
import { eq } from 'drizzle-orm'
import type { Call } from '../operation/operation.ts'
import { type AssetModel, insertModels, toAssetModels } from './asset-models.ts'
import { showAsset } from './asset-row.ts'
import { getAsset } from './asset-store.ts'
import type { TrackDeps } from './deps.ts'
import { completeModels } from './same-model.ts'
import { assetModelsTable, assetsTable } from './table.ts'
import { recordChange } from './trail.ts'

/**
 * Links models to an asset that was recorded without any, such as one whose media tell nothing themselves. One that has
 * models keeps them, and what is now known of each, such as the digest of a file that was fetched since, is added.
 * @throws AppError not_found
 */
export function createModelLinker({ db, audit, clock }: Pick<TrackDeps, 'db' | 'audit' | 'clock'>) {
  return async (assetId: string, found: readonly Partial<AssetModel>[], call: Call): Promise<void> => {
    const known = toAssetModels(found)
    if (known.length === 0) return
    const { asset: now } = await getAsset(db.read, assetId)
    if (isDeepStrictEqual(completeModels(now.models, known), now.models)) return
    const at = clock.now()
    await db.write(async (tx) => {
      const { row, asset: before } = await getAsset(tx, assetId)
      const models = completeModels(before.models, known)
      if (isDeepStrictEqual(models, before.models)) return
      await tx.delete(assetModelsTable).where(eq(assetModelsTable.assetId, row.id))
      await insertModels(tx, row.id, models)
      const changes = { updatedBy: call.actor.name, updatedAt: at }
      await tx.update(assetsTable).set(changes).where(eq(assetsTable.id, row.id))
      const after = showAsset({ ...row, ...changes }, models)
      await recordChange(audit, call, 'update_asset', at, { table: 'assets', rowId: assetId, before, after })
    })
  }
}
