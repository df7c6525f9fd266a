import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  createOpus,
  FLAC_BLOCKS,
  flacBlock,
  oggPacket,
  oggPage,
  type Text,
  vorbisComment,
} from '../../scripts/fixtures/audio-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { ogg } from '../../src/media/ogg.ts'
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

const TEXTS: readonly Text[] = [
  ['PROMPT', '{"1":{"class_type":"VAELoader"}}'],
  ['workflow', '{"title":"提灯"}'],
]

test('names and places', () => {
  const sound = createOpus(TEXTS)
  expect(isOf(ogg, sound)).toBe(true)
  expect(readBytes(ogg, sound)).toEqual({
    texts: [
      { place: 'ogg:tag:PROMPT', key: 'prompt', text: '{"1":{"class_type":"VAELoader"}}' },
      { place: 'ogg:tag:workflow', key: 'workflow', text: '{"title":"提灯"}' },
    ],
    warnings: [],
  })
})

const first = (start: string, serial = 1): Buffer => {
  const data = Buffer.from(start.padEnd(30, '\0'), 'latin1')
  return oggPage({ serial, sequence: 0, flags: 2, lacing: [data.length], data })
}
const second = (start: string, texts: readonly Text[], serial = 1): Buffer[] =>
  oggPacket(Buffer.concat([Buffer.from(start, 'latin1'), vorbisComment(texts)]), serial, 1)
const A: Text = ['prompt', 'a']
const B: Text = ['prompt', 'b']

describe('codecs', () => {
  const flacComment = Buffer.concat([flacBlock(FLAC_BLOCKS.comment, vorbisComment([A]))])
  const rows: readonly (readonly [name: string, pages: Buffer[], texts: readonly string[]])[] = [
    ['Vorbis', [first('\x01vorbis'), ...second('\x03vorbis', [A])], ['a']],
    ['Opus', [first('OpusHead'), ...second('OpusTags', [A])], ['a']],
    ['FLAC', [first('\x7fFLAC'), ...oggPacket(flacComment, 1, 1)], ['a']],
    ['Theora', [first('\x80theora'), ...second('\x81theora', [A])], ['a']],
    ['Speex', [first('Speex   '), ...second('', [A])], ['a']],
    ['an unknown one', [first('Midi'), ...second('', [A])], []],
    [
      'two at once',
      [
        first('\x80theora', 7),
        first('\x01vorbis', 8),
        ...second('\x03vorbis', [A], 8),
        ...second('\x81theora', [B], 7),
      ],
      ['a', 'b'],
    ],
    ['one beside an unknown one', [first('fishead', 7), first('OpusHead', 8), ...second('OpusTags', [A], 8)], ['a']],
  ]
  test.each(rows)('%s', (_, pages, texts) => {
    const content = readBytes(ogg, Buffer.concat(pages))
    expect(content.texts.map(({ text }) => text)).toEqual([...texts])
    expect(content.warnings).toHaveLength(texts.length === 0 ? content.warnings.length : 0)
  })
})

describe('comments in several pages', () => {
  const long = 'a harbor at dusk, '.repeat(200)
  test.each([1, 2, 5, 255])('of %i segments', (segments) => {
    expect(textsOf(readBytes(ogg, createOpus([['prompt', long]], segments)))).toEqual([['prompt', long]])
  })

  test('with pages of another stream between them', () => {
    const packet = Buffer.concat([Buffer.from('OpusTags'), vorbisComment([['prompt', long]])])
    const pages = oggPacket(packet, 1, 1, 3)
    const other = oggPage({ serial: 2, sequence: 1, flags: 0, lacing: [5], data: Buffer.alloc(5) })
    const file = Buffer.concat([first('OpusHead'), ...pages.flatMap((page) => [page, other])])
    expect(readBytes(ogg, file)).toMatchObject({ texts: [{ key: 'prompt', text: long }], warnings: [] })
  })

  test('of a length that is a whole number of segments', () => {
    const text = 'x'.repeat(255 * 2 - vorbisComment([['a', '']]).length - 8)
    expect(textsOf(readBytes(ogg, createOpus([['a', text]])))).toEqual([['a', text]])
  })
})

describe('what is wrong becomes a warning', () => {
  const sound = createOpus(TEXTS)
  const rows: readonly (readonly [name: string, sound: Uint8Array, reason: string])[] = [
    ['a signature alone', sound.subarray(0, 10), 'the file ends before its comments'],
    ['an end in the comments', sound.subarray(0, 100), 'the file ends inside a page'],
    ['bytes that are no page', Buffer.concat([first('OpusHead'), Buffer.alloc(100)]), 'there is no page at byte 58'],
  ]
  test.each(rows)('%s', (_, file, reason) => {
    expect(readBytes(ogg, file)).toEqual({ texts: [], warnings: [{ place: 'ogg', reason }] })
  })

  test('comments past the limit', () => {
    const content = readBytes(ogg, createOpus([['prompt', 'x'.repeat(3000)]], 2), { textBytes: 1000, totalBytes: 1000 })
    expect(content.texts).toEqual([])
    expect(content.warnings).toMatchObject([{ place: 'ogg:tag' }])
  })

  test('comments that never end', () => {
    const page = oggPage({ serial: 1, sequence: 1, flags: 1, lacing: [255], data: Buffer.alloc(255) })
    const { warnings } = readBytes(ogg, Buffer.concat([first('OpusHead'), ...Array<Buffer>(6000).fill(page)]))
    expect(warnings).toEqual([{ place: 'ogg', reason: 'its comments do not end within 5000 pages' }])
  })

  test('streams without end', () => {
    const pages = Array.from({ length: 300 }, (_, serial) => first('OpusHead', serial))
    const file = Buffer.concat([...pages, ...second('OpusTags', [A], 0)])
    expect(readBytes(ogg, file).texts).toHaveLength(1)
  })
})

test('sound is not read', () => {
  const page = oggPage({
    serial: 1,
    sequence: 2,
    flags: 0,
    lacing: Array(255).fill(255),
    data: Buffer.alloc(255 * 255),
  })
  const file = Buffer.concat([first('OpusHead'), ...second('OpusTags', [A]), ...Array<Buffer>(50).fill(page)])
  const source = countingSource(bytesSource(file))
  expect(ogg.read(source, DEFAULT_LIMITS).texts).toHaveLength(1)
  expect(source.bytesRead).toBeLessThan(100_000)
})

describe('hostile files', () => {
  const sound = createOpus(TEXTS, 1)
  test('cut anywhere', () => expectCutsToBeHarmless(ogg, sound))
  test('with any number anywhere', () => expectNumbersToBeHarmless(ogg, sound))
  test('of noise', () => expectNoiseToBeHarmless(ogg, first('OpusHead')))

  test('any texts come back as they were written', () => {
    const segments = fc.integer({ min: 1, max: 4 })
    fc.assert(
      fc.property(fc.array(plainText, { minLength: 1, maxLength: 5 }), segments, (texts, count) => {
        const sound = createOpus(
          texts.map((text) => ['Prompt', text] as const),
          count,
        )
        expect(textsOf(readBytes(ogg, sound))).toEqual(texts.map((text) => ['prompt', text]))
      }),
    )
  })
})
