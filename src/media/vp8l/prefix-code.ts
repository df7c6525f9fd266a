import { type Bits, fill, take } from './bits.ts'

/** A canonical prefix code (Huffman code) ready to be read with. */
export interface PrefixCode {
  /** By the next bits of the stream, up to ROOT_BITS of them: `symbol << 4 | length`, or LONGER. */
  readonly table: Uint16Array
  /** Of the bits that index the table. */
  readonly mask: number
  /** How many codes there are of each length, and the symbols in the order of their codes: for codes that are longer. */
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
}

const MAX_LENGTH = 15
const ROOT_BITS = 10
/** No code in a table is that long. */
const LONGER = 15

/**
 * The code whose symbols have these lengths, 0 for those that do not occur. Undefined where they make no code: each
 * sequence of bits has to stand for a symbol, but for a code of one symbol alone, which takes no bits.
 */
export function buildPrefixCode(lengths: Uint8Array): PrefixCode | undefined {
  const counts = new Uint16Array(MAX_LENGTH + 1)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  const used = lengths.length - (counts[0] ?? 0)
  if (used === 0) return undefined
  counts[0] = 0
  const symbols = sorted(lengths, counts, used)
  if (used === 1) return { table: Uint16Array.of((symbols[0] ?? 0) << 4), mask: 0, counts, symbols }
  let free = 1
  let longest = 0
  for (let length = 1; length <= MAX_LENGTH; length += 1) {
    const count = counts[length] ?? 0
    free = 2 * free - count
    if (free < 0) return undefined
    if (count > 0) longest = length
  }
  if (free !== 0) return undefined
  const rootBits = Math.min(longest, ROOT_BITS)
  return { table: tableOf(counts, symbols, rootBits), mask: (1 << rootBits) - 1, counts, symbols }
}

/** Symbols by the length of their codes, and by their value where it is the same. */
function sorted(lengths: Uint8Array, counts: Uint16Array, used: number): Uint16Array {
  const next = new Uint16Array(MAX_LENGTH + 2)
  for (let length = 1; length <= MAX_LENGTH; length += 1) {
    next[length + 1] = (next[length] ?? 0) + (counts[length] ?? 0)
  }
  const symbols = new Uint16Array(used)
  for (let symbol = 0; symbol < lengths.length; symbol += 1) {
    const length = lengths[symbol] ?? 0
    if (length === 0) continue
    const index = next[length] ?? 0
    symbols[index] = symbol
    next[length] = index + 1
  }
  return symbols
}

function tableOf(counts: Uint16Array, symbols: Uint16Array, rootBits: number): Uint16Array {
  const size = 1 << rootBits
  const table = new Uint16Array(size).fill(LONGER)
  let code = 0 // its first bit lowest, as the stream has it
  let index = 0
  for (let length = 1; length <= rootBits; length += 1) {
    const last = 1 << (length - 1)
    for (let left = counts[length] ?? 0; left > 0; left -= 1) {
      const entry = ((symbols[index] ?? 0) << 4) | length
      index += 1
      for (let at = code; at < size; at += 2 * last) table[at] = entry
      // The next code is one more, counted from the other end: carry towards the first bit.
      let bit = last
      while ((code & bit) !== 0) bit >>= 1
      code = bit === 0 ? 0 : (code & (bit - 1)) | bit
    }
  }
  return table
}

/** The next symbol of the stream. */
export function readSymbol(bits: Bits, { table, mask, counts, symbols }: PrefixCode): number {
  if (bits.count < MAX_LENGTH) fill(bits)
  const entry = table[bits.window & mask] ?? 0
  const length = entry & 15
  if (length !== LONGER) {
    bits.window >>>= length
    bits.count -= length
    return entry >> 4
  }
  return readLong(bits, counts, symbols)
}

/** Bit by bit: codes of one length are consecutive numbers, and those that are longer begin behind them. */
function readLong(bits: Bits, counts: Uint16Array, symbols: Uint16Array): number {
  let code = 0
  let first = 0
  let index = 0
  for (let length = 1; length <= MAX_LENGTH; length += 1) {
    code |= (bits.window >>> (length - 1)) & 1
    const count = counts[length] ?? 0
    if (code - first < count) {
      take(bits, length)
      return symbols[index + code - first] ?? 0
    }
    index += count
    first = (first + count) << 1
    code <<= 1
  }
  return 0 // not reached: codes are complete
}
