import { add } from './argb.ts'
import { allocate, type Budget, blocksIn } from './image-data.ts'
import { PREDICTORS } from './predictors.ts'
import type { Blockwise, Palette, Transforms } from './transforms.ts'

/** The pixels as they were; undefined where there is no memory for them. */
export function undo(
  pixels: Int32Array,
  { list, width }: Transforms,
  rows: number,
  budget: Budget,
): Int32Array | undefined {
  let picture: Int32Array | undefined = pixels
  let columns = width
  for (const transform of list.toReversed()) {
    if (transform.kind === 'predictor') addPredictions(picture, columns, transform)
    else if (transform.kind === 'cross-colour') addCrossColour(picture, columns, transform)
    else if (transform.kind === 'subtract-green') addGreen(picture)
    else {
      picture = withColours(picture, rows, transform, budget)
      columns = transform.width
    }
    if (picture === undefined) return undefined
  }
  return picture
}

function addPredictions(pixels: Int32Array, width: number, { bits, blocks }: Blockwise): void {
  const perRow = blocksIn(width, bits)
  const rows = pixels.length / width
  pixels[0] = add(pixels[0] ?? 0, 0xff000000)
  for (let x = 1; x < width; x += 1) pixels[x] = add(pixels[x] ?? 0, pixels[x - 1] ?? 0)
  for (let y = 1; y < rows; y += 1) {
    const start = y * width
    let left = add(pixels[start] ?? 0, pixels[start - width] ?? 0)
    pixels[start] = left
    for (let x = 1; x < width; ) {
      const predict = PREDICTORS[((blocks[(y >> bits) * perRow + (x >> bits)] ?? 0) >> 8) & 15]
      const end = Math.min(width, ((x >> bits) + 1) << bits)
      for (; x < end; x += 1) {
        const at = start + x
        left = add(pixels[at] ?? 0, predict === undefined ? 0 : predict(left, pixels, at - width))
        pixels[at] = left
      }
    }
  }
}

function addCrossColour(pixels: Int32Array, width: number, { bits, blocks }: Blockwise): void {
  const perRow = blocksIn(width, bits)
  const rows = pixels.length / width
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < width; ) {
      const factors = blocks[(y >> bits) * perRow + (x >> bits)] ?? 0
      const greenToRed = signed(factors)
      const greenToBlue = signed(factors >> 8)
      const redToBlue = signed(factors >> 16)
      const end = Math.min(width, ((x >> bits) + 1) << bits)
      for (; x < end; x += 1) {
        const argb = pixels[y * width + x] ?? 0
        const green = signed(argb >> 8)
        const red = ((argb >> 16) + ((greenToRed * green) >> 5)) & 0xff
        const blue = (argb + ((greenToBlue * green) >> 5) + ((redToBlue * signed(red)) >> 5)) & 0xff
        pixels[y * width + x] = (argb & 0xff00ff00) | (red << 16) | blue
      }
    }
  }
}

/** The lowest byte as a number from -128 to 127. */
const signed = (byte: number): number => (byte << 24) >> 24

function addGreen(pixels: Int32Array): void {
  for (let at = 0; at < pixels.length; at += 1) {
    const argb = pixels[at] ?? 0
    const green = (argb >> 8) & 0xff
    pixels[at] = (argb & 0xff00ff00) | (((argb & 0x00ff00ff) + ((green << 16) | green)) & 0x00ff00ff)
  }
}

function withColours(
  packed: Int32Array,
  rows: number,
  { packing, colours, width }: Palette,
  budget: Budget,
): Int32Array | undefined {
  const pixels = allocate(width, rows, budget)
  if (pixels === undefined) return undefined
  const perRow = blocksIn(width, packing)
  const bits = 8 >> packing
  const mask = (1 << bits) - 1
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const byte = ((packed[y * perRow + (x >> packing)] ?? 0) >> 8) & 0xff
      const index = (byte >> (bits * (x & ((1 << packing) - 1)))) & mask
      pixels[y * width + x] = colours[index] ?? 0
    }
  }
  return pixels
}
