import { lstat } from 'node:fs/promises'
import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import { inParallel } from '../../lib/in-parallel.ts'
import { modelFilesTable as files } from '../table.ts'
import { markGone } from './gone.ts'
import { storedRoots } from './stored.ts'
import type { LibraryDeps } from './take-changes.ts'

const PAGE = 500
const AT_ONCE = 16

/**
 * Files below other roots than these, from scans of folders that are no model folders of this host: those that are not
 * there any more are marked as gone. A root that is missing says nothing: its volume may not be mounted.
 * @returns how many are gone
 * @throws the signal's reason
 */
export async function markGoneElsewhere(
  deps: LibraryDeps,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  let gone = 0
  for (const root of await storedRoots(deps)) {
    if (!roots.includes(root) && (await isThere(root))) gone += await markGoneBelow(deps, root, signal)
  }
  return gone
}

async function markGoneBelow(deps: LibraryDeps, root: string, signal: AbortSignal): Promise<number> {
  let gone = 0
  let after = ''
  while (true) {
    signal.throwIfAborted()
    const rows = await deps.db.read
      .select({ path: files.path })
      .from(files)
      .where(
        and(eq(files.instanceId, deps.instanceId()), eq(files.root, root), gt(files.path, after), isNull(files.goneAt)),
      )
      .orderBy(asc(files.path))
      .limit(PAGE)
    const vanished: string[] = []
    await inParallel(rows, AT_ONCE, async ({ path }) => {
      if (!(await isThere(path))) vanished.push(path)
    })
    gone += await markGone(deps, { vanished, unreadable: [] })
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return gone
    after = last.path
  }
}

/** Whatever cannot be looked at is not known to be gone. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}
