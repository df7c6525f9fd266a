import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bitsOf, isPastEnd, readBits } from '../../../src/media/vp8l/bits.ts'
import { buildPrefixCode, readSymbol } from '../../../src/media/vp8l/prefix-code.ts'

/** Bits as a stream holds them: the first one lowest. */
function pack(bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  bits.forEach((bit, index) => {
    bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (index & 7))
  })
  return bytes
}

test('bits are read from the lowest on, and are zeros behind the end', () => {
  const bits = bitsOf(Uint8Array.of(0b1011_0101, 0xff, 0x0f))
  expect([readBits(bits, 1), readBits(bits, 3), readBits(bits, 0), readBits(bits, 4)]).toEqual([1, 0b010, 0, 0b1011])
  expect(readBits(bits, 16)).toBe(0x0fff)
  expect(isPastEnd(bits)).toBe(false)
  expect(readBits(bits, 24)).toBe(0)
  expect(isPastEnd(bits)).toBe(true)
})

/** Codes as strings of 0 and 1, told by their lengths: each is one more than the one before, longer ones go on with 0. */
function codesOf(lengths: readonly number[]): Map<number, string> {
  const order = lengths.map((length, symbol) => ({ length, symbol })).filter(({ length }) => length > 0)
  order.sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  const codes = new Map<number, string>()
  let next = 0
  let before = order[0]?.length ?? 0
  for (const { length, symbol } of order) {
    next <<= length - before
    codes.set(symbol, next.toString(2).padStart(length, '0'))
    next += 1
    before = length
  }
  return codes
}

/** Lengths of a complete code: one code is split again and again. */
const lengthsOf = fc.array(fc.nat(), { maxLength: 200 }).map((splits) => {
  const lengths = [1, 1]
  for (const split of splits) {
    const at = split % lengths.length
    const length = lengths[at] ?? 0
    if (length === 15) continue
    lengths[at] = length + 1
    lengths.push(length + 1)
  }
  return lengths
})

/** As long as codes can be. */
const DEEPEST = [...Array.from({ length: 15 }, (_, index) => index + 1), 15]

test('symbols come back, however long their codes are', () => {
  fc.assert(
    fc.property(fc.oneof(lengthsOf, fc.constant(DEEPEST)), fc.array(fc.nat(), { maxLength: 60 }), (lengths, picks) => {
      const codes = codesOf(lengths)
      const code = buildPrefixCode(Uint8Array.from(lengths))
      const symbols = [...codes.keys(), ...picks.map((pick) => pick % lengths.length)]
      const bits = bitsOf(pack(symbols.flatMap((symbol) => [...(codes.get(symbol) ?? '')].map(Number))))
      expect(code && symbols.map(() => readSymbol(bits, code))).toEqual(symbols)
      expect(isPastEnd(bits)).toBe(false)
    }),
  )
})

test('a single symbol takes no bits, whatever its length says', () => {
  for (const length of [1, 7, 15]) {
    const code = buildPrefixCode(Uint8Array.of(0, 0, 0, length))
    const bits = bitsOf(new Uint8Array(0))
    expect(code && readSymbol(bits, code)).toBe(3)
    expect(isPastEnd(bits)).toBe(false)
  }
})

describe('no code are lengths', () => {
  test.each([
    ['of no symbol', []],
    ['that are all zero', [0, 0, 0]],
    ['that leave something out', [1, 2]],
    ['that leave the longest code out', DEEPEST.slice(0, -1)],
    ['that are too many', [1, 1, 1]],
    ['that are too short for the longest', [...DEEPEST, 15]],
  ])('%s', (_, lengths) => {
    expect(buildPrefixCode(Uint8Array.from(lengths))).toBeUndefined()
  })
})
