import { constants } from 'node:fs'
import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../errors.ts'
import { syncDir } from '../lib/files.ts'
import { createId } from '../lib/id.ts'

/**
 * Puts a copy at `path`, readable by its owner alone: under a temporary name beside it while it is written, under its
 * own when it is whole and on the disk. What stands there already is never replaced.
 * @param write fills the empty file that it is given
 * @returns bytes of the copy
 * @throws AppError conflict (there is something at `path`), not_found (no such folder), forbidden, disk_full, and what
 * `write` throws
 */
export async function writeBackup(path: string, write: (temporary: string) => Promise<void>): Promise<number> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) throw taken(path)
  const temporary = join(dirname(path), `.airkeep-backup.${createId('tmp')}`)
  try {
    await (await open(temporary, 'wx', 0o600)).close()
  } catch (error) {
    throw explain(error, path)
  }
  try {
    await write(temporary)
    const written = await open(temporary, constants.O_RDONLY)
    try {
      await written.sync()
      const { size } = await written.stat()
      await placeNew(temporary, path)
      await syncDir(dirname(path))
      return size
    } finally {
      await written.close()
    }
  } catch (error) {
    throw explain(error, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** A rename would replace what came to stand there meanwhile; a link does not. */
async function placeNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error))) throw error
    // Filesystems without hard links: the name is taken first, and only who took it replaces it.
    await (await open(path, 'wx', 0o600)).close()
    await rename(temporary, path)
  }
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

const taken = (path: string): AppError =>
  new AppError('conflict', `Could not write the backup: there is something at ${path} already`, {
    hint: 'A backup never replaces a file; choose another name',
  })

function explain(error: unknown, path: string): unknown {
  const told = (code: 'not_found' | 'forbidden' | 'disk_full' | 'invalid_input', reason: string): AppError =>
    new AppError(code, `Could not write the backup ${path}: ${reason}`, { cause: error })
  switch (codeOf(error)) {
    case 'EEXIST':
      return taken(path)
    case 'ENOENT':
      return told('not_found', 'its folder does not exist')
    case 'ENOTDIR':
      return told('invalid_input', 'its folder is a file')
    case 'ENAMETOOLONG':
      return told('invalid_input', 'its name is too long')
    case 'EACCES':
    case 'EROFS':
      return told('forbidden', 'its folder cannot be written')
    case 'ENOSPC':
    case 'EDQUOT':
      return told('disk_full', 'the disk is full')
    default:
      return error
  }
}
