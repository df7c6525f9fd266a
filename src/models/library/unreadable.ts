import { and, asc, eq, isNull, notInArray, sql } from 'drizzle-orm'
import type { WalkProblem } from '../scan/walked-file.ts'
import { modelFilesTable as files } from '../table.ts'
import { among, listedPathOf } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

export interface UnreadableFiles {
  readonly count: number
  /** The first of them. */
  readonly shown: readonly WalkProblem[]
}

/** Files below these roots that are there and could not be read when they were looked into, other than `except` (real paths). */
export async function unreadableFiles(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  {
    roots,
    except,
    limit,
  }: { readonly roots: readonly string[]; readonly except: readonly string[]; readonly limit: number },
): Promise<UnreadableFiles> {
  const where = and(
    eq(files.instanceId, instanceId()),
    eq(files.state, 'unreadable'),
    isNull(files.goneAt),
    among(files.root, roots),
    notInArray(files.path, sql`(select value from json_each(${JSON.stringify(except)}))`),
  )
  const [rows, [total]] = await Promise.all([
    db.read
      .select({ root: files.root, relative: files.relative, fault: files.fault })
      .from(files)
      .where(where)
      .orderBy(asc(files.path))
      .limit(limit),
    db.read.select({ count: sql<number>`count(*)` }).from(files).where(where),
  ])
  return {
    count: total?.count ?? 0,
    shown: rows.map((row) => ({ path: listedPathOf(row), reason: row.fault ?? 'it could not be read' })),
  }
}
