import { AppError } from '../errors.ts'

/**
 * `error`, or disk_full where the system says that: `action` is what was being done, such as "store the file", `place`
 * a path on the filesystem that is full, unless it is the data directory.
 */
export function orDiskFull(action: string, error: unknown, place = 'the data directory'): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new AppError('disk_full', `Could not ${action}: the disk is full`, {
    hint: `Free some space on the filesystem of ${place}`,
    cause: error,
  })
}
