import { and, asc, eq, placeholder as given, gt, isNull, type SQL, sql } from 'drizzle-orm'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { type Inspected, type Inspection, type InspectRequest, MARKED_PARTIAL, ROTTEN } from '../inspect/inspection.ts'
import { modelFilesTable as files } from '../table.ts'
import { among, listedPathOf, type ModelRow, NOTHING_READ } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

const REQUESTED = {
  path: files.path,
  root: files.root,
  relative: files.relative,
  aliases: files.aliases,
  state: files.state,
  fault: files.fault,
  sizeBytes: files.sizeBytes,
  modifiedUs: files.modifiedUs,
  changedUs: files.changedUs,
  place: files.place,
  sample: files.sample,
}

/** A request, and what tells whether the row is still the one that it was made from. */
export interface FileToInspect extends InspectRequest {
  readonly changedUs: number
  readonly place: number
}

/** Files whose header and sidecars were not read since they changed, in the order of their paths. */
export const filesToInspect = (deps: IndexDeps, after: string, limit: number): Promise<FileToInspect[]> =>
  toInspect(deps, gt(files.path, after), limit)

/** Those of the files at these paths. */
export const filesToInspectAt = (deps: IndexDeps, paths: readonly string[]): Promise<FileToInspect[]> =>
  toInspect(deps, among(files.path, paths), paths.length)

type IndexDeps = Pick<LibraryDeps, 'db' | 'instanceId'>

async function toInspect(
  { db, instanceId }: IndexDeps,
  some: SQL | undefined,
  limit: number,
): Promise<FileToInspect[]> {
  const rows = await db.read
    .select(REQUESTED)
    .from(files)
    .where(and(eq(files.instanceId, instanceId()), isNull(files.inspectedAt), isNull(files.goneAt), some))
    .orderBy(asc(files.path))
    .limit(limit)
  return rows.map((row) => ({
    path: row.path,
    listedPath: listedPathOf(row),
    aliases: row.aliases.map(String),
    partial: row.state === 'partial' && row.fault === MARKED_PARTIAL,
    sizeBytes: row.sizeBytes,
    modifiedUs: row.modifiedUs,
    changedUs: row.changedUs,
    place: row.place,
    sample: row.sample !== null,
  }))
}

/**
 * Writes what was read of files. One that has changed since, in its bytes or in what lies beside it, is left for the next
 * time. @returns how many lost their digests by it
 */
export type StoreInspections = (requests: readonly FileToInspect[], inspected: readonly Inspected[]) => Promise<number>

export function createInspectionStore({ db, clock, instanceId }: LibraryDeps): StoreInspections {
  const isFile = and(eq(files.instanceId, given('instance')), eq(files.path, given('path')))
  const update = onFirstUse(() =>
    db.writer
      .update(files)
      .set({
        state: sql`${given('state')}`,
        fault: sql`${given('fault')}`,
        claims: sql`${given('claims')}`,
        claimedTensor: sql`${given('claimedTensor')}`,
        outputNameKey: sql`${given('outputNameKey')}`,
        license: sql`${given('license')}`,
        baseModel: sql`${given('baseModel')}`,
        civitaiModelId: sql`${given('modelId')}`,
        civitaiVersionId: sql`${given('versionId')}`,
        inspectedAt: sql`${given('now')}`,
        updatedAt: sql`${given('now')}`,
      })
      .where(isFile)
      .prepare(),
  )
  const forget = onFirstUse(() =>
    db.writer
      .update(files)
      .set({ ...NOTHING_READ, civitai: null })
      .where(isFile)
      .prepare(),
  )

  return (requests, inspected) =>
    db.write(async (tx) => {
      const rows = await tx
        .select(COMPARED)
        .from(files)
        .where(
          and(
            eq(files.instanceId, instanceId()),
            among(
              files.path,
              requests.map(({ path }) => path),
            ),
          ),
        )
      const stored = new Map(rows.map((row) => [row.path, row]))
      let refuted = 0
      // On a remote database they share the way there and back.
      const statements: Promise<unknown>[] = []
      for (const [at, request] of requests.entries()) {
        const row = stored.get(request.path)
        const found = inspected[at]
        if (row === undefined || found === undefined) continue
        if (!isAsRequested(row, request)) continue
        const key = { instance: instanceId(), path: row.path }
        // Other bytes than those that were hashed, although size and time say nothing of it.
        const isOther = row.sample !== null && found.sample !== undefined && found.sample !== row.sample
        if (isOther) {
          refuted += 1
          statements.push(forget().run(key))
        }
        statements.push(update().run({ ...key, ...toValues(row, found, isOther), now: clock.now() }))
      }
      for (const outcome of await Promise.allSettled(statements)) {
        if (outcome.status === 'rejected') throw outcome.reason
      }
      return refuted
    })
}

const COMPARED = {
  path: files.path,
  sizeBytes: files.sizeBytes,
  modifiedUs: files.modifiedUs,
  changedUs: files.changedUs,
  place: files.place,
  state: files.state,
  fault: files.fault,
  sample: files.sample,
  civitai: files.civitai,
  baseModel: files.baseModel,
  civitaiModelId: files.civitaiModelId,
  civitaiVersionId: files.civitaiVersionId,
}

type Compared = Pick<ModelRow, keyof typeof COMPARED>

/** Sidecars and markers are told by the place, other bytes under the same size and time by the ctime. */
const isAsRequested = (row: Compared, request: FileToInspect): boolean =>
  row.sizeBytes === request.sizeBytes &&
  row.modifiedUs === request.modifiedUs &&
  row.changedUs === request.changedUs &&
  row.place === request.place

function toValues(row: Compared, found: Inspection, isOther: boolean) {
  const label = isOther ? null : row.civitai
  // What Civitai said of the digest weighs more than what the file says of itself.
  const isIdentified = label !== null && typeof label['version_id'] === 'number'
  const isRotten = !isOther && row.state === 'corrupt' && row.fault?.startsWith(ROTTEN) === true
  return {
    state: isRotten ? row.state : found.state,
    fault: isRotten ? row.fault : (found.fault ?? null),
    claims: JSON.stringify(found.claims),
    claimedTensor: found.claimedTensor ?? null,
    outputNameKey: found.outputName?.toLowerCase() ?? null,
    license: found.license ?? null,
    baseModel: isIdentified ? row.baseModel : (found.baseModel ?? null),
    modelId: isIdentified ? row.civitaiModelId : (found.civitaiModelId ?? null),
    versionId: isIdentified ? row.civitaiVersionId : (found.civitaiVersionId ?? null),
  }
}
