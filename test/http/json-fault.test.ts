import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { describePlace, findJsonFault } from '../../src/http/json-fault.ts'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('the place of the first fault', () => {
  test.each([
    ['', 0],
    [' ', 1],
    ['{', 1],
    ['{"a":1', 6],
    ['{"a":1}}', 7],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['[1}', 2],
    ['{]', 1],
    ['01', 1],
    ['-', 0],
    ['1.', 1],
    ['.5', 0],
    ['1e', 1],
    ['NaN', 0],
    ['undefined', 0],
    ['tru', 0],
    ['"abc', 4],
    ['"a\nb"', 2],
    ['"\\x"', 1],
    ['"\\u12g4"', 1],
    ['[1] // note', 4],
    ['\u00a0{}', 0],
    ['\ufeff{}', 0],
  ])('%j is at %i', (text, place) => {
    expect(findJsonFault(text)).toBe(place)
    expect(isJson(text)).toBe(false)
  })

  test.each(['{}', '[]', ' [1, {"a": [null, true, false]}] ', '"\\u00e9\\n\\/"', '-0.5e+10', '"\u2028"', '0'])(
    '%j has none',
    (text) => {
      expect(findJsonFault(text)).toBeUndefined()
    },
  )

  test('agrees with JSON.parse on whether there is one, and what stands before it could go on', () => {
    const broken = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '0', '-', 'e', '\n', 'x'),
      )
      .map(([text, at, put]) => {
        const place = at % (text.length + 1)
        return text.slice(0, place) + put + text.slice(place + (at % 2))
      })
    fc.assert(
      fc.property(fc.oneof(broken, fc.json(), fc.string()), (text) => {
        const fault = findJsonFault(text)
        expect(fault === undefined).toBe(isJson(text))
        expect(fault ?? 0).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 2000 },
    )
  })

  test('a million levels are no trouble', () => {
    expect(findJsonFault('['.repeat(1_000_000))).toBe(1_000_000)
    expect(findJsonFault('{"a":'.repeat(200_000))).toBe(1_000_000)
  })
})

test.each([
  ['abc', 0, 'line 1, column 1'],
  ['a\nbc', 3, 'line 2, column 2'],
  ['a\n\n', 3, 'line 3, column 1'],
])('the place %j %i is %s', (text, offset, place) => {
  expect(describePlace(text, offset)).toBe(place)
})
