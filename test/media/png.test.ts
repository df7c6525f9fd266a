import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { chunk, createPng, end, header, iTXt, PNG_SIGNATURE, tEXt, zTXt } from '../../scripts/fixtures/png-writer.ts'
import { type ByteSource, bytesSource } from '../../src/media/byte-source.ts'
import { readMetadata } from '../../src/media/read-metadata.ts'

const read = (bytes: Uint8Array) => readMetadata(bytesSource(bytes))

const texts = async (...chunks: Buffer[]): Promise<string[]> =>
  (await read(createPng({ before: chunks }))).texts.map(({ text }) => text)

test('reads size and texts with their places, in the order of the file', async () => {
  const picture = createPng({
    width: 7,
    height: 5,
    before: [tEXt('parameters', 'one'), iTXt('workflow', 'two')],
    after: [zTXt('Comment', 'three')],
  })
  expect(await read(picture)).toEqual({
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
    ['an empty text', tEXt('k', ''), ''],
    ['NUL bytes at the end', tEXt('k', 'words\0\0\0'), 'words'],
    ['iTXt', iTXt('k', '提灯'), '提灯'],
    ['iTXt with language and translated keyword', iTXt('k', 'x', { language: 'ja', translated: '鍵' }), 'x'],
    ['compressed iTXt', iTXt('k', '提灯'.repeat(500), { compress: deflateSync }), '提灯'.repeat(500)],
    ['zTXt', zTXt('k', 'word '.repeat(500), deflateSync), 'word '.repeat(500)],
    ['comf of animated PNGs', chunk('comf', Buffer.from('prompt\0{}')), '{}'],
  ]
  test.each(rows)('%s', async (_, made, text) => {
    expect(await texts(made)).toEqual([text])
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
  test.each(rows)('%s', async (_, picture, expected, place, reason) => {
    const { container, texts: found, warnings } = await read(picture)
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

  test('a text that inflates past the limit is left out, and the rest is read', async () => {
    const bomb = zTXt('bomb', '\0'.repeat(500_000), deflateSync)
    const { texts: found, warnings } = await readLimited(bomb, tEXt('k', 'kept'))
    expect(found.map(({ key }) => key)).toEqual(['k'])
    expect(warnings).toEqual([{ place: 'png:zTXt:bomb', reason: 'it inflates to more than 1000 bytes' }])
  })

  test('a chunk that is larger than the limit is not read', async () => {
    const { texts: found, warnings } = await readLimited(tEXt('big', 'x'.repeat(1001)), tEXt('k', 'kept'))
    expect(found.map(({ key }) => key)).toEqual(['k'])
    expect(warnings[0]?.reason).toContain('larger than the limit')
  })

  test('many texts together have a limit of their own', async () => {
    const one = (key: string): Buffer => tEXt(key, 'x'.repeat(600))
    const { texts: found, warnings } = await readLimited(one('a'), one('b'), one('c'))
    expect(found.map(({ key }) => key)).toEqual(['a', 'b'])
    expect(warnings).toHaveLength(1)
  })

  test('a file of nothing but tiny texts does not fill the memory', async () => {
    const tiny = tEXt('k', 'v')
    const picture = Buffer.concat([PNG_SIGNATURE, header(1, 1), ...Array<Buffer>(20_000).fill(tiny), end()])
    const { texts: found, warnings } = await read(picture)
    expect(found).toHaveLength(1000)
    expect(warnings).toHaveLength(100)
  })
})

test('pixels are passed over by their offset', async () => {
  const big = chunk('IDAT', Buffer.alloc(3_000_000))
  const picture = Buffer.concat([PNG_SIGNATURE, header(1, 1), tEXt('a', 'x'), big, big, tEXt('b', 'y'), end()])
  let bytesRead = 0
  const inner = bytesSource(picture)
  const counting: ByteSource = {
    sizeBytes: picture.length,
    async read(offset, length) {
      const bytes = await inner.read(offset, length)
      bytesRead += bytes.length
      return bytes
    },
  }
  const { texts: found } = await readMetadata(counting)
  expect(found.map(({ text }) => text)).toEqual(['x', 'y'])
  expect(bytesRead).toBeLessThan(50_000)
})

test('a source that gives less than its size says is a file that ends early', async () => {
  const picture = createPng({ before: [tEXt('k', 'kept')], after: [tEXt('late', 'x'.repeat(20_000))] })
  const shrunk: ByteSource = {
    sizeBytes: picture.length,
    read: (offset, length) => bytesSource(picture.subarray(0, picture.length - 5000)).read(offset, length),
  }
  const { texts: found, warnings } = await readMetadata(shrunk)
  expect(found.map(({ text }) => text)).toEqual(['kept'])
  expect(warnings[0]?.reason).toContain('ends inside its tEXt chunk')
})

describe('properties', () => {
  test('any bytes behind the signature end in an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect((await read(Buffer.concat([PNG_SIGNATURE, bytes]))).container).toBe('png')
      }),
    )
  })

  test('any bytes inside a text chunk end in an answer', async () => {
    const type = fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'comf')
    await fc.assert(
      fc.asyncProperty(type, fc.uint8Array({ maxLength: 200 }), async (name, bytes) => {
        const { texts: found, warnings } = await read(createPng({ before: [chunk(name, bytes)] }))
        expect(found.length + warnings.length).toBeGreaterThan(0)
      }),
    )
  })

  test('a picture that is cut anywhere keeps the texts in front of the cut', async () => {
    const picture = createPng({ before: [tEXt('k', 'kept')] })
    const behindText = PNG_SIGNATURE.length + header(1, 1).length + tEXt('k', 'kept').length
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: behindText, max: picture.length - 1 }), async (cut) => {
        const { texts: found, warnings } = await read(picture.subarray(0, cut))
        expect(found).toHaveLength(1)
        // Twelve bytes of IEND: the walk ends as soon as it has seen its name.
        expect(warnings).toHaveLength(cut >= picture.length - 4 ? 0 : 1)
      }),
    )
  })

  test('what is written comes back, in every kind of chunk', async () => {
    const words = fc
      .string({ unit: 'binary', maxLength: 100 })
      .filter((text) => !text.endsWith('\0') && text.isWellFormed())
    await fc.assert(
      fc.asyncProperty(words, async (text) => {
        const withoutBom = text.replace(/^\uFEFF/, '')
        expect(await texts(iTXt('k', text), iTXt('k', text, { compress: deflateSync }))).toEqual([
          withoutBom,
          withoutBom,
        ])
      }),
    )
  })
})
