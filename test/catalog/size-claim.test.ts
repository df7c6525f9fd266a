import { expect, test } from 'bun:test'
import { isLikelySize, readSize } from '../../src/catalog/size-claim.ts'

test.each([
  ['6.46 GB', 6_460_000_000],
  ['223MB', 223_000_000],
  ['1 GiB', 2 ** 30],
  ['1,5 GB', 1_500_000_000],
  ['1,500 MB', 1_500_000_000],
  ['~ 2 GB (fp16)', 2_000_000_000],
  ['6775430000', 6_775_430_000],
  ['4k', 4096],
  ['large', undefined],
  ['1024x1024', undefined],
  ['12 apples', undefined],
  ['', undefined],
])('%p', (text, bytes) => {
  expect(readSize(text)).toBe(bytes as number)
})

test.each([
  [223e6, 'lora', true],
  [223, 'lora', false],
  [400e9, 'lora', false],
  [7e9, 'checkpoint', true],
  [1e6, 'checkpoint', false],
  [5e9, undefined, true],
  [5e13, undefined, false],
] as const)('%p bytes of a %p', (bytes, type, is) => {
  expect(isLikelySize(bytes, type)).toBe(is)
})
