import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isAppError } from '../../errors.ts'
import { ensureOpened, isSymlinkRefused, openFlags } from '../../lib/exact-file.ts'
import { reasonOf } from '../../lib/page-folder.ts'
import { MAX_PAGE_BYTES, tooLarge } from '../../lib/page-text.ts'

export type PageBytes = { readonly bytes: Uint8Array } | { readonly fault: string }

/** The bytes of the file at exactly this path, or why they cannot be had. Synchronous: for threads of their own. */
export function readPageFile(path: string): PageBytes {
  let fd: number | undefined
  try {
    fd = openSync(path, openFlags(true))
    ensureOpened(fd, path)
    const stats = fstatSync(fd)
    if (!stats.isFile()) return { fault: 'It is no regular file' }
    if (stats.size > MAX_PAGE_BYTES) return { fault: tooLarge(stats.size) }
    // One more than it has, so that one that grows meanwhile shows.
    const bytes = Buffer.allocUnsafe(stats.size + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null)
    }
    return { bytes: bytes.subarray(0, length) }
  } catch (error) {
    if (isSymlinkRefused(error) || isAppError(error)) return { fault: 'It was replaced while it was read' }
    return { fault: `It cannot be read: ${reasonOf(error)}` }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
