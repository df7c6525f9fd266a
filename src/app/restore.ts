import { join } from 'node:path'
import type { RestoredDatabase } from '../cli/app.ts'
import type { Config } from '../config.ts'
import { refuseReplica } from '../db/file.ts'
import { readMigrations } from '../db/migrate.ts'
import { encodePath, takeOwnership } from '../db/owner.ts'
import { restoreDatabase } from '../db/restore.ts'
import { AppError } from '../errors.ts'
import { databaseFile } from './host.ts'

/** Puts a backup in the place of the database of the data directory; `busy` while another process owns it. */
export async function restoreInto({ settings, dataDir }: Config, from: string): Promise<RestoredDatabase | 'busy'> {
  if (settings.db !== '' || settings.db_sync_url !== '') {
    throw new AppError('invalid_input', 'Only a database in the data directory can be restored from here', {
      hint: 'AIRKEEP_DB or AIRKEEP_DB_SYNC_URL names another one: restore it by its own means, or take the setting away',
    })
  }
  const ownership = await takeOwnership(dataDir)
  if (ownership === undefined) return 'busy'
  try {
    const database = databaseFile(dataDir)
    refuseReplica(`file:${encodePath(database)}`)
    const migrations = await readMigrations()
    const restored = await restoreDatabase({ from, database, backupDir: join(dataDir, 'backups'), migrations })
    return { database, ...restored }
  } finally {
    ownership.release()
  }
}
