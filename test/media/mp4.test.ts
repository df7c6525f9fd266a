import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { box, boxOf, fields, fullBox, handler, shorts, uuidBox } from '../../scripts/fixtures/iso-writer.ts'
import {
  dataBox,
  itunesTags,
  keysBox,
  metaBox,
  namedTags,
  type Text,
  userText,
} from '../../scripts/fixtures/mp4-tags-writer.ts'
import { createFilm, type FilmParts } from '../../scripts/fixtures/mp4-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { mp4 } from '../../src/media/mp4.ts'
import {
  countingSource,
  expectCutsToBeHarmless,
  expectNoiseToBeHarmless,
  expectNumbersToBeHarmless,
  isOf,
  plainText,
  readBytes,
  sparseSource,
  textsOf,
} from '../support/media.ts'

const GRAPH: Text = ['prompt', '{"3":{"class_type":"VAELoader","inputs":{"vae_name":"harbor.vae.safetensors"}}}']
const body = Buffer.from('body')
const WORKFLOW: Text = ['workflow', '"{\\"nodes\\":[],\\"title\\":\\"提灯\\"}"']

test('names, places and size', () => {
  const film = createFilm({ userData: [namedTags([GRAPH, ['Workflow', 'x']]), userText('\xa9cmt', 'a harbor')] })
  expect(readBytes(mp4, film)).toEqual({
    width: 16,
    height: 16,
    texts: [
      { place: 'mp4:mdta:prompt', key: 'prompt', text: GRAPH[1] },
      { place: 'mp4:mdta:Workflow', key: 'workflow', text: 'x' },
      { place: 'mp4:udta:©cmt', key: 'comment', text: 'a harbor' },
    ],
    warnings: [],
  })
})

describe('size', () => {
  const header = (version: 0 | 1, width: number, height: number): Buffer => {
    const times = version === 0 ? Buffer.alloc(20) : Buffer.alloc(32)
    const rest = Buffer.concat([Buffer.alloc(16), Buffer.alloc(36), shorts(width, 0x8000, height, 0)])
    return boxOf('trak', fullBox('tkhd', Buffer.concat([times, rest]), version))
  }
  const film = (...tracks: Buffer[]): Buffer => Buffer.concat([createFilm().subarray(0, 24), boxOf('moov', ...tracks)])
  const rows: readonly (readonly [name: string, film: Buffer, size: readonly (number | undefined)[]])[] = [
    ['of a header of version 0', film(header(0, 640, 480)), [640, 480]],
    ['of a header of version 1', film(header(1, 640, 480)), [640, 480]],
    [
      'of the first track that has one',
      film(header(0, 0, 0), header(0, 32, 0), header(0, 640, 480), header(0, 9, 9)),
      [640, 480],
    ],
    ['of a header that is too short', film(boxOf('trak', fullBox('tkhd', Buffer.alloc(79)))), [undefined, undefined]],
  ]
  test.each(rows)('%s', (_, bytes, size) => {
    const { width, height, warnings } = readBytes(mp4, bytes)
    expect([width, height]).toEqual([...size])
    expect(warnings).toEqual([])
  })
})

