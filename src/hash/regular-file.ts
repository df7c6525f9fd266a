import { type BigIntStats, closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { AppError } from '../errors.ts'
import { ensureOpened, ensureReal, isSymlinkRefused, openFlags, outsideRoots } from '../lib/exact-file.ts'
import { toMicroseconds } from '../lib/file-numbers.ts'

/** An open regular file that knows whether it is still the one that was opened. */
export interface RegularFile {
  readonly fd: number
  readonly sizeBytes: number
  /** Microseconds since 1970. */
  readonly modifiedUs: number
  /** @throws AppError conflict when the file was written, replaced or removed since it was opened */
  ensureUnchanged(): void
  close(): void
}

/**
 * Opens `path` for reading, and only where it is a regular file: never waits for a FIFO's writer, never
 * touches a device. Blocks, so it is for workers.
 *
 * @param exact `path` is real: what symlinks have made of it since is forbidden
 * @param action as in `toFileError`
 * @throws AppError not_found, forbidden, invalid_input (a folder, a device, a name that cannot be one)
 */
export function openRegularFile(path: string, exact: boolean, action = `hash ${path}`): RegularFile {
  try {
    if (exact) ensureReal(path, realpathSync.native(path))
    const named = statSync(path, { bigint: true })
    if (!named.isFile()) throw notRegular(action, named)
    const fd = openSync(path, openFlags(exact))
    try {
      if (exact) ensureOpened(fd, path)
      const opened = fstatSync(fd, { bigint: true })
      if (!opened.isFile()) throw notRegular(action, opened)
      return {
        fd,
        sizeBytes: Number(opened.size),
        modifiedUs: toMicroseconds(opened.mtimeNs),
        ensureUnchanged() {
          const now = statSync(path, { bigint: true, throwIfNoEntry: false })
          const same = now?.ino === named.ino && sameContent(now, named) && sameContent(opened, named)
          if (!same) throw changedWhileRead(action)
        },
        close: () => closeSync(fd),
      }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } catch (error) {
    throw exact && isSymlinkRefused(error) ? outsideRoots() : toFileError(action, error)
  }
}

/**
 * Reads `length` bytes from `position` into the start of `buffer`. Network file systems may give less in the middle of
 * a file; fewer here mean its end.
 */
export function fill(fd: number, buffer: Uint8Array, length: number, position: number): number {
  let filled = 0
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, position + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

const sameContent = (a: BigIntStats, b: BigIntStats): boolean => a.size === b.size && a.mtimeNs === b.mtimeNs

/** @param action as in `toFileError` */
export const changedWhileRead = (action: string): AppError =>
  new AppError('conflict', `Cannot ${action}: it changed while it was read`, {
    hint: 'Try again when nothing writes to it any more',
  })

const notRegular = (action: string, stats: BigIntStats): AppError =>
  new AppError('invalid_input', `Cannot ${action}: it is ${stats.isDirectory() ? 'a folder' : 'not a regular file'}`)

/**
 * What a file system call says, in our words. `action` is "hash" or "read" and the path as the caller
 * gave it. What is not an error of the file system comes back as it is.
 */
export function toFileError(action: string, error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  const fail = (kind: 'not_found' | 'forbidden' | 'invalid_input' | 'internal', reason: string): AppError =>
    new AppError(kind, `Cannot ${action}: ${reason}`, { cause: error })
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return fail('not_found', 'there is no such file')
    case 'EACCES':
    case 'EPERM':
      return fail('forbidden', 'permission denied')
    case 'EISDIR':
      return fail('invalid_input', 'it is a folder')
    case 'ENXIO':
    case 'ENODEV':
      return fail('invalid_input', 'it is not a regular file')
    case 'ELOOP':
      return fail('invalid_input', 'its symbolic links form a loop')
    case 'ENAMETOOLONG':
      return fail('invalid_input', 'the name is too long')
    case 'ERR_INVALID_ARG_VALUE':
      return fail('invalid_input', 'this is not a file name')
    default:
      return fail('internal', `reading it failed (${code})`)
  }
}
