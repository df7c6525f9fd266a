import { setImmediate } from 'node:timers/promises'
import { and, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import type { StoredFile } from '../scan/walked-file.ts'
import { modelFilesTable as files } from '../table.ts'
import { among } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** Rows of one page: a page takes a few milliseconds of the event loop. */
const PAGE = 2_000

/** Some of what the index holds: whole roots, or the files that are listed below folders of one. */
export type Stored =
  | { readonly roots: readonly string[] }
  | { readonly root: string; readonly folders: readonly string[] }

/** What the index holds of these files, in pages; what is gone is left out. */
export async function* storedFiles(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  stored: Stored,
): AsyncGenerator<readonly StoredFile[]> {
  const isWanted = 'roots' in stored ? among(files.root, stored.roots) : isListedBelow(stored.root, stored.folders)
  let after = ''
  while (true) {
    // Rows can be read by position, but not iterated.
    const rows: readonly ArrayLike<unknown>[] = await db.read.values(sql`
      select ${files.path}, ${files.sizeBytes}, ${files.modifiedUs}, ${files.changedUs}, ${files.place}
      from ${files}
      where ${files.instanceId} = ${instanceId()} and ${files.path} > ${after} and ${files.goneAt} is null
        and ${isWanted}
      order by ${files.path} limit ${PAGE}`)
    const page = rows.map(
      (row): StoredFile => ({
        path: String(row[0]),
        sizeBytes: Number(row[1]),
        modifiedUs: Number(row[2]),
        changedUs: Number(row[3]),
        place: Number(row[4]),
      }),
    )
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    after = last.path
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