describe('where texts stand', () => {
  const named = [namedTags([GRAPH, WORKFLOW])]
  const both = [GRAPH, WORKFLOW]
  const rows: readonly (readonly [name: string, film: FilmParts, texts: readonly Text[]])[] = [
    ['names in front of the samples', { userData: named }, both],
    ['names behind the samples', { userData: named, order: 'moov last' }, both],
    ['behind samples of a size of 64 bits', { userData: named, order: 'moov last', mediaSize: 'wide' }, both],
    ['in a description of a size of 64 bits', { userData: named, movieSize: 'wide' }, both],
    ['in a last box without a size', { userData: named, order: 'moov last', movieSize: 'open' }, both],
    ['in front of samples without a size', { userData: named, mediaSize: 'open' }, both],
    ['names in a meta box without a version', { userData: [namedTags(both, 'quicktime')] }, both],
    ['names beside user data', { movie: [namedTags(both, 'quicktime')] }, both],
    ['names behind everything', { top: [boxOf('free'), ...named] }, both],
    ['a film without ftyp', { brand: '', userData: named }, both],
    ['a brand of a phone', { brand: '3gp6', userData: named }, both],
    [
      'names of an editor by Apple',
      { userData: [namedTags([['com.apple.quicktime.Comment', 'a pier']])] },
      [['comment', 'a pier']],
    ],
    ['a comment of iTunes', { userData: [itunesTags([['\xa9cmt', 'a pier']])] }, [['comment', 'a pier']]],
    [
      'other texts of iTunes',
      {
        userData: [
          itunesTags([
            ['\xa9nam', 'dusk'],
            ['desc', 'words'],
            ['\xa9xyz', 'far'],
          ]),
        ],
      },
      [
        ['title', 'dusk'],
        ['description', 'words'],
        ['xyz', 'far'],
      ],
    ],
    ['freeform items', { userData: [itunesTags([], [['PROMPT', 'a pier']])] }, [['prompt', 'a pier']]],
    [
      'several texts of QuickTime',
      { userData: [userText('\xa9cmt', 'a pier'), userText('\xa9des', 'far')] },
      [
        ['comment', 'a pier'],
        ['description', 'far'],
      ],
    ],
    [
      'a text beyond 64 KB in 16 bits of length',
      { userData: [userText('\xa9cmt', 'x'.repeat(70_000))] },
      [['comment', 'x'.repeat(70_000)]],
    ],
    ['nothing', {}, []],
  ]
  test.each(rows)('%s', (_, parts, texts) => {
    const film = createFilm(parts)
    expect(isOf(mp4, film)).toBe(true)
    const content = readBytes(mp4, film)
    expect(textsOf(content)).toEqual(texts.map(([key, text]) => [key, text]))
    expect(content.warnings).toEqual([])
  })
})

describe('values', () => {
  const item = (value: Buffer): Buffer =>
    metaBox('iso', handler('mdta'), keysBox(['prompt']), boxOf('ilst', box(1, value)))
  const rows: readonly (readonly [name: string, value: Buffer, texts: readonly string[]])[] = [
    ['UTF-8', dataBox(Buffer.from('提灯')), ['提灯']],
    ['UTF-16', dataBox(Buffer.from('提灯', 'utf16le').swap16(), 2), ['提灯']],
    ['of no stated kind, a text', dataBox(Buffer.from('words'), 0), ['words']],
    ['of no stated kind, no text', dataBox(Buffer.from([1, 2, 3]), 0), []],
    ['a picture', dataBox(Buffer.from('\x89PNG'), 14), []],
    ['a number', dataBox(Buffer.from([0, 0, 0, 7]), 21), []],
    ['two of them', Buffer.concat([dataBox(Buffer.from('a')), dataBox(Buffer.from('b'))]), ['a', 'b']],
    ['one behind another box', Buffer.concat([box('name', Buffer.alloc(9)), dataBox(Buffer.from('a'))]), ['a']],
    ['empty', dataBox(Buffer.alloc(0)), []],
    ['without its head', box('data', Buffer.alloc(5)), []],
  ]
  test.each(rows)('%s', (_, value, texts) => {
    const content = readBytes(mp4, createFilm({ userData: [item(value)] }))
    expect(textsOf(content)).toEqual(texts.map((text) => ['prompt', text]))
    expect(content.warnings).toEqual([])
  })

  test('that are not UTF-8 although they say so', () => {
    const content = readBytes(mp4, createFilm({ userData: [item(dataBox(Buffer.from('caf\xe9', 'latin1')))] }))
    expect(textsOf(content)).toEqual([['prompt', 'café']])
    expect(content.warnings).toEqual([{ place: 'mp4:mdta:prompt', reason: 'its text is not UTF-8' }])
  })
})

