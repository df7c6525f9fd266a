import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createFlac, FLAC_BLOCKS, flacBlock, type Text, vorbisComment } from '../../scripts/fixtures/audio-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { flac } from '../../src/media/flac.ts'
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
  ['prompt', '{"1":{"class_type":"VAELoader"}}'],
  ['Workflow', '{"title":"提灯"}'],
]
const commentBlock = (texts: readonly Text[]): Buffer => flacBlock(FLAC_BLOCKS.comment, vorbisComment(texts))

test('names and places', () => {
  const sound = createFlac(commentBlock(TEXTS))
  expect(isOf(flac, sound)).toBe(true)
  expect(readBytes(flac, sound)).toEqual({
    texts: [
      { place: 'flac:tag:prompt', key: 'prompt', text: '{"1":{"class_type":"VAELoader"}}' },
      { place: 'flac:tag:Workflow', key: 'workflow', text: '{"title":"提灯"}' },
    ],
    warnings: [],
  })
})

describe('comments', () => {
  const field = (text: string): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(Buffer.byteLength(text))
    return Buffer.concat([length, Buffer.from(text)])
  }
  const list = (count: number, ...fields: Buffer[]): Buffer =>
    flacBlock(FLAC_BLOCKS.comment, Buffer.concat([field('vendor'), Buffer.from([count, 0, 0, 0]), ...fields]))
  const rows: readonly (readonly [name: string, block: Buffer, texts: readonly (readonly string[])[]])[] = [
    ['none', list(0), []],
    ['with = in the text', list(1, field('comment=a=b')), [['comment', 'a=b']]],
    ['without =', list(2, field('words'), field('a=b')), [['a', 'b']]],
    ['without a text', list(1, field('a=')), []],
    ['without anything, at the end', list(2, field('a=b'), field('')), [['a', 'b']]],
    ['with a picture as text', list(2, field('METADATA_BLOCK_PICTURE=AAAA'), field('a=b')), [['a', 'b']]],
    ['with a name that is none', list(2, field(`${'n'.repeat(300)}=x`), field('a=b')), [['a', 'b']]],
  ]
  test.each(rows)('%s', (_, block, texts) => {
    const content = readBytes(flac, createFlac(block))
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })

  test.each([
    ['more fields than there are', list(9, field('a=b')), 1],
    ['a field that is too long', list(2, field('a=b'), Buffer.from([255, 255, 255, 255, 1])), 1],
    ['nothing in it', flacBlock(FLAC_BLOCKS.comment, Buffer.alloc(0)), 0],
    ['a vendor alone', flacBlock(FLAC_BLOCKS.comment, field('vendor')), 0],
  ])('%s', (_, block, texts) => {
    const content = readBytes(flac, createFlac(block))
    expect(content.texts).toHaveLength(texts)
    expect(content.warnings).toEqual([{ place: 'flac:tag', reason: 'it is cut off' }])
  })
})

test('a large picture in front of the texts is passed over', () => {
  const sound = createFlac(flacBlock(FLAC_BLOCKS.picture, Buffer.alloc(2_000_000)), commentBlock(TEXTS))
  const source = countingSource(bytesSource(sound))
  expect(flac.read(source, DEFAULT_LIMITS).texts).toHaveLength(2)
  expect(source.reads).toBeLessThan(4)
  expect(source.bytesRead).toBeLessThan(5000)
})

test('what is past the limit is left out and the rest is read', () => {
  const sound = createFlac(
    commentBlock([
      ['prompt', 'x'.repeat(70)],
      ['workflow', 'y'.repeat(30)],
    ]),
  )
  const content = readBytes(flac, sound, { textBytes: 200, totalBytes: 200 })
  expect(content.texts).toHaveLength(2)
  const small = readBytes(flac, sound, { textBytes: 200, totalBytes: 155 })
  expect(small.texts).toHaveLength(2)
  expect(readBytes(flac, sound, { textBytes: 69, totalBytes: 200 }).warnings).toMatchObject([{ place: 'flac:tag' }])
})

test('blocks without end', () => {
  const sound = createFlac(...Array<Buffer>(2000).fill(flacBlock(2, Buffer.alloc(0))))
  expect(readBytes(flac, sound).warnings).toEqual([
    { place: 'flac', reason: 'it has more than 1000 blocks of metadata' },
  ])
})

describe('hostile files', () => {
  const sound = createFlac(commentBlock(TEXTS), commentBlock([['comment', 'a pier']]))
  test('cut anywhere', () => expectCutsToBeHarmless(flac, sound))
  test('with any number anywhere', () => expectNumbersToBeHarmless(flac, sound))
  test('of noise', () => expectNoiseToBeHarmless(flac, sound.subarray(0, 4)))

  test('any texts come back as they were written', () => {
    const entry = fc.tuple(fc.stringMatching(/^[A-Z_ ]{1,20}$/), plainText)
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (texts) => {
        const wanted = texts.filter(([name]) => !/^(METADATA_BLOCK_PICTURE|COVERART)$/.test(name))
        expect(textsOf(readBytes(flac, createFlac(commentBlock(wanted))))).toEqual(
          wanted.map(([name, text]) => [name.toLowerCase(), text]),
        )
      }),
    )
  })
})
