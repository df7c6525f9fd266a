import { eq } from 'drizzle-orm'
import type { WriteDb } from '../db/db.ts'
import { isAppError } from '../errors.ts'
import type { Call } from '../operation/operation.ts'
import { showAsset } from './asset-row.ts'
import { getAsset, requireFreeCivitaiId } from './asset-store.ts'
import type { TrackDeps } from './deps.ts'
import type { LocalMedia } from './local-media.ts'
import { assetsTable } from './table.ts'
import { recordChange } from './trail.ts'

/** A file or an asset that is an image of the post. */
export interface Match extends LocalMedia {
  readonly civitai_image_id: string
  readonly civitai_url: string
  readonly applied: boolean
  /** Why it was not applied. */
  readonly reason?: string
}

type ApplyDeps = Pick<TrackDeps, 'db' | 'audit' | 'clock'>

/** Writes the numbers of matching images into their assets, all in one transaction; says why where one is left out. */
export async function applyMatches(deps: ApplyDeps, matches: readonly Match[], call: Call): Promise<Match[]> {
  const now = deps.clock.now()
  return deps.db.write(async (tx) => {
    const applied: Match[] = []
    for (const match of matches) {
      const reason = await applyOne(deps, tx, match, call, now)
      applied.push(reason === undefined ? { ...match, applied: true } : { ...match, reason })
    }
    return applied
  })
}

/** @returns why it was not applied */
async function applyOne(
  deps: ApplyDeps,
  tx: WriteDb,
  match: Match,
  call: Call,
  now: number,
): Promise<string | undefined> {
  if (match.asset_id === undefined)
    return 'The file is not recorded: call create_asset with civitai_image_id and civitai_url'
  const { row, asset: before } = await getAsset(tx, match.asset_id)
  const { civitai_image_id, civitai_url } = match
  if (row.civitaiId !== null && row.civitaiId !== civitai_image_id) {
    return `The asset is recorded as Civitai image ${row.civitaiId}: call update_asset to change that`
  }
  if (row.civitaiId === civitai_image_id && row.civitaiUrl !== null) return undefined
  try {
    await requireFreeCivitaiId(tx, civitai_image_id, row.id)
  } catch (error) {
    if (isAppError(error)) return error.message
    throw error
  }
  const next = {
    ...row,
    civitaiId: civitai_image_id,
    civitaiUrl: civitai_url,
    updatedBy: call.actor.name,
    updatedAt: now,
  }
  const { id: _, ...values } = next
  await tx.update(assetsTable).set(values).where(eq(assetsTable.id, row.id))
  const after = showAsset(next, before.models)
  await recordChange(deps.audit, call, 'match_post_media', now, {
    table: 'assets',
    rowId: match.asset_id,
    before,
    after,
  })
  return undefined
}
