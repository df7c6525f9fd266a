import { and, eq, inArray, isNull, lt } from 'drizzle-orm'
import type { WalkSummary } from '../scan/walked-file.ts'
import { modelFilesTable as files, modelNamesTable as names } from '../table.ts'
import { among, listedPathOf } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** How long what is known of a missing file is kept: volumes come back, files are moved through other disks. */
const KEPT_MS = 30 * 86_400_000

const GROUP = 500

/**
 * Marks files that a walk did not meet. What lies below a folder that could not be read is unknown, not absent.
 * @returns how many are gone now and were not before
 */
export async function markGone(
  { db, clock, instanceId }: LibraryDeps,
  { vanished, unreadable }: Pick<WalkSummary, 'vanished' | 'unreadable'>,
): Promise<number> {
  const hidden = unreadable.map(({ path }) => (path.endsWith('/') ? path : `${path}/`))
  const isHidden = (path: string): boolean => hidden.some((folder) => path.startsWith(folder))
  let gone = 0
  for (let from = 0; from < vanished.length; from += GROUP) {
    const group = vanished.slice(from, from + GROUP)
    gone += await db.write(async (tx) => {
      const rows = await tx
        .select({ path: files.path, root: files.root, relative: files.relative })
        .from(files)
        .where(and(eq(files.instanceId, instanceId()), isNull(files.goneAt), among(files.path, group)))
      const absent = rows.filter((row) => !isHidden(row.path) && !isHidden(listedPathOf(row))).map(({ path }) => path)
      if (absent.length === 0) return 0
      await tx
        .update(files)
        .set({ goneAt: clock.now(), updatedAt: clock.now() })
        .where(and(eq(files.instanceId, instanceId()), among(files.path, absent)))
      return absent.length
    })
  }
  return gone
}

/** Forgets files that have been gone for long. For scans: an import that looks at the disk need not write for it. */
export async function forgetGone({ db, clock, instanceId }: LibraryDeps): Promise<void> {
  const isForgotten = and(eq(files.instanceId, instanceId()), lt(files.goneAt, clock.now() - KEPT_MS))
  await db.write(async (tx) => {
    const forgotten = tx.select({ path: files.path }).from(files).where(isForgotten)
    await tx.delete(names).where(and(eq(names.instanceId, instanceId()), inArray(names.path, forgotten)))
    await tx.delete(files).where(isForgotten)
  })
}
