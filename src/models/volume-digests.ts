import { constants, type Stats } from 'node:fs'
import { access, type FileHandle, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { orDiskFull } from '../lib/disk-error.ts'
import type { Log } from '../lib/log.ts'
import type { VolumeDigests } from './library/merge-row.ts'
import { readEntries, toChunks } from './volume-entries.ts'
import type { VolumeEntry } from './volume-entry.ts'
import { type OpenedDigests, openDigests, type Replacement, replaceDigests } from './volume-file.ts'

/** Digests that stand on the volume of a root, so that another host that mounts it need not read the files again. */
export interface VolumeDigestStore {
  /** Whether this root carries its own: it is writable, and not on the filesystem of the data directory. */
  eligible(root: string): Promise<boolean>
  /**
   * By path below the root. Empty, with a line in the log, for a file that is damaged, too large, of another version or
   * not to be trusted; empty where there is none.
   * @throws the signal's reason
   */
  read(root: string, signal?: AbortSignal): Promise<ReadonlyMap<string, VolumeEntry>>
  /**
   * Puts these in place of what was there, all of them or none; does nothing where they are the same in the same order.
   * @throws AppError disk_full, forbidden (not a folder of ours), payload_too_large; what `entries` throws; what the
   * system says
   */
  write(root: string, entries: AsyncIterable<VolumeEntry> | Iterable<VolumeEntry>): Promise<'written' | 'unchanged'>
}

export interface VolumeDigestsDeps {
  readonly dataDir: string
  readonly log: Log
}

const MAX_BYTES = 256 * 2 ** 20
const COPY_BYTES = 64 * 1024

export function createVolumeDigests({ dataDir, log }: VolumeDigestsDeps): VolumeDigestStore {
  return {
    async eligible(root) {
      try {
        const [here, data] = await Promise.all([stat(root), statNearest(dataDir)])
        if (!here.isDirectory() || here.dev === data.dev) return false
        await access(root, constants.W_OK | constants.X_OK)
        return true
      } catch {
        return false
      }
    },
    async read(root, signal) {
      let opened: OpenedDigests | undefined
      try {
        opened = await openDigests(root)
        if (opened === undefined) return NO_ENTRIES
        const { entries, ...rest } = await readEntries(opened, MAX_BYTES, signal)
        if ('fault' in rest || rest.skipped > 0) log.warn({ root, ...rest }, 'left out digests of a volume')
        return entries
      } catch (error) {
        signal?.throwIfAborted()
        log.warn({ root, err: error }, 'could not read the digests of a volume')
        return NO_ENTRIES
      } finally {
        await opened?.handle.close()
      }
    },
    async write(root, entries) {
      // What is not to be trusted is not compared with either.
      const before = await openDigests(root).catch(() => undefined)
      let replacement: Replacement | undefined
      /** Bytes from the beginning that are there already. */
      let same = 0
      try {
        for await (const chunk of toChunks(entries, MAX_BYTES)) {
          if (replacement === undefined) {
            if (before !== undefined && (await holds(before.handle, chunk, same))) {
              same += chunk.length
              continue
            }
            replacement = await replaceDigests(root)
            await copyBeginning(before, same, replacement)
          }
          await replacement.write(chunk)
        }
        if (replacement === undefined) {
          if (same === before?.sizeBytes) return 'unchanged'
          replacement = await replaceDigests(root)
          await copyBeginning(before, same, replacement)
        }
        await replacement.commit()
        return 'written'
      } catch (error) {
        await replacement?.discard()
        throw orDiskFull('leave digests on the volume', error, root)
      } finally {
        await before?.handle.close()
      }
    },
  }
}

const NO_ENTRIES: ReadonlyMap<string, VolumeEntry> = new Map()

/** Whether a stored entry tells of the file as it is now. */
export const fitsFile = (
  entry: Pick<VolumeDigests, 'sizeBytes' | 'modifiedUs'>,
  file: { readonly sizeBytes: number; readonly modifiedUs: number },
): boolean => entry.sizeBytes === file.sizeBytes && entry.modifiedUs === file.modifiedUs

/** A data directory that is not there yet will be made on the filesystem of its parent. */
async function statNearest(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (error) {
    const parent = dirname(path)
    if (parent === path) throw error
    return await statNearest(parent)
  }
}

/** Whether the file has exactly these bytes there. */
async function holds(handle: FileHandle, bytes: Buffer, position: number): Promise<boolean> {
  const there = Buffer.allocUnsafe(bytes.length)
  for (let filled = 0; filled < there.length; ) {
    const { bytesRead } = await handle.read(there, filled, there.length - filled, position + filled)
    if (bytesRead === 0) return false
    filled += bytesRead
  }
  return there.equals(bytes)
}

async function copyBeginning(
  before: OpenedDigests | undefined,
  length: number,
  replacement: Replacement,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(COPY_BYTES)
  for (let copied = 0; before !== undefined && copied < length; ) {
    const { bytesRead } = await before.handle.read(buffer, 0, Math.min(buffer.length, length - copied), copied)
    if (bytesRead === 0) throw new Error('The digests of the volume were cut while they were read')
    await replacement.write(buffer.subarray(0, bytesRead))
    copied += bytesRead
  }
}
