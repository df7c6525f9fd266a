import { setImmediate } from 'node:timers/promises'
import { and, asc, eq, gt, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import type { PackedFiles } from '../scan/packed.ts'
import { modelFilesTable as files } from '../table.ts'
import type { LibraryDeps } from './take-changes.ts'

/** Rows of one page: a page takes a few milliseconds of the event loop. */
const PAGE = 2_000

/** Some of what the index holds: whole roots, or the files that are listed below folders of one. */
export type Stored =
  | { readonly roots: readonly string[] }
  | { readonly root: string; readonly folders: readonly string[] }

/**
 * What the index holds of these files, in pages; what is gone is left out. A page is two texts that SQLite puts together:
 * a hundred thousand rows as objects would take as long as the walk itself.
 */
export async function* storedFiles(
  deps: Pick<LibraryDeps, 'db' | 'instanceId'>,
  stored: Stored,
): AsyncGenerator<PackedFiles> {
  if ('root' in stored) yield* pagesOf(deps, stored.root, isListedBelow(stored.root, stored.folders))
  else for (const root of new Set(stored.roots)) yield* pagesOf(deps, root, undefined)
}

async function* pagesOf(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  root: string,
  isWanted: SQL | undefined,
): AsyncGenerator<PackedFiles> {
  const some = isWanted === undefined ? sql`` : sql`and ${isWanted}`
  let after = ''
  while (true) {
    const rows: readonly ArrayLike<unknown>[] = await db.read.values(sql`
      select group_concat(path, '//'), group_concat(numbers, ','), max(path), count(*)
      from (
        select ${files.path} as path, ${files.sizeBytes} || ',' || ${files.modifiedUs} || ',' || ${files.changedUs} || ',' || ${files.place} as numbers
        from ${files}
        where ${files.instanceId} = ${instanceId()} and ${files.root} = ${root} and ${files.path} > ${after}
          and ${files.goneAt} is null ${some}
        order by ${files.path} limit ${PAGE}
      )`)
    const [page] = rows
    const count = Number(page?.[3] ?? 0)
    if (page === undefined || count === 0) return
    // No real path holds two slashes, and each begins with one: the first two of three are those between.
    const paths = String(page[0]).replaceAll('//', '\0')
    yield { paths, numbers: Float64Array.from(String(page[1]).split(','), Number) }
    if (count < PAGE) return
    after = String(page[2])
    await setImmediate()
  }
}

/** Every root that files of the index were found below, gone ones too: a few steps through the index. */
export async function storedRoots({ db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>): Promise<string[]> {
  const roots: string[] = []
  while (true) {
    const [row] = await db.read
      .select({ root: files.root })
      .from(files)
      .where(and(eq(files.instanceId, instanceId()), gt(files.root, roots.at(-1) ?? '')))
      .orderBy(asc(files.root))
      .limit(1)
    if (row === undefined) return roots
    roots.push(row.root)
  }
}

function isListedBelow(root: string, folders: readonly string[]): SQL | undefined {
  const below = folders.map((folder) => {
    if (folder === root) return undefined
    const start = `${folder.slice(root === '/' ? 1 : root.length + 1)}/`
    // `0` is the letter behind `/`.
    return and(gte(files.relative, start), lt(files.relative, `${start.slice(0, -1)}0`))
  })
  return below.includes(undefined) ? undefined : sql`(${or(...below)})`
}
