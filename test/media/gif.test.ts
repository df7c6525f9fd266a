import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  application,
  comment,
  createGif,
  extension,
  type GifParts,
  pieces,
  xmpApplication,
} from '../../scripts/fixtures/gif-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { gif } from '../../src/media/gif.ts'
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

const INFOTEXT = `${'a harbor at dusk, 提灯, '.repeat(40)}\nSteps: 24, Sampler: Euler, Seed: 7`
const packet = createXmp([{ name: 'dc:description', text: `lantern ${'x'.repeat(600)}` }])
const XMP = ['dc:description', `lantern ${'x'.repeat(600)}`] as const

test('names, places and size', () => {
  expect(readBytes(gif, createGif({ front: [comment(INFOTEXT)], width: 300, height: 5 }))).toEqual({
    width: 300,
    height: 5,
    texts: [{ place: 'gif:comment', key: 'comment', text: INFOTEXT }],
    warnings: [],
  })
})

describe('texts', () => {
  const rows: readonly (readonly [name: string, parts: GifParts, texts: readonly (readonly string[])[]])[] = [
    ['in front of the pictures', { front: [comment(INFOTEXT)], frames: 3 }, [['comment', INFOTEXT]]],
    ['behind the pictures', { back: [comment(INFOTEXT)], frames: 3 }, [['comment', INFOTEXT]]],
    ['behind pictures with colours of their own', { back: [comment('x')], ownColours: true }, [['comment', 'x']]],
    ['in tiny pieces, cut inside letters', { front: [comment(INFOTEXT, 1)] }, [['comment', INFOTEXT]]],
    ['in Latin-1', { front: [comment(Buffer.from('caf\xe9', 'latin1'))] }, [['comment', 'café']]],
    [
      'two of them',
      { front: [comment('a')], back: [comment('b')] },
      [
        ['comment', 'a'],
        ['comment', 'b'],
      ],
    ],
    ['empty', { front: [comment('')] }, []],
    ['XMP', { front: [xmpApplication(packet)], back: [comment('x')] }, [XMP, ['comment', 'x']]],
    [
      'XMP in front of a text with the same letters',
      { front: [xmpApplication(packet), comment('<b>')] },
      [XMP, ['comment', '<b>']],
    ],
    ['XMP in pieces', { front: [application('XMP DataXMP', pieces(Buffer.from(packet)))] }, [XMP]],
    [
      'XMP in pieces of 60 bytes, which is the number of its first letter',
      { front: [application('XMP DataXMP', pieces(Buffer.from(packet), 60))] },
      [XMP],
    ],
    [
      'other extensions',
      {
        front: [
          application('NETSCAPE2.0', pieces(Buffer.from([1, 0, 0]))),
          extension(0x01, pieces(Buffer.alloc(12))),
          extension(0xaa, pieces(Buffer.alloc(300))),
        ],
        back: [comment('x')],
      },
      [['comment', 'x']],
    ],
  ]
  test.each(rows)('%s', (_, parts, texts) => {
    const picture = createGif(parts)
    expect(isOf(gif, picture)).toBe(true)
    const content = readBytes(gif, picture)
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
    expect(content.c2pa).toBeUndefined()
  })
})

test('C2PA', () => {
  const signed = createGif({ front: [application('C2PA_GIF\x01\0\0', pieces(Buffer.alloc(500, 7)))] })
  expect(readBytes(gif, signed)).toMatchObject({ c2pa: true, texts: [], warnings: [] })
})

test('the old version, and what only looks like one', () => {
  const old = createGif({ front: [comment('x')] })
  old.write('GIF87a')
  expect(isOf(gif, old)).toBe(true)
  expect(textsOf(readBytes(gif, old))).toEqual([['comment', 'x']])
  expect(isOf(gif, Buffer.from('GIF90a, a text'))).toBe(false)
})

describe('what is wrong becomes a warning', () => {
  const picture = createGif({ front: [comment('kept')] })
  const rows: readonly (readonly [name: string, picture: Uint8Array, texts: number, reason: string])[] = [
    ['a signature alone', picture.subarray(0, 9), 0, 'the file ends inside its header'],
    ['no trailer', picture.subarray(0, -1), 1, 'the file ends before its trailer'],
    ['an end in the pixels', picture.subarray(0, -9), 1, 'the file ends inside a block'],
    [
      'bytes that are no block',
      Buffer.concat([picture.subarray(0, -1), Buffer.alloc(9)]),
      1,
      'there is no block at byte',
    ],
  ]
  test.each(rows)('%s', (_, file, texts, reason) => {
    const content = readBytes(gif, file)
    expect(content.texts).toHaveLength(texts)
    expect(content.warnings).toMatchObject([{ place: 'gif' }])
    expect(content.warnings[0]?.reason).toContain(reason)
  })

  test('a comment past the limit', () => {
    const limits = { textBytes: 100, totalBytes: 1000 }
    const content = readBytes(gif, createGif({ front: [comment('x'.repeat(101)), comment('kept')] }), limits)
    expect(textsOf(content)).toEqual([['comment', 'kept']])
    expect(content.warnings).toMatchObject([{ place: 'gif:comment' }])
  })
})

test('pixels are walked through in large reads', () => {
  const picture = createGif({ width: 2000, height: 1000, back: [comment('x')] })
  const source = countingSource(bytesSource(picture))
  expect(textsOf(gif.read(source, DEFAULT_LIMITS))).toEqual([['comment', 'x']])
  expect(source.reads).toBeLessThan(20)
  expect(source.bytesRead).toBeLessThan(picture.length + 2000)
})

describe('hostile files', () => {
  const picture = createGif({ front: [comment('a pier'), xmpApplication(packet)], width: 3, height: 3 })
  test('cut anywhere', () => expectCutsToBeHarmless(gif, picture))
  test('with any number anywhere', () => expectNumbersToBeHarmless(gif, picture))
  test('of noise', () => expectNoiseToBeHarmless(gif, picture.subarray(0, 13)))

  test('any text comes back as it was written', () => {
    fc.assert(
      fc.property(plainText, fc.integer({ min: 1, max: 255 }), fc.boolean(), (text, pieceBytes, isFront) => {
        const one = [comment(text, pieceBytes)]
        expect(textsOf(readBytes(gif, createGif(isFront ? { front: one } : { back: one })))).toEqual([
          ['comment', text],
        ])
      }),
    )
  })
})
