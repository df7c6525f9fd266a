import { constants } from 'node:fs'
import { access, open } from 'node:fs/promises'
import { AppError } from '../../errors.ts'
import { orDiskFull } from '../../lib/disk-error.ts'
import { ensureOpened, openFlags } from '../../lib/exact-file.ts'
import { writeAtomic } from '../../lib/files.ts'
import { reasonOf } from '../../lib/page-folder.ts'
import { MAX_PAGE_BYTES, tooLarge } from '../../lib/page-text.ts'

export interface OpenedPage {
  readonly bytes: Uint8Array
  readonly mode: number
}

/** The file at exactly this path. @throws AppError invalid_input, payload_too_large, forbidden */
export async function openPage(path: string): Promise<OpenedPage> {
  try {
    const file = await open(path, openFlags(true))
    try {
      ensureOpened(file.fd, path)
      const stats = await file.stat()
      if (!stats.isFile()) throw new AppError('invalid_input', 'The page cannot be read: it is no regular file')
      if (stats.size > MAX_PAGE_BYTES) throw new AppError('payload_too_large', tooLarge(stats.size))
      return { bytes: await file.readFile(), mode: stats.mode & 0o777 }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('invalid_input', `The page cannot be read: ${reasonOf(error)}`, { cause: error })
  }
}

/**
 * Puts new content in the place of a page, whole or not at all.
 * @param before what it held when it was read
 * @throws AppError conflict (it was changed since), forbidden, disk_full
 */
export async function replacePage(path: string, before: OpenedPage, content: Uint8Array): Promise<void> {
  const now = await openPage(path)
  if (!Buffer.from(now.bytes).equals(before.bytes)) {
    throw new AppError('conflict', 'The page was not changed: somebody else changed it meanwhile', {
      hint: 'Try again',
    })
  }
  try {
    await access(path, constants.W_OK)
    await writeAtomic(path, content, { keptMode: before.mode })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw orDiskFull('change the page', error, path)
    throw new AppError('forbidden', 'The page was not changed: its folder cannot be written to', { cause: error })
  }
}
