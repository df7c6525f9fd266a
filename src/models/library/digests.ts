import { and, asc, eq, placeholder as given, inArray, isNull, notInArray, sql, sum } from 'drizzle-orm'
import { toAppError } from '../../errors.ts'
import type { FileDigest } from '../../hash/whole-file.ts'
import type { ModelState } from '../inspect/inspection.ts'
import { modelFilesTable as files } from '../table.ts'
import { among, type ModelRow } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** What is worth hashing: the rest is not what its name says, or changes while it is read. */
const HASHED_STATES: readonly ModelState[] = ['ok', 'pickle']

export type FileToHash = Pick<ModelRow, 'path' | 'sizeBytes' | 'modifiedUs' | 'device' | 'relative'>

const toHash = (deps: Pick<LibraryDeps, 'instanceId'>, roots: readonly string[]) =>
  and(
    eq(files.instanceId, deps.instanceId()),
    isNull(files.hashedAt),
    isNull(files.goneAt),
    // With the sign SQLite leaves the index of states alone, which leads to every good file.
    sql`+${files.state} in ${HASHED_STATES}`,
    roots.length === 0 ? undefined : among(files.root, roots),
  )

/** Files without digests, the small ones first: many are known soon. Without `except` (paths). */
export function filesToHash(
  deps: Pick<LibraryDeps, 'db' | 'instanceId'>,
  {
    roots,
    except,
    limit,
  }: { readonly roots: readonly string[]; readonly except: readonly string[]; readonly limit: number },
): Promise<FileToHash[]> {
  return deps.db.read
    .select({
      path: files.path,
      sizeBytes: files.sizeBytes,
      modifiedUs: files.modifiedUs,
      device: files.device,
      relative: files.relative,
    })
    .from(files)
    .where(
      and(
        toHash(deps, roots),
        except.length === 0
          ? undefined
          : notInArray(files.path, sql`(select value from json_each(${JSON.stringify(except)}))`),
      ),
    )
    .orderBy(asc(files.sizeBytes), asc(files.path))
    .limit(limit)
}

/** Files and bytes that are still to be hashed. */
export async function countToHash(
  deps: Pick<LibraryDeps, 'db' | 'instanceId'>,
  roots: readonly string[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const [row] = await deps.db.read
    .select({ files: sql<number>`count(*)`, bytes: sum(files.sizeBytes) })
    .from(files)
    .where(toHash(deps, roots))
  return { files: row?.files ?? 0, bytes: Number(row?.bytes ?? 0) }
}

/** Whether a file has got its digests since it was asked for what is to be hashed. */
export async function isHashed(deps: Pick<LibraryDeps, 'db' | 'instanceId'>, path: string): Promise<boolean> {
  const rows = await deps.db.read
    .select({ hashedAt: files.hashedAt })
    .from(files)
    .where(and(eq(files.instanceId, deps.instanceId()), eq(files.path, path)))
  return rows.some(({ hashedAt }) => hashedAt !== null)
}

export interface DigestKeeper {
  /** Keeps a file's digests, unless it has changed since it was found. @returns whether they were kept */
  store(path: string, found: FileDigest): Promise<boolean>
}

export function createDigestKeeper({ db, clock, instanceId }: LibraryDeps): DigestKeeper {
  // Prepared: a first scan runs it once for each of a hundred thousand files.
  const update = db.writer
    .update(files)
    .set({
      sha256: sql`${given('sha256')}`,
      tensorSha256: sql`${given('tensor')}`,
      autoV1: sql`${given('autoV1')}`,
      blake3: sql`coalesce(${given('blake3')}, ${files.blake3})`,
      crc32: sql`coalesce(${given('crc32')}, ${files.crc32})`,
      sample: sql`${given('sample')}`,
      digestSource: 'computed',
      hashedAt: sql`${given('now')}`,
      updatedAt: sql`${given('now')}`,
    })
    .where(
      and(
        eq(files.instanceId, given('instance')),
        eq(files.path, given('path')),
        eq(files.sizeBytes, given('size')),
        eq(files.modifiedUs, given('modified')),
      ),
    )
    .prepare()
  return {
    store: (path, found) =>
      db.write(async () => {
        const { rowsAffected } = await update.run({
          sha256: found.sha256,
          tensor: found.tensorSha256 ?? null,
          autoV1: found.autoV1 ?? null,
          blake3: found.blake3 ?? null,
          crc32: found.crc32 ?? null,
          sample: found.sample ?? null,
          now: clock.now(),
          instance: instanceId(),
          path,
          size: found.sizeBytes,
          modified: found.modifiedUs,
        })
        return rowsAffected > 0
      }),
  }
}

/** Keeps why a file could not be hashed, so that it is left alone until it changes or the next scan looks again. */
export async function storeFault({ db, clock, instanceId }: LibraryDeps, path: string, error: unknown): Promise<void> {
  const { code, message } = toAppError(error)
  const state: ModelState = code === 'conflict' ? 'partial' : 'unreadable'
  await db.write(async (tx) => {
    await tx
      .update(files)
      .set({ state, fault: message, updatedAt: clock.now() })
      .where(and(eq(files.instanceId, instanceId()), eq(files.path, path)))
  })
}

/** Has files looked at again that could not be read, or that were being written, when they were seen last. */
export async function lookAgain({ db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>): Promise<void> {
  await db.write(async (tx) => {
    await tx
      .update(files)
      .set({ inspectedAt: null })
      .where(
        and(eq(files.instanceId, instanceId()), inArray(files.state, ['unreadable', 'partial']), isNull(files.goneAt)),
      )
  })
}

/** How many files of this host are in which state; states without files are left out. */
export async function countStates({
  db,
  instanceId,
}: Pick<LibraryDeps, 'db' | 'instanceId'>): Promise<Record<string, number>> {
  const rows = await db.read
    .select({ state: files.state, count: sql<number>`count(*)` })
    .from(files)
    .where(and(eq(files.instanceId, instanceId()), isNull(files.goneAt)))
    .groupBy(files.state)
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}
