import { lstat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { and, eq, isNotNull } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import type { Clock } from '../../lib/clock.ts'
import type { WalkedFile } from '../scan/walked-file.ts'
import { modelFilesTable as files } from '../table.ts'
import { isSame, mergeRow, type VolumeDigests } from './merge-row.ts'
import { forgetNames, keepNames } from './other-stems.ts'
import { among, type ModelRow, upsertRows } from './rows.ts'

export interface LibraryDeps {
  readonly db: Db
  readonly clock: Clock
  readonly instanceId: () => string
}

/** Digests that stand on a volume, by root and path below it. */
export type FindVolumeDigests = (root: string, relative: string) => VolumeDigests | undefined

export interface TakeOptions {
  /** Whether a file that is known below this root, and was met below another, keeps its place there. */
  readonly keepsPlace: (root: string) => boolean
  readonly volume: FindVolumeDigests
}

export interface Taken {
  readonly added: number
  readonly changed: number
  readonly renamed: number
}

/** Rows of one transaction: more would hold up the event loop. */
const GROUP = 100

/** Writes what a walk found new or changed. */
export function createChangeTaker({ db, clock, instanceId }: LibraryDeps) {
  return async (found: readonly WalkedFile[], options: TakeOptions): Promise<Taken> => {
    const sum = { added: 0, changed: 0, renamed: 0 }
    for (let from = 0; from < found.length; from += GROUP) {
      const taken = await take(found.slice(from, from + GROUP), options)
      sum.added += taken.added
      sum.changed += taken.changed
      sum.renamed += taken.renamed
      // Embedded statements finish without a turn of the event loop: others are served in between.
      await setImmediate()
    }
    return sum
  }

  async function take(found: readonly WalkedFile[], { keepsPlace, volume }: TakeOptions): Promise<Taken> {
    const moved = await findMoved(found)
    return db.write(async (tx) => {
      const rows = await tx
        .select()
        .from(files)
        .where(
          and(
            eq(files.instanceId, instanceId()),
            among(
              files.path,
              [...found, ...moved.values()].map(({ path }) => path),
            ),
          ),
        )
      const before = new Map(rows.map((row) => [row.path, row]))
      const taken = { added: 0, changed: 0, renamed: 0 }
      const written: ModelRow[] = []
      const left: string[] = []
      for (const file of found) {
        const row = before.get(file.path)
        if (row !== undefined && isOnlyPlace(file, row) && keepsPlace(row.root)) continue
        const from = isSame(file, row) ? undefined : before.get(moved.get(file.path)?.path ?? '')
        if (from !== undefined) left.push(from.path)
        if (from !== undefined) taken.renamed += 1
        else if (row === undefined || row.goneAt !== null) taken.added += 1
        else taken.changed += 1
        const known = { before: row, moved: from, volume: volume(file.root, file.relative) }
        written.push(mergeRow(file, known, { instanceId: instanceId(), now: clock.now() }))
      }
      if (left.length > 0) {
        await tx.delete(files).where(and(eq(files.instanceId, instanceId()), among(files.path, left)))
        await forgetNames(tx, instanceId(), left)
      }
      await upsertRows(tx, written)
      await keepNames(tx, written)
      return taken
    })
  }

  /** By new path: rows of files that are not where they were and have the size and time of a new one. */
  async function findMoved(found: readonly WalkedFile[]): Promise<Map<string, ModelRow>> {
    const candidates = await db.read
      .select()
      .from(files)
      .where(
        and(
          eq(files.instanceId, instanceId()),
          among(files.sizeBytes, [...new Set(found.map(({ sizeBytes }) => sizeBytes))]),
          among(files.modifiedUs, [...new Set(found.map(({ modifiedUs }) => modifiedUs))]),
          isNotNull(files.sha256),
        ),
      )
      .limit(MAX_CANDIDATES)
    const moved = new Map<string, ModelRow>()
    if (candidates.length === 0) return moved
    const now = new Map(found.map((file) => [file.path, file]))
    const stayed = new Set(candidates.filter((row) => isSame(row, now.get(row.path))).map(({ path }) => path))
    /** Rows of files that are where they were, and those that were moved already. */
    const settled = new Set(stayed)
    for (const file of found) {
      // It is what it was: only its place or its ctime is another.
      if (stayed.has(file.path)) continue
      const fitting = candidates.filter((row) => isSame(file, row) && row.path !== file.path && !settled.has(row.path))
      for (const row of likeliestFirst(fitting, file)) {
        settled.add(row.path)
        // Then this one is a copy.
        if (!now.has(row.path) && isSame(row, await lookAt(row.path))) continue
        moved.set(file.path, row)
        break
      }
    }
    return moved
  }
}

const MAX_CANDIDATES = 2_000

const isOnlyPlace = (file: WalkedFile, row: ModelRow): boolean =>
  row.goneAt === null &&
  row.sizeBytes === file.sizeBytes &&
  row.modifiedUs === file.modifiedUs &&
  row.changedUs === file.changedUs &&
  !file.partial

/** The same inode, then the same name, then whatever else has this size and time. */
function likeliestFirst(rows: readonly ModelRow[], file: WalkedFile): readonly ModelRow[] {
  const rank = (row: ModelRow): number =>
    row.inode === file.inode && row.device === file.device ? 0 : nameOf(row.path) === nameOf(file.path) ? 1 : 2
  return rows.toSorted((a, b) => rank(a) - rank(b))
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** What stands at a path; undefined where there is nothing. */
async function lookAt(path: string): Promise<Pick<WalkedFile, 'sizeBytes' | 'modifiedUs'> | undefined> {
  try {
    const { size, mtimeNs } = await lstat(path, { bigint: true })
    return { sizeBytes: Number(size), modifiedUs: Number(mtimeNs / 1000n) }
  } catch {
    return undefined
  }
}