describe('texts of QuickTime', () => {
  const read = (body: Uint8Array) => readBytes(mp4, createFilm({ userData: [box('\xa9cmt', body)] }))
  test('in several languages', () => {
    const one = (text: string, language: number): Buffer =>
      Buffer.concat([shorts(Buffer.byteLength(text), language), Buffer.from(text)])
    const long = 'ein Steg '.repeat(40)
    expect(textsOf(read(Buffer.concat([one('a pier', 0x15c7), one(long, 0x10b2), Buffer.alloc(4)])))).toEqual([
      ['comment', 'a pier'],
      ['comment', long],
    ])
  })
  test('in UTF-16', () => {
    const text = Buffer.from('\ufeff提灯', 'utf16le').swap16()
    expect(textsOf(read(Buffer.concat([shorts(text.length, 0x15c7), text])))).toEqual([['comment', '提灯']])
  })
  test('cut off', () => {
    expect(read(Buffer.from([0, 9])).warnings).toEqual([
      { place: 'mp4:udta:©cmt', reason: 'it is cut off before its text' },
    ])
  })
})

test('XMP in its box and in user data, and C2PA', () => {
  const xmp = Buffer.from(createXmp([{ name: 'comfy:prompt', text: '{}' }]))
  const film = createFilm({
    top: [uuidBox('be7acfcb-97a9-42e8-9c71-999491e3afac', xmp)],
    userData: [box('XMP_', xmp)],
  })
  expect(readBytes(mp4, film)).toMatchObject({
    texts: [
      { place: 'mp4:xmp:comfy:prompt', key: 'comfy:prompt', text: '{}' },
      { place: 'mp4:xmp:comfy:prompt', key: 'comfy:prompt', text: '{}' },
    ],
    warnings: [],
  })
  expect(readBytes(mp4, film).c2pa).toBeUndefined()
  const signed = createFilm({ top: [uuidBox('d8fec3d6-1b0e-483c-9297-5828877ec481', Buffer.alloc(40))] })
  expect(readBytes(mp4, signed)).toMatchObject({ c2pa: true, texts: [], warnings: [] })
})

test('two gigabytes of samples in front of the texts cost a few small reads', () => {
  const film = createFilm({ userData: [namedTags([GRAPH, WORKFLOW])], order: 'moov last', mediaSize: 'wide' })
  const movieAt = film.indexOf('moov') - 4
  const mediaAt = film.indexOf('mdat') - 4
  const mediaBytes = 2 * 2 ** 30
  const head = Buffer.concat([film.subarray(0, mediaAt), fields(1, 'mdat', 0, mediaBytes)])
  const source = countingSource(
    sparseSource(mediaAt + mediaBytes + film.length - movieAt, [
      [0, head],
      [mediaAt + mediaBytes, film.subarray(movieAt)],
    ]),
  )
  const content = mp4.read(source, DEFAULT_LIMITS)
  expect(textsOf(content)).toEqual([GRAPH, WORKFLOW])
  expect(content.warnings).toEqual([])
  expect(source.reads).toBeLessThan(6)
  expect(source.bytesRead).toBeLessThan(20_000)
})

test('a long table of samples in front of the texts is passed over', () => {
  const table = boxOf('trak', boxOf('mdia', box('free', Buffer.alloc(3_000_000))))
  const source = countingSource(bytesSource(createFilm({ movie: [table, namedTags([GRAPH])] })))
  expect(textsOf(mp4.read(source, DEFAULT_LIMITS))).toEqual([GRAPH])
  expect(source.bytesRead).toBeLessThan(20_000)
})

