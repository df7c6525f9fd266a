import { type Inflated, inflate, type Packing } from './inflate.ts'

/** Inflates the packed pieces of one file. */
export type Inflater = (data: Uint8Array, limitBytes: number, packing?: Packing) => Inflated

/** Real files have up to about fifty; each takes longer to begin with than small ones take to inflate. */
const MAX_PIECES = 10_000
/** The most that one byte of zlib can become (https://zlib.net/zlib_tech.html): of small damage no more than that was lost. */
const MOST_OF_A_BYTE = 1032

/**
 * All pieces together up to a limit: a few bytes of Brotli inflate to megabytes of nothing, and a file may hold many of
 * them. What fails is taken to have inflated as far as it can before.
 */
export function createInflater(totalBytes: number): Inflater {
  let leftBytes = totalBytes
  let leftPieces = MAX_PIECES
  return (data, limitBytes, packing) => {
    if (leftPieces === 0) return { ok: false, reason: `the file has more than ${MAX_PIECES} compressed pieces` }
    leftPieces -= 1
    if (leftBytes === 0) return { ok: false, reason: `the file inflates to more than ${totalBytes} bytes` }
    const limit = Math.min(limitBytes, leftBytes)
    const inflated = inflate(data, limit, packing)
    const most = packing === 'brotli' ? limit : Math.min(limit, MOST_OF_A_BYTE * data.length)
    leftBytes -= inflated.ok ? inflated.bytes.length : most
    return inflated
  }
}
