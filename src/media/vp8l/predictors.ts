/** Guesses a pixel from those already there: the left one, and those above (RFC 9649, 4.1). `above` is an index. */
type Predict = (left: number, pixels: Int32Array, above: number) => number

const at = (pixels: Int32Array, index: number): number => pixels[index] ?? 0

/** Channel by channel, rounded down. */
const average = (a: number, b: number): number => (((a ^ b) & 0xfefefefe) >>> 1) + (a & b)

const BLACK = 0xff000000 | 0
const black: Predict = () => BLACK

/** By their number; the two last are not used. */
export const PREDICTORS: readonly Predict[] = [
  black,
  (left) => left,
  (_, pixels, above) => at(pixels, above),
  (_, pixels, above) => at(pixels, above + 1),
  (_, pixels, above) => at(pixels, above - 1),
  (left, pixels, above) => average(average(left, at(pixels, above + 1)), at(pixels, above)),
  (left, pixels, above) => average(left, at(pixels, above - 1)),
  (left, pixels, above) => average(left, at(pixels, above)),
  (_, pixels, above) => average(at(pixels, above - 1), at(pixels, above)),
  (_, pixels, above) => average(at(pixels, above), at(pixels, above + 1)),
  (left, pixels, above) =>
    average(average(left, at(pixels, above - 1)), average(at(pixels, above), at(pixels, above + 1))),
  (left, pixels, above) => nearer(left, at(pixels, above), at(pixels, above - 1)),
  (left, pixels, above) => {
    const [up, corner] = [at(pixels, above), at(pixels, above - 1)]
    return byChannel((shift) => channel(left, shift) + channel(up, shift) - channel(corner, shift))
  },
  (left, pixels, above) => {
    const [middle, corner] = [average(left, at(pixels, above)), at(pixels, above - 1)]
    return byChannel((shift) => {
      const value = channel(middle, shift)
      return value + Math.trunc((value - channel(corner, shift)) / 2)
    })
  },
  black,
  black,
]

const channel = (argb: number, shift: number): number => (argb >>> shift) & 0xff

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value)

const byChannel = (of: (shift: number) => number): number =>
  (clamp(of(24)) << 24) | (clamp(of(16)) << 16) | (clamp(of(8)) << 8) | clamp(of(0))

/** The left or the upper pixel: whichever is nearer to left + up - corner, over all channels. */
function nearer(left: number, up: number, corner: number): number {
  let toLeft = 0
  let toUp = 0
  for (let shift = 0; shift < 32; shift += 8) {
    toLeft += Math.abs(channel(up, shift) - channel(corner, shift))
    toUp += Math.abs(channel(left, shift) - channel(corner, shift))
  }
  return toLeft < toUp ? left : up
}
