import type { Sha256 } from './digest.ts'
import { createNativeSha256, type Sha256Hasher } from './native.ts'
import { changedWhileRead, fill, openRegularFile, toFileError } from './regular-file.ts'

/**
 * A sample tells whether a file whose times or name changed, or that another host hashed, still has the content it had:
 * SHA-256 of the size (8 bytes, little endian) and of the blocks of `sampleBlocks`. What it does not see: a change
 * between the blocks that left the size as it was.
 */

const BLOCK_BYTES = 4096
const BLOCKS = 8

/** Up to here the sample is of all bytes: one read costs no more than eight. */
const WHOLE_BYTES = 64 * 1024

/**
 * Where the blocks lie in a file of this size: eight of 4 KiB, the first and the last among them, those between on
 * borders of 4 KiB; the whole file where it is short. In order, and none overlaps another.
 */
export function sampleBlocks(sizeBytes: number): readonly { readonly from: number; readonly to: number }[] {
  if (sizeBytes <= WHOLE_BYTES) return [{ from: 0, to: sizeBytes }]
  const last = sizeBytes - BLOCK_BYTES
  const step = Math.floor(last / (BLOCKS - 1) / BLOCK_BYTES) * BLOCK_BYTES
  return Array.from({ length: BLOCKS }, (_, index) => {
    const from = index === BLOCKS - 1 ? last : index * step
    return { from, to: from + BLOCK_BYTES }
  })
}

/** A hasher that knows the size and waits for the blocks, in their order. */
export function startSample(sizeBytes: number, create: () => Sha256Hasher = createNativeSha256): Sha256Hasher {
  const size = new DataView(new ArrayBuffer(8))
  size.setBigUint64(0, BigInt(sizeBytes), true)
  const hasher = create()
  hasher.update(new Uint8Array(size.buffer))
  return hasher
}

/**
 * The sample of an open file: at most eight reads and 64 KiB, wherever its position is. Blocks, so it is for workers.
 *
 * @throws AppError conflict when the file is shorter than `sizeBytes`, and what `readSync` throws
 */
export function sampleFile(fd: number, sizeBytes: number): Sha256 {
  const hasher = startSample(sizeBytes)
  const buffer = new Uint8Array(sizeBytes <= WHOLE_BYTES ? sizeBytes : BLOCK_BYTES)
  for (const { from, to } of sampleBlocks(sizeBytes)) {
    if (fill(fd, buffer, to - from, from) !== to - from) throw changedWhileRead('read the file')
    hasher.update(buffer)
  }
  return hasher.digest()
}

/**
 * The sample of the file at `path`. Blocks, so it is for workers; never waits for a FIFO's writer and never touches a
 * device.
 *
 * @throws AppError not_found, forbidden, invalid_input (a folder, a FIFO, a device), conflict (it changed while it was
 * read), internal (reading failed)
 */
export function sampleOf(path: string, options: { readonly exact?: boolean } = {}): Sha256 {
  const action = `read ${path}`
  const file = openRegularFile(path, options.exact === true, action)
  try {
    const sample = sampleFile(file.fd, file.sizeBytes)
    file.ensureUnchanged()
    return sample
  } catch (error) {
    throw toFileError(action, error)
  } finally {
    file.close()
  }
}
