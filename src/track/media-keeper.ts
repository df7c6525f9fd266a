import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createId } from '../lib/id.ts'
import type { MediaContent } from './media-record.ts'

export interface KeeperOptions {
  readonly tempDir: string
  /** A body up to this size is held in memory, a larger one is written to a temporary file. */
  readonly heldBytes: number
  /** Of a body that is larger nothing is kept. */
  readonly maxBytes: number
  /** The size that the sender has announced. */
  readonly expectedBytes: number | undefined
  /** Told of a disk that did not do its part, such as a full one; nothing is kept then. */
  readonly onFault: (error: unknown) => void
}

/** Keeps a body while it passes by, to be read once it is whole. Never throws: what is not kept is not read. */
export interface MediaKeeper {
  take(chunk: Uint8Array): Promise<void>
  /** All that was taken; undefined where it was not kept. */
  finish(): Promise<MediaContent | undefined>
  /** Lets go of everything. May be called again. */
  discard(): Promise<void>
}

/** Chunks are small: written one by one they take longer than their hashing. */
const WRITE_BYTES = 2 ** 20

export function createMediaKeeper({
  tempDir,
  heldBytes,
  maxBytes,
  expectedBytes,
  onFault,
}: KeeperOptions): MediaKeeper {
  const path = join(tempDir, createId('media'))
  let held: Uint8Array[] = []
  let waiting = 0
  let length = 0
  let file: FileHandle | undefined
  let onDisk = false
  let discarded = expectedBytes !== undefined && expectedBytes > maxBytes

  async function store(): Promise<void> {
    file ??= await open(path, 'wx', 0o600)
    onDisk = true
    await file.writeFile(Buffer.concat(held))
    held = []
    waiting = 0
  }

  async function closeFile(): Promise<void> {
    const opened = file
    file = undefined
    await opened?.close()
  }

  async function discard(): Promise<void> {
    discarded = true
    held = []
    await closeFile().catch(onFault)
    if (onDisk) await rm(path, { force: true }).catch(onFault)
    onDisk = false
  }

  /** A network filesystem may say only at the end that it is full. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      onFault(error)
      await discard()
    }
  }

  return {
    async take(chunk) {
      if (discarded) return
      length += chunk.byteLength
      if (length > maxBytes) return discard()
      held.push(chunk)
      waiting += chunk.byteLength
      if (length > heldBytes && (waiting >= WRITE_BYTES || !onDisk)) await attempt(store)
    },
    async finish() {
      if (onDisk) await attempt(store)
      if (onDisk) await attempt(closeFile)
      if (discarded) return undefined
      return onDisk ? { path, exact: false } : { bytes: Buffer.concat(held) }
    },
    discard,
  }
}
