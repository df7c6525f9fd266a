import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeName, encodeName, escapeName } from '../../../src/catalog/ssh/remote-name.ts'

test('any bytes are the same bytes again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const name = decodeName(Buffer.from(bytes))
      expect(encodeName(name)).toEqual(Buffer.from(bytes))
      expect(escapeName(name)).toMatch(/^[^\p{Cc}\p{Cs}]*$/u)
    }),
    { numRuns: 2000 },
  )
})

describe('a name is shown as', () => {
  test.each<[string, Buffer, string]>([
    ['text', Buffer.from('häfen 港.safetensors'), 'häfen 港.safetensors'],
    ['line breaks', Buffer.from('a\nb\r\tc'), 'a\\nb\\r\\tc'],
    ['an escape sequence', Buffer.from('\u001b[2Jx\u0007\u009b'), '\\u001b[2Jx\\u0007\\u009b'],
    ['bad UTF-8', Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]), 'a\\xff\\xc3(\\xed\\xa0\\x80'],
    ['latin-1', Buffer.from('h\u00e4fen', 'latin1'), 'h\\xe4fen'],
    ['what turns text around', Buffer.from('a\u202eb\u200b\u2028'), 'a\\u202eb\\u200b\\u2028'],
    ['a backslash', Buffer.from('a\\xff'), 'a\\\\xff'],
    ['a tag character', Buffer.from('a\u{e0041}'), 'a\\u{e0041}'],
    ['what a shell would run', Buffer.from('$(reboot) `x` "q"'), '$(reboot) `x` "q"'],
  ])('%s', (_, bytes, shown) => {
    expect(escapeName(decodeName(bytes))).toBe(shown)
  })
})
