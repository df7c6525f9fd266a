import { setImmediate } from 'node:timers/promises'
import { and, asc, between, eq, isNull, notInArray, or, sql } from 'drizzle-orm'
import { USELESS_STATES } from '../inspect/inspection.ts'
import type { SizeRange } from '../library.ts'
import { modelFilesTable as files } from '../table.ts'
import { COMPARED, type ComparedRow } from './compared-rows.ts'
import { inScope, type Scope } from './scope.ts'
import type { LibraryDeps } from './take-changes.ts'

/** Rows that are read between two turns of the event loop. */
const PAGE = 500

/**
 * Files that were not hashed, the small ones first, without those that nothing could load: all of them, or those of one
 * of the sizes.
 * @throws the signal's reason
 */
export async function unhashedRows(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  scope: Scope,
  signal: AbortSignal,
  sizes?: readonly SizeRange[],
): Promise<ComparedRow[]> {
  const found: ComparedRow[] = []
  if (sizes?.length === 0) return found
  const ofSize = or(...(sizes ?? []).map(({ least, most }) => between(files.sizeBytes, least, most)))
  let after = { sizeBytes: -1, path: '' }
  while (true) {
    const rows = await db.read
      .select(COMPARED)
      .from(files)
      .where(
        and(
          eq(files.instanceId, instanceId()),
          isNull(files.hashedAt),
          isNull(files.goneAt),
          sql`(${files.sizeBytes}, ${files.path}) > (${after.sizeBytes}, ${after.path})`,
          notInArray(sql`+${files.state}`, [...USELESS_STATES]),
          ofSize,
          inScope(scope),
        ),
      )
      .orderBy(asc(files.sizeBytes), asc(files.path))
      .limit(PAGE)
    found.push(...rows)
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return found
    after = last
    // Embedded statements finish without a turn of the event loop: others are served in between.
    await setImmediate()
    signal.throwIfAborted()
  }
}
