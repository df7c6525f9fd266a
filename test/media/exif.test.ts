import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  COMMENT_ENCODINGS,
  createExif,
  EXIF_MARK,
  type ExifParts,
  encodeUserComment,
  rawTag,
  type TagName,
  textTag,
  userComment,
  utf16be,
  windowsTag,
} from '../../scripts/fixtures/exif-writer.ts'
import { type ContainerContent, DEFAULT_LIMITS } from '../../src/media/container.ts'
import { readExif } from '../../src/media/exif.ts'
import { createTextCollector } from '../../src/media/text-collector.ts'

function read(data: Uint8Array, limits = DEFAULT_LIMITS): ContainerContent {
  const into = createTextCollector(limits)
  readExif(data, 'test:exif', into)
  return into.content()
}

const pairs = (parts: ExifParts): (readonly [string, string])[] => {
  const { texts, warnings } = read(createExif(parts))
  expect(warnings).toEqual([])
  return texts.map(({ key, text }) => [key, text] as const)
}

const words = 'a pier at dusk, 提灯'

describe.each(['II', 'MM'] as const)('in a structure of byte order %s', (order) => {
  test.each(COMMENT_ENCODINGS)('UserComment as %s', (encoding) => {
    expect(read(createExif({ order, exif: [userComment(words, encoding)] }))).toEqual({
      texts: [{ place: 'test:exif:UserComment', key: 'UserComment', text: words }],
      warnings: [],
    })
  })

  test('UserComment of the first directory, as text without a prefix, with what Fooocus adds', () => {
    const ifd0 = [textTag('UserComment', words), textTag('Software', 'harbor 2'), textTag('MakerNote', 'a1111')]
    expect(pairs({ order, ifd0 })).toEqual([
      ['Software', 'harbor 2'],
      ['MakerNote', 'a1111'],
      ['UserComment', words],
    ])
  })

  test('both UserComments, when there are two', () => {
    const parts = { order, ifd0: [textTag('UserComment', 'first')], exif: [userComment('second', 'utf16be')] }
    expect(pairs(parts).map(([, text]) => text)).toEqual(['first', 'second'])
  })

  test.each(['DocumentName', 'ImageDescription', 'Make', 'Model', 'Software', 'Artist'] as const)('%s', (name) => {
    expect(pairs({ order, ifd0: [textTag(name, words)] })).toEqual([[name, words]])
    expect(pairs({ order, exif: [textTag(name, words)] })).toEqual([[name, words]])
  })

  test.each(['XPTitle', 'XPComment', 'XPKeywords'] as const)('%s', (name) => {
    expect(pairs({ order, ifd0: [windowsTag(name, words)] })).toEqual([[name, words]])
    expect(pairs({ order, ifd0: [textTag(name, words)] })).toEqual([[name, words]])
  })

  test('a value of up to four bytes, which stands where the offset would', () => {
    expect(pairs({ order, ifd0: [textTag('Artist', 'ai'), textTag('Software', 'abc')] })).toEqual([
      ['Software', 'abc'],
      ['Artist', 'ai'],
    ])
  })

  test("what ComfyUI writes below Make, and nobody else's numbers", () => {
    const ifd0 = [
      textTag('Model', 'prompt:{"1": {}}'),
      textTag('Make', 'workflow:{"nodes": []}'),
      textTag('ImageDescription', 'lanterns:{"a": 1}'),
      textTag('DocumentName', 'fog:{"a": 2}'),
      textTag(0x010c, 'glass-rain:[1]'),
      textTag(0x010b, 'glass rain: "x"'),
      textTag(0x0109, 'something else'),
      rawTag(0x0106, Buffer.from([0, 2]), 3),
      rawTag(0x0105, Buffer.from('no:{'.repeat(2)), 4),
    ]
    expect(pairs({ order, ifd0 })).toEqual([
      ['0x010B', 'glass rain: "x"'],
      ['0x010C', 'glass-rain:[1]'],
      ['DocumentName', 'fog:{"a": 2}'],
      ['ImageDescription', 'lanterns:{"a": 1}'],
      ['Make', 'workflow:{"nodes": []}'],
      ['Model', 'prompt:{"1": {}}'],
    ])
  })
})