describe('what is wrong becomes a warning', () => {
  const good = namedTags([GRAPH])
  const rows: readonly (readonly [name: string, film: Uint8Array, texts: number, place: string, reason: string])[] = [
    [
      'no description',
      createFilm().subarray(0, 24),
      0,
      'mp4',
      'it has no moov or meta box, so that it cannot be whole',
    ],
    [
      'a file that ends in its samples',
      createFilm({ userData: [good] }).subarray(0, -1),
      1,
      'mp4',
      'the file ends inside its mdat box',
    ],
    [
      'a list of names with an entry that is too long',
      createFilm({
        userData: [metaBox('iso', fullBox('keys', fields(2, 999, 'mdta')), boxOf('ilst', box(1, dataBox(body))))],
      }),
      0,
      'mp4:keys',
      'the list of names is damaged',
    ],
    [
      'user data that is larger than the film',
      createFilm({ movie: [fields(0x7fffffff, 'udta')] }),
      0,
      'mp4',
      'a udta box is larger than what it lies in',
    ],
  ]
  test.each(rows)('%s', (_, film, texts, place, reason) => {
    const content = readBytes(mp4, film)
    expect(content.texts).toHaveLength(texts)
    expect(content.warnings).toEqual([{ place, reason }])
  })

  test('a text past the limit is left out and the rest is read', () => {
    const film = createFilm({ userData: [namedTags([['prompt', 'x'.repeat(101)], WORKFLOW])] })
    const content = readBytes(mp4, film, { textBytes: 100, totalBytes: 1000 })
    expect(textsOf(content)).toEqual([WORKFLOW])
    expect(content.warnings).toMatchObject([{ place: 'mp4:mdta:prompt' }])
  })

  test('a text past the limit is not even read', () => {
    const source = countingSource(bytesSource(createFilm({ userData: [namedTags([['prompt', 'x'.repeat(500_000)]])] })))
    expect(mp4.read(source, { textBytes: 1000, totalBytes: 1000 }).texts).toEqual([])
    expect(source.bytesRead).toBeLessThan(20_000)
  })

  test('names that are too long to be names', () => {
    const long = 'n'.repeat(256)
    const tags = [
      namedTags([
        [long, 'x'],
        ['prompt', 'y'],
      ]),
      itunesTags(
        [],
        [
          [long, 'x'],
          ['prompt', 'y'],
        ],
      ),
    ]
    for (const tag of tags) expect(textsOf(readBytes(mp4, createFilm({ userData: [tag] })))).toEqual([['prompt', 'y']])
  })

  test('names past the end of the list, or without one, mean nothing', () => {
    const items = boxOf('ilst', box(1, dataBox(body)), box(9, dataBox(body)))
    expect(readBytes(mp4, createFilm({ userData: [metaBox('iso', items)] })).texts).toEqual([])
    const listed = metaBox('iso', keysBox(['prompt']), items)
    expect(textsOf(readBytes(mp4, createFilm({ userData: [listed] })))).toEqual([['prompt', 'body']])
  })
})

describe('is told by its first bytes', () => {
  const rows: readonly (readonly [name: string, head: Buffer, isFilm: boolean])[] = [
    ['a brand that nobody knows', fields(16, 'ftyp', 'abcd', 0), true],
    ['samples first', fields(100, 'mdat', 0, 0), true],
    ['an old filler', fields(8, 'wide', 8, 'mdat'), true],
    ['a box of pictures', fields(100, 'abcd', 0, 0), false],
    ['a text about it', Buffer.from('the ftyp box, mdat and moov'), false],
    ['a text that begins like one', Buffer.from('   !free words here'), false],
    ['too little', Buffer.from('\0\0\0\x10ftyp', 'latin1'), false],
  ]
  test.each(rows)('%s', (_, head, isFilm) => {
    expect(isOf(mp4, head)).toBe(isFilm)
  })
})

describe('hostile files', () => {
  const film = createFilm({
    top: [uuidBox('be7acfcb97a942e89c71999491e3afac', Buffer.from(createXmp([{ name: 'dc:description', text: 'x' }])))],
    userData: [namedTags([GRAPH]), userText('\xa9cmt', 'a pier'), itunesTags([['\xa9nam', 'x']], [['workflow', 'y']])],
  })
  test('cut anywhere', () => expectCutsToBeHarmless(mp4, film))
  test('with any number anywhere', () => expectNumbersToBeHarmless(mp4, film))
  test('of noise', () => expectNoiseToBeHarmless(mp4, createFilm().subarray(0, 24)))

  test('any texts come back as they were written', () => {
    const name = fc.stringMatching(/^[a-z_.]{1,20}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, plainText), { minLength: 1, maxLength: 5 }), (texts) => {
        const keys = texts.map(([key, text]) => [key.replace('com.apple.quicktime.', ''), text] as const)
        expect(textsOf(readBytes(mp4, createFilm({ userData: [namedTags(texts)] })))).toEqual(keys)
        expect(textsOf(readBytes(mp4, createFilm({ userData: [itunesTags([], texts)] })))).toEqual([...texts])
      }),
    )
  })
})
