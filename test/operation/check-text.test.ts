import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { checkText, cleanJson, cleanText, MAX_NESTING } from '../../src/operation/check-text.ts'

/** Text with everything that is refused, often enough. */
const oddText = fc.string({ unit: fc.constantFrom('a', '\0', '\ud83c', '\udf03', '🌃', 'ä', '\n') })

describe('cleanText', () => {
  test.each([
    ['', ''],
    ['a harbor\n🌃', 'a harbor\n🌃'],
    ['\0a\0\0b\0', 'ab'],
    ['\ud83c \udf03', '\ufffd \ufffd'],
    ['\ud83c\0\udf03', '🌃'],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanText(text)).toBe(clean)
  })
})

describe('cleanJson', () => {
  test('keeps what is right', () => {
    const value = { a: [1, null, true, { b: 'text' }], ä: {}, e: [] }
    expect(cleanJson(value)).toEqual(value)
  })

  test('takes keys and values at any depth', () => {
    expect(cleanJson({ 'a\0': [{ 'b\udf03': 'c\0' }] })).toEqual({ a: [{ 'b\ufffd': 'c' }] })
  })

  test('a key that would change an object stays a key', () => {
    const clean = cleanJson(JSON.parse('{"__proto__":{"a":"\\u0000"}}'))
    expect(JSON.stringify(clean)).toBe('{"__proto__":{"a":""}}')
  })

  const nested = (levels: number, list: boolean): JsonValue => {
    let value: JsonValue = list ? [] : {}
    for (let level = 1; level < levels; level += 1) value = list ? [value] : { a: value }
    return value
  }

  test.each([true, false])('as deep as the field of an input may be, in lists: %p', (list) => {
    const deepest = nested(MAX_NESTING - 1, list)
    expect(cleanJson(deepest)).toEqual(deepest)
    expect(() => checkText({ field: deepest })).not.toThrow()
    const deeper = nested(MAX_NESTING, list)
    expect(cleanJson(deeper)).toBeUndefined()
    expect(() => checkText({ field: deeper })).toThrow('levels of nesting')
    expect(cleanJson(nested(100_000, list))).toBeUndefined()
  })

  test('what it answers is taken, and stays as it is', () => {
    const { value } = fc.letrec<{ value: JsonValue; list: JsonValue[]; object: JsonObject }>((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, oddText, fc.integer(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(oddText, tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(value, (odd) => {
        const clean = cleanJson(odd)
        expect(() => checkText({ field: clean })).not.toThrow()
        expect(cleanJson(clean ?? null)).toEqual(clean ?? null)
      }),
    )
  })
})
