import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createExif, EXIF_MARK, textTag, userComment } from '../../scripts/fixtures/exif-writer.ts'
import { createWebp, extended, riff, riffChunk, vp8l } from '../../scripts/fixtures/webp-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { type ByteSource, bytesSource } from '../../src/media/byte-source.ts'
import { type ContainerContent, DEFAULT_LIMITS } from '../../src/media/container.ts'
import { webp } from '../../src/media/webp.ts'
import { expectCutsToBeHarmless } from '../support/media.ts'

function read(bytes: Uint8Array, limits = DEFAULT_LIMITS): ContainerContent {
  expect(webp.matches(bytes)).toBe(true)
  return webp.read(bytesSource(bytes), limits)
}

const words = 'a pier at dusk, 提灯'
const exif = createExif({ order: 'II', exif: [userComment(words, 'utf16be')] })
const xmp = createXmp([{ name: 'comfy:workflow', text: '{"nodes": []}', as: 'attribute' }])
const exifText = { place: 'webp:exif:UserComment', key: 'UserComment', text: words }
const xmpText = { place: 'webp:xmp:comfy:workflow', key: 'comfy:workflow', text: '{"nodes": []}' }
const still = riffChunk(
  'VP8L',
  vp8l(3, 2, () => [1, 2, 3, 255]),
)

describe.each([0, 3])('a picture of %i frames', (frames) => {
  test('reads size and texts with their places', () => {
    expect(read(createWebp({ width: 41, height: 17, frames, exif, xmp }))).toEqual({
      width: 41,
      height: 17,
      texts: [exifText, xmpText],
      warnings: [],
    })
  })

  test('has EXIF with or without the mark that JPEG puts before it', () => {
    expect(read(createWebp({ frames, exif: Buffer.concat([EXIF_MARK, exif]) })).texts).toEqual([exifText])
  })

  test('has what ComfyUI writes into Make, Model and below', () => {
    const ifd0 = [
      textTag('Model', 'prompt:{"1": {}}'),
      textTag('Make', 'workflow:{"a": 1}'),
      textTag(0x010c, 'fog:{"b": 2}'),
    ]
    expect(read(createWebp({ frames, exif: createExif({ order: 'II', ifd0 }) })).texts).toEqual([
      { place: 'webp:exif:0x010C', key: '0x010C', text: 'fog:{"b": 2}' },
      { place: 'webp:exif:Make', key: 'Make', text: 'workflow:{"a": 1}' },
      { place: 'webp:exif:Model', key: 'Model', text: 'prompt:{"1": {}}' },
    ])
  })

  test('has no texts', () => {
    expect(read(createWebp({ frames }))).toEqual({ width: 24, height: 24, texts: [], warnings: [] })
  })
})

describe('size', () => {
  const lossy = (bytes: readonly number[]): Buffer => riffChunk('VP8 ', Buffer.from([0x30, 1, 0, ...bytes]))
  const rows: readonly (readonly [name: string, chunks: readonly Buffer[], size: object])[] = [
    ['lossless', [still], { width: 3, height: 2 }],
    [
      'lossless, the largest',
      [riffChunk('VP8L', Buffer.from([0x2f, 0xff, 0xff, 0xff, 0x0f]))],
      { width: 16384, height: 16384 },
    ],
    ['lossy', [lossy([0x9d, 0x01, 0x2a, 0x34, 0x12, 0x01, 0x02])], { width: 0x1234, height: 0x0201 }],
    ['lossy, to be scaled', [lossy([0x9d, 0x01, 0x2a, 0x34, 0x52, 0x01, 0x82])], { width: 0x1234, height: 0x0201 }],
    ['extended, before its picture', [extended(70_000, 5, 0), still], { width: 70_000, height: 5 }],
    ['extended, the largest', [extended(2 ** 24, 2 ** 24, 0)], { width: 2 ** 24, height: 2 ** 24 }],
  ]
  test.each(rows)('%s', (_, chunks, size) => {
    expect(read(riff(chunks))).toEqual({ ...size, texts: [], warnings: [] })
  })

  const none: readonly (readonly [name: string, chunk: Buffer])[] = [
    ['extended, cut off', riffChunk('VP8X', Buffer.alloc(9))],
    ['lossless, cut off', riffChunk('VP8L', Buffer.from([0x2f, 1, 2, 3]))],
    ['lossless without its signature', riffChunk('VP8L', Buffer.alloc(10))],
    ['lossy, cut off', lossy([0x9d, 0x01, 0x2a, 1, 0, 1])],
    ['lossy without its start code', lossy([0x9d, 0x01, 0x2b, 1, 0, 1, 0])],
  ]
  test.each(none)('none: %s', (_, chunk) => {
    expect(read(riff([chunk]))).toEqual({ texts: [], warnings: [] })
  })
})

