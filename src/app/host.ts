import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { Config } from '../config.ts'
import { createDb, type Db } from '../db/db.ts'
import { pathOfFileUrl } from '../db/location.ts'
import { readMigrations } from '../db/migrate.ts'
import { encodePath } from '../db/owner.ts'
import { AppError } from '../errors.ts'
import { isNetworkFilesystem, writeAtomic } from '../lib/files.ts'
import { createId } from '../lib/id.ts'
import type { Log } from '../lib/log.ts'
import type { ModelRoot } from '../models/root.ts'
import { findModelRoots, type RootDeps, type RootSettings, type UiHome } from '../models/roots/find.ts'
import { replicaCommand } from './replica-command.ts'

/** What only the disk knows of this host. */
export interface Host {
  /** Stays with the data directory: many hosts may share one database. */
  readonly instanceId: string
  readonly modelRoots: readonly string[]
  readonly roots: readonly ModelRoot[]
  readonly uiHomes: readonly UiHome[]
  /** Plain sentences about how the roots were found. */
  readonly notes: readonly string[]
}

/**
 * SQLite gives its files the rights that the first one has: readable by others would show the ledger to every user of
 * the machine where the data directory existed before and is open.
 */
export async function createPrivateDatabase({ settings, dataDir }: Config): Promise<void> {
  // A replica's file is made by who keeps it.
  if (settings.db !== '' || settings.db_sync_url !== '') return
  const file = await open(databaseFile(dataDir), 'a', 0o600)
  await file.close()
}

export const databaseFile = (dataDir: string): string => join(dataDir, 'airkeep.db')

export async function openHost(dataDir: string, settings: Settings, rootDeps: RootDeps): Promise<Host> {
  // A ComfyUI that hangs would hold up every command: it is asked when the folders are scanned.
  const found = await findFolders({ ...settings, comfy_url: '' }, rootDeps)
  const file = join(dataDir, 'instance-id')
  const stored = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    // A new one would cut this host off from its jobs and digests.
    throw new AppError('internal', `Could not read ${file}`, { hint: 'Check its permissions', cause })
  })
  if (/^inst_[0-9a-z]+$/.test(stored.trim())) return { instanceId: stored.trim(), ...found }
  const instanceId = createId('inst')
  await writeAtomic(file, `${instanceId}\n`)
  return { instanceId, ...found }
}

/** Where models are on this host, now. @throws the signal's reason */
export async function findFolders(settings: RootSettings, deps: RootDeps): Promise<Omit<Host, 'instanceId'>> {
  const { roots, uiHomes, notes } = await findModelRoots(settings, deps)
  return { modelRoots: roots.map(({ path }) => path), roots, uiHomes, notes }
}

/** The database that the settings name, not yet open. */
export function databaseOf({ settings, dataDir }: Config, log: Log): Db {
  const given = (text: string): string | undefined => (text === '' ? undefined : text)
  const url = given(settings.db) ?? `file:${encodePath(databaseFile(dataDir))}`
  return createDb({
    url,
    authToken: given(settings.db_token),
    syncUrl: given(settings.db_sync_url),
    migrations: () => readMigrations(),
    // A folder that is not there is told of where the file is opened.
    journal: () =>
      isNetworkFilesystem(dirname(pathOfFileUrl(url))).then(
        (far) => (far ? 'delete' : 'wal'),
        () => 'wal',
      ),
    synchronous: settings.db_durability,
    backupDir: join(dataDir, 'backups'),
    replicaCommand: replicaCommand(),
    log,
  })
}
