import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { createFlac, FLAC_BLOCKS, flacBlock, vorbisComment } from '../../scripts/fixtures/audio-writer.ts'
import {
  commentBody,
  createMp3,
  type Id3Encoding,
  id3Frame,
  id3Tag,
  silence,
  unsynchronised,
  userTextBody,
} from '../../scripts/fixtures/mp3-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { mp3 } from '../../src/media/mp3.ts'
import {
  countingSource,
  expectCutsToBeHarmless,
  expectNoiseToBeHarmless,
  expectNumbersToBeHarmless,
  isOf,
  plainText,
  readBytes,
  textsOf,
} from '../support/media.ts'

const GRAPH = '{"1":{"class_type":"VAELoader"}}'
const user = (text: string, encoding?: Id3Encoding): Buffer =>
  id3Frame(4, 'TXXX', userTextBody('Prompt', text, encoding))
const picture = (bytes: number): Buffer => id3Frame(3, 'APIC', Buffer.alloc(bytes, 7))

test('names and places', () => {
  const sound = createMp3(id3Tag(4, [user(GRAPH), id3Frame(4, 'COMM', commentBody('a pier'))]))
  expect(isOf(mp3, sound)).toBe(true)
  expect(readBytes(mp3, sound)).toEqual({
    texts: [
      { place: 'mp3:TXXX:Prompt', key: 'prompt', text: GRAPH },
      { place: 'mp3:COMM', key: 'comment', text: 'a pier' },
    ],
    warnings: [],
  })
})

describe('frames', () => {
  const text = 'ÿ a harbor, 提灯'
  const latin = 'ÿ a harbor café'
  const rows: readonly (readonly [name: string, tag: Buffer, texts: readonly (readonly string[])[]])[] = [
    [
      'of 2.2',
      id3Tag(2, [id3Frame(2, 'TXX', userTextBody('a', text, 'utf16')), id3Frame(2, 'COM', commentBody('b', 'latin1'))]),
      [
        ['a', text],
        ['comment', 'b'],
      ],
    ],
    ['of 2.3', id3Tag(3, [id3Frame(3, 'TXXX', userTextBody('a', text, 'utf16'))]), [['a', text]]],
    ['of 2.4 in UTF-8', id3Tag(4, [user(text, 'utf8')]), [['prompt', text]]],
    ['of 2.4 in UTF-16BE', id3Tag(4, [user(text, 'utf16be')]), [['prompt', text]]],
    ['in Latin-1', id3Tag(3, [id3Frame(3, 'TXXX', userTextBody('a', latin, 'latin1'))]), [['a', latin]]],
    [
      'in UTF-8 where Latin-1 is said',
      id3Tag(3, [id3Frame(3, 'TXXX', Buffer.concat([Buffer.from([0]), Buffer.from(`a\0${text}`)]))]),
      [['a', text]],
    ],
    [
      'a comment with a name',
      id3Tag(4, [id3Frame(4, 'COMM', commentBody('x', 'utf16', 'Workflow'))]),
      [['workflow', 'x']],
    ],
    ['a text without a name', id3Tag(4, [id3Frame(4, 'TXXX', userTextBody('', 'x'))]), [['', 'x']]],
    ['behind a picture', id3Tag(3, [picture(5000), id3Frame(3, 'TXXX', userTextBody('a', 'x'))]), [['a', 'x']]],
    ['of titles', id3Tag(3, [id3Frame(3, 'TIT2', Buffer.from('\x03dusk'))]), []],
    ['without padding', id3Tag(4, [user('x')], { padding: 0 }), [['prompt', 'x']]],
    [
      'longer than 127 bytes',
      id3Tag(4, [user('x'.repeat(20_000)), user('y')]),
      [
        ['prompt', 'x'.repeat(20_000)],
        ['prompt', 'y'],
      ],
    ],
    [
      'behind an extended header of 2.3',
      id3Tag(3, [id3Frame(3, 'TXXX', userTextBody('a', 'x'))], {
        flags: 0x40,
        extended: Buffer.from([0, 0, 0, 6, 0, 0, 0, 0, 0, 0]),
      }),
      [['a', 'x']],
    ],
    [
      'behind an extended header of 2.4',
      id3Tag(4, [user('x')], { flags: 0x40, extended: Buffer.from([0, 0, 0, 6, 1, 0]) }),
      [['prompt', 'x']],
    ],
    [
      'in a changed tag of 2.3',
      id3Tag(3, [picture(9), id3Frame(3, 'TXXX', userTextBody('a', `${text}\uff00ÿ`, 'utf16'))], { flags: 0x80 }),
      [['a', `${text}\uff00ÿ`]],
    ],
    [
      'changed, in 2.4',
      id3Tag(4, [id3Frame(4, 'TXXX', unsynchronised(userTextBody('a', text, 'utf16')), 2)]),
      [['a', text]],
    ],
    [
      'changed, as the tag of 2.4 says',
      id3Tag(4, [id3Frame(4, 'TXXX', unsynchronised(userTextBody('a', text, 'utf16')))], { flags: 0x80 }),
      [['a', text]],
    ],
    [
      'packed, in 2.3',
      id3Tag(3, [id3Frame(3, 'TXXX', Buffer.concat([Buffer.alloc(4), deflateSync(userTextBody('a', 'x'))]), 0x80)]),
      [['a', 'x']],
    ],
    [
      'packed, in 2.4',
      id3Tag(4, [id3Frame(4, 'TXXX', Buffer.concat([Buffer.alloc(4), deflateSync(userTextBody('a', 'x'))]), 0x09)]),
      [['a', 'x']],
    ],
    [
      'in a group, with a length',
      id3Tag(4, [id3Frame(4, 'TXXX', Buffer.concat([Buffer.alloc(5), userTextBody('a', 'x')]), 0x41)]),
      [['a', 'x']],
    ],
    ['encrypted', id3Tag(4, [id3Frame(4, 'TXXX', userTextBody('a', 'x'), 0x04)]), []],
    [
      'of plain sizes with a high bit where 2.4 wants others',
      id3Tag(4, [id3Frame(3, 'TXXX', userTextBody('a', 'x'.repeat(200))), id3Frame(3, 'TXXX', userTextBody('b', 'y'))]),
      [
        ['a', 'x'.repeat(200)],
        ['b', 'y'],
      ],
    ],
    [
      'of plain sizes where 2.4 wants others',
      id3Tag(4, [id3Frame(3, 'TXXX', userTextBody('a', 'x'.repeat(300))), id3Frame(3, 'TXXX', userTextBody('b', 'y'))]),
      [
        ['a', 'x'.repeat(300)],
        ['b', 'y'],
      ],
    ],
    [
      'in two tags',
      Buffer.concat([id3Tag(4, [user('x')]), id3Tag(3, [id3Frame(3, 'TXXX', userTextBody('a', 'y'))])]),
      [
        ['prompt', 'x'],
        ['a', 'y'],
      ],
    ],
    ['none', Buffer.alloc(0), []],
  ]
  test.each(rows)('%s', (_, tag, texts) => {
    const sound = createMp3(tag)
    expect(isOf(mp3, sound)).toBe(true)
    const content = readBytes(mp3, sound)
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })
})

