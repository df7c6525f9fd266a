import { toPublicId, toRowId } from '../operation/fields.ts'
import type { Call } from '../operation/operation.ts'
import { isAmong } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import type { MediaReader } from './media-source.ts'
import { noSuchAsset } from './references.ts'
import { assetsTable } from './table.ts'

/** What may turn out to be an image of a post: a file, or an asset by its stored digest. */
export interface LocalMedia {
  /** As it was given; of an asset its asset_url. */
  readonly path: string
  /** Absent where the ledger does not know the bytes. */
  readonly asset_id?: string
  readonly sha256sum: string
}

export interface LocalMediaDeps extends Pick<TrackDeps, 'db'> {
  readonly media: MediaReader
}

export interface LocalInput {
  readonly paths?: readonly string[] | undefined
  readonly asset_ids?: readonly string[] | undefined
}

/** @throws AppError not_found for an unknown asset, and what MediaReader.read throws */
export async function findLocalMedia(deps: LocalMediaDeps, input: LocalInput, call: Call): Promise<LocalMedia[]> {
  return input.paths === undefined ? readAssets(deps, input.asset_ids ?? []) : hashPaths(deps, input.paths, call)
}

async function readAssets({ db }: LocalMediaDeps, assetIds: readonly string[]): Promise<LocalMedia[]> {
  const rows = await db.read
    .select({ id: assetsTable.id, path: assetsTable.assetUrl, sha256sum: assetsTable.sha256sum })
    .from(assetsTable)
    .where(isAmong(assetsTable.id, assetIds.map(toRowId)))
  const known = new Map(rows.map((row) => [toPublicId(row.id), row]))
  return [...new Set(assetIds)].map((asset_id) => {
    const row = known.get(asset_id)
    if (row === undefined) throw noSuchAsset(asset_id, 'asset_ids')
    return { path: row.path, asset_id, sha256sum: row.sha256sum }
  })
}

async function hashPaths({ db, media }: LocalMediaDeps, paths: readonly string[], call: Call): Promise<LocalMedia[]> {
  const hashed: { path: string; sha256sum: string }[] = []
  for (const path of new Set(paths)) {
    const { sha256sum } = await media.read(path, call, { field: 'paths' })
    hashed.push({ path, sha256sum })
  }
  const rows = await db.read
    .select({ id: assetsTable.id, sha256sum: assetsTable.sha256sum })
    .from(assetsTable)
    .where(
      isAmong(
        assetsTable.sha256sum,
        hashed.map(({ sha256sum }) => sha256sum),
      ),
    )
  const known = new Map(rows.map((row) => [row.sha256sum, toPublicId(row.id)]))
  return hashed.map((item) => {
    const asset_id = known.get(item.sha256sum)
    return asset_id === undefined ? item : { ...item, asset_id }
  })
}
