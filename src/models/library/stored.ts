import { setImmediate } from 'node:timers/promises'
import { and, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import type { PackedFiles } from '../scan/packed.ts'
import { modelFilesTable as files } from '../table.ts'
import { among } from './rows.ts'
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
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  stored: Stored,
): AsyncGenerator<PackedFiles> {
  const isWanted = 'roots' in stored ? among(files.root, stored.roots) : isListedBelow(stored.root, stored.folders)
  let after = ''
  while (true) {
    const rows: readonly ArrayLike<unknown>[] = await db.read.values(sql`
      select group_concat(path, '//'), group_concat(numbers, ','), max(path), count(*)
      from (
        select ${files.path} as path, ${files.sizeBytes} || ',' || ${files.modifiedUs} || ',' || ${files.changedUs} || ',' || ${files.place} as numbers
        from ${files}
        where ${files.instanceId} = ${instanceId()} and ${files.path} > ${after} and ${files.goneAt} is null
          and ${isWanted}
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

function isListedBelow(root: string, folders: readonly string[]): SQL {
  const below = folders.map((folder) => {
    if (folder === root) return undefined
    const start = `${folder.slice(root === '/' ? 1 : root.length + 1)}/`
    // `0` is the letter behind `/`.
    return and(gte(files.relative, start), lt(files.relative, `${start.slice(0, -1)}0`))
  })
  const some = below.includes(undefined) ? undefined : or(...below)
  return sql`(${and(among(files.root, [root]), some)})`
}
