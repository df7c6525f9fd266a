import { describe, expect, test } from 'bun:test'
import { brotliCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { type AvifParts, createAvif } from '../../scripts/fixtures/avif-writer.ts'
import { createExif, textTag, userComment } from '../../scripts/fixtures/exif-writer.ts'
import { box, brands, fields, fullBox, shorts, uuidBox } from '../../scripts/fixtures/iso-writer.ts'
import { brotliBox, createJxl, exifBox } from '../../scripts/fixtures/jxl-writer.ts'
import { namedTags } from '../../scripts/fixtures/mp4-tags-writer.ts'
import { createFilm } from '../../scripts/fixtures/mp4-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { avif, heic } from '../../src/media/avif.ts'
import { jxl } from '../../src/media/jxl.ts'
import { mp4 } from '../../src/media/mp4.ts'
import {
  expectCutsToBeHarmless,
  expectNoiseToBeHarmless,
  expectNumbersToBeHarmless,
  isOf,
  plainText,
  readBytes,
  textsOf,
} from '../support/media.ts'

const INFOTEXT = 'a harbor at dusk, 提灯\nSteps: 24, Sampler: Euler, Seed: 7'
const exif = createExif({ exif: [userComment(INFOTEXT, 'utf16be')] })
const xmp = createXmp([{ name: 'comfy:prompt', text: '{"1":{}}', as: 'attribute' }])
const BOTH = [
  ['UserComment', INFOTEXT],
  ['comfy:prompt', '{"1":{}}'],
] as const

test('names, places and size', () => {
  expect(readBytes(avif, createAvif({ exif, xmp }))).toEqual({
    width: 16,
    height: 16,
    texts: [
      { place: 'avif:exif:UserComment', key: 'UserComment', text: INFOTEXT },
      { place: 'avif:xmp:comfy:prompt', key: 'comfy:prompt', text: '{"1":{}}' },
    ],
    warnings: [],
  })
})

describe('items', () => {
  const rows: readonly (readonly [name: string, parts: AvifParts, texts: readonly (readonly string[])[]])[] = [
    ['with places of version 0', { exif, xmp }, BOTH],
    ['with places of version 1', { exif, xmp, locations: 1 }, BOTH],
    ['with places of version 2', { exif, xmp, locations: 2 }, BOTH],
    ['in several pieces', { exif, xmp, extents: 3 }, BOTH],
    ['inside the description', { exif, xmp, locations: 1, items: 'idat' }, BOTH],
    ['inside the description, in pieces', { exif, xmp, locations: 2, items: 'idat', extents: 2 }, BOTH],
    ['Exif alone', { exif }, [BOTH[0]]],
    ['XMP alone', { xmp }, [BOTH[1]]],
    ['none', {}, []],
    ['Exif behind a mark', { exif, exifHead: Buffer.from('\0\0\0\x06Exif\0\0', 'latin1') }, [BOTH[0]]],
    ['Exif behind a distance that is nonsense', { exif, exifHead: Buffer.from([0xff, 0, 0, 0]) }, [BOTH[0]]],
    ['Exif without a distance', { exif, exifHead: Buffer.alloc(0) }, [BOTH[0]]],
  ]
  test.each(rows)('%s', (_, parts, texts) => {
    const content = readBytes(avif, createAvif(parts))
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content).toMatchObject({ width: 16, height: 16, warnings: [] })
  })
})

test('Brotli boxes of savers for ComfyUI, and C2PA', () => {
  const json = '{"prompt":{},"workflow":{"nodes":[]}}'
  const picture = createAvif({
    after: [brotliBox('comf', brotliCompressSync(json)), uuidBox('d8fec3d61b0e483c92975828877ec481', Buffer.alloc(20))],
  })
  expect(readBytes(avif, picture)).toMatchObject({
    texts: [{ place: 'avif:comf', key: 'comf', text: json }],
    warnings: [],
    c2pa: true,
  })
})

