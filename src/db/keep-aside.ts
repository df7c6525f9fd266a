import { constants } from 'node:fs'
import { copyFile, link, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDir } from '../lib/files.ts'
import { withClient } from './check-backup.ts'

/** Files that SQLite keeps beside a database; one of another database would be played into this one. */
const BESIDE = ['-wal', '-shm', '-journal']

/**
 * Gives the database a name in `backupDir` too, whole: with what stands in its WAL, where that can still be read. Then
 * nothing is left beside it, and it may be replaced.
 * @returns the new name; undefined where there is no database
 */
export async function keepAside(database: string, backupDir: string): Promise<string | undefined> {
  if ((await stat(database).catch(() => undefined)) === undefined) {
    await removeBeside(database)
    return undefined
  }
  await mkdir(backupDir, { recursive: true, mode: 0o700 })
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-')
  const kept = join(backupDir, `${stamp}-before-restore.db`)
  await withClient(database, (client) => client.execute('PRAGMA wal_checkpoint(TRUNCATE)')).catch(() => {
    // Damaged: what is kept is what was there, WAL and all.
  })
  await place(database, kept)
  for (const suffix of BESIDE) {
    const beside = await stat(`${database}${suffix}`).catch(() => undefined)
    if (suffix !== '-shm' && beside !== undefined && beside.size > 0) {
      await place(`${database}${suffix}`, `${kept}${suffix}`)
    }
  }
  await syncDir(backupDir)
  await removeBeside(database)
  return kept
}

/** A second name for the same bytes; a copy where the filesystem has no hard links. */
async function place(path: string, to: string): Promise<void> {
  try {
    await link(path, to)
  } catch {
    await copyFile(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  }
}

async function removeBeside(database: string): Promise<void> {
  for (const suffix of BESIDE) await rm(`${database}${suffix}`, { force: true })
}
