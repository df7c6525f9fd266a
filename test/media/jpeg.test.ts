import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createExif, EXIF_MARK, textTag, userComment } from '../../scripts/fixtures/exif-writer.ts'
import {
  comment,
  createJpeg,
  EOI,
  exifSegments,
  extendedXmpSegments,
  SOI,
  segment,
  xmpSegment,
} from '../../scripts/fixtures/jpeg-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { type ByteSource, bytesSource } from '../../src/media/byte-source.ts'
import { type ContainerContent, DEFAULT_LIMITS } from '../../src/media/container.ts'
import { jpeg } from '../../src/media/jpeg.ts'
import { expectCutsToBeHarmless } from '../support/media.ts'

function read(bytes: Uint8Array, limits = DEFAULT_LIMITS): ContainerContent {
  expect(jpeg.matches(bytes)).toBe(true)
  return jpeg.read(bytesSource(bytes), limits)
}

const words = 'a pier at dusk, 提灯'
const exif = exifSegments({ order: 'II', ifd0: [textTag('Artist', 'ai')], exif: [userComment(words, 'utf16be')] })
const APP1 = 0xe1
const APP11 = 0xeb

test('reads size and texts with their places, in the order of the file', () => {
  const xmp = createXmp([{ name: 'exif:UserComment', text: words, as: 'Alt' }])
  expect(read(createJpeg({ width: 70, height: 50, before: [...exif, xmpSegment(xmp), comment('three')] }))).toEqual({
    width: 70,
    height: 50,
    texts: [
      { place: 'jpeg:exif:Artist', key: 'Artist', text: 'ai' },
      { place: 'jpeg:exif:UserComment', key: 'UserComment', text: words },
      { place: 'jpeg:xmp:exif:UserComment', key: 'exif:UserComment', text: words },
      { place: 'jpeg:COM', key: 'Comment', text: 'three' },
    ],
    warnings: [],
  })
})

describe('segments', () => {
  const texts = (...before: Buffer[]): string[] => {
    const found = read(createJpeg({ before }))
    expect(found.warnings).toEqual([])
    expect(found).toMatchObject({ width: 24, height: 24 })
    return found.texts.map(({ text }) => text)
  }
  const made = (text: string): Buffer[] => exifSegments({ ifd0: [textTag('Make', text)] })
  const rows: readonly (readonly [name: string, segments: readonly Buffer[], texts: readonly string[]])[] = [
    ['none', [], []],
    ['EXIF twice', [...made('one'), ...made('two')], ['one', 'two']],
    ['EXIF that is larger than a segment', made('lantern '.repeat(20_000)), ['lantern '.repeat(20_000)]],
    ['EXIF of little size behind a large one', [...made('x'.repeat(70_000)), ...made('y')], ['x'.repeat(70_000), 'y']],
    [
      'comments, in UTF-8 and in Latin-1',
      [comment('提灯'), segment(0xfe, Buffer.from('caf\xe9\0', 'latin1'))],
      ['提灯', 'café'],
    ],
    ['an empty comment', [comment('')], []],
    [
      'other segments between',
      [segment(0xe2, Buffer.from('ICC_PROFILE\0')), comment('a'), segment(0xed, Buffer.alloc(60_000)), comment('b')],
      ['a', 'b'],
    ],
    ['APP1 of something else', [segment(APP1, Buffer.from('http://example.org/\0<a>1</a>')), comment('a')], ['a']],
    ['bytes that fill the room between segments', [Buffer.alloc(500, 0xff), comment('a')], ['a']],
    ['markers without data', [Buffer.from([0xff, 0x01, 0xff, 0xd0, 0xff, 0xd7, 0xff, 0xd8]), comment('a')], ['a']],
    ['the largest segment there is', [comment('x'.repeat(65_533))], ['x'.repeat(65_533)]],
  ]
  test.each(rows)('%s', (_, segments, expected) => {
    expect(texts(...segments)).toEqual([...expected])
  })

  test('XMP that is larger than a segment, in whatever order its pieces come', () => {
    const long = 'lantern & fog '.repeat(30_000)
    const segments = extendedXmpSegments(
      [{ name: 'xmp:CreatorTool', text: 'harbor', as: 'attribute' }],
      [{ name: 'comfy:prompt', text: long }],
    )
    expect(segments.length).toBeGreaterThan(6)
    expect(texts(...segments)).toEqual(['harbor', long])
    const [main, ...pieces] = segments
    expect(texts(...pieces.toReversed(), ...(main ? [main] : []), ...pieces)).toEqual(['harbor', long])
  })

  test('size of any frame, baseline or not', () => {
    for (const marker of [0xc0, 0xc1, 0xc2, 0xc9, 0xcf]) {
      const frame = segment(marker, Buffer.from([8, 0x12, 0x34, 0x0f, 0xa0, 1, 1, 0x11, 0]))
      expect(read(Buffer.concat([SOI, segment(0xc4, Buffer.alloc(20, 1)), frame, EOI]))).toEqual({
        width: 0x0fa0,
        height: 0x1234,
        texts: [],
        warnings: [],
      })
    }
  })

  test('no size of a frame that is cut off', () => {
    const frame = segment(0xc0, Buffer.from([8, 0, 5, 0]))
    expect(read(Buffer.concat([SOI, frame, EOI]))).toEqual({ texts: [], warnings: [] })
  })

  test('a C2PA manifest is noted', () => {
    const box = 'JP\0\x01\0\0\0\x01\0\0\x10\0jumb\0\0\0\x26jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0'
    expect(read(createJpeg({ before: [segment(APP11, Buffer.from(box, 'latin1'))] })).c2pa).toBe(true)
    for (const other of [box.replaceAll('c2pa', 'c3pa'), box.replace('JP', 'XX'), box.replace('jumb', 'jxmb')]) {
      expect(read(createJpeg({ before: [segment(APP11, Buffer.from(other, 'latin1'))] }))).not.toHaveProperty('c2pa')
    }
  })
})

