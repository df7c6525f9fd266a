import { readSync } from 'node:fs'

/**
 * Up to `length` bytes at `position` (both in bytes), fewer only at the end. What it returns may be overwritten by the
 * next call.
 */
export type ReadAt = (position: number, length: number) => Uint8Array

/** Reads of one open file into one buffer that grows to the longest length asked for. Blocks: for workers. */
export function createReadAt(fd: number): ReadAt {
  let buffer = new Uint8Array(0)
  return (position, length) => {
    if (buffer.length < length) buffer = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const got = readSync(fd, buffer, filled, length - filled, position + filled)
      if (got === 0) break
      filled += got
    }
    return buffer.subarray(0, filled)
  }
}

/** The same of bytes in memory. */
export const readAtOf =
  (bytes: Uint8Array): ReadAt =>
  (position, length) =>
    bytes.subarray(position, position + length)
