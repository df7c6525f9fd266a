import { bitsOf, isPastEnd } from './vp8l/bits.ts'
import { type Budget, readPicture } from './vp8l/image-data.ts'
import { readTransforms } from './vp8l/transforms.ts'
import { undo } from './vp8l/undo.ts'

export interface LosslessHeader {
  readonly width: number
  readonly height: number
  readonly hasAlpha: boolean
}

/** The header of a VP8L chunk, and how long it is. */
export const LOSSLESS_HEADER_BYTES = 5

/** Undefined where these are not the first bytes of a VP8L chunk. */
export function readLosslessHeader(data: Uint8Array): LosslessHeader | undefined {
  if (data.length < LOSSLESS_HEADER_BYTES || data[0] !== 0x2f) return undefined
  const fields = new DataView(data.buffer, data.byteOffset + 1, 4).getUint32(0, true)
  if (fields >>> 29 !== 0) return undefined // the version
  return {
    width: 1 + (fields & 0x3fff),
    height: 1 + ((fields >>> 14) & 0x3fff),
    hasAlpha: ((fields >>> 28) & 1) === 1,
  }
}

export interface LosslessSize {
  readonly width: number
  readonly height: number
  /** How many from the top are wanted. */
  readonly rows: number
  /** Of memory for pixels, while and after decoding. */
  readonly limitBytes: number
}

/**
 * Decodes WebP's lossless bit stream (RFC 9649) from behind its header: a pixel is a number 0xAARRGGBB, as 32 bits
 * with a sign. Undefined where the data is damaged, ends before the last of the wanted rows, or needs more memory.
 */
export function decodeLossless(data: Uint8Array, { width, height, rows, limitBytes }: LosslessSize) {
  const bits = bitsOf(data)
  const budget: Budget = { bytes: limitBytes }
  const transforms = readTransforms(bits, { width, height, rows }, budget)
  if (transforms === undefined || isPastEnd(bits)) return undefined
  const pixels = readPicture(bits, { width: transforms.width, height, rows }, budget)
  return pixels && undo(pixels, transforms, rows, budget)
}