test('a picture whose brand says film, and a film whose brand says picture', () => {
  expect(textsOf(readBytes(mp4, createAvif({ exif, brand: 'isom' })))).toEqual([[...BOTH[0]]])
  const film = createFilm({ brand: 'avif', userData: [namedTags([['prompt', '{}']])] })
  expect(textsOf(readBytes(avif, film))).toEqual([['prompt', '{}']])
})

describe('is told by its brands', () => {
  const rows: readonly (readonly [name: string, head: Buffer, container: string])[] = [
    ['AVIF', brands('avif', 'mif1'), 'avif'],
    ['a sequence of AVIF', brands('avis', 'msf1', 'iso8'), 'avif'],
    ['AVIF of any picture', brands('mif1', 'miaf', 'avif'), 'avif'],
    ['HEIC', brands('heic', 'mif1'), 'heic'],
    ['a sequence of HEIC', brands('hevc', 'msf1'), 'heic'],
    ['HEIC of any picture', brands('mif1', 'heic'), 'heic'],
    ['any picture', brands('mif1'), 'heic'],
    ['a film that can be read as a picture too', brands('isom', 'mif1', 'avif'), 'mp4'],
    ['a film', brands('isom'), 'mp4'],
    ['JPEG XL in boxes', createJxl(), 'jxl'],
    ['a short text', Buffer.from('a\nb'), ''],
    ['JPEG', Buffer.from('ffd8ffe0', 'hex'), ''],
    ['JPEG XL alone', Buffer.from('ff0a0102', 'hex'), 'jxl'],
    ['a text', Buffer.from('the ftyp box and avif'), ''],
  ]
  test.each(rows)('%s', (_, head, name) => {
    expect([avif, heic, jxl, mp4].find((container) => isOf(container, head))?.name ?? '').toBe(name)
  })
})

describe('JPEG XL', () => {
  const xmlBox = box('xml ', Buffer.from(xmp))
  const packed = (type: string, data: Uint8Array): Buffer => brotliBox(type, brotliCompressSync(data))
  const bomb = brotliCompressSync(Buffer.alloc(300_000, 'x'))
  const rows: readonly (readonly [name: string, boxes: Buffer[], texts: readonly (readonly string[])[]])[] = [
    ['plain boxes', [exifBox(exif), xmlBox], BOTH],
    ['packed boxes', [packed('Exif', fields(0, exif)), packed('xml ', Buffer.from(xmp))], BOTH],
    ['a plain box of ComfyUI', [box('comf', Buffer.from('{}'))], [['comf', '{}']]],
    ['a packed one', [packed('comf', Buffer.from('{}'))], [['comf', '{}']]],
    ['of others', [packed('abcd', Buffer.from('{}')), box('abcd', Buffer.from('{}'))], []],
  ]
  test.each(rows)('%s', (_, boxes, texts) => {
    const content = readBytes(jxl, createJxl(...boxes))
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
    expect(content.c2pa).toBeUndefined()
  })

  test('C2PA, plain and packed', () => {
    expect(readBytes(jxl, createJxl(box('jumb', Buffer.alloc(9)))).c2pa).toBe(true)
    expect(readBytes(jxl, createJxl(packed('jumb', Buffer.alloc(9)))).c2pa).toBe(true)
  })

  test('what is damaged, too large or cut off', () => {
    const limits = { textBytes: 100_000, totalBytes: 100_000 }
    const warned = (...boxes: Buffer[]) => readBytes(jxl, createJxl(...boxes), limits).warnings
    const place = 'jxl:brob'
    expect(warned(brotliBox('comf', bomb))).toEqual([{ place, reason: 'it inflates to more than 100000 bytes' }])
    expect(warned(brotliBox('comf', Buffer.from('no')))[0]).toMatchObject({ place })
    expect(warned(box('brob', Buffer.from('co')))).toEqual([])
  })

  test('many small boxes that inflate to nothing but zero bytes', () => {
    const zeros = brotliBox('comf', brotliCompressSync(Buffer.alloc(90_000)))
    const limits = { textBytes: 100_000, totalBytes: 250_000 }
    const { texts, warnings } = readBytes(jxl, createJxl(...Array<Buffer>(10).fill(zeros)), limits)
    expect(texts).toEqual([])
    expect(warnings.map(({ reason }) => reason)).toEqual([
      'it inflates to more than 70000 bytes',
      ...Array<string>(7).fill('the file inflates to more than 250000 bytes'),
    ])
  })

  test('alone it has no place for texts', () => {
    expect(readBytes(jxl, Buffer.from('ff0a0102', 'hex'))).toEqual({ texts: [], warnings: [] })
  })

  test('cut anywhere', () => expectCutsToBeHarmless(jxl, createJxl(exifBox(exif), xmlBox)))
})

