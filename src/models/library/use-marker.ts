import { and, eq, isNull, lt, or } from 'drizzle-orm'
import { modelFilesTable as files } from '../table.ts'
import { among } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** A use is remembered to the minute: a file that every import needs is not written by each of them. */
export const USE_MS = 60_000

export interface UseMarker {
  /** Remembers that these files (real paths) are needed; resolves when that is stored. @throws what Db.write throws */
  mark(paths: readonly string[]): Promise<void>
}

/** Of many imports at once each would write a few rows: what comes while one write waits shares the next. */
export function createUseMarker({
  db,
  clock,
  instanceId,
}: Pick<LibraryDeps, 'db' | 'clock' | 'instanceId'>): UseMarker {
  let last: Promise<void> = Promise.resolve()
  let next: { readonly paths: Set<string>; readonly stored: Promise<void> } | undefined

  async function store(paths: ReadonlySet<string>): Promise<void> {
    const now = clock.now()
    const isOlder = or(isNull(files.lastUsedAt), lt(files.lastUsedAt, now - USE_MS))
    await db.write(async (tx) => {
      await tx
        .update(files)
        .set({ lastUsedAt: now })
        .where(and(eq(files.instanceId, instanceId()), among(files.path, [...paths]), isOlder))
    })
  }

  return {
    async mark(paths) {
      if (paths.length === 0) return
      if (next === undefined) {
        const gathered = new Set<string>()
        const stored = last.then(() => {
          next = undefined
          return store(gathered)
        })
        next = { paths: gathered, stored }
        last = stored.catch(() => {})
      }
      for (const path of paths) next.paths.add(path)
      await next.stored
    },
  }
}
