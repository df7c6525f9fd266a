import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { readMetadata } from '../../src/media/read-metadata.ts'

type Encoding = 'utf-8' | 'utf-8 with a mark' | 'utf-16le' | 'utf-16be'

function encode(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'utf-8 with a mark') return Buffer.from(`\ufeff${text}`)
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return encoding === 'utf-16le' ? bytes : bytes.swap16()
}

const read = (bytes: Uint8Array, limits = DEFAULT_LIMITS) => readMetadata(bytesSource(bytes), limits)
const asText = (text: string) => ({ container: 'text', texts: [{ place: 'text', key: '', text }], warnings: [] })

const INFOTEXT = 'a pier at night\r\nNegative prompt: fog\r\nSteps: 20, Sampler: Euler, Seed: 1, Model: harborMix_v2'
const ENCODINGS: readonly Encoding[] = ['utf-8', 'utf-8 with a mark', 'utf-16le', 'utf-16be']

describe.each(ENCODINGS)('%s', (encoding) => {
  test.each([
    ['an infotext', INFOTEXT],
    ['JSON', '{"1": {"class_type": "VAELoader"}}'],
    ['other letters', '夜の港、霧 🌫️ ångström'],
    ['a long text that ends inside a letter of the head', `${'x'.repeat(2047)}🌫️${'夜'.repeat(5000)}`],
  ])('%s', (_, text) => {
    expect(read(encode(text, encoding))).toEqual(asText(text))
  })

  test('what is written comes back', () => {
    const written = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
      .filter((text) => !/\p{Cc}|^\ufeff/u.test(text) && text.isWellFormed())
    fc.assert(fc.property(written, (text) => expect(read(encode(text, encoding))).toEqual(asText(text))))
  })
})

describe.each(['utf-16le', 'utf-16be'] as const)('%s without a mark', (encoding) => {
  test.each([
    ['an infotext', INFOTEXT],
    ['JSON', '{"1": {"class_type": "VAELoader"}}'],
    ['other letters among them', `夜の港、霧 一一一 🌫️ ångström\n${INFOTEXT}`],
    ['a long text', `${'x'.repeat(2047)}🌫️${'夜'.repeat(5000)}`],
    ['two letters', 'ab'],
  ])('%s', (_, text) => {
    expect(read(encode(text, encoding).subarray(2))).toEqual(asText(text))
  })

  test('words of Western letters come back', () => {
    const written = fc.stringMatching(/^[a-z0-9 ,.:<>()ä-ü]{2,60}$/)
    fc.assert(fc.property(written, (text) => expect(read(encode(text, encoding).subarray(2))).toEqual(asText(text))))
  })
})

test('zero bytes at the end are no sign of it', () => {
  for (const end of ['\0', '\0\0', '\0\0\0']) expect(read(Buffer.from(`abc${end}`)).texts).toEqual([])
})

describe('what is no text, or not all of one', () => {
  const words = encode('a pier at night', 'utf-16le')
  const beyondHead = Buffer.concat([encode('x'.repeat(3000), 'utf-16be'), Buffer.from([0xd8, 0, 0, 0x20])])
  test.each([
    ['half a character at the end', words.subarray(0, -1), 'text', 'the file is not UTF-16 all through'],
    ['half a pair far behind', beyondHead, 'text', 'the file is not UTF-16 all through'],
    ['a mark and control characters', Buffer.from([0xff, 0xfe, 1, 0, 2, 0]), 'unknown', 'no known kind of file'],
    ['a mark and half a pair', Buffer.from([0xff, 0xfe, 0, 0xdc, 0x20, 0]), 'unknown', 'no known kind of file'],
    ['a mark and zero bytes', Buffer.from([0xfe, 0xff, 0, 0, 0, 0]), 'unknown', 'no known kind of file'],
    [
      'UTF-16 of letters that tell nothing',
      encode('夜の港霧', 'utf-16be').subarray(2),
      'unknown',
      'no known kind of file',
    ],
    ['zero bytes among letters', Buffer.from('a\0b\0c\0\0d e f'), 'unknown', 'no known kind of file'],
    [
      'numbers of two bytes',
      Buffer.from(Uint16Array.from([7, 300, 2, 9, 65, 11]).buffer),
      'unknown',
      'no known kind of file',
    ],
    [
      'UTF-8 far behind that is none',
      Buffer.from([...Buffer.alloc(5000, 'x'), 0xff]),
      'text',
      'the file is not UTF-8 all through',
    ],
  ])('%s', (_, bytes, container, reason) => {
    const found = read(bytes)
    expect(found).toMatchObject({ container, texts: [] })
    expect(found.warnings.map((warning) => warning.reason)).toEqual([reason])
  })

  test('a file that is larger than the limit', () => {
    const limits = { textBytes: 20, totalBytes: 100 }
    const kept = (text: string, encoding: Encoding) => read(encode(text, encoding), limits).texts.length
    expect(kept('x'.repeat(20), 'utf-8')).toBe(1)
    expect(kept('x'.repeat(21), 'utf-8')).toBe(0)
    expect(kept('x'.repeat(9), 'utf-16le')).toBe(1)
    expect(kept('x'.repeat(10), 'utf-16le')).toBe(0)
  })
})