describe('descriptions by hand', () => {
  const info = (version: 2 | 3, id: number, rest: string): Buffer =>
    fullBox('infe', Buffer.concat([version === 2 ? shorts(id) : fields(id), shorts(0), fields(rest)]), version)
  const read = (infos: Buffer, inline: Buffer, length = inline.length) => {
    const place = Buffer.concat([fields(0x10007), shorts(1, 0, 1), fields(0, length)])
    const places = fullBox('iloc', Buffer.concat([shorts(0x4400), fields(1), place]), 2)
    const sizes = ['ispe', 'ispe', 'ispe'].map((type, index) => fullBox(type, fields([8, 90, 20][index] ?? 0, 30)))
    const properties = box('iprp', box('ipco', Buffer.concat(sizes)))
    const meta = fullBox('meta', Buffer.concat([properties, infos, places, box('idat', inline)]))
    return readBytes(avif, Buffer.concat([brands('avif'), meta]))
  }
  const list = (version: 0 | 1, entry: Buffer): Buffer =>
    fullBox('iinf', Buffer.concat([version === 0 ? shorts(1) : fields(1), entry]), version)
  const id = 0x10007
  const xml = Buffer.from(xmp)

  test('ids and counts of 32 bits; the largest of several sizes', () => {
    const content = read(list(1, info(3, id, 'mime\0application/rdf+xml\0')), xml)
    expect(textsOf(content)).toEqual([[...BOTH[1]]])
    expect(content).toMatchObject({ width: 90, height: 30, warnings: [] })
    expect(textsOf(read(list(0, info(3, id, 'mime\0application/rdf+xml\0')), xml))).toEqual([[...BOTH[1]]])
  })

  test.each([
    ['of another content type', 'mime\0text/plain\0'],
    ['that is packed', 'mime\0application/rdf+xml\0deflate\0'],
    ['of another type', 'abcd\0application/rdf+xml\0'],
    ['without a content type', 'mime'],
  ])('an item %s', (_, rest) => {
    expect(read(list(1, info(3, id, rest)), xml)).toMatchObject({ texts: [], warnings: [] })
  })

  test('an item that is larger than what it lies in', () => {
    const { texts, warnings } = read(list(1, info(3, id, 'mime\0application/rdf+xml\0')), xml, xml.length + 1)
    expect(texts).toEqual([])
    expect(warnings).toEqual([{ place: 'avif:iloc', reason: 'an item is larger than what it lies in' }])
  })

  test('an item of all there is', () => {
    expect(textsOf(read(list(1, info(3, id, 'mime\0application/rdf+xml\0')), xml, 0))).toEqual([[...BOTH[1]]])
  })
})

