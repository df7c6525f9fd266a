import { constants, inflate as zlibInflate } from 'node:zlib'

export type Inflated =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly cutOff: boolean }
  | { readonly ok: false; readonly reason: string }

/**
 * Inflates a zlib stream on zlib's own thread, up to `limitBytes` of output.
 * A stream that ends too early gives what it holds, marked `cutOff`.
 */
export async function inflate(data: Uint8Array, limitBytes: number): Promise<Inflated> {
  const whole = await run(data, limitBytes, constants.Z_FINISH)
  if (!(whole instanceof Error)) return { ok: true, bytes: whole, cutOff: false }
  const code = 'code' in whole ? whole.code : undefined
  if (code === 'ERR_BUFFER_TOO_LARGE') return { ok: false, reason: `it inflates to more than ${limitBytes} bytes` }
  if (code !== 'Z_BUF_ERROR') return { ok: false, reason: 'its compressed data is damaged' }
  const part = await run(data, limitBytes, constants.Z_SYNC_FLUSH)
  if (part instanceof Error) return { ok: false, reason: 'its compressed data is damaged' }
  return { ok: true, bytes: part, cutOff: true }
}

function run(data: Uint8Array, limitBytes: number, finishFlush: number): Promise<Uint8Array | Error> {
  return new Promise((resolve) => {
    zlibInflate(data, { maxOutputLength: Math.max(1, limitBytes), finishFlush }, (error, result) =>
      resolve(error ?? result),
    )
  })
}
