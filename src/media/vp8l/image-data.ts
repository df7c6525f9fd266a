import { type Bits, isPastEnd, readBits } from './bits.ts'
import { type CodeGroup, FIRST_CACHED, FIRST_LENGTH, readGroups } from './code-groups.ts'
import { readNumber, toDistance } from './distance.ts'
import { readSymbol } from './prefix-code.ts'

/** Memory that pixels may still take. */
export interface Budget {
  bytes: number
}

export interface ImageSize {
  readonly width: number
  readonly height: number
  /** Only so many from the top are decoded. */
  readonly rows: number
}

/** Pixels as ARGB, the first row first; undefined where there is no memory for them. */
export function allocate(width: number, rows: number, budget: Budget): Int32Array | undefined {
  budget.bytes -= 4 * width * rows
  return budget.bytes < 0 ? undefined : new Int32Array(width * rows)
}

/** Which group of codes stands for which block of pixels. */
interface Blocks {
  readonly bits: number
  readonly perRow: number
  readonly groupOf: Int32Array
  readonly groups: ReadonlyMap<number, CodeGroup>
}

/** The picture itself, where codes change from block to block. Undefined where the data is damaged or ends too early. */
export function readPicture(bits: Bits, size: ImageSize, budget: Budget): Int32Array | undefined {
  const cacheBits = readCacheBits(bits)
  if (cacheBits === undefined) return undefined
  if (readBits(bits, 1) === 0) return readWithOneGroup(bits, size, cacheBits, budget)
  const blockBits = 2 + readBits(bits, 3)
  const perRow = blocksIn(size.width, blockBits)
  const groupOf = readPart(bits, perRow, blocksIn(size.height, blockBits), budget)
  if (groupOf === undefined) return undefined
  const used = new Set<number>()
  const usedBlocks = perRow * blocksIn(size.rows, blockBits)
  let last = 0
  for (let index = 0; index < groupOf.length; index += 1) {
    const group = ((groupOf[index] ?? 0) >> 8) & 0xffff
    groupOf[index] = group
    if (group > last) last = group
    if (index < usedBlocks) used.add(group)
  }
  const isUsed = (index: number): boolean => used.has(index)
  const groups = readGroups(bits, { count: last + 1, cacheSize: sizeOf(cacheBits), isUsed })
  return groups && readPixels(bits, size, { bits: blockBits, perRow, groupOf, groups }, { cacheBits, budget })
}

/** A small picture that holds numbers of blocks, or colours; written with one group of codes. */
export function readPart(bits: Bits, width: number, height: number, budget: Budget): Int32Array | undefined {
  const cacheBits = readCacheBits(bits)
  return cacheBits === undefined
    ? undefined
    : readWithOneGroup(bits, { width, height, rows: height }, cacheBits, budget)
}

/** How many blocks of `2 ** bits` pixels a side has. */
export const blocksIn = (pixels: number, bits: number): number => (pixels + (1 << bits) - 1) >> bits

function readWithOneGroup(bits: Bits, size: ImageSize, cacheBits: number, budget: Budget): Int32Array | undefined {
  const groups = readGroups(bits, { count: 1, cacheSize: sizeOf(cacheBits), isUsed: () => true })
  const blocks = groups && { bits: 30, perRow: 1, groupOf: new Int32Array(1), groups }
  return blocks && readPixels(bits, size, blocks, { cacheBits, budget })
}

/** 0 where there is no colour cache. */
function readCacheBits(bits: Bits): number | undefined {
  if (readBits(bits, 1) === 0) return 0
  const cacheBits = readBits(bits, 4)
  return cacheBits >= 1 && cacheBits <= 11 ? cacheBits : undefined
}

const sizeOf = (cacheBits: number): number => (cacheBits === 0 ? 0 : 1 << cacheBits)

interface Means {
  readonly cacheBits: number
  readonly budget: Budget
}

function readPixels(bits: Bits, size: ImageSize, blocks: Blocks, { cacheBits, budget }: Means): Int32Array | undefined {
  const { width } = size
  const pixels = allocate(width, size.rows, budget)
  if (pixels === undefined) return undefined
  const cache = new Int32Array(sizeOf(cacheBits))
  const cacheShift = 32 - cacheBits
  const blockMask = (1 << blocks.bits) - 1
  const remember = (argb: number): void => {
    cache[Math.imul(argb, 0x1e35a7bd) >>> cacheShift] = argb
  }
  let x = 0
  let y = 0
  let group: CodeGroup | undefined
  let at = 0
  while (at < pixels.length) {
    if (group === undefined || (x & blockMask) === 0) {
      const block = (y >> blocks.bits) * blocks.perRow + (x >> blocks.bits)
      group = blocks.groups.get(blocks.groupOf[block] ?? 0)
      if (group === undefined || isPastEnd(bits)) return undefined
    }
    const symbol = readSymbol(bits, group.green)
    if (symbol < FIRST_LENGTH || symbol >= FIRST_CACHED) {
      let argb = 0
      if (symbol < FIRST_LENGTH) {
        const red = readSymbol(bits, group.red)
        const blue = readSymbol(bits, group.blue)
        argb = (readSymbol(bits, group.alpha) << 24) | (red << 16) | (symbol << 8) | blue
        if (cacheBits > 0) remember(argb)
      } else {
        argb = cache[symbol - FIRST_CACHED] ?? 0
      }
      pixels[at] = argb
      at += 1
      x += 1
      if (x === width) {
        x = 0
        y += 1
      }
      continue
    }
    const length = readNumber(bits, symbol - FIRST_LENGTH)
    const distance = toDistance(readNumber(bits, readSymbol(bits, group.distance)), width)
    if (distance > at) return undefined
    const end = Math.min(at + length, pixels.length)
    for (; at < end; at += 1) {
      const argb = pixels[at - distance] ?? 0
      pixels[at] = argb
      if (cacheBits > 0) remember(argb)
    }
    x += length
    y += Math.floor(x / width)
    x %= width
    group = undefined
  }
  return isPastEnd(bits) ? undefined : pixels
}