describe('what is wrong becomes a warning', () => {
  const good = comment('kept')
  const [main = good, first = good, second = good, third = good] = extendedXmpSegments(
    [],
    [{ name: 'comfy:workflow', text: 'fog '.repeat(100) }],
    300,
  )
  const rows: readonly (readonly [
    name: string,
    bytes: Uint8Array,
    texts: readonly string[],
    warning: readonly [place: string, reason: string],
  ])[] = [
    ['a file that ends behind a segment', Buffer.concat([SOI, good]), ['kept'], ['jpeg', 'before its pixels']],
    [
      'a file that ends in a marker',
      Buffer.concat([SOI, good, Buffer.from([0xff])]),
      ['kept'],
      ['jpeg', 'before its pixels'],
    ],
    [
      'a file that ends in a length',
      Buffer.concat([SOI, good, Buffer.from([0xff, 0xe1, 0])]),
      ['kept'],
      ['jpeg', 'before its pixels'],
    ],
    [
      'a file that ends in a segment',
      Buffer.concat([SOI, good, segment(0xe2, Buffer.alloc(9)).subarray(0, -4)]),
      ['kept'],
      ['jpeg', 'inside a segment'],
    ],
    [
      'a file that ends in a comment',
      Buffer.concat([SOI, good, comment('cut off').subarray(0, -4)]),
      ['kept'],
      ['jpeg', 'inside its COM segment'],
    ],
    [
      'a file that ends in XMP',
      Buffer.concat([SOI, good, xmpSegment('<a>cut off</a>')]).subarray(0, -6),
      ['kept'],
      ['jpeg', 'inside its APP1 segment'],
    ],
    [
      'bytes that are no segment',
      Buffer.concat([SOI, good, Buffer.alloc(99)]),
      ['kept'],
      ['jpeg', 'no segment at byte 10'],
    ],
    [
      'a zero where a marker should be',
      Buffer.concat([SOI, good, Buffer.from([0xff, 0, 0, 4])]),
      ['kept'],
      ['jpeg', 'no segment'],
    ],
    [
      'a length of 0',
      Buffer.concat([SOI, good, Buffer.from([0xff, 0xe1, 0, 0]), good]),
      ['kept'],
      ['jpeg', 'no length'],
    ],
    [
      'a length of 1',
      Buffer.concat([SOI, good, Buffer.from([0xff, 0xe1, 0, 1]), good]),
      ['kept'],
      ['jpeg', 'no length'],
    ],
    ['nothing but bytes that fill', Buffer.concat([SOI, Buffer.alloc(3_000_000, 0xff)]), [], ['jpeg', 'no segment']],
    [
      'nothing but segments',
      Buffer.concat([SOI, ...Array<Buffer>(9000).fill(segment(0xe3, Buffer.alloc(1)))]),
      [],
      ['jpeg', 'more than 5000'],
    ],
    ['EXIF of nothing', createJpeg({ before: [segment(APP1, EXIF_MARK), good] }), ['kept'], ['jpeg:exif', 'no TIFF']],
    ['damaged XMP', createJpeg({ before: [xmpSegment('<a b="1"><c'), good] }), ['1', 'kept'], ['jpeg:xmp', 'no XML']],
    [
      'extended XMP without its middle',
      createJpeg({ before: [main, first, third, good] }),
      ['kept'],
      ['jpeg:xmp', 'missing'],
    ],
    [
      'extended XMP without its beginning',
      createJpeg({ before: [main, second, third, good] }),
      ['kept'],
      ['jpeg:xmp', 'missing'],
    ],
    [
      'extended XMP without a head',
      createJpeg({ before: [segment(APP1, Buffer.from('http://ns.adobe.com/xmp/extension/\0ABC')), good] }),
      ['kept'],
      ['jpeg:xmp', 'cut off'],
    ],
  ]
  test.each(rows)('%s', (_, bytes, texts, [place, reason]) => {
    const found = read(bytes)
    expect(found.texts.map(({ text }) => text)).toEqual([...texts])
    expect(found.warnings.map((warning) => warning.place)).toEqual([place])
    expect(found.warnings[0]?.reason).toContain(reason)
  })
})

