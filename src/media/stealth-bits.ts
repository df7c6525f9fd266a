import type { Pixels } from './pixels.ts'

/** Which channels carry bits, and the signatures that start them: for plain and for compressed text. */
export interface Carrier {
  readonly channels: readonly number[]
  readonly plain: string
  readonly compressed: string
}

/** The carriers that a picture has, the one with the fewest bits a pixel first. */
export function carriersOf({ alphaAt, hasColour }: Pixels): Carrier[] {
  const carriers: Carrier[] = []
  if (alphaAt !== undefined) {
    carriers.push({ channels: [alphaAt], plain: 'stealth_pnginfo', compressed: 'stealth_pngcomp' })
  }
  if (hasColour) carriers.push({ channels: [0, 1, 2], plain: 'stealth_rgbinfo', compressed: 'stealth_rgbcomp' })
  return carriers
}

/** How many whole bytes a picture can carry so. */
export const capacityBytes = ({ width, height }: Pixels, { channels }: Carrier): number =>
  Math.floor((width * height * channels.length) / 8)

/** The pixels at the top left of a picture. They have fewer rows than it only where they are one column. */
export interface Corner {
  readonly bytes: Uint8Array
  readonly columns: number
  readonly rows: number
  /** Bytes a pixel. */
  readonly channels: number
}

/** As many pixels as carry `count` bytes, or the whole picture where it is smaller. */
export function cornerOf(pixels: Pixels, carrier: Carrier, count: number): Corner | undefined {
  const wanted = Math.ceil((8 * count) / carrier.channels.length)
  const columns = Math.min(pixels.width, Math.ceil(wanted / pixels.height))
  const rows = Math.min(pixels.height, wanted)
  const bytes = pixels.topLeft(columns, rows)
  return bytes && { bytes, columns, rows, channels: pixels.channels }
}

/** The first bytes that the lowest bits of these pixels spell, down the columns and the highest bit first. */
export function spell(corner: Corner, carrier: Carrier, count: number): Uint8Array {
  const spelled = new Uint8Array(count)
  const rowBytes = corner.columns * corner.channels
  let byte = 0
  let bits = 0
  for (let x = 0; x < corner.columns; x += 1) {
    for (let y = 0; y < corner.rows; y += 1) {
      const pixel = y * rowBytes + x * corner.channels
      for (const channel of carrier.channels) {
        byte = (byte << 1) | ((corner.bytes[pixel + channel] ?? 0) & 1)
        bits += 1
        if (bits % 8 !== 0) continue
        spelled[bits / 8 - 1] = byte
        if (bits === 8 * count) return spelled
      }
    }
  }
  return spelled
}
