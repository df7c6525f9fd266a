import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDb, type Db, type OpenDbOptions } from '../../src/db/db.ts'
import { readMigrations } from '../../src/db/migrate.ts'

export interface TempDb {
  readonly db: Db
  readonly dir: string
  /** Another handle on the same file, as after a restart; close the first one before. */
  reopen(): Promise<Db>
  close(): Promise<void>
}

/** A real database in a temporary folder, with the project's migrations applied. */
export async function openTempDb(options: Pick<OpenDbOptions, 'onRead'> = {}): Promise<TempDb> {
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-test-'))
  const make = async (): Promise<Db> => {
    const db = createDb({
      url: `file:${dir}/airkeep.db`,
      migrations: readMigrations,
      journal: async () => 'wal',
      synchronous: 'normal',
      backupDir: join(dir, 'backups'),
      ...options,
    })
    await db.open()
    return db
  }
  const opened: Db[] = [await make()]
  return {
    db: opened[0] as Db,
    dir,
    async reopen() {
      const db = await make()
      opened.push(db)
      return db
    },
    async close() {
      for (const db of opened) await db.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
