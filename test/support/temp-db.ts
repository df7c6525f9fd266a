import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDb, type Db, type OpenDbOptions } from '../../src/db/db.ts'
import { readMigrations } from '../../src/db/migrate.ts'
import { projectDir } from './project-files.ts'
import { type Sqld, startSqld } from './sqld.ts'

export interface TempDb {
  readonly db: Db
  readonly dir: string
  /** Another handle on the same database, as after a restart. */
  reopen(): Promise<Db>
  close(): Promise<void>
}

/** Where the databases of a test run are: in files, on libSQL servers, or in replicas of databases there. */
export const BACKENDS = ['file', 'sqld', 'replica'] as const
export type Backend = (typeof BACKENDS)[number]

/** Names another {@link Backend} than files. */
export const BACKEND_ENV = 'AIRKEEP_TEST_BACKEND'

export const backend: Backend = toBackend(process.env[BACKEND_ENV] ?? 'file')

function toBackend(text: string): Backend {
  const found = BACKENDS.find((name) => name === text)
  if (found === undefined) throw new Error(`${BACKEND_ENV} must be one of ${BACKENDS.join(', ')}`)
  return found
}

/** Starts the process that keeps a replica, as the program does. */
export const replicaCommand = [process.execPath, join(projectDir, 'src/main.ts'), 'keep-replica']

export type TempDbOptions = Partial<Pick<OpenDbOptions, 'onRead' | 'migrations'>>

/** What every database of a test needs, besides its place. */
export const dbDefaults = (dir: string): Omit<OpenDbOptions, 'url'> => ({
  migrations: readMigrations,
  journal: async () => 'wal',
  synchronous: 'normal',
  backupDir: join(dir, 'backups'),
})

/** A real database with the project's migrations applied, and nothing else in it. */
export async function openTempDb(options: TempDbOptions = {}): Promise<TempDb> {
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-test-'))
  const server = backend === 'file' ? undefined : await startSqld()
  const opened: Db[] = []
  const make = async (): Promise<Db> => {
    // A replica's file belongs to one process: another handle has another.
    const file = `file:${dir}/${backend === 'replica' ? `replica-${opened.length}` : 'airkeep'}.db`
    const db = createDb({
      ...(server === undefined ? { url: file } : locationAt(server, file)),
      ...dbDefaults(dir),
      ...options,
    })
    await db.open()
    opened.push(db)
    return db
  }
  return {
    db: await make(),
    dir,
    reopen: make,
    async close() {
      for (const db of opened) await db.close()
      await server?.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const locationAt = ({ url, token: authToken }: Sqld, file: string) =>
  backend === 'sqld' ? { url, authToken } : { url: file, syncUrl: url, authToken, replicaCommand }
