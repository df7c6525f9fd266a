import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { createExif, EXIF_MARK, textTag, userComment } from '../../scripts/fixtures/exif-writer.ts'
import { chunk, createPng, end, header, iTXt, PNG_SIGNATURE, tEXt, zTXt } from '../../scripts/fixtures/png-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { type ByteSource, bytesSource } from '../../src/media/byte-source.ts'
import { readMetadata } from '../../src/media/read-metadata.ts'

const read = (bytes: Uint8Array) => readMetadata(bytesSource(bytes))

const texts = (...chunks: Buffer[]): string[] => read(createPng({ before: chunks })).texts.map(({ text }) => text)

test('reads size and texts with their places, in the order of the file', () => {
  const picture = createPng({
    width: 7,
    height: 5,
    before: [tEXt('parameters', 'one'), iTXt('workflow', 'two')],
    after: [zTXt('Comment', 'three')],
  })
  expect(read(picture)).toEqual({
    container: 'png',
    width: 7,
    height: 5,
    texts: [
      { place: 'png:tEXt:parameters', key: 'parameters', text: 'one' },
      { place: 'png:iTXt:workflow', key: 'workflow', text: 'two' },
      { place: 'png:zTXt:Comment', key: 'Comment', text: 'three' },
    ],
    warnings: [],
  })
})

describe('text encodings', () => {
  const utf8 = chunk('tEXt', Buffer.concat([Buffer.from('k\0'), Buffer.from('café 提灯')]))
  const rows: readonly (readonly [name: string, chunk: Buffer, text: string])[] = [
    ['tEXt in Latin-1', tEXt('k', 'café'), 'café'],
    ['tEXt in UTF-8', utf8, 'café 提灯'],
    ['tEXt with bytes from 0x80 to 0x9f', chunk('tEXt', Buffer.from('k\0\x85\xe9', 'latin1')), '\x85é'],
    ['NUL bytes at the end', tEXt('k', 'words\0\0\0'), 'words'],
    ['iTXt', iTXt('k', '提灯'), '提灯'],
    ['iTXt with language and translated keyword', iTXt('k', 'x', { language: 'ja', translated: '鍵' }), 'x'],
    ['compressed iTXt', iTXt('k', '提灯'.repeat(500), { compress: deflateSync }), '提灯'.repeat(500)],
    ['zTXt', zTXt('k', 'word '.repeat(500), deflateSync), 'word '.repeat(500)],
    ['comf of animated PNGs', chunk('comf', Buffer.from('prompt\0{}')), '{}'],
  ]
  test.each(rows)('%s', (_, made, text) => {
    expect(texts(made)).toEqual([text])
  })
})

test('an empty text is none', () => {
  expect(texts(tEXt('k', ''), iTXt('k', ''), zTXt('k', '\0\0'))).toEqual([])
})

