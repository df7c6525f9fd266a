import { existsSync, rmSync, statSync } from 'node:fs'
import { type Client, createClient } from '@libsql/client/sqlite3'
import { AppError, isAppError } from '../errors.ts'
import { translateDbError } from './db-error.ts'
import { pathOfFileUrl } from './location.ts'

/** Waiting inside the addon stops the event loop, so it is short; one process owns the file anyway. */
export const BUSY_TIMEOUT_MS = 2_000

/** @throws AppError internal, disk_full */
export function connectFile(url: string, concurrency: number): Client {
  try {
    return createClient({ url, concurrency, timeout: BUSY_TIMEOUT_MS })
  } catch (cause) {
    const translated = translateDbError(cause)
    if (isAppError(translated)) throw translated
    throw new AppError('internal', 'Could not open the database', {
      hint: `Check that ${pathOfFileUrl(url)} is a libSQL database that can be read and written`,
      cause,
    })
  }
}

/** What libSQL keeps beside a replica: up to which frame of the primary it has come. */
const REPLICA_MARKS = ['-client_wal_index', '-info']

const isReplica = (path: string): boolean => REPLICA_MARKS.some((mark) => existsSync(`${path}${mark}`))

/**
 * Rows that were written to a replica's file would be lost with its next sync.
 * @throws AppError conflict
 */
export function refuseReplica(url: string): void {
  const path = pathOfFileUrl(url)
  if (!isReplica(path)) return
  throw new AppError('conflict', `The file ${path} is a replica of another database`, {
    hint: 'Set AIRKEEP_DB_SYNC_URL to that database again, or name another file in AIRKEEP_DB',
  })
}

/**
 * Makes way for a replica. A database that was filled here cannot become one, and its rows are not given up for it.
 * @throws AppError conflict
 */
export function makeRoomForReplica(url: string): void {
  const path = pathOfFileUrl(url)
  if (isReplica(path)) return
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    // libSQL refuses to begin with an empty file too.
    rmSync(path, { force: true })
    return
  }
  throw new AppError('conflict', `The file ${path} holds a database of its own and cannot become a replica`, {
    hint: 'Name another file in AIRKEEP_DB (file:/data/replica.db), or move this one away',
  })
}
