import { type Bits, isPastEnd, readBits } from './bits.ts'
import { buildPrefixCode, type PrefixCode, readSymbol } from './prefix-code.ts'

/** Lengths of the code for code lengths stand in this order (RFC 9649, 3.7.2.1.2). */
const ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const
/** What symbols 16 to 18 repeat: from how often on, and the bits that say how much oftener. */
const REPEATS = [
  { from: 3, bits: 2 },
  { from: 3, bits: 3 },
  { from: 11, bits: 7 },
] as const

/** The lengths of one prefix code, as the stream tells them for each symbol; undefined where it is damaged. */
export function readCodeLengths(bits: Bits, alphabet: number): Uint8Array | undefined {
  const lengths = new Uint8Array(alphabet)
  const isRead = readBits(bits, 1) === 1 ? readSimple(bits, lengths) : readNormal(bits, lengths)
  return isRead && !isPastEnd(bits) ? lengths : undefined
}

/** One symbol or two. */
function readSimple(bits: Bits, lengths: Uint8Array): boolean {
  const hasTwo = readBits(bits, 1) === 1
  const first = readBits(bits, readBits(bits, 1) === 1 ? 8 : 1)
  const second = hasTwo ? readBits(bits, 8) : first
  if (first >= lengths.length || second >= lengths.length) return false
  lengths[first] = 1
  lengths[second] = 1
  return true
}

function readNormal(bits: Bits, lengths: Uint8Array): boolean {
  const code = readLengthCode(bits)
  if (code === undefined) return false
  let left = readCount(bits, lengths.length)
  if (left > lengths.length) return false
  let previous = 8
  let symbol = 0
  for (; symbol < lengths.length && left > 0; left -= 1) {
    const length = readSymbol(bits, code)
    if (length < 16) {
      lengths[symbol] = length
      symbol += 1
      if (length !== 0) previous = length
      continue
    }
    const { from, bits: extra } = REPEATS[length === 16 ? 0 : length === 17 ? 1 : 2]
    const end = symbol + from + readBits(bits, extra)
    if (end > lengths.length) return false
    if (length === 16) lengths.fill(previous, symbol, end)
    symbol = end
  }
  return true
}

function readLengthCode(bits: Bits): PrefixCode | undefined {
  const lengths = new Uint8Array(ORDER.length)
  const count = 4 + readBits(bits, 4)
  for (const symbol of ORDER.slice(0, count)) lengths[symbol] = readBits(bits, 3)
  return buildPrefixCode(lengths)
}

/** How many lengths and repeats the stream has. */
function readCount(bits: Bits, alphabet: number): number {
  if (readBits(bits, 1) === 0) return alphabet
  const width = 2 + 2 * readBits(bits, 3)
  return 2 + readBits(bits, width)
}