describe('chunks', () => {
  const exifChunk = riffChunk('EXIF', exif)
  const odd = riffChunk('EXIF', Buffer.concat([exif, Buffer.alloc(1 - (exif.length & 1))]))
  const withSize = (file: Buffer, size: number): Buffer => {
    file.writeUInt32LE(size, 4)
    return file
  }
  const rows: readonly (readonly [name: string, bytes: Buffer])[] = [
    ['in front of the picture', riff([exifChunk, still])],
    ['behind one of odd length', riff([still, riffChunk('TEST', Buffer.alloc(7)), exifChunk])],
    [
      'behind one of odd length without padding',
      riff([still, riffChunk('ICCP', Buffer.alloc(7)).subarray(0, -1), exifChunk]),
    ],
    ['of odd length', riff([still, odd])],
    ['of odd length at the end, without padding', riff([still, odd.subarray(0, -1)])],
    ['behind empty ones', riff([still, riffChunk('ANMF', Buffer.alloc(0)), exifChunk])],
    ['behind unknown ones', riff([still, riffChunk('moin', Buffer.alloc(4)), exifChunk])],
    ['behind the end that the file says it has', Buffer.concat([riff([still]), exifChunk])],
    [
      'behind that, with anything behind it',
      Buffer.concat([riff([still]), exifChunk, Buffer.from('and so on and so on')]),
    ],
    ['in a file that says it has no length', withSize(riff([still, exifChunk]), 0)],
  ]
  test.each(rows)('EXIF %s', (_, bytes) => {
    expect(read(bytes)).toEqual({ width: 3, height: 2, texts: [exifText], warnings: [] })
  })

  test('several of EXIF and XMP', () => {
    const second = riffChunk('EXIF', createExif({ ifd0: [textTag('Make', 'two')] }))
    const xmpChunk = riffChunk('XMP ', Buffer.from(xmp))
    expect(read(riff([still, exifChunk, xmpChunk, second])).texts.map(({ key }) => key)).toEqual([
      'UserComment',
      'comfy:workflow',
      'Make',
    ])
  })

  test('XMP as ImageMagick 6 writes it', () => {
    expect(read(riff([still, riffChunk('XMP\0', Buffer.from(xmp))]))).toMatchObject({ texts: [xmpText], warnings: [] })
  })

  test('a C2PA manifest is noted', () => {
    expect(read(riff([still, riffChunk('C2PA', Buffer.alloc(500))]))).toEqual({
      width: 3,
      height: 2,
      texts: [],
      warnings: [],
      c2pa: true,
    })
  })

  test('what follows the end that the file says it has may be anything', () => {
    expect(read(Buffer.concat([riff([still]), Buffer.alloc(500)])).warnings).toEqual([])
  })
})

