import { type Bits, readBits } from './bits.ts'

/** The number that a prefix symbol and the extra bits behind it stand for: lengths and distances (RFC 9649, 3.6.2.2). */
export function readNumber(bits: Bits, symbol: number): number {
  if (symbol < 4) return symbol + 1
  const extra = (symbol - 2) >> 1
  return ((2 + (symbol & 1)) << extra) + readBits(bits, extra) + 1
}

/** How many pixels back a distance code points, in a picture of this width. */
export function toDistance(code: number, width: number): number {
  const near = NEAR[code - 1]
  if (near === undefined) return code - NEAR.length
  return Math.max(1, near.x + near.y * width)
}

interface Offset {
  /** To the left. */
  readonly x: number
  /** Up. */
  readonly y: number
}

/**
 * The pixels around one, which the smallest codes stand for: up to eight to the left, seven to the right and seven up.
 * The specification has a table (figure 20); it is these, the nearest first, those that are less far to the side
 * before the others, and the left before the right.
 */
const NEAR: readonly Offset[] = Array.from({ length: 8 * 16 }, (_, index) => ({
  x: (index % 16) - 7,
  y: Math.floor(index / 16),
}))
  .filter(({ x, y }) => y > 0 || x > 0)
  .sort((a, b) => squared(a) - squared(b) || Math.abs(a.x) - Math.abs(b.x) || b.x - a.x)

function squared({ x, y }: Offset): number {
  return x * x + y * y
}