test('with and without the mark that JPEG puts before it', () => {
  const exif = createExif({ ifd0: [textTag('Make', 'm')] })
  expect(read(Buffer.concat([EXIF_MARK, exif]))).toEqual(read(exif))
  expect(read(Buffer.concat([Buffer.from('Exif\0\xff', 'latin1'), exif]))).toEqual(read(exif))
})

test('text of other types, and in Latin-1', () => {
  const latin = Buffer.from('caf\xe9', 'latin1')
  for (const type of [1, 2, 7, 129]) {
    expect(pairs({ ifd0: [rawTag('Make', latin, type)] })).toEqual([['Make', 'café']])
  }
})

test('a MakerNote of a camera is no text', () => {
  const binary = rawTag('MakerNote', Buffer.from('Camera\0\x01\x02\xff', 'latin1'))
  const long = rawTag('MakerNote', Buffer.alloc(20_000, 'a'))
  expect(pairs({ exif: [binary], ifd0: [long, textTag('Make', 'm')] })).toEqual([['Make', 'm']])
})

test('numbers where texts should be are left out', () => {
  expect(pairs({ ifd0: [rawTag('Software', Buffer.alloc(8, 0x41), 4), textTag('Make', 'm')] })).toEqual([['Make', 'm']])
})

const good = textTag('Make', 'kept')
/** The first directory's fields begin behind header and count. */
const FIELD = 10

function changed(parts: ExifParts, change: (exif: Buffer) => void): Buffer {
  const exif = createExif({ order: 'MM', ...parts })
  change(exif)
  return exif
}

describe('what is wrong becomes a warning', () => {
  const comment = userComment('a pier at dusk', 'none')
  const rows: readonly (readonly [
    name: string,
    data: Uint8Array,
    texts: readonly string[],
    warnings: readonly (readonly [place: string, reason: string])[],
  ])[] = [
    ['nothing', new Uint8Array(0), [], [['test:exif', 'no TIFF']]],
    ['a mark alone', EXIF_MARK, [], [['test:exif', 'no TIFF']]],
    ['something else', Buffer.from('{"a": "not a structure"}'), [], [['test:exif', 'no TIFF']]],
    ['another version', changed({ ifd0: [good] }, (exif) => exif.writeUInt16BE(43, 2)), [], [['test:exif', 'no TIFF']]],
    [
      'two byte orders',
      changed({ ifd0: [good] }, (exif) => exif.write('MI', 'latin1')),
      [],
      [['test:exif', 'no TIFF']],
    ],
    [
      'a directory outside',
      changed({ ifd0: [good] }, (exif) => exif.writeUInt32BE(0xffffffff, 4)),
      [],
      [['test:exif', 'outside']],
    ],
    [
      'a directory in the header',
      changed({ ifd0: [good] }, (exif) => exif.writeUInt32BE(0, 4)),
      [],
      [['test:exif', 'outside']],
    ],
    [
      'more fields than bytes',
      changed({ ifd0: [good] }, (exif) => exif.writeUInt16BE(0xffff, 8)),
      ['kept'],
      [['test:exif', 'ends inside a directory']],
    ],
    [
      'more fields than anybody has',
      createExif({
        ifd0: [good, ...Array.from({ length: 2000 }, (_, index) => rawTag(0x2000 + index, Buffer.from('x')))],
      }),
      ['kept'],
      [['test:exif', 'more than 1000 fields']],
    ],
    [
      'a value outside',
      changed({ ifd0: [good] }, (exif) => exif.writeUInt32BE(0xfffffff0, FIELD + 8)),
      [],
      [['test:exif:Make', 'outside']],
    ],
    [
      'a value that is longer than the data',
      changed({ ifd0: [good] }, (exif) => exif.writeUInt32BE(0xffffffff, FIELD + 4)),
      [],
      [['test:exif:Make', 'cut off']],
    ],
    [
      'data that ends inside a value',
      createExif({ ifd0: [good], exif: [comment] }).subarray(0, -5),
      ['kept'],
      [['test:exif:UserComment', 'cut off']],
    ],
    [
      'an Exif directory outside',
      changed({ ifd0: [good], exif: [comment] }, (exif) => exif.writeUInt32BE(0x7fffffff, FIELD + 12 + 8)),
      ['kept'],
      [['test:exif', 'outside']],
    ],
    [
      'an Exif directory that is the first one',
      changed({ ifd0: [good], exif: [comment] }, (exif) => exif.writeUInt32BE(8, FIELD + 12 + 8)),
      ['kept'],
      [],
    ],
    ['a tag that stands there twice', createExif({ ifd0: [good, textTag('Make', 'again')] }), ['kept'], []],
    [
      'a directory that ends with the data, without the offset of the next',
      createExif({ ifd0: [textTag('Artist', 'ai')] }).subarray(0, -4),
      ['ai'],
      [],
    ],
    ['an unknown type', createExif({ ifd0: [good, rawTag('Model', Buffer.from('words'), 99)] }), ['kept'], []],
    ['an empty value', createExif({ ifd0: [good, rawTag('Model', new Uint8Array(0))] }), ['kept'], []],
  ]
  test.each(rows)('%s', (_, data, texts, warnings) => {
    const found = read(data)
    expect(found.texts.map(({ text }) => text)).toEqual([...texts])
    expect(found.warnings.map(({ place }) => place)).toEqual(warnings.map(([place]) => place))
    for (const [index, [, reason]] of warnings.entries()) expect(found.warnings[index]?.reason).toContain(reason)
  })
})

