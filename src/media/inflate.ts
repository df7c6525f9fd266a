import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib'

export type Inflated =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly cutOff: boolean }
  | { readonly ok: false; readonly reason: string }

/** How bytes are packed: a zlib stream (PNG), a gzip file (hidden texts), Brotli (`brob` boxes). */
export type Packing = 'zlib' | 'gzip' | 'brotli'

/**
 * Inflates up to `limitBytes` of output; more is refused before it is made, not after.
 * A stream that ends too early gives what it holds, marked `cutOff`.
 */
export function inflate(data: Uint8Array, limitBytes: number, packing: Packing = 'zlib'): Inflated {
  const whole = attempt(data, limitBytes, packing, false)
  if (!(whole instanceof Error)) return { ok: true, bytes: whole, cutOff: false }
  const code = 'code' in whole ? whole.code : undefined
  if (code === 'ERR_BUFFER_TOO_LARGE') return { ok: false, reason: `it inflates to more than ${limitBytes} bytes` }
  if (code !== 'Z_BUF_ERROR') return { ok: false, reason: 'its compressed data is damaged' }
  const part = attempt(data, limitBytes, packing, true)
  if (part instanceof Error) return { ok: false, reason: 'its compressed data is damaged' }
  return { ok: true, bytes: part, cutOff: true }
}

function attempt(data: Uint8Array, limitBytes: number, packing: Packing, partial: boolean): Uint8Array | Error {
  const maxOutputLength = Math.max(1, limitBytes)
  try {
    if (packing === 'brotli') {
      const flush = constants.BROTLI_OPERATION_FLUSH
      return brotliDecompressSync(data, { maxOutputLength, ...(partial ? { finishFlush: flush } : {}) })
    }
    const options = { maxOutputLength, ...(partial ? { finishFlush: constants.Z_SYNC_FLUSH } : {}) }
    return packing === 'gzip' ? gunzipSync(data, options) : inflateSync(data, options)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