describe('ends of tags', () => {
  const later = id3Frame(3, 'TXXX', userTextBody('later', 'y'))
  test('what looks like a frame behind a tag is none', () => {
    for (const flags of [0, 0x80]) {
      const tag = id3Tag(3, [id3Frame(3, 'TXXX', userTextBody('a', 'x'))], { flags, padding: 0 })
      expect(textsOf(readBytes(mp3, Buffer.concat([tag, later])))).toEqual([['a', 'x']])
    }
  })
  test('what looks like a frame behind padding is none', () => {
    expect(readBytes(mp3, createMp3(id3Tag(3, [Buffer.alloc(10), later]))).texts).toEqual([])
  })
  test('a tag of 2.4 may repeat its head behind itself', () => {
    const first = id3Tag(4, [user('x')], { flags: 0x10, padding: 0 })
    const repeated = Buffer.concat([first, Buffer.from('3DI'), first.subarray(3, 10)])
    expect(textsOf(readBytes(mp3, Buffer.concat([repeated, id3Tag(4, [user('y')])])))).toEqual([
      ['prompt', 'x'],
      ['prompt', 'y'],
    ])
  })
})

test('a text in UTF-16 has the byte order of its name where it says none', () => {
  const body = Buffer.concat([Buffer.from([1]), Buffer.from('\ufeffa\0提灯', 'utf16le')])
  const big = Buffer.concat([Buffer.from([1]), Buffer.from('\ufeffa\0提灯', 'utf16le').swap16()])
  for (const bytes of [body, big]) {
    expect(textsOf(readBytes(mp3, id3Tag(3, [id3Frame(3, 'TXXX', bytes)])))).toEqual([['a', '提灯']])
  }
})

test('FLAC behind a tag', () => {
  const sound = createFlac(flacBlock(FLAC_BLOCKS.comment, vorbisComment([['workflow', 'y']])))
  expect(readBytes(mp3, Buffer.concat([id3Tag(4, [user('x')]), sound]))).toMatchObject({
    texts: [{ key: 'prompt' }, { place: 'flac:tag:workflow', text: 'y' }],
    warnings: [],
  })
})

