import { setImmediate } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { StoredFile } from '../scan/walked-file.ts'
import { modelFilesTable as files } from '../table.ts'
import { among } from './rows.ts'
import type { LibraryDeps } from './take-changes.ts'

/** Rows of one page: a page takes a few milliseconds of the event loop. */
const PAGE = 2_000

/** What the index holds of the files below these roots, in pages; what is gone is left out. */
export async function* storedFiles(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  roots: readonly string[],
): AsyncGenerator<readonly StoredFile[]> {
  let after = ''
  while (true) {
    // Rows can be read by position, but not iterated.
    const rows: readonly ArrayLike<unknown>[] = await db.read.values(sql`
      select ${files.path}, ${files.sizeBytes}, ${files.modifiedUs}, ${files.changedUs}, ${files.place}
      from ${files}
      where ${files.instanceId} = ${instanceId()} and ${files.path} > ${after} and ${files.goneAt} is null
        and ${among(files.root, roots)}
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
