import { add } from './argb.ts'
import { type Bits, readBits } from './bits.ts'
import { type Budget, blocksIn, type ImageSize, readPart } from './image-data.ts'

/** What was done to the pixels before they were written, to be undone (RFC 9649, 4). */
export type Transform =
  | ({ readonly kind: 'predictor' } & Blockwise)
  | ({ readonly kind: 'cross-colour' } & Blockwise)
  | { readonly kind: 'subtract-green' }
  | ({ readonly kind: 'palette' } & Palette)

/** What differs from block to block: a number of the predictor, or three factors. */
export interface Blockwise {
  /** Two to the power of it is how many pixels a side of a block has. */
  readonly bits: number
  readonly blocks: Int32Array
}

export interface Palette {
  /** Two to the power of it is how many pixels one of the packed picture stands for. */
  readonly packing: number
  readonly colours: Int32Array
  /** Of the picture that is not packed. */
  readonly width: number
}

const KINDS = ['predictor', 'cross-colour', 'subtract-green', 'palette'] as const

export interface Transforms {
  /** In the order in which they were done. */
  readonly list: readonly Transform[]
  /** Of the picture as it is written: with a palette, a pixel can stand for several. */
  readonly width: number
}

/** Undefined where the data is damaged, or one comes twice. */
export function readTransforms(bits: Bits, size: ImageSize, budget: Budget): Transforms | undefined {
  const list: Transform[] = []
  let { width } = size
  while (readBits(bits, 1) === 1) {
    const kind = KINDS[readBits(bits, 2)] ?? 'palette'
    if (list.some((transform) => transform.kind === kind)) return undefined
    const transform = readTransform(bits, kind, { ...size, width }, budget)
    if (transform === undefined) return undefined
    list.push(transform)
    if (transform.kind === 'palette') width = blocksIn(width, transform.packing)
  }
  return { list, width }
}

function readTransform(
  bits: Bits,
  kind: Transform['kind'],
  { width, height }: ImageSize,
  budget: Budget,
): Transform | undefined {
  if (kind === 'subtract-green') return { kind }
  if (kind === 'palette') {
    const size = 1 + readBits(bits, 8)
    const colours = readPart(bits, size, 1, budget)
    if (colours === undefined) return undefined
    for (let index = 1; index < size; index += 1) {
      colours[index] = add(colours[index] ?? 0, colours[index - 1] ?? 0)
    }
    return { kind, packing: size <= 2 ? 3 : size <= 4 ? 2 : size <= 16 ? 1 : 0, colours, width }
  }
  const blockBits = 2 + readBits(bits, 3)
  const blocks = readPart(bits, blocksIn(width, blockBits), blocksIn(height, blockBits), budget)
  return blocks && { kind, bits: blockBits, blocks }
}
