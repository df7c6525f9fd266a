import { expect, test } from 'bun:test'
import { retryAfterSeconds } from '../../src/net/retry-after.ts'

const NOW = Date.parse('2026-08-24T10:00:00Z')

test.each<readonly [string | null, number | undefined]>([
  ['0', 0],
  [' 120 ', 120],
  ['Mon, 24 Aug 2026 10:00:30 GMT', 30],
  ['Mon, 24 Aug 2026 09:00:00 GMT', 0],
  ['-5', undefined],
  ['1.5', undefined],
  ['99999999999', undefined],
  ['999999999', 86_400],
  ['Sun, 24 Aug 2126 10:00:30 GMT', 86_400],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('%p', (header, expected) => {
  expect(retryAfterSeconds(header, NOW)).toBe(expected as number)
})
