import { type FileHandle, open } from 'node:fs/promises'

const BLOCK_BYTES = 1024 * 1024

export interface SameBytesOptions {
  readonly signal: AbortSignal
  /** Bytes of each file that were compared since the last call. */
  readonly onBytes: (bytes: number) => void
}

/**
 * Whether two files hold the same bytes, found by reading both to their ends.
 * @throws what the system says; the signal's reason
 */
export async function haveSameBytes(one: string, other: string, options: SameBytesOptions): Promise<boolean> {
  const handles: FileHandle[] = []
  try {
    for (const path of [one, other]) handles.push(await open(path, 'r'))
    const [first, second] = handles
    return first !== undefined && second !== undefined && (await compare(first, second, options))
  } finally {
    for (const handle of handles) await handle.close()
  }
}

async function compare(one: FileHandle, other: FileHandle, { signal, onBytes }: SameBytesOptions): Promise<boolean> {
  const [left, right] = [Buffer.allocUnsafe(BLOCK_BYTES), Buffer.allocUnsafe(BLOCK_BYTES)]
  for (let position = 0; ; ) {
    signal.throwIfAborted()
    // One after the other: a disk does not have to seek between them more than it must.
    const bytes = await fill(one, left, position)
    if (bytes !== (await fill(other, right, position))) return false
    if (bytes === 0) return true
    if (!left.subarray(0, bytes).equals(right.subarray(0, bytes))) return false
    position += bytes
    onBytes(bytes)
  }
}

/** Reads until the block is full or the file at its end: a read may give less than there is. */
async function fill(handle: FileHandle, block: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < block.length) {
    const { bytesRead } = await handle.read(block, filled, block.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
