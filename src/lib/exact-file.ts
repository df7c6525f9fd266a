import { constants, fstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../errors.ts'

/** Where a process finds what it has open, by name (Linux). */
const OPEN_FILES = '/proc/self/fd'

/** The one answer to a caller with a token for whatever is outside, whether it exists or not. */
export const outsideRoots = (): AppError =>
  new AppError('forbidden', 'The path is outside the folders that callers with a token may name', {
    hint: 'The owner opens further folders with AIRKEEP_ALLOW_READ',
  })

/**
 * For reading; never waits for a FIFO's writer. The name of an exact file is a real path: a symlink there came since.
 */
export const openFlags = (exact: boolean): number =>
  constants.O_RDONLY | constants.O_NONBLOCK | (exact ? constants.O_NOFOLLOW : 0)

/** Before opening, so that nothing is touched that lies elsewhere. @throws AppError forbidden */
export function ensureReal(path: string, real: string): void {
  if (real !== path) throw outsideRoots()
}

/**
 * Whether what is open is the file at exactly `path`, a real path that was checked before: whoever can write below a
 * root can put symlinks in its way between the check and the opening. It may be another file than it was then.
 * @throws AppError forbidden
 */
export function ensureOpened(fd: number, path: string, openFiles = OPEN_FILES): void {
  if (!isOpenedAt(fd, path, openFiles)) throw outsideRoots()
}

function isOpenedAt(fd: number, path: string, openFiles: string): boolean {
  let name: string
  try {
    name = readlinkSync(join(openFiles, String(fd)))
  } catch {
    // macOS has no such folder: the closest is to ask again what is at the path.
    const opened = fstatSync(fd, { bigint: true })
    const there = statSync(path, { bigint: true, throwIfNoEntry: false })
    return there?.ino === opened.ino && there.dev === opened.dev && realpathSync.native(path) === path
  }
  return name === path
}

/** Of a failed opening: O_NOFOLLOW met a symlink. */
export const isSymlinkRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ELOOP'