describe('EXIF and XMP', () => {
  const words = 'a pier at dusk, 提灯'
  const exif = createExif({ order: 'II', ifd0: [textTag('Make', 'm')], exif: [userComment(words, 'utf16be')] })
  const xmp = createXmp([{ name: 'exif:UserComment', text: words, as: 'Alt' }])
  const exifTexts = [
    { place: 'png:exif:Make', key: 'Make', text: 'm' },
    { place: 'png:exif:UserComment', key: 'UserComment', text: words },
  ]
  const xmpTexts = [{ place: 'png:xmp:exif:UserComment', key: 'exif:UserComment', text: words }]
  const marked = Buffer.concat([EXIF_MARK, exif])
  const app1 = Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), Buffer.from(xmp)])
  /** As ImageMagick lays them out: lines of 72 digits. */
  const profile = (kind: string, data: Uint8Array, length = data.length): string => {
    const lines = Buffer.from(data).toString('hex').replace(/.{72}/g, '$&\n')
    return `\n${kind}\n${String(length).padStart(8)}\n${lines}\n`
  }
  const rows: readonly (readonly [name: string, chunk: Buffer, texts: readonly object[]])[] = [
    ['eXIf', chunk('eXIf', exif), exifTexts],
    ['eXIf with the mark of JPEG', chunk('eXIf', marked), exifTexts],
    ['iTXt of XMP', iTXt('XML:com.adobe.xmp', xmp), xmpTexts],
    ['compressed iTXt of XMP', iTXt('XML:com.adobe.xmp', xmp, { compress: deflateSync }), xmpTexts],
    ['a raw profile exif', zTXt('Raw profile type exif', profile('exif', marked)), exifTexts],
    ['a raw profile APP1 with EXIF', zTXt('Raw profile type APP1', profile('generic profile', marked)), exifTexts],
    ['a raw profile APP1 with XMP', tEXt('Raw profile type APP1', profile('app1', app1)), xmpTexts],
    ['a raw profile xmp', zTXt('Raw profile type xmp', profile('xmp', Buffer.from(xmp))), xmpTexts],
    ['a short raw profile xmp', tEXt('Raw profile type xmp', profile('xmp', Buffer.from('<a>1</a>'))), [{ key: 'a' }]],
    ['a raw profile of something else', zTXt('Raw profile type iptc', profile('iptc', Buffer.from('x'))), []],
  ]
  test.each(rows)('%s', (_, made, expected) => {
    expect(read(createPng({ before: [made] }))).toMatchObject({ texts: expected, warnings: [] })
  })

  const bad: readonly (readonly [name: string, chunk: Buffer, texts: readonly object[], places: readonly string[]])[] =
    [
      [
        'a wrong length',
        tEXt('Raw profile type exif', profile('exif', marked, 5)),
        exifTexts,
        ['png:tEXt:Raw profile type exif'],
      ],
      ['no length', tEXt('Raw profile type exif', '\nexif\n'), [], ['png:tEXt:Raw profile type exif']],
      ['nothing', tEXt('Raw profile type xmp', ''), [], ['png:tEXt:Raw profile type xmp']],
      ['no EXIF', chunk('eXIf', Buffer.from('words')), [], ['png:exif']],
      ['no XML', iTXt('XML:com.adobe.xmp', '<a b="1"><'), [{ key: 'b' }], ['png:xmp']],
    ]
  test.each(bad)('with %s', (_, made, expected, places) => {
    const found = read(createPng({ before: [made] }))
    expect(found.texts).toMatchObject([...expected])
    expect(found.warnings.map(({ place }) => place)).toEqual([...places])
  })

  test('a wrong checksum of eXIf', () => {
    const made = chunk('eXIf', exif)
    made.writeUInt32BE(1, made.length - 4)
    expect(read(createPng({ before: [made] })).texts).toEqual(exifTexts)
    expect(read(createPng({ before: [made] })).warnings).toEqual([
      { place: 'png:eXIf', reason: 'its checksum does not match' },
    ])
  })

  test('a C2PA manifest is noted', () => {
    expect(read(createPng({ before: [chunk('caBX', Buffer.alloc(5000))] })).c2pa).toBe(true)
    expect(read(createPng())).not.toHaveProperty('c2pa')
  })
})

