import { crc32 } from 'node:zlib'
import type { Crc32 } from './digest.ts'

/** A running CRC-32. */
export interface Crc32Hasher {
  update(chunk: Uint8Array): void
  digest(): Crc32
}

/** CRC-32 as zlib, PNG and Civitai have it (polynomial 0xEDB88320). */
export function createCrc32(): Crc32Hasher {
  let value = 0
  return {
    update: (chunk) => {
      value = crc32(chunk, value)
    },
    digest: () => value.toString(16).padStart(8, '0') as Crc32,
  }
}
