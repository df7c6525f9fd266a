import { readFile, realpath, stat } from 'node:fs/promises'
import { AppError } from '../../errors.ts'
import { writeAtomic } from '../../lib/files.ts'
import { type CatalogRow, isCutOff, updateCatalogCsv, writeCatalogCsv } from './csv.ts'

/**
 * Puts rows into the table of a catalog; other rows and columns stay as they are. A new table gets all rows, one that is
 * there only those that say something new.
 * @throws AppError invalid_input (it is no table of a catalog), not_found, disk_full …
 */
export async function updateCsvFile(path: string, rows: readonly CatalogRow[], isNews: (row: CatalogRow) => boolean) {
  const there = await readFile(path).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new AppError('not_found', `Cannot read ${path}`, { cause })
  })
  if (there === undefined) {
    await writeAtomic(path, writeCatalogCsv(rows), { mode: 0o644 })
    return { updated: 0, added: rows.length }
  }
  if (isCutOff(there)) {
    throw new AppError('invalid_input', `${path} ends inside of a quote`, { hint: 'Close the quote of its last row' })
  }
  const update = updateCatalogCsv(there, rows.filter(isNews))
  if (update === undefined) {
    throw new AppError('invalid_input', `${path} has no column file_path`, {
      hint: 'Name the table of a catalog, or a file that is not there yet',
    })
  }
  if (!there.equals(update.bytes)) {
    // A link stays one, and who may read the table stays so.
    await writeAtomic(await realpath(path), update.bytes, { keptMode: (await stat(path)).mode & 0o777 })
  }
  return { updated: update.updated, added: update.added }
}
