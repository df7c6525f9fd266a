import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { quoteOf } from '../../src/net/redact.ts'

const KEY = '0123456789abcdef0123456789abcdef'

describe('what another server says is quoted', () => {
  test.each<[string, unknown, string | undefined]>([
    ['as it is', 'Model not found', 'Model not found'],
    ['in one line', ' a\r\n\tb\u2028c\u2029d\u0085e\0f ', 'a b c d e f'],
    ['without colours', '\u001b[31mred\u001b[0m \u009b1mbold \u001b]0;title\u0007x\u001b(B', 'red bold x'],
    ['without a colour that is cut', 'a\u001b[', 'a'],
    ['without turning it around', 'a\u202e\u2066b\u200fc\u200bd\ufeff', 'abcd'],
    ['without halves of characters', 'a\ud800b', 'a\ufffdb'],
    ['shortened', 'word '.repeat(1_000), `${'word '.repeat(39)}word…`],
    ['without its blanks', ' \n ', undefined],
    ['only where it is a text', { message: 'x' }, undefined],
  ])('%s', (_, said, quoted) => {
    expect(quoteOf(said)).toBe(quoted as string)
  })

  test.each([
    `GET https://me:${KEY}@e.com/x?id=5&token=${KEY}#${KEY} failed`,
    `see https://e.com/x?X-Amz-Signature=${KEY}&X-Amz-Credential=${KEY}.`,
    `path /x?hmac=${KEY}&v=1`,
    `Authorization: Bearer ${KEY}`,
    `"authorization": "Basic ${KEY}"`,
    `authorization=${KEY} is not valid`,
    `bearer ${KEY}`,
    `Cookie: a=b; session=${KEY}; c=${KEY}`,
    `the token ${KEY} has run out`,
    `token=${KEY}`,
    `token: ${KEY}`,
    `{"api_key":"${KEY}","x":1}`,
    `to${'\u200b'}ken=${KEY}`,
    `t${'\u001b[0m'}oken=${KEY}`,
    `token%3D${KEY}, token%253D${KEY}`,
    'hf_0123456789abcdefABCDEF is refused',
    'ghp_0123456789abcdefABCDEF',
    'sk-0123456789abcdefABCDEF',
    'eyJhbGciOiJIUzI1NiJ9.eyJ0123456789abcdef.0123456789abcdef',
    'AKIA0123456789ABCDEF',
    `x-api-key ${KEY}`,
    `${'x'.repeat(150)} token=${KEY.repeat(200)}`,
  ])('without a key: %s', (said) => {
    expect(quoteOf(said)).not.toMatch(/0123456789abc/i)
  })

  test('with the digest of a file, and what is no key', () => {
    const said = `SHA-256 ${'ab'.repeat(32)} is not ${'cd'.repeat(32)}: the token is missing, type=Model`
    expect(quoteOf(said)).toBe(said)
  })

  test('whatever it is: one short line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (said) => {
        const quoted = quoteOf(said) ?? 'x'
        expect(quoted.length).toBeLessThanOrEqual(201)
        expect(quoted).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(quoted.isWellFormed()).toBe(true)
      }),
    )
  })

  test.each([
    'a.',
    '://',
    '\u001b[',
    '\u001b]',
    'token=',
    'bearer ',
    'authorization:',
    'a://b@',
    '"',
    '%3D',
    'cookie: ',
  ])('a megabyte of %p is soon read', (part) => {
    expect((quoteOf(part.repeat(500_000)) ?? '').length).toBeLessThanOrEqual(201)
  })
})
