import type { Pixels } from './pixels.ts'
import { decodeLossless, type LosslessSize } from './webp-lossless.ts'

interface Canvas {
  readonly width: number
  readonly height: number
  readonly limitBytes: number
}

/** The alpha of a lossy WebP: the data of its ALPH chunk, which is raw or written as the green of a lossless picture. */
export function alphaPixels(data: Uint8Array, { width, height, limitBytes }: Canvas): Pixels {
  return {
    width,
    height,
    channels: 1,
    hasColour: false,
    alphaAt: 0,
    topLeft(columns, rows) {
      const flags = data[0] ?? 0
      const values = decode(flags & 3, data.subarray(1), { width, height, rows, limitBytes })
      return values && unfilter(values, width, { columns, rows, filter: (flags >> 2) & 3 })
    },
  }
}

const RAW = 0
const LOSSLESS = 1

function decode(compression: number, data: Uint8Array, size: LosslessSize): ArrayLike<number> | undefined {
  if (compression === RAW) return data.length < size.width * size.rows ? undefined : data
  if (compression !== LOSSLESS) return undefined
  const pixels = decodeLossless(data, size)
  return pixels?.map((argb) => (argb >> 8) & 0xff)
}

interface Filtered {
  readonly columns: number
  readonly rows: number
  /** 0: none; from the left, from above, or from left + above - corner. */
  readonly filter: number
}

/** The first columns, with the filter undone: it looks to the left and up only. */
function unfilter(values: ArrayLike<number>, width: number, { columns, rows, filter }: Filtered): Uint8Array {
  const alpha = new Uint8Array(columns * rows)
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const at = y * columns + x
      const left = alpha[at - 1] ?? 0
      const above = alpha[at - columns] ?? 0
      let guess = 0
      if (filter !== 0 && y === 0) guess = x === 0 ? 0 : left
      else if (filter !== 0 && x === 0) guess = above
      else if (filter === 1) guess = left
      else if (filter === 2) guess = above
      else if (filter === 3) guess = Math.min(255, Math.max(0, left + above - (alpha[at - columns - 1] ?? 0)))
      alpha[at] = (values[y * width + x] ?? 0) + guess
    }
  }
  return alpha
}
