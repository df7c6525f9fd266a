import { setImmediate } from 'node:timers/promises'
import { and, asc, eq, placeholder as given, inArray, isNull, notInArray, sql } from 'drizzle-orm'
import { toAppError } from '../../errors.ts'
import type { FileDigest } from '../../hash/whole-file.ts'
import { onFirstUse } from '../../lib/on-first-use.ts'
import type { ModelState } from '../inspect/inspection.ts'
import { modelFilesTable as files } from '../table.ts'
import { among, type ModelRow } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** What is worth hashing: the rest is not what its name says, or changes while it is read. */
const HASHED_STATES: readonly ModelState[] = ['ok', 'pickle']

/** Rows that are counted between two turns of the event loop. */
const PAGE = 1_000

export type FileToHash = Pick<ModelRow, 'path' | 'sizeBytes' | 'modifiedUs' | 'changedUs' | 'device' | 'relative'>

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
      changedUs: files.changedUs,
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

/**
 * Whether a scan of just these folders would hash anything. What is known below others does not count: no such scan
 * would get to it, and another would be begun for ever.
 */
export async function isAnyToHash(
  deps: Pick<LibraryDeps, 'db' | 'instanceId'>,
  roots: readonly string[],
): Promise<boolean> {
  return roots.length > 0 && (await filesToHash(deps, { roots, except: [], limit: 1 })).length > 0
}

/** Files and bytes that are still to be hashed. */
export async function countToHash(
  deps: Pick<LibraryDeps, 'db' | 'instanceId'>,
  roots: readonly string[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  let count = 0
  let bytes = 0
  let after = { sizeBytes: -1, path: '' }
  while (true) {
    const rows = await deps.db.read
      .select({ sizeBytes: files.sizeBytes, path: files.path })
      .from(files)
      .where(and(toHash(deps, roots), sql`(${files.sizeBytes}, ${files.path}) > (${after.sizeBytes}, ${after.path})`))
      .orderBy(asc(files.sizeBytes), asc(files.path))
      .limit(PAGE)
    count += rows.length
    bytes = rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, bytes)
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return { files: count, bytes }
    after = last
    // Embedded statements finish without a turn of the event loop: others are served in between.
    await setImmediate()
  }
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
  const update = onFirstUse(() =>
    db.writer
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
      .prepare(),
  )
  return {
    store: (path, found) =>
      db.write(async () => {
        const { rowsAffected } = await update().run({
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

/**
 * Keeps why a file could not be hashed, so that it is left alone until it changes or the next scan looks again. Does
 * nothing where the index has another file at this path by now.
 */
export async function storeFault(
  { db, clock, instanceId }: LibraryDeps,
  { path, sizeBytes, modifiedUs, changedUs }: Pick<FileToHash, 'path' | 'sizeBytes' | 'modifiedUs' | 'changedUs'>,
  error: unknown,
): Promise<void> {
  const { code, message } = toAppError(error)
  const state: ModelState = code === 'conflict' ? 'partial' : 'unreadable'
  await db.write(async (tx) => {
    await tx
      .update(files)
      .set({ state, fault: message, updatedAt: clock.now() })
      .where(
        and(
          eq(files.instanceId, instanceId()),
          eq(files.path, path),
          eq(files.sizeBytes, sizeBytes),
          eq(files.modifiedUs, modifiedUs),
          eq(files.changedUs, changedUs),
        ),
      )
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

/** How many files below these roots are in which state; states without files are left out. */
export async function countStates(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  roots: readonly string[],
): Promise<Record<string, number>> {
  const rows = await db.read
    .select({ state: files.state, count: sql<number>`count(*)` })
    .from(files)
    .where(and(eq(files.instanceId, instanceId()), isNull(files.goneAt), among(files.root, roots)))
    .groupBy(files.state)
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}
