import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import type { Inspected, Inspection, InspectRequest } from '../inspect/inspection.ts'
import { modelFilesTable as files } from '../table.ts'
import { MARKED_PARTIAL } from './merge-row.ts'
import { among, listedPathOf, type ModelRow, NOTHING_READ, upsertRows } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** Files whose header and sidecars were not read since they changed, in the order of their paths. */
export async function filesToInspect(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  after: string,
  limit: number,
): Promise<InspectRequest[]> {
  const rows = await db.read
    .select()
    .from(files)
    .where(
      and(eq(files.instanceId, instanceId()), isNull(files.inspectedAt), isNull(files.goneAt), gt(files.path, after)),
    )
    .orderBy(asc(files.path))
    .limit(limit)
  return rows.map((row) => ({
    path: row.path,
    listedPath: listedPathOf(row),
    partial: row.state === 'partial' && row.fault === MARKED_PARTIAL,
    sizeBytes: row.sizeBytes,
    modifiedUs: row.modifiedUs,
    sample: row.sample !== null,
  }))
}

/** Writes what was read of files, unless a file has changed since. @returns how many lost their digests by it */
export async function storeInspections(
  { db, clock, instanceId }: LibraryDeps,
  requests: readonly InspectRequest[],
  inspected: readonly Inspected[],
): Promise<number> {
  const asked = new Map(requests.map((request) => [request.path, request]))
  const read = new Map(inspected.map((each) => [each.path, each]))
  return db.write(async (tx) => {
    const rows = await tx
      .select()
      .from(files)
      .where(and(eq(files.instanceId, instanceId()), among(files.path, [...read.keys()])))
    let refuted = 0
    const written: ModelRow[] = []
    for (const row of rows) {
      const request = asked.get(row.path)
      const found = read.get(row.path)
      if (request === undefined || found === undefined) continue
      if (row.sizeBytes !== request.sizeBytes || row.modifiedUs !== request.modifiedUs) continue
      // Other bytes than those that were hashed, although size and time say nothing of it.
      const isOther = row.sample !== null && found.sample !== undefined && found.sample !== row.sample
      if (isOther) refuted += 1
      written.push({
        ...row,
        ...(isOther ? { ...NOTHING_READ, civitai: null } : {}),
        ...toColumns(row, found, isOther),
        inspectedAt: clock.now(),
        updatedAt: clock.now(),
      })
    }
    await upsertRows(tx, written)
    return refuted
  })
}

function toColumns(row: ModelRow, found: Inspection, isOther: boolean): Partial<ModelRow> {
  const label = isOther ? null : row.civitai
  // What Civitai said of the digest weighs more than what the file says of itself.
  const isIdentified = label !== null && typeof label.version_id === 'number'
  return {
    state: found.state,
    fault: found.fault ?? null,
    claims: found.claims,
    claimedTensor: found.claimedTensor ?? null,
    outputNameKey: found.outputName?.toLowerCase() ?? null,
    license: found.license ?? null,
    ...(isIdentified
      ? {}
      : {
          baseModel: found.baseModel ?? null,
          civitaiModelId: found.civitaiModelId ?? null,
          civitaiVersionId: found.civitaiVersionId ?? null,
        }),
  }
}