describe('what is wrong becomes a warning', () => {
  const good = tEXt('parameters', 'kept')
  const badCrc = Buffer.from(good)
  badCrc.writeUInt32BE(1, badCrc.length - 4)
  const zipped = deflateSync(Buffer.from('some words that are long enough'.repeat(20)))
  const rows: readonly (readonly [name: string, picture: Buffer, texts: string[], place: string, reason: string])[] = [
    ['a wrong checksum', createPng({ before: [badCrc] }), ['kept'], 'png:tEXt:parameters', 'checksum'],
    ['no keyword', createPng({ before: [chunk('tEXt', Buffer.from('words')), good] }), ['kept'], 'png:tEXt', 'keyword'],
    [
      'a cut iTXt header',
      createPng({ before: [chunk('iTXt', Buffer.from('k\0\0\0en')), good] }),
      ['kept'],
      'png:iTXt:k',
      'cut off',
    ],
    [
      'iTXt that is not UTF-8',
      createPng({ before: [chunk('iTXt', Buffer.from('k\0\0\0\0\0\xe9', 'latin1'))] }),
      ['é'],
      'png:iTXt:k',
      'not UTF-8',
    ],
    [
      'an unknown compression',
      createPng({ before: [chunk('zTXt', Buffer.from('k\0\x07abc')), good] }),
      ['kept'],
      'png:zTXt:k',
      'method',
    ],
    [
      'damaged compressed data',
      createPng({ before: [chunk('zTXt', Buffer.from('k\0\0not zlib at all')), good] }),
      ['kept'],
      'png:zTXt:k',
      'damaged',
    ],
    [
      'a compressed text without its end',
      createPng({ before: [chunk('zTXt', Buffer.concat([Buffer.from('k\0\0'), zipped.subarray(0, -4)]))] }),
      ['some words that are long enough'.repeat(20)],
      'png:zTXt:k',
      'cut off',
    ],
    ['a file that ends in its pixels', createPng({ before: [good] }).subarray(0, -200), ['kept'], 'png', 'IDAT chunk'],
    [
      'a file that ends in the checksum of its pixels',
      createPng({ before: [good] }).subarray(0, -14),
      ['kept'],
      'png',
      'IDAT chunk',
    ],
    [
      'a file that ends in a chunk header',
      Buffer.concat([PNG_SIGNATURE, header(1, 1), good, Buffer.from([0, 0, 0])]),
      ['kept'],
      'png',
      'before its IEND',
    ],
    [
      'a length that is larger than the file',
      Buffer.concat([
        PNG_SIGNATURE,
        header(1, 1),
        good,
        Buffer.from([0xff, 0xff, 0xff, 0xff]),
        Buffer.from('tEXtk\0words'),
      ]),
      ['kept'],
      'png',
      'tEXt chunk',
    ],
    [
      'bytes that are no chunk',
      Buffer.concat([PNG_SIGNATURE, header(1, 1), good, Buffer.alloc(40)]),
      ['kept'],
      'png',
      'no chunk at byte',
    ],
    ['a signature alone', PNG_SIGNATURE, [], 'png', 'before its IEND'],
  ]
  test.each(rows)('%s', (_, picture, expected, place, reason) => {
    const { container, texts: found, warnings } = read(picture)
    expect(container).toBe('png')
    expect(found.map(({ text }) => text)).toEqual(expected)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.place).toBe(place)
    expect(warnings[0]?.reason).toContain(reason)
  })
})

describe('limits', () => {
  const limits = { textBytes: 1000, totalBytes: 1500 }
  const readLimited = (...before: Buffer[]) => readMetadata(bytesSource(createPng({ before })), limits)

  test('a text that inflates past the limit is left out, and the rest is read', () => {
    const bomb = zTXt('bomb', '\0'.repeat(500_000), deflateSync)
    const { texts: found, warnings } = readLimited(bomb, tEXt('k', 'kept'))
    expect(found.map(({ key }) => key)).toEqual(['k'])
    expect(warnings).toEqual([{ place: 'png:zTXt:bomb', reason: 'it inflates to more than 1000 bytes' }])
  })

  test('a chunk that is larger than the limit is not read', () => {
    const { texts: found, warnings } = readLimited(tEXt('big', 'x'.repeat(1001)), tEXt('k', 'kept'))
    expect(found.map(({ key }) => key)).toEqual(['k'])
    expect(warnings[0]?.reason).toContain('larger than the limit')
  })

  test('many texts together have a limit of their own', () => {
    const one = (key: string): Buffer => tEXt(key, 'x'.repeat(600))
    const { texts: found, warnings } = readLimited(one('a'), one('b'), one('c'))
    expect(found.map(({ key }) => key)).toEqual(['a', 'b'])
    expect(warnings).toHaveLength(1)
  })

  test('packed pieces that give no texts count as well', () => {
    const idle = (): Buffer => iTXt('XML:com.adobe.xmp', `<!--${'x'.repeat(700)}-->`, { compress: deflateSync })
    const { texts: found, warnings } = readLimited(idle(), idle(), idle(), zTXt('k', 'words', deflateSync))
    expect(found).toEqual([])
    expect(warnings.map(({ reason }) => reason)).toEqual([
      'it inflates to more than 86 bytes',
      'the file inflates to more than 1500 bytes',
    ])
  })

  test('bombs that are left out count as well, and small damage only as much as it can have inflated to', () => {
    const bomb = (): Buffer => zTXt('bomb', '\0'.repeat(500_000), deflateSync)
    const words = zTXt('k', 'words', deflateSync)
    expect(readLimited(bomb(), bomb(), words).texts).toEqual([])
    const damaged = Array.from({ length: 20 }, () => chunk('zTXt', Buffer.from('k\0\0nozlib')))
    const wide = { textBytes: 100_000, totalBytes: 150_000 }
    const { texts: found } = readMetadata(bytesSource(createPng({ before: [...damaged, words] })), wide)
    expect(found.map(({ text }) => text)).toEqual(['words'])
  })

  test('a keyword of megabytes names nothing, and is told by its beginning', () => {
    const { texts: found, warnings } = read(createPng({ before: [tEXt('k'.repeat(2_000_000), 'v'), tEXt('k', 'v')] }))
    expect(found.map(({ key }) => key)).toEqual(['k'])
    expect(warnings.map(({ reason }) => reason)).toEqual(['it was left out: its name has more than 1000 characters'])
    expect(warnings[0]?.place).toStartWith('png:tEXt:kkk')
    expect(warnings[0]?.place.length).toBeLessThan(1200)
    const damaged = read(createPng({ before: [chunk('zTXt', Buffer.from(`${'k'.repeat(2_000_000)}\0\x07`))] }))
    expect(damaged.warnings.map(({ place }) => place.length < 1200)).toEqual([true])
  })

  test('a place stays on its line', () => {
    const { texts: found, warnings } = read(
      createPng({ before: [tEXt('a\nb\x1b[31m', 'v'), chunk('zTXt', Buffer.from('c\nd\0\x07'))] }),
    )
    expect(found).toEqual([{ place: 'png:tEXt:a?b?[31m', key: 'a\nb\x1b[31m', text: 'v' }])
    expect(warnings.map(({ place }) => place)).toEqual(['png:zTXt:c?d'])
  })

  test('a file of nothing but tiny texts does not fill the memory', () => {
    const tiny = tEXt('k', 'v')
    const picture = Buffer.concat([PNG_SIGNATURE, header(1, 1), ...Array<Buffer>(20_000).fill(tiny), end()])
    const { texts: found, warnings } = read(picture)
    expect(found).toHaveLength(1000)
    expect(warnings).toHaveLength(1)
  })
})

