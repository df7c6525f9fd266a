import type { ByteSource } from './byte-source.ts'
import type { Pixels } from './pixels.ts'
import { readRiffChunks } from './riff-chunks.ts'
import { alphaPixels } from './webp-alpha.ts'
import { decodeLossless, LOSSLESS_HEADER_BYTES, readLosslessHeader } from './webp-lossless.ts'

const KNOWN = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP', 'EXIF', 'XMP '])
const HAS_PIXELS = new Set(['VP8L', 'ALPH'])
const CANVAS_BYTES = 10
const ANIMATED = 0x02
/** A canvas may say more, a lossy picture cannot have more. */
const MAX_SIDE = 16_383

/**
 * The pixels of a still WebP that are stored without loss: all of a lossless one, and the alpha of a lossy one, which
 * is stored so too. Undefined for all others. `limitBytes` is for its data, and for pixels while they are decoded.
 */
export function webpPixels(source: ByteSource, limitBytes: number): Pixels | undefined {
  const chunks = readRiffChunks(source, {
    known: KNOWN,
    wants: (type, length) => (type === 'VP8X' ? CANVAS_BYTES : HAS_PIXELS.has(type) ? Math.min(length, limitBytes) : 1),
    brokenOff() {},
  })
  let canvas: { width: number; height: number } | undefined
  for (const { type, data } of chunks) {
    if (type === 'VP8L') return losslessPixels(data, limitBytes)
    if (type === 'ALPH') return canvas && alphaPixels(data, { ...canvas, limitBytes })
    if (type === 'VP8 ') return undefined
    if (type === 'VP8X' && data.length === CANVAS_BYTES) {
      if (((data[0] ?? 0) & ANIMATED) !== 0) return undefined
      const size = { width: 1 + uint24(data, 4), height: 1 + uint24(data, 7) }
      if (size.width <= MAX_SIDE && size.height <= MAX_SIDE) canvas = size
    }
  }
  return undefined
}

const uint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)

function losslessPixels(data: Uint8Array, limitBytes: number): Pixels | undefined {
  const header = readLosslessHeader(data)
  if (header === undefined) return undefined
  const { width, height, hasAlpha } = header
  return {
    width,
    height,
    channels: 4,
    hasColour: true,
    // Where the header says that all pixels are opaque, programs show them so, whatever their alpha is.
    ...(hasAlpha ? { alphaAt: 3 } : {}),
    topLeft(columns, rows) {
      const pixels = decodeLossless(data.subarray(LOSSLESS_HEADER_BYTES), { width, height, rows, limitBytes })
      return pixels && toBytes(pixels, width, columns, rows)
    },
  }
}

function toBytes(pixels: Int32Array, width: number, columns: number, rows: number): Uint8Array {
  const bytes = new Uint8Array(4 * columns * rows)
  const view = new DataView(bytes.buffer)
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const argb = pixels[y * width + x] ?? 0
      view.setInt32(4 * (y * columns + x), (argb << 8) | (argb >>> 24))
    }
  }
  return bytes
}
