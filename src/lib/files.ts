import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createId } from './id.ts'

/** Makes a rename or a new name in `dir` survive a power cut. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export interface WriteAtomicOptions {
  /** File mode, 0o600 by default; the process's mask takes from it. */
  readonly mode?: number
  /** Mode of the file in whose place it comes, which it keeps whatever the mask. */
  readonly keptMode?: number
  /**
   * The name beside the target, where nobody else writes that: what a killed run left there is replaced. By default one
   * that is new each time.
   */
  readonly temporary?: string
}

/** Whole content or nothing: temporary name beside the target, sync, rename, sync of the folder. */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteAtomicOptions = {},
): Promise<void> {
  const temporary = options.temporary ?? join(dirname(path), `.${basename(path)}.${createId('tmp')}`)
  let handle: FileHandle | undefined
  try {
    if (options.temporary !== undefined) await rm(temporary, { force: true })
    handle = await open(temporary, 'wx', options.mode ?? 0o600)
    await handle.writeFile(data)
    if (options.keptMode !== undefined) await handle.chmod(options.keptMode)
    await handle.sync()
    await handle.close()
    handle = undefined
    await rename(temporary, path)
  } catch (error) {
    await handle?.close()
    await rm(temporary, { force: true })
    throw error
  }
  await syncDir(dirname(path))
}

/** Bytes that an unprivileged writer may still use on the filesystem of `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return Number(bavail) * Number(bsize)
}

/** statfs `f_type` of filesystems where other machines may write too, so that WAL's shared memory does not work. */
const NETWORK_FILESYSTEMS = new Set([
  0x6969, // NFS
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x517b, // SMB
  0x01021997, // 9p
  0x65735546, // FUSE (sshfs, s3fs, gcsfuse, JuiceFS, MooseFS)
  0x00c36400, // Ceph
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x19830326, // BeeGFS
])

/** Whether `path` lies on a network filesystem (Linux statfs(2) magic numbers). */
export async function isNetworkFilesystem(path: string): Promise<boolean> {
  const { type } = await statfs(path)
  return NETWORK_FILESYSTEMS.has(Number(type) >>> 0)
}
