import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { entriesOf, fieldOf, findJsonEnd, parseJson } from '../../../src/import/parse/json.ts'

describe('JSON as tools write it', () => {
  const rows: readonly (readonly [text: string, value: unknown])[] = [
    [' {"a": NaN, "b": [Infinity, -Infinity]} ', { a: null, b: [null, null] }],
    ['{"a": "NaN 12345678901234567890 \\" Infinity"}', { a: 'NaN 12345678901234567890 " Infinity' }],
    ['{"seed": 18446744073709551615}', { seed: '18446744073709551615' }],
    ['{"seed": -9007199254740993}', { seed: '-9007199254740993' }],
    ['{"seed": 9007199254740991, "x": NaN}', { seed: 9007199254740991, x: null }],
    ['{"x": 12345678901234567.5, "y": 1e300}', { x: Number('12345678901234567.5'), y: 1e300 }],
    ['{"x": -9007199254740992, "y": NaN}', { x: -9007199254740992, y: null }],
    ['{"a": 1', undefined],
    ['{"a": "unclosed NaN', undefined],
    ['"text"', undefined],
    ['12', undefined],
    ['', undefined],
  ]
  test.each(rows)('%s', (text, value) => {
    expect(parseJson(text) as unknown).toEqual(value)
  })

  test('valid JSON means the same, with whatever around its numbers', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify({ value, care: '1234567890123456789' })
        expect(parseJson(text) as unknown).toEqual(JSON.parse(text))
      }),
    )
  })

  test('so does JSON with comments and commas behind last values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify([value, '// a /* b */ ,]'], null, 1)
        const lines = text.split('\n').map((line) => `/* "[, */${line} // it's {`)
        const loose = lines.join('\n').replaceAll(/(?<![[{]) \/\/ it's \{\n(?=\/\*.{7}\s*[\]}])/g, ',$&')
        expect(parseJson(`[${loose}\n,]`) as unknown).toEqual([JSON.parse(text)])
      }),
    )
  })
})

test('inherited fields are none, and own ones of the same name are', () => {
  expect(fieldOf({}, 'constructor')).toBeUndefined()
  expect(fieldOf(parseJson('{"constructor": 1}'), 'constructor')).toBe(1)
  expect(fieldOf(parseJson('{"__proto__": {"a": 1}}'), 'a')).toBeUndefined()
  expect(entriesOf(parseJson('{"__proto__": 1}'))).toEqual([['__proto__', 1]])
  expect(fieldOf([1], 'length')).toBeUndefined()
})

describe('where JSON ends', () => {
  const rows: readonly (readonly [text: string, end: number | undefined])[] = [
    ['{"a": [1, {}]} rest', 14],
    ['["]", "\\"]"] rest', 12],
    ['[[]', undefined],
    ['{"a', undefined],
  ]
  test.each(rows)('%s', (text, end) => {
    expect(findJsonEnd(text, 0, 100)).toBe(end)
  })

  test('not beyond the limit', () => {
    expect(findJsonEnd('[1, 2, 3]', 0, 5)).toBeUndefined()
  })

  test('of every value, whatever follows', () => {
    const holder = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(
      fc.property(holder, fc.string(), (value, rest) => {
        const text = JSON.stringify(value)
        expect(findJsonEnd(text + rest, 0, Number.MAX_SAFE_INTEGER)).toBe(text.length)
      }),
    )
  })
})

test.each([
  ['// mine\n{"a": 1}', { a: 1 }],
  ['/* mine */ [1, 2,]', [1, 2]],
])('comments may stand before it: %p', (text, value) => {
  expect(parseJson(text)).toEqual(value)
})

test.each(['// words', '/ {"a": 1}', '//', '/* {"a": 1}'])('what only begins like a comment is none: %p', (text) => {
  expect(parseJson(text)).toBeUndefined()
})
