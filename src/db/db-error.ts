import { LibsqlError } from '@libsql/client'
import { AppError, isAppError } from '../errors.ts'

/** The libSQL error inside whatever drizzle wrapped around it. */
function libsqlErrorIn(error: unknown): LibsqlError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof LibsqlError) return current
  }
  return undefined
}

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
  const inner = libsqlErrorIn(error)
  if (inner === undefined) return error
  if (inner.code === 'SQLITE_FULL') {
    return new AppError('disk_full', 'Could not write to the database: the disk is full', {
      hint: 'Free some space on the filesystem of the data directory; nothing was written',
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
