import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { COMMENT_ENCODINGS, encodeUserComment, utf16be } from '../../scripts/fixtures/exif-writer.ts'
import { decodeUserComment } from '../../src/media/user-comment.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const le = (text: string): Buffer => Buffer.from(text, 'utf16le')
const after = (prefix: string, body: Uint8Array): Buffer => Buffer.concat([latin1(prefix), body])
const UNICODE = 'UNICODE\0'
const ZEROS = '\0'.repeat(8)

const ROWS: readonly (readonly [name: string, bytes: Uint8Array, text: string])[] = [
  ['UNICODE, big endian', after(UNICODE, utf16be('a pier')), 'a pier'],
  ['UNICODE, little endian', after(UNICODE, le('a pier')), 'a pier'],
  ['UNICODE, big endian with its mark', after(UNICODE, utf16be('\ufeff提灯')), '提灯'],
  ['UNICODE, little endian with its mark', after(UNICODE, le('\ufeff提灯')), '提灯'],
  ['a mark against the zeros', after(UNICODE, le('\ufeff\u6100\u6200')), '\u6100\u6200'],
  ['UNICODE, mostly Chinese, with one space', after(UNICODE, le('提灯の光 と霧')), '提灯の光 と霧'],
  ['UNICODE, one character that is one in either order', after(UNICODE, utf16be('山')), '山'],
  ['UNICODE, an emoji whose lower byte is zero', after(UNICODE, utf16be('😀')), '😀'],
  ['UNICODE, an emoji, little endian', after(UNICODE, le('😀')), '😀'],
  ['UNICODE, Devanagari, whose upper byte is a tab', after(UNICODE, utf16be('क'.repeat(40))), 'क'.repeat(40)],
  ['UNICODE, Gurmukhi, whose upper byte is a line end', after(UNICODE, le('ਕ'.repeat(40))), 'ਕ'.repeat(40)],
  ['UNICODE, with half a unit at the end', after(UNICODE, latin1('\0a\0 \0b\0')), 'a b'],
  ['UNICODE in other letters', after('Unicode\0', utf16be('ink')), 'ink'],
  [
    'UNICODE that is UTF-8',
    after(UNICODE, Buffer.from('a harbor at dusk, 提灯, paper lanterns\nSteps: 4\0')),
    'a harbor at dusk, 提灯, paper lanterns\nSteps: 4',
  ],
  ['UNICODE with nothing behind it', latin1(UNICODE), ''],
  ['UNICODE with a line end alone', after(UNICODE, utf16be('\n')), '\n'],
  ['ASCII', after('ASCII\0\0\0', latin1('{"steps": 4}')), '{"steps": 4}'],
  ['ASCII that is UTF-8', after('ASCII\0\0\0', Buffer.from('提灯')), '提灯'],
  ['ASCII that is Latin-1', after('ASCII\0\0\0', latin1('caf\xe9')), 'café'],
  ['JIS with escapes', after('JIS\0\0\0\0\0', latin1('\x1b$BDsEt\x1b(B x')), '提灯 x'],
  ['JIS that is UTF-8', after('JIS\0\0\0\0\0', Buffer.from('提灯')), '提灯'],
  ['JIS that is Shift JIS', after('JIS\0\0\0\0\0', latin1('\x92\xf1\x93\x94')), '提灯'],
  ['eight zeros', after(ZEROS, Buffer.from('提灯')), '提灯'],
  ['eight zeros and UTF-16', after(ZEROS, le('Steps: 4')), 'Steps: 4'],
  ['eight zeros and UTF-16, big endian', after(ZEROS, utf16be('Steps: 4')), 'Steps: 4'],
  ['eight zeros and a byte order mark', after(ZEROS, le('\ufeff提灯')), '提灯'],
  ['UTF8', after('UTF8\0\0\0\0', Buffer.from('提灯')), '提灯'],
  ['UTF-8 with a hyphen', after('UTF-8\0\0\0', Buffer.from('提灯')), '提灯'],
  ['UTF8 that is not filled up', after('UTF8', Buffer.from('{"a": 1}')), '{"a": 1}'],
  ['nothing before it', Buffer.from('a pier, 提灯'), 'a pier, 提灯'],
  ['nothing before it, and shorter than a prefix', latin1('ink'), 'ink'],
  ['nothing before it, Latin-1', latin1('caf\xe9 noir'), 'café noir'],
  ['words that begin like a prefix', latin1('ASCII art of a pier'), 'ASCII art of a pier'],
  ['words that begin like another', latin1('unicode signs on a wall'), 'unicode signs on a wall'],
  ['NULs and spaces at the end', latin1('ink \0 \0\0'), 'ink'],
  ['NULs and spaces at the end, in UTF-16', after(UNICODE, utf16be('ink \0 \0\0')), 'ink'],
  ['a space before it', latin1(' ink'), ' ink'],
  ['nothing at all', new Uint8Array(0), ''],
  ['zeros alone', Buffer.alloc(30), ''],
]

describe('reads what tools write', () => {
  test.each(ROWS)('%s', (_, bytes, text) => {
    expect(decodeUserComment(bytes)).toBe(text)
  })
})

/** Letters of one script: long enough that chance has no say in which byte order looks better. */
const script = (from: number, to: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: from, max: to }), { minLength: 24, maxLength: 80 })
    .map((codes) => String.fromCodePoint(...codes))

const TEXTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ASCII: fc.stringMatching(/^[ -~\n\t]{0,80}$/),
  'Latin with marks': script(0xa1, 0xff),
  Cyrillic: script(0x410, 0x44f),
  Greek: script(0x3b1, 0x3c9),
  Hebrew: script(0x5d0, 0x5ea),
  Arabic: script(0x621, 0x64a),
  Thai: script(0xe01, 0xe2e),
  kana: script(0x3041, 0x3096),
  'Chinese characters': script(0x4e00, 0x9fff),
  Hangul: script(0xac00, 0xd7a3),
  emoji: script(0x1f300, 0x1f5ff),
  'rare Chinese characters': script(0x20000, 0x2a6df),
  mixed: fc
    .tuple(script(0x20, 0x7e), script(0x3041, 0x3096), script(0x4e00, 0x9fff), script(0x1f300, 0x1f5ff))
    .map((parts) => parts.join(', ')),
}

describe('what is written comes back, whatever the encoding', () => {
  const rows = COMMENT_ENCODINGS.flatMap((encoding) => Object.keys(TEXTS).map((name) => [encoding, name] as const))
  test.each(rows)('%s: %s', (encoding, name) => {
    fc.assert(
      fc.property(TEXTS[name] ?? fc.constant(''), (text) => {
        expect(decodeUserComment(encodeUserComment(text, encoding))).toBe(text.replace(/ +$/, ''))
      }),
      { numRuns: 60 },
    )
  })
})

test('any bytes end in an answer of whole characters', () => {
  const prefix = fc.constantFrom('', UNICODE, ZEROS, 'ASCII\0\0\0', 'JIS\0\0\0\0\0', 'UTF8')
  fc.assert(
    fc.property(prefix, fc.uint8Array({ maxLength: 200 }), (start, bytes) => {
      expect(decodeUserComment(after(start, bytes)).isWellFormed()).toBe(true)
    }),
    { numRuns: 500 },
  )
})
