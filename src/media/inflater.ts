import { type Inflated, inflate, type Packing } from './inflate.ts'

/** Inflates the packed pieces of one file. */
export type Inflater = (data: Uint8Array, limitBytes: number, packing?: Packing) => Inflated

/**
 * All pieces together up to a limit: a few bytes of Brotli inflate to megabytes of nothing, and a file may hold many of
 * them. What fails is taken to have inflated to its own limit first.
 */
export function createInflater(totalBytes: number): Inflater {
  let leftBytes = totalBytes
  return (data, limitBytes, packing) => {
    if (leftBytes === 0) return { ok: false, reason: `the file inflates to more than ${totalBytes} bytes` }
    const limit = Math.min(limitBytes, leftBytes)
    const inflated = inflate(data, limit, packing)
    leftBytes -= inflated.ok ? inflated.bytes.length : limit
    return inflated
  }
}
