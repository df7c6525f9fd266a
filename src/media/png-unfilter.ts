/** How the rows of a picture lie in the inflated bytes: a filter byte, then the pixels. */
export interface Rows {
  readonly rowBytes: number
  readonly channels: number
}

/**
 * The first `columns` pixels of the first `rows` rows, with PNG's filters undone (PNG 9.2). A filter looks to the left
 * and up only, so what stands further right is never touched. Undefined where a row names no filter.
 */
export function unfilter(raw: Uint8Array, columns: number, rows: number, layout: Rows): Uint8Array | undefined {
  const { channels, rowBytes } = layout
  const length = columns * channels
  const pixels = new Uint8Array(rows * length)
  let above: Uint8Array = new Uint8Array(length)
  for (let y = 0; y < rows; y += 1) {
    const start = y * (1 + rowBytes)
    const row = pixels.subarray(y * length, (y + 1) * length)
    row.set(raw.subarray(start + 1, start + 1 + length))
    const undo = FILTERS[raw[start] ?? -1]
    if (undo === undefined) return undefined
    undo(row, above, channels)
    above = row
  }
  return pixels
}

/** `step` is the number of bytes a pixel: how far the byte at the left stands. */
type Undo = (row: Uint8Array, above: Uint8Array, step: number) => void

const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0

const FILTERS: readonly Undo[] = [
  function none() {},
  function sub(row, _, step) {
    for (let i = step; i < row.length; i += 1) row[i] = at(row, i) + at(row, i - step)
  },
  function up(row, above) {
    for (let i = 0; i < row.length; i += 1) row[i] = at(row, i) + at(above, i)
  },
  function average(row, above, step) {
    for (let i = 0; i < row.length; i += 1) {
      const left = i < step ? 0 : at(row, i - step)
      row[i] = at(row, i) + ((left + at(above, i)) >> 1)
    }
  },
  function paeth(row, above, step) {
    for (let i = 0; i < row.length; i += 1) {
      const left = i < step ? 0 : at(row, i - step)
      const corner = i < step ? 0 : at(above, i - step)
      row[i] = at(row, i) + nearest(left, at(above, i), corner)
    }
  },
]

/** Paeth's predictor: whichever of the three is nearest to left + up - corner, in this order. */
function nearest(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner)
  const toUp = Math.abs(left - corner)
  const toCorner = Math.abs(left + up - 2 * corner)
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}