test('only what stands in front of the pixels is read', () => {
  const picture = Buffer.concat([createJpeg({ before: exif }), comment('behind'), Buffer.alloc(5_000_000)])
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
  const found = jpeg.read(counting, DEFAULT_LIMITS)
  expect(found.texts.map(({ key }) => key)).toEqual(['Artist', 'UserComment'])
  expect(found.warnings).toEqual([])
  expect(bytesRead).toBeLessThan(20_000)
})

test('other files are none of these', () => {
  for (const start of [[], [0xff], [0xff, 0xd8], [0xff, 0xd8, 0], [0xff, 0, 0xff], [0, 0xd8, 0xff]]) {
    expect(jpeg.matches(Uint8Array.from(start))).toBe(false)
  }
})

describe('limits', () => {
  const limits = { textBytes: 100_000, totalBytes: 150_000 }

  test('EXIF and XMP of many segments are not held past them', () => {
    const piece = segment(APP1, Buffer.concat([EXIF_MARK, Buffer.alloc(65_000, 'x')]))
    const long = exifSegments({ exif: [userComment('x'.repeat(60_000), 'none')] })
    const grown = read(createJpeg({ before: [...long, piece, piece, piece, comment('kept')] }), limits)
    expect(grown.texts.map(({ text }) => text.length)).toEqual([60_000, 4])
    expect(grown.warnings.map(({ place }) => place)).toEqual(['jpeg:exif', 'jpeg:exif', 'jpeg:exif'])
    const extended = extendedXmpSegments([], [{ name: 'comfy:prompt', text: 'x'.repeat(200_000) }])
    const cut = read(createJpeg({ before: [...extended, comment('kept')] }), limits)
    expect(cut.texts.map(({ key }) => key)).toEqual(['Comment'])
    expect(cut.warnings.length).toBeGreaterThan(1)
  })

  test('a thousand texts are enough', () => {
    const found = read(createJpeg({ before: Array<Buffer>(3000).fill(comment('a')) }))
    expect(found.texts).toHaveLength(1000)
    expect(found.warnings).toHaveLength(1)
  })
})

describe('properties', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((value) => value.isWellFormed() && value.trim() === value)

  test('what is written comes back', () => {
    fc.assert(
      fc.property(text, text, text, fc.nat(3000), fc.nat(3000), (one, two, three, width, height) => {
        const before = [
          ...exifSegments({ exif: [userComment(one, 'utf16le+bom')] }),
          xmpSegment(createXmp([{ name: 'dc:description', text: two, as: 'Alt' }])),
          comment(three),
        ]
        const picture = createJpeg({ width: 1 + (width % 40), height: 1 + (height % 40), before })
        const found = read(picture)
        expect(found.texts.map((each) => each.text)).toEqual([one, two, three])
        expect(found).toMatchObject({ width: 1 + (width % 40), height: 1 + (height % 40), warnings: [] })
      }),
    )
  })

  const picture = createJpeg({
    before: [
      ...exif,
      ...exifSegments({ ifd0: [textTag('Make', 'one')] }),
      xmpSegment(createXmp([{ name: 'dc:title', text: words }])),
      ...extendedXmpSegments([], [{ name: 'comfy:prompt', text: 'fog '.repeat(40) }], 100),
      comment(words),
    ],
  })

  test('a picture that is cut anywhere', () => expectCutsToBeHarmless(jpeg, picture))

  test('EXIF of several segments that is cut anywhere', () => {
    const large = createJpeg({ before: exifSegments({ ifd0: [textTag('Make', 'fog '.repeat(20_000))] }) })
    for (let end = 3; end < large.length - 300; end += 997) {
      const { texts, warnings } = read(large.subarray(0, end))
      expect(warnings.length).toBeGreaterThan(0)
      expect(texts.map(({ text }) => text.length)).toEqual(end < 80_100 ? [] : [80_000])
    }
  })

  test('a picture that is changed anywhere ends in an answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: picture.length - 1 }), fc.nat(255), (at, byte) => {
        const broken = Buffer.from(picture)
        broken[at] = byte
        expect(read(broken).texts.length).toBeLessThan(20)
      }),
      { numRuns: 1000 },
    )
  })

  test('any bytes behind the first three end in an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        read(Buffer.concat([SOI, Buffer.from([0xff]), bytes]))
      }),
    )
  })
})

test('an Exif block of a camera, with a second picture behind the first, says nothing', () => {
  const camera = segment(APP1, Buffer.concat([EXIF_MARK, createExif({ ifd0: [] })]))
  const both = Buffer.concat([createJpeg({ before: [camera] }), createJpeg({ before: [comment('second')] })])
  expect(read(both)).toEqual({ width: 24, height: 24, texts: [], warnings: [] })
})
