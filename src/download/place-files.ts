import type { BigIntStats } from 'node:fs'
import { type FileHandle, link, lstat, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDir } from '../lib/files.ts'

/** What placing a file asks of the system, a step each. */
export interface PlaceFiles {
  /** A second name; fails with EEXIST where anything has it. */
  link(from: string, to: string): Promise<void>
  /** Replaces what is there. */
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** An empty new file; fails with EEXIST where anything has the name. */
  create(path: string): Promise<void>
  /** A new file with the bytes of another one, which are on the disk then. */
  copy(from: string, to: string, signal: AbortSignal | undefined): Promise<void>
  /** Whether two files have the same bytes. */
  same(one: string, other: string, signal: AbortSignal | undefined): Promise<boolean>
  /** What has the name, without following a link; undefined where nothing has. */
  look(path: string): Promise<BigIntStats | undefined>
  names(dir: string): Promise<string[]>
  /** Makes names in a folder survive a power cut, where the filesystem can do that. */
  sync(dir: string): Promise<void>
}

const PIECE_BYTES = 4 * 2 ** 20

/** Of filesystems on networks and in user space that cannot sync a folder. */
const CANNOT_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EBADF'])

export const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

export const placeFiles: PlaceFiles = {
  link,
  rename,
  unlink,
  create: async (path) => (await open(path, 'wx')).close(),
  copy: (from, to, signal) =>
    reading(from, async (source) => {
      const { mode } = await source.stat()
      const target = await open(to, 'wx', mode & 0o777)
      try {
        await copyBytes(source, target, signal)
        await target.sync()
      } catch (error) {
        await rm(to, { force: true })
        throw error
      } finally {
        await target.close()
      }
    }),
  same: (one, other, signal) => reading(one, (first) => reading(other, (second) => sameBytes(first, second, signal))),
  async look(path) {
    try {
      return await lstat(path, { bigint: true })
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  },
  async names(dir) {
    return readdir(dir)
  },
  async sync(dir) {
    try {
      await syncDir(dir)
    } catch (error) {
      if (!CANNOT_SYNC.has(codeOf(error))) throw error
    }
  },
}

async function reading<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r')
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

async function copyBytes(source: FileHandle, target: FileHandle, signal: AbortSignal | undefined): Promise<void> {
  const buffer = new Uint8Array(PIECE_BYTES)
  for (let at = 0; ; ) {
    signal?.throwIfAborted()
    const filled = await fill(source, buffer, at)
    for (let written = 0; written < filled; ) {
      written += (await target.write(buffer, written, filled - written, at + written)).bytesWritten
    }
    at += filled
    if (filled < buffer.length) return
  }
}

async function sameBytes(one: FileHandle, other: FileHandle, signal: AbortSignal | undefined): Promise<boolean> {
  if ((await one.stat()).size !== (await other.stat()).size) return false
  const first = Buffer.alloc(PIECE_BYTES)
  const second = Buffer.alloc(PIECE_BYTES)
  for (let at = 0; ; at += PIECE_BYTES) {
    signal?.throwIfAborted()
    const [filled, filledToo] = await Promise.all([fill(one, first, at), fill(other, second, at)])
    if (filled !== filledToo || first.compare(second, 0, filled, 0, filled) !== 0) return false
    if (filled < PIECE_BYTES) return true
  }
}

/** Fewer bytes than fit only at the end. */
async function fill(handle: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

/** Removes what matches in `dir` and has not been written to since `beforeMs` (epoch). */
export async function removeLeftovers(
  files: PlaceFiles,
  dir: string,
  isOne: (name: string) => boolean,
  beforeMs: number,
): Promise<void> {
  for (const name of (await files.names(dir)).filter(isOne)) {
    const path = join(dir, name)
    const found = await files.look(path)
    if (found?.isFile() && Number(found.mtimeMs) < beforeMs) await files.unlink(path)
  }
}
