import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../errors.ts'
import { syncDir } from '../lib/files.ts'
import { toPartError } from './part-error.ts'

/** Where the bytes grow, and what is known of them: beside the final name. */
export const partPathOf = (target: string): string => `${target}.part`
export const statePathOf = (partPath: string): string => `${partPath}.json`
/** Notes on their way; whoever holds the part's lock alone writes them. */
export const newStatePathOf = (statePath: string): string => `${statePath}.tmp`

/**
 * Opens the part, or creates it. One that has another name too is somebody's file, such as the finished model that was
 * moved away before its first name was: it loses this name, its notes before that, and a new part begins.
 * @throws AppError conflict (no regular file); what the system says
 */
export async function openPartFile(path: string): Promise<FileHandle> {
  const handle = await open(path, FLAGS | constants.O_CREAT, MODE)
  try {
    const found = await handle.stat()
    if (!found.isFile()) {
      throw new AppError('conflict', 'Cannot write the download: its name belongs to something that is no regular file')
    }
    if (found.nlink <= 1) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  await dropPartState(path)
  return replaced(path)
}

/** The part without a byte; what has another name too keeps its own. Its notes are gone. */
export async function emptied(handle: FileHandle, path: string): Promise<FileHandle> {
  if ((await handle.stat()).nlink > 1) {
    const fresh = await replaced(path)
    await handle.close()
    return fresh
  }
  await handle.truncate(0)
  return handle
}

const FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Nobody else's until it is whole. */
const MODE = 0o600

async function replaced(path: string): Promise<FileHandle> {
  await rm(path, { force: true })
  return open(path, FLAGS | constants.O_CREAT | constants.O_EXCL, MODE)
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
  await rm(newStatePathOf(statePathOf(partPath)), { force: true })
  await syncDir(dirname(partPath))
}

/** Nothing of a part is left, nor of what was known of it. Whoever calls has its lock. */
export async function dropPart(partPath: string): Promise<void> {
  // The notes first: they must not vouch for bytes that are gone.
  await dropPartState(partPath)
  await rm(partPath, { force: true })
}