describe('what is wrong becomes a warning', () => {
  const kept = riffChunk('EXIF', createExif({ ifd0: [textTag('Make', 'kept')] }))
  const sized = (type: string, size: number): Buffer => {
    const chunk = riffChunk(type, Buffer.from('words'))
    chunk.writeUInt32LE(size, 4)
    return chunk
  }
  const rows: readonly (readonly [
    name: string,
    bytes: Buffer,
    texts: readonly string[],
    warnings: readonly (readonly [place: string, reason: string])[],
  ])[] = [
    ['a file of a header alone', riff([kept]).subarray(0, 12), [], [['webp', 'shorter than it says']]],
    [
      'a file that ends behind a chunk',
      riff([kept, still]).subarray(0, 12 + kept.length),
      ['kept'],
      [['webp', 'shorter']],
    ],
    ['a file that ends in a chunk', riff([kept, still]).subarray(0, -4), ['kept'], [['webp', 'inside its VP8L chunk']]],
    [
      'a file that ends in the head of a chunk',
      riff([kept, still]).subarray(0, 12 + kept.length + 6),
      ['kept'],
      [['webp', 'no chunk at byte']],
    ],
    ['bytes that are no chunk', riff([kept, Buffer.alloc(50), still]), ['kept'], [['webp', 'no chunk at byte']]],
    [
      'a length that is larger than the file',
      riff([kept, sized('VP8L', 0xffffffff)]),
      ['kept'],
      [['webp', 'inside its VP8L']],
    ],
    [
      'EXIF that is cut off',
      riff([kept, kept]).subarray(0, -4),
      ['kept'],
      [
        ['webp:exif:Make', 'cut off'],
        ['webp', 'inside its EXIF'],
      ],
    ],
    [
      'XMP that is cut off',
      riff([kept, riffChunk('XMP ', Buffer.from('<a b="1">two</a>'))]).subarray(0, -5),
      ['kept'],
      [['webp', 'inside its XMP']],
    ],
    ['EXIF of nothing', riff([riffChunk('EXIF', Buffer.alloc(0)), kept]), ['kept'], []],
    ['EXIF that is none', riff([riffChunk('EXIF', Buffer.from('words')), kept]), ['kept'], [['webp:exif', 'no TIFF']]],
    [
      'damaged XMP',
      riff([riffChunk('XMP ', Buffer.from('<a b="1"><c')), kept]),
      ['1', 'kept'],
      [['webp:xmp', 'no XML']],
    ],
    [
      'nothing but chunks',
      riff(Array<Buffer>(120_000).fill(riffChunk('ANMF', Buffer.alloc(0)))),
      [],
      [['webp', 'more than 100000']],
    ],
  ]
  test.each(rows)('%s', (_, bytes, texts, warnings) => {
    const found = read(bytes)
    expect(found.texts.map(({ text }) => text)).toEqual([...texts])
    expect(found.warnings.map(({ place }) => place)).toEqual(warnings.map(([place]) => place))
    for (const [index, [, reason]] of warnings.entries()) expect(found.warnings[index]?.reason).toContain(reason)
  })

  test('a chunk that is larger than the limit is not read', () => {
    const large = createExif({ exif: [userComment('x'.repeat(2000), 'none')] })
    const found = read(riff([riffChunk('EXIF', large), kept]), { textBytes: 1000, totalBytes: 5000 })
    expect(found.texts.map(({ text }) => text)).toEqual(['kept'])
    expect(found.warnings.map(({ place }) => place)).toEqual(['webp:exif'])
  })
})

test('frames are passed over by their offset', () => {
  const frames = Array<Buffer>(20).fill(riffChunk('ANMF', Buffer.alloc(300_000)))
  const picture = riff([extended(8, 8, 0x0a), ...frames, riffChunk('EXIF', exif)])
  const inner = bytesSource(picture)
  let bytesRead = 0
  const counting: ByteSource = {
    sizeBytes: picture.length,
    read(offset, length) {
      const bytes = inner.read(offset, length)
      bytesRead += bytes.length
      return bytes
    },
  }
  expect(webp.read(counting, DEFAULT_LIMITS).texts).toEqual([exifText])
  expect(bytesRead).toBeLessThan(100_000)
})

test('other RIFF files are none of these', () => {
  for (const start of ['RIFF\0\0\0\0WAVE', 'RIFX\0\0\0\0WEBP', 'RIFF\0\0\0\0WEB', '']) {
    expect(webp.matches(Buffer.from(start))).toBe(false)
  }
  expect(webp.matches(Buffer.from('RIFF\n\n\n\nWEBPVP8 '))).toBe(true)
})

describe('properties', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((value) => value.trim() === value)

  test('what is written comes back', () => {
    const side = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(text, text, side, side, fc.nat(3), fc.boolean(), (one, two, width, height, frames, isMarked) => {
        const block = createExif({ exif: [userComment(one, 'utf16be+bom')] })
        const marked = isMarked ? Buffer.concat([EXIF_MARK, block]) : block
        const packet = createXmp([{ name: 'dc:description', text: two }])
        const found = read(createWebp({ width, height, frames, exif: marked, xmp: packet }))
        expect(found).toMatchObject({ width, height, warnings: [] })
        expect(found.texts.map((each) => each.text)).toEqual([one, two])
      }),
    )
  })

  const picture = createWebp({
    width: 2,
    height: 2,
    frames: 2,
    exif,
    xmp: createXmp([
      { name: 'dc:title', text: words },
      { name: 'comfy:workflow', text: words, as: 'attribute' },
    ]),
  })

  test('a picture that is cut anywhere', () => expectCutsToBeHarmless(webp, picture))

  test('a picture that is changed anywhere ends in an answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: picture.length - 1 }), fc.nat(255), (at, byte) => {
        const broken = Buffer.from(picture)
        broken[at] = byte
        expect(read(broken).texts.length).toBeLessThan(20)
      }),
      { numRuns: 1000 },
    )
  })
})
