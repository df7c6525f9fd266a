import { realpath } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { pathOfFileUrl } from '../db/location.ts'
import { databaseFile } from './host.ts'

/** SQLite's own, beside the file itself. */
const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal']

/**
 * What callers with a token may not read, wherever it is: the data directory, the database, and the files that
 * settings and secrets come from. Some may not exist.
 */
export async function closedPaths(config: Config): Promise<string[]> {
  const { settings, dataDir, configFile } = config
  const paths = [dataDir, settings.token_file, configFile ?? '']
  const database = databasePath(config)
  if (database !== undefined) {
    // Where the file is a symlink, SQLite keeps the others beside what it leads to.
    const real = await realpath(database).catch(() => database)
    paths.push(...DATABASE_SUFFIXES.map((suffix) => `${real}${suffix}`))
  }
  return paths.filter((path) => path !== '')
}

function databasePath({ settings, dataDir }: Config): string | undefined {
  if (settings.db === '') return databaseFile(dataDir)
  return /^file:/i.test(settings.db) ? pathOfFileUrl(settings.db) : undefined
}
