import { afterEach, expect, test } from 'bun:test'
import { needs, satisfied } from '../support/requires.ts'

const before = process.env.AIRKEEP_REQUIRE_ALL
afterEach(() => {
  if (before === undefined) delete process.env.AIRKEEP_REQUIRE_ALL
  else process.env.AIRKEEP_REQUIRE_ALL = before
})

test('a program that is there may be used, one that is not is told of', () => {
  delete process.env.AIRKEEP_REQUIRE_ALL
  expect(needs('sh')).toBe(true)
  expect(needs('no-such-program-anywhere')).toBe(false)
  expect(satisfied(true, 'nothing')).toBe(true)
})

test('where nothing may be skipped, what is absent is a failure', () => {
  process.env.AIRKEEP_REQUIRE_ALL = '1'
  expect(needs('sh')).toBe(true)
  expect(() => needs('no-such-program-anywhere')).toThrow('no-such-program-anywhere is not on PATH')
})
