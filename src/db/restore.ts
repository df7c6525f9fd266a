import { constants } from 'node:fs'
import { copyFile, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError, isAppError } from '../errors.ts'
import { syncDir } from '../lib/files.ts'
import { createId } from '../lib/id.ts'
import { checkBackup } from './check-backup.ts'
import { translateDbError } from './db-error.ts'
import { keepAside } from './keep-aside.ts'
import type { Migration } from './migrate.ts'

export interface RestoreOptions {
  /** The backup: stays as it is. */
  readonly from: string
  /** The database that it takes the place of; nobody has it open. */
  readonly database: string
  /** Where the database goes that was there before. */
  readonly backupDir: string
  readonly migrations: readonly Migration[]
}

export interface Restored {
  readonly sizeBytes: number
  /** The database that was there before, undefined where there was none. */
  readonly kept: string | undefined
}

/**
 * Puts a backup in the place of the database, by one rename: a kill leaves the old database or the new one. The old one
 * is kept in `backupDir`.
 * @throws AppError not_found, invalid_input (no database of airkeep, or one in use), checksum_mismatch (damaged),
 * conflict (of a newer version), forbidden, disk_full
 */
export async function restoreDatabase(options: RestoreOptions): Promise<Restored> {
  const { from, database, backupDir, migrations } = options
  const prefix = `.${basename(database)}.restore_`
  await removeLeftovers(dirname(database), prefix)
  const incoming = join(dirname(database), createId(prefix.slice(0, -1)))
  try {
    await refuseInUse(from)
    const sizeBytes = await copyPrivately(from, incoming)
    await checkBackup(incoming, from, migrations)
    const kept = await keepAside(database, backupDir)
    await rename(incoming, database)
    await syncDir(dirname(database))
    return { sizeBytes, kept }
  } catch (error) {
    throw explain(error, from)
  } finally {
    await removeLeftovers(dirname(database), prefix)
  }
}

async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix)) await rm(join(folder, name), { force: true })
  }
}

/**
 * What stands in a WAL is not in the file: without it rows that were acknowledged would be lost. What stands in a
 * journal is to be taken back from it. SQLite keeps both beside the file itself, not beside a link to it.
 */
async function refuseInUse(from: string): Promise<void> {
  const file = await realpath(from)
  for (const [suffix, name] of [
    ['-wal', 'WAL'],
    ['-journal', 'journal'],
  ]) {
    const beside = await stat(`${file}${suffix}`).catch(() => undefined)
    if (beside === undefined || beside.size === 0) continue
    throw new AppError('invalid_input', `Cannot restore ${from}: it is a database in use, with a ${name} beside it`, {
      hint: 'Make a backup of it with airkeep backup FILE and restore that',
    })
  }
}

async function copyPrivately(from: string, to: string): Promise<number> {
  const found = await stat(from)
  if (!found.isFile()) throw new AppError('invalid_input', `Cannot restore ${from}: it is not a regular file`)
  await (await open(to, 'wx', 0o600)).close()
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const copy = await open(to, constants.O_RDWR)
  try {
    await copy.chmod(0o600)
    await copy.sync()
  } finally {
    await copy.close()
  }
  return found.size
}

function explain(error: unknown, from: string): unknown {
  if (isAppError(error)) return error
  const told = (code: 'not_found' | 'forbidden' | 'disk_full', reason: string): AppError =>
    new AppError(code, `Cannot restore ${from}: ${reason}`, { cause: error })
  switch (error instanceof Error && 'code' in error ? error.code : '') {
    case 'ENOENT':
    case 'ENOTDIR':
      return told('not_found', 'there is no such file')
    case 'EACCES':
    case 'EPERM':
      return told('forbidden', 'it cannot be read')
    case 'ENOSPC':
    case 'EDQUOT':
      return told('disk_full', 'the disk of the data directory is full')
    default:
      return translateDbError(error)
  }
}