test('pictures and sound are passed over', () => {
  const tag = id3Tag(3, [picture(3_000_000), id3Frame(3, 'TXXX', userTextBody('prompt', 'x'))])
  const source = countingSource(bytesSource(Buffer.concat([tag, Buffer.alloc(5_000_000)])))
  expect(mp3.read(source, DEFAULT_LIMITS).texts).toHaveLength(1)
  expect(source.bytesRead).toBeLessThan(10_000)
})

describe('is told by its first bytes', () => {
  const rows: readonly (readonly [name: string, head: Buffer, is: boolean])[] = [
    ['sound without a tag', silence(), true],
    ['a text in UTF-16', Buffer.from('\ufeffabcd', 'utf16le'), false],
    ['AAC', Buffer.from('fff15080', 'hex'), false],
    ['JPEG', Buffer.from('ffd8ffe0', 'hex'), false],
    ['a rate that does not exist', Buffer.from('fffbf0c4', 'hex'), false],
    ['JPEG XL', Buffer.from('ff0a', 'hex'), false],
  ]
  test.each(rows)('%s', (_, head, is) => {
    expect(isOf(mp3, head)).toBe(is)
  })
})

describe('what is wrong becomes a warning', () => {
  const frame = (body: Buffer): Buffer => id3Tag(4, [id3Frame(4, 'TXXX', body), user('kept')])
  const unknown = Buffer.from(id3Tag(4, [user('x')]))
  unknown[3] = 5
  const oversized = id3Tag(4, [user('kept'), Buffer.from('TXXX\x7f\x7f\x7f\x7f\0\0')])
  const rows: readonly (readonly [name: string, tag: Buffer, texts: number, place: string, reason: string])[] = [
    ['an unknown version', unknown, 0, 'mp3:id3', 'its version is unknown'],
    ['an unknown encoding', frame(Buffer.from([9, 65, 0, 65])), 1, 'mp3:TXXX', 'its encoding is unknown'],
    ['an empty frame', frame(Buffer.alloc(0)), 1, 'mp3:TXXX', 'its encoding is unknown'],
    ['a name without an end', frame(Buffer.from('\x03words')), 1, 'mp3:TXXX', 'its name does not end'],
    ['a frame that is larger than the tag', oversized, 1, 'mp3:TXXX', 'it is larger than its tag'],
    ['a tag that is cut off', id3Tag(4, [user('x')]).subarray(0, 28), 0, 'mp3:id3', 'the file ends inside its tag'],
  ]
  test.each(rows)('%s', (_, tag, texts, place, reason) => {
    const content = readBytes(mp3, tag)
    expect(content.texts).toHaveLength(texts)
    expect(content.warnings).toContainEqual({ place, reason })
  })

  test('what is past the limit, plain and packed', () => {
    const limits = { textBytes: 500, totalBytes: 500 }
    const bomb = Buffer.concat([Buffer.alloc(4), deflateSync(Buffer.alloc(100_000))])
    const tag = id3Tag(4, [user('x'.repeat(600)), id3Frame(4, 'TXXX', bomb, 9), user('kept')])
    const content = readBytes(mp3, tag, limits)
    expect(textsOf(content)).toEqual([['prompt', 'kept']])
    expect(content.warnings).toMatchObject([{ place: 'mp3:TXXX' }, { reason: 'it inflates to more than 500 bytes' }])
  })
})

describe('hostile files', () => {
  const sound = createMp3(id3Tag(3, [picture(20), id3Frame(3, 'TXXX', userTextBody('prompt', GRAPH, 'utf16'))]))
  test('cut anywhere', () => expectCutsToBeHarmless(mp3, sound.subarray(0, 400)))
  test('with any number anywhere', () => expectNumbersToBeHarmless(mp3, sound.subarray(0, 400)))
  test('of noise', () => expectNoiseToBeHarmless(mp3, Buffer.from('ID3\x04\0\0\0\0\x03\0', 'latin1')))

  test('any text comes back as it was written', () => {
    const encodings = fc.constantFrom<Id3Encoding>('utf8', 'utf16', 'utf16be')
    const flags = fc.constantFrom(0, 0x80)
    fc.assert(
      fc.property(plainText, encodings, flags, (text, encoding, flag) => {
        const v3 = id3Tag(3, [id3Frame(3, 'TXXX', userTextBody('a', text, encoding))], { flags: flag })
        const body = userTextBody('a', text, encoding)
        const v4 = id3Tag(4, [id3Frame(4, 'TXXX', flag === 0 ? body : unsynchronised(body))], { flags: flag })
        for (const tag of [v3, v4]) expect(textsOf(readBytes(mp3, createMp3(tag)))).toEqual([['a', text]])
      }),
    )
  })
})
