import { eq } from 'drizzle-orm'
import type { Call } from '../operation/operation.ts'
import { type AssetModel, insertModels, toAssetModels } from './asset-models.ts'
import { showAsset } from './asset-row.ts'
import { getAsset } from './asset-store.ts'
import type { TrackDeps } from './deps.ts'
import { assetsTable } from './table.ts'
import { recordChange } from './trail.ts'

/**
 * Links models to an asset that was recorded without any, such as one whose media tell nothing themselves; those of
 * another stay as they are. @throws AppError not_found
 */
export function createModelLinker({ db, audit, clock }: Pick<TrackDeps, 'db' | 'audit' | 'clock'>) {
  return async (assetId: string, found: readonly Partial<AssetModel>[], call: Call): Promise<void> => {
    const models = toAssetModels(found)
    if (models.length === 0) return
    const now = clock.now()
    await db.write(async (tx) => {
      const { row, asset: before } = await getAsset(tx, assetId)
      if (before.models.length > 0) return
      await insertModels(tx, row.id, models)
      const changes = { updatedBy: call.actor.name, updatedAt: now }
      await tx.update(assetsTable).set(changes).where(eq(assetsTable.id, row.id))
      const after = showAsset({ ...row, ...changes }, models)
      await recordChange(audit, call, 'update_asset', now, { table: 'assets', rowId: assetId, before, after })
    })
  }
}
