import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createClient, LibsqlError, type Transaction } from '@libsql/client/sqlite3'
import { AppError, isAppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { translateDbError } from './db-error.ts'

/** Holding it means: this process alone writes the data directory. */
export interface Ownership {
  release(): void
}

/**
 * Takes the data directory for this process, or answers undefined while another one has it.
 *
 * The lock is SQLite's own write lock on an empty file, held by an open transaction: the kernel lets go of it when
 * the process dies, however it dies, so there is no stale lock to clean up. Nothing is ever written to the file.
 * @throws AppError disk_full; internal when the directory cannot be made or written
 */
export async function takeOwnership(dataDir: string): Promise<Ownership | undefined> {
  let client: Client | undefined
  let transaction: Transaction
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    // A wait inside the addon would stop the event loop: ask once, the caller comes back.
    client = createClient({ url: `file:${encodePath(join(dataDir, 'lock'))}`, concurrency: 1, timeout: 0 })
    transaction = await client.transaction('write')
  } catch (error) {
    client?.close()
    if (isBusy(error)) return undefined
    const translated = orDiskFull('use the data directory', translateDbError(error), dataDir)
    if (isAppError(translated) && translated.code === 'disk_full') throw translated
    throw new AppError('internal', `Could not use the data directory ${dataDir}`, {
      hint: 'Check that it can be written, or name another one with --data',
      cause: error,
    })
  }
  const held = client
  return {
    release() {
      transaction.close()
      held.close()
    },
  }
}

const isBusy = (error: unknown): boolean => error instanceof LibsqlError && error.code.startsWith('SQLITE_BUSY')

/** A path as the part after `file:` of a libSQL URL: `?`, `#` and `%` would end it or be decoded. */
export const encodePath = (path: string): string => path.replace(/[%?#]/g, (letter) => encodeURIComponent(letter))
