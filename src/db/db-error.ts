import { LibsqlError } from '@libsql/client/sqlite3'
import { AppError, isAppError } from '../errors.ts'
import { DatabaseUnreachable } from './remote.ts'

/** The libSQL error inside whatever drizzle wrapped around it. */
function libsqlErrorIn(error: unknown): LibsqlError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof LibsqlError) return current
  }
  return undefined
}

/** What {@link connectPrimary} says of a server that cannot be asked, inside whatever was wrapped around it. */
export function unreachableIn(error: unknown): DatabaseUnreachable | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof DatabaseUnreachable) return current
  }
  return undefined
}

/** Codes with which a server, or the client on its behalf, says that it has let go of a transaction. */
const GIVEN_UP = new Set([
  'STREAM_EXPIRED',
  'TRANSACTION_TIMEOUT',
  'TRANSACTION_CLOSED',
  'SERVER_ERROR',
  'BATON_REUSED',
])

/**
 * Whether the server of a remote database is gone, or has forgotten or ended the transaction: nothing of an uncommitted
 * one remains, and it can be run again.
 */
export function isLost(error: unknown): boolean {
  if (unreachableIn(error) !== undefined) return true
  const inner = libsqlErrorIn(error)
  if (inner === undefined) return false
  const { code, rawCode } = inner
  // Only embedded databases give the number of an error; there, whoever holds the file is no other host.
  if (code === 'SQLITE_BUSY') return rawCode === undefined
  return GIVEN_UP.has(code) || code.startsWith('HRANA_')
}

/** Whether another program holds the database's file, for longer than was waited for it: nothing was written. */
export const isHeld = (error: unknown): boolean => libsqlErrorIn(error)?.code === 'SQLITE_BUSY'

/** Whether the disk of the database has no room: nothing was written. */
export function isFull(error: unknown): boolean {
  const inner = libsqlErrorIn(error)
  // The memory that connections share is a file too: SQLite reserves its blocks, and says so when there are none.
  return inner?.code === 'SQLITE_FULL' || inner?.extendedCode === 'SQLITE_IOERR_SHMSIZE'
}

/** Whether the server ended the transaction of its own accord, because another writer waited for too long. */
export const isTimedOut = (error: unknown): boolean => libsqlErrorIn(error)?.code === 'TRANSACTION_TIMEOUT'

/**
 * Whether a failed statement leaves its transaction as it was. After other failures SQLite may have rolled it back, and
 * a remote server may have ended it: whatever followed would be committed statement by statement.
 */
export const leavesTransactionOpen = (error: unknown): boolean =>
  libsqlErrorIn(error)?.code.startsWith('SQLITE_CONSTRAINT') === true

/**
 * Whether a write failed on a UNIQUE index. Embedded databases say so by extended code, remote ones only in the text
 * (libSQL over HTTP answers a bare SQLITE_CONSTRAINT).
 */
export function isUniqueViolation(error: unknown): boolean {
  const inner = libsqlErrorIn(error)
  if (inner === undefined) return false
  if (inner.extendedCode === 'SQLITE_CONSTRAINT_UNIQUE') return true
  return inner.code.startsWith('SQLITE_CONSTRAINT') && inner.message.includes('UNIQUE constraint failed')
}

/** What a database error means to a caller; drizzle's message holds SQL and parameters and is never shown. */
export function translateDbError(error: unknown): unknown {
  if (isAppError(error)) return error
  const unreachable = unreachableIn(error)
  if (unreachable !== undefined) return unreachable
  if (isLost(error)) {
    return new AppError('upstream_unavailable', 'The database ended the transaction', {
      hint: 'Other hosts may be writing at length; try again in a moment',
      cause: error,
    })
  }
  const inner = libsqlErrorIn(error)
  if (inner === undefined) return error
  if (isFull(inner)) {
    return new AppError('disk_full', 'Could not write to the database: the disk is full', {
      hint: 'Free some space on the filesystem of the data directory; nothing was written',
      cause: error,
    })
  }
  if (inner.message.includes('string or blob too big')) {
    return new AppError('payload_too_large', 'The record is larger than the database takes', {
      hint: 'Shorten its text or metadata',
      cause: error,
    })
  }
  if (inner.code === 'RESPONSE_TOO_LARGE') {
    return new AppError('payload_too_large', 'The database does not send so large an answer', {
      hint: 'Ask for fewer rows with limit, or raise the limit of the database server',
      cause: error,
    })
  }
  if (inner.code === 'SQLITE_BUSY') {
    return new AppError('internal', 'Could not write to the database: another program holds it', {
      hint: 'Close other programs that have the database file open',
      cause: error,
    })
  }
  if (inner.code === 'SQLITE_NOTADB' || inner.code === 'SQLITE_CORRUPT') {
    return new AppError('internal', 'The database file is damaged or is no SQLite database', {
      hint: 'Restore the newest file of the backups folder in the data directory',
      cause: error,
    })
  }
  if (inner.code === 'SQLITE_READONLY' || inner.code === 'SQLITE_CANTOPEN') {
    return new AppError('internal', 'The database file cannot be opened for writing', {
      hint: 'Check the permissions of the data directory',
      cause: error,
    })
  }
  return error
}