describe('places that lead nowhere', () => {
  const picture = createAvif({ exif, locations: 1 })
  const entry = Buffer.concat([shorts(2, 0, 0, 1)]) // item 2, in the file, one extent
  const at = picture.indexOf(entry)
  const changed = (offset: number, bytes: Buffer): Buffer => {
    const copy = Buffer.from(picture)
    bytes.copy(copy, at + offset)
    return copy
  }
  const reason = 'an item lies where it is not looked for'
  const rows: readonly (readonly [name: string, picture: Buffer, place: string, reason: string])[] = [
    ['in another item', changed(2, shorts(2)), 'avif:iloc', reason],
    ['in another file', changed(4, shorts(1)), 'avif:iloc', reason],
    ['in an idat that is not there', changed(2, shorts(1)), 'avif:iloc', reason],
    ['behind the end', changed(8, fields(0xffffffff)), 'avif:iloc', 'an item is larger than what it lies in'],
    ['with more pieces than there are', changed(6, shorts(0xffff)), 'avif:iloc', 'the list of places is cut off'],
  ]
  test.each(rows)('%s', (_, file, place, why) => {
    expect(at).toBeGreaterThan(0)
    expect(readBytes(avif, file)).toMatchObject({ texts: [], warnings: [{ place, reason: why }] })
  })
})

describe('hostile descriptions end at once', () => {
  const start = brands('avif')
  const read = (...children: Buffer[]) =>
    readBytes(avif, Buffer.concat([start, fullBox('meta', Buffer.concat(children))]))
  const wanted = fullBox('infe', Buffer.concat([shorts(7, 0), fields('Exif', '\0')]), 2)
  const infos = fullBox('iinf', Buffer.concat([shorts(1), wanted]))

  test('places of items that nothing lists', () => {
    const { texts, warnings } = read(fullBox('iloc', Buffer.alloc(200, 0xff)))
    expect({ texts, warnings }).toEqual({
      texts: [],
      warnings: [{ place: 'avif:meta', reason: 'the list of items is missing' }],
    })
  })

  test('endless places without sizes', () => {
    const noBytes = Buffer.concat([shorts(0), fields(0xffffffff)])
    const entries = Buffer.alloc(900_000, Buffer.concat([fields(7), shorts(0, 0, 0xffff)]))
    const { warnings } = read(infos, fullBox('iloc', Buffer.concat([noBytes, entries]), 2))
    expect(warnings).toContainEqual({ place: 'avif:iloc', reason: 'the list of places is cut off' })
  })

  test('a list of places that is longer than any', () => {
    const { warnings } = read(infos, fullBox('iloc', Buffer.alloc(2 ** 20 + 1)))
    expect(warnings).toEqual([{ place: 'avif:iloc', reason: 'the list of places is too long' }])
  })

  test('the same large bytes as every item', () => {
    const ids = Array.from({ length: 40 }, (_, index) => index + 1)
    const info = (id: number) => fullBox('infe', Buffer.concat([shorts(id, 0), fields('Exif', '\0')]), 2)
    const all = fullBox('iinf', Buffer.concat([shorts(ids.length), ...ids.map(info)]))
    const places = ids.map((id) => Buffer.concat([shorts(id, 0, 1), fields(0, 5000)]))
    const locations = fullBox('iloc', Buffer.concat([shorts(0x4400, ids.length), ...places]))
    const file = Buffer.concat([
      start,
      fullBox('meta', Buffer.concat([all, locations])),
      box('mdat', Buffer.alloc(9000)),
    ])
    const { warnings } = readBytes(avif, file, { textBytes: 10_000, totalBytes: 10_000 })
    const reason = 'it was left out: the items are larger than the limit together'
    expect(warnings.filter((warning) => warning.reason === reason)).toHaveLength(14)
  })

  const picture = createAvif({
    exif: createExif({ ifd0: [textTag('Model', 'prompt:{}')] }),
    xmp,
    locations: 1,
    extents: 2,
  })
  test('cut anywhere', () => expectCutsToBeHarmless(avif, picture))
  test('with any number anywhere', () => expectNumbersToBeHarmless(avif, picture))
  test('of noise', () => expectNoiseToBeHarmless(avif, start))

  test('any texts come back as they were written', () => {
    fc.assert(
      fc.property(
        plainText,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('file', 'idat'),
        (text, extents, items) => {
          const tags = createExif({ exif: [userComment(`${text}.`, 'utf16le+bom')] })
          const made = createAvif({ exif: tags, extents, items, locations: 1 })
          expect(textsOf(readBytes(avif, made))).toEqual([['UserComment', `${text}.`]])
        },
      ),
    )
  })
})
