import { expect, test } from 'bun:test'
import { isTooDeep } from '../../src/net/json-depth.ts'

const lists = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const objects = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)

test.each([
  ['no levels', 5, false],
  ['a few', { a: [{ b: null }] }, false],
  ['500 lists', lists(500), false],
  ['501 lists', lists(501), true],
  ['501 objects', objects(501), true],
  ['200,000 lists beside others', [1, { a: lists(200_000) }, []], true],
  ['a long list', Array.from({ length: 100_000 }, () => ({ a: 1 })), false],
])('%s', (_, value, expected) => {
  expect(isTooDeep(value)).toBe(expected)
})
