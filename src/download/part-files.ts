import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../errors.ts'
import { syncDir } from '../lib/files.ts'
import { toPartError } from './part-error.ts'

/** Where the bytes grow, and what is known of them: beside the final name. */
export const partPathOf = (target: string): string => `${target}.part`
export const statePathOf = (partPath: string): string => `${partPath}.json`

/** Opens the part, or creates it. @throws AppError conflict (no regular file); what the system says */
export async function openPartFile(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(path, flags, 0o600)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new AppError('conflict', 'Cannot write the download: its name belongs to something that is no regular file')
}

/** @throws AppError disk_full, forbidden; what else the system says */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  try {
    while (done < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
      done += bytesWritten
    }
  } catch (error) {
    throw toPartError(error)
  }
}

/** What was known of a part no longer counts, nor after a crash. */
export async function dropPartState(partPath: string): Promise<void> {
  await rm(statePathOf(partPath), { force: true })
  await syncDir(dirname(partPath))
}