describe('limits', () => {
  test('a value that is larger is left out, and the rest is read', () => {
    const exif = createExif({ ifd0: [good], exif: [userComment('x'.repeat(2000), 'none')] })
    const { texts, warnings } = read(exif, { textBytes: 1000, totalBytes: 5000 })
    expect(texts.map(({ key }) => key)).toEqual(['Make'])
    expect(warnings.map(({ place }) => place)).toEqual(['test:exif:UserComment'])
  })

  test('fields that share one large value are not decoded a thousand times', () => {
    const shared = Buffer.alloc(30_000_000, 'a')
    const tags = Array.from({ length: 250 }, (_, index) => textTag(index + 1, 'abcdefgh'))
    const exif = createExif({ ifd0: tags })
    for (let at = FIELD; at < FIELD + 12 * tags.length; at += 12) {
      exif.writeUInt32BE(shared.length, at + 4)
      exif.writeUInt32BE(exif.length, at + 8)
    }
    expect(read(Buffer.concat([exif, shared])).texts).toEqual([])
    shared.write('all:{"a": 1}')
    const { texts, warnings } = read(Buffer.concat([exif, shared]))
    expect(texts).toHaveLength(2) // twice what there is
    expect(warnings.map(({ reason }) => reason)).toEqual(['its fields overlap: the rest is left out'])
  })
})

describe('properties', () => {
  const name = fc.constantFrom<TagName>('Make', 'Model', 'DocumentName', 'ImageDescription', 'Software', 'Artist')
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .filter((value) => value.isWellFormed() && !/^\ufeff|\0$/.test(value))
  const order = fc.constantFrom('II' as const, 'MM' as const)

  test('what is written comes back', () => {
    const tags = fc.uniqueArray(fc.tuple(name, text), { selector: ([tag]) => tag })
    fc.assert(
      fc.property(order, tags, tags, (byteOrder, first, second) => {
        const parts = {
          order: byteOrder,
          ifd0: first.map(([tag, value]) => textTag(tag, value)),
          exif: second.map(([tag, value]) => textTag(tag, value)),
        }
        expect(pairs(parts).toSorted()).toEqual([...first, ...second].toSorted())
      }),
    )
  })

  test('a structure that is cut or changed anywhere ends in an answer', () => {
    const exif = createExif({
      ifd0: [good, textTag('Model', words), windowsTag('XPComment', words)],
      exif: [rawTag('UserComment', encodeUserComment(words, 'utf16be')), rawTag('MakerNote', utf16be(words))],
    })
    for (let cut = 0; cut < exif.length; cut += 1) read(exif.subarray(0, cut))
    fc.assert(
      fc.property(fc.nat(exif.length - 1), fc.nat(255), fc.nat(255), (at, first, second) => {
        const broken = Buffer.from(exif)
        broken.set([first, second].slice(0, exif.length - at), at)
        expect(read(broken).texts.length).toBeLessThanOrEqual(10)
      }),
      { numRuns: 1000 },
    )
  })
})