/** A source that counts what is taken from it. */
function counting(bytes: Uint8Array): ByteSource & { bytesRead(): number } {
  const inner = bytesSource(bytes)
  let bytesRead = 0
  return {
    sizeBytes: bytes.length,
    bytesRead: () => bytesRead,
    read(offset, length) {
      const found = inner.read(offset, length)
      bytesRead += found.length
      return found
    },
  }
}

test('pixels are passed over by their offset', () => {
  const big = chunk('IDAT', Buffer.alloc(3_000_000))
  const picture = Buffer.concat([PNG_SIGNATURE, header(1, 1), tEXt('a', 'x'), big, big, tEXt('b', 'y'), end()])
  const source = counting(picture)
  const { texts: found, warnings } = readMetadata(source)
  expect(found.map(({ text }) => text)).toEqual(['x', 'y'])
  expect(warnings).toEqual([])
  expect(source.bytesRead()).toBeLessThan(50_000)
})

describe('pixels in many pieces', () => {
  const piece = (length: number): Buffer => chunk('IDAT', Buffer.alloc(length, 7))
  const run = (count: number, length: number): Buffer[] => Array<Buffer>(count).fill(piece(length))
  const picture = (...chunks: Buffer[]): Buffer => Buffer.concat([PNG_SIGNATURE, header(1, 1), ...chunks, end()])
  const behind = tEXt('k', 'behind')

  const rows: readonly (readonly [name: string, chunks: readonly Buffer[]])[] = [
    ['of one length', run(500, 8192)],
    ['of which the last is shorter', [...run(500, 8192), piece(100)]],
    ['of which the last is one byte shorter', [...run(500, 8192), piece(8191)]],
    ['of which the last is empty', [...run(500, 8192), piece(0)]],
    ['of which the last is longer', [...run(500, 8192), piece(8193)]],
    ['of which the first is another', [piece(5000), ...run(500, 8192), piece(100)]],
  ]
  test.each(rows)('%s are not visited one by one', (_, chunks) => {
    const source = counting(picture(tEXt('a', 'before'), ...chunks, behind))
    const { texts: found, warnings } = readMetadata(source)
    expect(found.map(({ text }) => text)).toEqual(['before', 'behind'])
    expect(warnings).toEqual([])
    expect(source.bytesRead()).toBeLessThan(100_000)
  })

  const others: readonly (readonly [name: string, chunks: readonly Buffer[]])[] = [
    ['one', run(1, 50)],
    ['two', run(2, 50)],
    ['empty ones', run(50, 0)],
    ['each of another length', Array.from({ length: 60 }, (_, index) => piece(index * 7))],
    ['two runs', [...run(20, 50), ...run(20, 70)]],
    ['a run that is shorter than what stands behind it', [...run(20, 50), chunk('abCd', Buffer.alloc(20_000))]],
    ['frames of an animation between', [...run(9, 50), ...Array<Buffer>(9).fill(chunk('fdAT', Buffer.alloc(50)))]],
  ]
  test.each(others)('%s: what stands behind is found all the same', (_, chunks) => {
    const { texts: found, warnings } = read(picture(...chunks, behind))
    expect(found.map(({ text }) => text)).toEqual(['behind'])
    expect(warnings).toEqual([])
  })

  test('runs of any lengths, with texts behind them', () => {
    const lengths = fc.array(fc.tuple(fc.nat(12), fc.nat(60)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(lengths, fc.nat(300), (runs, textLength) => {
        const chunks = runs.flatMap(([count, length]) => run(count, length))
        const { texts: found, warnings } = read(picture(...chunks, tEXt('k', `t${'x'.repeat(textLength)}`), behind))
        expect(found.map(({ text }) => text.length)).toEqual([textLength + 1, 6])
        expect(warnings).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('bytes that only look like the last piece of a run do not lead the walk astray for long', () => {
    const head = piece(50).subarray(0, 8)
    const liar = chunk('abCd', Buffer.concat(Array<Buffer>(200).fill(Buffer.concat([head, Buffer.alloc(54, 9)]))))
    const { container, texts: found, warnings } = read(picture(tEXt('a', 'before'), ...run(5, 50), liar, behind))
    expect(container).toBe('png')
    expect(found.map(({ text }) => text)).toContain('before')
    expect(warnings.length).toBeLessThanOrEqual(1)
  })
})

test('a source that gives less than its size says is a file that ends early', () => {
  const picture = createPng({ before: [tEXt('k', 'kept')], after: [tEXt('late', 'x'.repeat(20_000))] })
  const shrunk: ByteSource = {
    sizeBytes: picture.length,
    read: (offset, length) => bytesSource(picture.subarray(0, picture.length - 5000)).read(offset, length),
  }
  const { texts: found, warnings } = readMetadata(shrunk)
  expect(found.map(({ text }) => text)).toEqual(['kept'])
  expect(warnings[0]?.reason).toContain('ends inside its tEXt chunk')
})

describe('properties', () => {
  test('any bytes behind the signature end in an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(read(Buffer.concat([PNG_SIGNATURE, bytes])).container).toBe('png')
      }),
    )
  })

  test('any bytes inside a text chunk end in an answer', () => {
    const type = fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'comf')
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 200 }), (name, bytes) => {
        const { texts: found, warnings } = read(createPng({ before: [chunk(name, bytes)] }))
        expect(found.length).toBeLessThanOrEqual(1)
        expect(warnings.length).toBeLessThanOrEqual(2)
      }),
    )
  })

  test('a picture that is cut anywhere keeps the texts in front of the cut', () => {
    const picture = createPng({ before: [tEXt('k', 'kept')] })
    const behindText = PNG_SIGNATURE.length + header(1, 1).length + tEXt('k', 'kept').length
    fc.assert(
      fc.property(fc.integer({ min: behindText, max: picture.length - 1 }), (cut) => {
        const { texts: found, warnings } = read(picture.subarray(0, cut))
        expect(found).toHaveLength(1)
        // Twelve bytes of IEND: the walk ends as soon as it has seen its name.
        expect(warnings).toHaveLength(cut >= picture.length - 4 ? 0 : 1)
      }),
    )
  })

  test('what is written comes back, in every kind of chunk', () => {
    const words = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 100 })
      .filter((text) => text.isWellFormed() && !text.endsWith('\0') && text !== '\ufeff')
    fc.assert(
      fc.property(words, (text) => {
        const withoutBom = text.replace(/^\uFEFF/, '')
        expect(texts(iTXt('k', text), iTXt('k', text, { compress: deflateSync }))).toEqual([withoutBom, withoutBom])
      }),
    )
  })
})
