import { expect, test } from 'bun:test'
import { bitsOf } from '../../../src/media/vp8l/bits.ts'
import { readNumber, toDistance } from '../../../src/media/vp8l/distance.ts'

test.each([
  [1, 1000],
  [2, 1],
  [3, 1001],
  [4, 999],
  [7, 2001],
  [8, 1999],
  [9, 1002],
  [29, 3003],
  [35, 5000],
  [36, 4003],
  [40, 5],
  [49, 4004],
  [80, 993],
  [82, 5996],
  [97, 8],
  [102, 1008],
  [103, 2008],
  [106, 3008],
  [111, 4008],
  [115, 5993],
  [119, 6008],
  [120, 7008],
  [121, 1],
  [1120, 1000],
])('code %d is %d pixels back in a picture of 1,000 columns', (code, distance) => {
  expect(toDistance(code, 1000)).toBe(distance)
})

test('a pixel to the right of this one in a narrow picture is the last one', () => {
  expect(toDistance(4, 1)).toBe(1)
})

test('the nearest pixels are 120 different ones', () => {
  expect(new Set(Array.from({ length: 120 }, (_, index) => toDistance(index + 1, 1000))).size).toBe(120)
})

test.each([
  [0, 0, 1],
  [3, 0, 4],
  [4, 0, 5],
  [4, 1, 6],
  [5, 1, 8],
  [23, 1023, 4096],
  [39, 0, 786_433],
  [39, 262_143, 1_048_576],
])('symbol %d with %d behind it is the number %d', (symbol, extra, number) => {
  expect(readNumber(bitsOf(Uint8Array.of(extra & 255, (extra >> 8) & 255, extra >> 16)), symbol)).toBe(number)
})
