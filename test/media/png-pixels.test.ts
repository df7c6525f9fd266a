import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { createPixelPng, type PixelPng, pixelHeader } from '../../scripts/fixtures/pixel-png-writer.ts'
import { chunk, createPng, end, iTXt, PNG_SIGNATURE, storedZlib } from '../../scripts/fixtures/png-writer.ts'
import { hideInAlpha } from '../../scripts/fixtures/stealth-writer.ts'
import { dusk, type PixelAt } from '../../scripts/fixtures/webp-writer.ts'
import { type ByteSource, bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { readHiddenPng } from '../../src/media/png-hidden.ts'
import { pngPixels } from '../../src/media/png-pixels.ts'

const LIMIT = 2 ** 24
const open = (file: Uint8Array, limitBytes = LIMIT) => pngPixels(bytesSource(file), limitBytes)
const whole = (file: Uint8Array) => {
  const pixels = open(file)
  return pixels?.topLeft(pixels.width, pixels.height)
}

/** Numbers that look random, always the same ones. */
const noise = (seed: number): number => Math.imul(seed ^ 0x5bd1e995, 0x2c1b3c6d) >>> 13
const noisy: PixelAt = (x, y) => {
  const one = noise(x * 7919 + y * 104_729)
  return [one & 255, (one >> 3) & 255, (x * y) & 255, (one >> 6) & 255]
}

const CHANNELS = { rgb: [0, 1, 2], 'grey-alpha': [0, 3], rgba: [0, 1, 2, 3] } as const

function expected({ width, height, pixelAt, colour = 'rgba' }: PixelPng, columns = width, rows = height): Uint8Array {
  const values: number[] = []
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) for (const at of CHANNELS[colour]) values.push(pixelAt(x, y)[at])
  }
  return Uint8Array.from(values.slice(0, columns * rows * CHANNELS[colour].length), (value) => value & 255)
}

describe('pixels', () => {
  const filters = ['none', 'sub', 'up', 'average', 'paeth'].flatMap((name, filter) =>
    (['rgb', 'grey-alpha', 'rgba'] as const).map((colour) => ({ name, filter, colour })),
  )
  test.each(filters)('of $colour with the filter $name', ({ filter, colour }) => {
    const picture: PixelPng = { width: 23, height: 17, pixelAt: noisy, colour, filterOf: () => filter }
    expect(whole(createPixelPng(picture))).toEqual(expected(picture))
  })

  test('in chunks of any size, with a filter for each row, cut to any corner', () => {
    const picture = fc.record({
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
      colour: fc.constantFrom('rgb' as const, 'grey-alpha' as const, 'rgba' as const),
      seed: fc.nat(1000),
      idatBytes: fc.integer({ min: 1, max: 300 }),
      compress: fc.constantFrom(deflateSync, storedZlib),
    })
    fc.assert(
      fc.property(picture, fc.float({ min: 0, max: 1, noNaN: true }), ({ seed, ...options }, part) => {
        const made: PixelPng = {
          ...options,
          pixelAt: (x, y) => noisy(x + seed, y),
          filterOf: (y) => noise(y + seed) % 5,
        }
        const columns = Math.ceil(part * made.width)
        const rows = Math.ceil(part * made.height)
        expect(open(createPixelPng(made))?.topLeft(columns, rows)).toEqual(expected(made, columns, rows))
      }),
    )
  })

  test('behind texts, and with bytes behind the end of the compressed data', () => {
    const picture: PixelPng = {
      width: 9,
      height: 8,
      pixelAt: noisy,
      before: [iTXt('k', 'word '.repeat(10_000))],
      compress: (data) => Buffer.concat([deflateSync(data), Buffer.alloc(100)]),
    }
    expect(whole(createPixelPng(picture))).toEqual(expected(picture))
  })

  test('of which channel is what', () => {
    const of = (colour: keyof typeof CHANNELS) => open(createPixelPng({ width: 3, height: 2, pixelAt: noisy, colour }))
    expect(of('rgb')).toMatchObject({ width: 3, height: 2, channels: 3, hasColour: true })
    expect(of('rgb')?.alphaAt).toBeUndefined()
    expect(of('grey-alpha')).toMatchObject({ channels: 2, hasColour: false, alphaAt: 1 })
    expect(of('rgba')).toMatchObject({ channels: 4, hasColour: true, alphaAt: 3 })
  })
})

describe('nothing is decoded of', () => {
  const data = chunk('IDAT', deflateSync(Buffer.alloc(1000)))
  const file = (...chunks: Buffer[]): Buffer => Buffer.concat([PNG_SIGNATURE, ...chunks, end()])
  const rows: readonly (readonly [name: string, file: Buffer])[] = [
    ['16 bits a channel', file(pixelHeader(4, 4, 6, 16), data)],
    ['a palette', file(pixelHeader(4, 4, 3), data)],
    ['grey', file(pixelHeader(4, 4, 0), data)],
    ['an unknown colour type', file(pixelHeader(4, 4, 5), data)],
    ['an interlaced picture', file(pixelHeader(4, 4, 6, 8, 1), data)],
    ['no width', file(pixelHeader(0, 4, 6), data)],
    ['no height', file(pixelHeader(4, 0, 6), data)],
    ['the largest sizes', file(pixelHeader(0xffff_ffff, 0xffff_ffff, 6), data)],
    ['no pixels', file(pixelHeader(4, 4, 6))],
    ['no header', file(data)],
    ['a header of another length', file(chunk('IHDR', Buffer.alloc(12)), data)],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(500)],
  ]
  test.each(rows)('%s', (_, bytes) => {
    expect(open(bytes)).toBeUndefined()
    expect(readHiddenPng(bytesSource(bytes), DEFAULT_LIMITS)).toEqual({ texts: [], warnings: [] })
  })
})

describe('damage', () => {
  const pixelAt = noisy
  const good = createPixelPng({ width: 40, height: 40, pixelAt, compress: deflateSync })

  test('a filter that there is not', () => {
    expect(whole(createPixelPng({ width: 4, height: 4, pixelAt, filterOf: (y) => (y === 3 ? 5 : 0) }))).toBeUndefined()
    expect(
      open(createPixelPng({ width: 4, height: 4, pixelAt, filterOf: (y) => (y === 3 ? 5 : 0) }))?.topLeft(4, 3),
    ).toHaveLength(48)
  })

  test('compressed data that is none', () => {
    expect(
      whole(createPixelPng({ width: 4, height: 4, pixelAt, compress: () => Buffer.from('words') })),
    ).toBeUndefined()
  })

  test('a picture that is cut anywhere gives its beginning or nothing', () => {
    const all = whole(good) ?? new Uint8Array(0)
    let readable = 0
    for (let cut = 0; cut < good.length; cut += 1) {
      const pixels = open(good.subarray(0, cut))
      const start = pixels?.topLeft(40, 2)
      if (start !== undefined) {
        expect(start).toEqual(all.subarray(0, start.length))
        readable += 1
      }
      if (cut < good.length - 30) expect(pixels?.topLeft(40, 40)).toBeUndefined()
    }
    expect(readable).toBeGreaterThan(good.length / 2)
  })

  test('a hidden text that is cut off is told, and only there', () => {
    const hidden = hideInAlpha('x'.repeat(300), { width: 30, height: 200 })
    let told = 0
    for (let cut = 0; cut < hidden.length; cut += 13) {
      const { texts, warnings } = readHiddenPng(bytesSource(hidden.subarray(0, cut)), DEFAULT_LIMITS)
      expect(texts).toHaveLength(cut >= hidden.length - 20 ? 1 : 0)
      told += warnings.length
      for (const { place, reason } of warnings) {
        expect({ place, reason }).toEqual({
          place: 'png:stealth_pnginfo',
          reason: 'the pixels that hold it are damaged, cut off or more than the limit',
        })
      }
    }
    expect(told).toBeGreaterThan(100)
  })

  test('any bytes in place of others end in an answer', () => {
    const bytes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(bytes, (changes) => {
        const changed = Buffer.from(good)
        for (const [at, byte] of changes) changed[at] = byte
        expect(readHiddenPng(bytesSource(changed), DEFAULT_LIMITS).texts).toEqual([])
      }),
    )
  })
})

describe('what it costs', () => {
  function counting(bytes: Uint8Array) {
    const inner = bytesSource(bytes)
    const count = { bytes: 0, reads: 0 }
    const source: ByteSource = {
      sizeBytes: bytes.length,
      read(offset, length) {
        const read = inner.read(offset, length)
        count.bytes += read.length
        count.reads += 1
        return read
      },
    }
    return { source, count }
  }

  test('where nothing is hidden, only the top of a picture is read', () => {
    const picture = createPixelPng({ width: 400, height: 500, pixelAt: noisy, compress: deflateSync })
    expect(picture.length).toBeGreaterThan(400_000)
    const { source, count } = counting(picture)
    expect(readHiddenPng(source, DEFAULT_LIMITS)).toEqual({ texts: [], warnings: [] })
    expect(count.bytes).toBeLessThan(80_000)
  })

  test('a top that is harder to compress than the rest is read as well', () => {
    const pixelAt: PixelAt = (x, y) => (y < 20 ? noisy(x, y) : [0, 0, 0, 255])
    const picture: PixelPng = { width: 300, height: 600, pixelAt, compress: deflateSync }
    const { source, count } = counting(createPixelPng(picture))
    expect(pngPixels(source, LIMIT)?.topLeft(300, 20)).toEqual(expected(picture, 300, 20))
    expect(count.bytes).toBeGreaterThan(10_000)
  })

  test('chunks of one byte are read in few reads', () => {
    const picture = createPixelPng({ width: 60, height: 60, pixelAt: dusk(60), idatBytes: 1 })
    const { source, count } = counting(picture)
    expect(readHiddenPng(source, DEFAULT_LIMITS).warnings).toEqual([])
    expect(count.reads).toBeLessThan(50)
  })

  test('a million empty chunks end', () => {
    const empty = chunk('IDAT', Buffer.alloc(0))
    const picture = Buffer.concat([PNG_SIGNATURE, pixelHeader(64, 64, 6), ...Array<Buffer>(200_000).fill(empty), end()])
    expect(open(picture)?.topLeft(1, 16)).toBeUndefined()
  })

  test('a million chunks before the pixels end', () => {
    const tiny = chunk('teSt', Buffer.alloc(0))
    const picture = Buffer.concat([PNG_SIGNATURE, pixelHeader(64, 64, 6), ...Array<Buffer>(20_000).fill(tiny), end()])
    expect(open(picture)).toBeUndefined()
  })

  const claims: readonly (readonly [width: number, height: number, rows: number])[] = [
    [1_000_000, 1_000_000, 16],
    [1_000_000, 1, 1],
    [1, 1_000_000, 120],
    [16_000, 16_000, 16],
  ]
  test.each(claims)('%d × %d pixels and no data for them', (width, height, rows) => {
    const file = Buffer.concat([
      PNG_SIGNATURE,
      pixelHeader(width, height, 6),
      chunk('IDAT', deflateSync(Buffer.alloc(99))),
      end(),
    ])
    expect(open(file)?.topLeft(1, rows)).toBeUndefined()
    expect(readHiddenPng(bytesSource(file), DEFAULT_LIMITS)).toEqual({ texts: [], warnings: [] })
  })

  test('data that inflates far past the picture is refused', () => {
    const bomb = chunk('IDAT', deflateSync(Buffer.alloc(20_000_000)))
    const file = Buffer.concat([PNG_SIGNATURE, pixelHeader(10, 10, 6), bomb, end()])
    expect(open(file)?.topLeft(10, 10)).toBeUndefined()
  })

  test('more rows than the limit are not inflated', () => {
    const picture = createPixelPng({ width: 100, height: 100, pixelAt: noisy, compress: deflateSync })
    expect(open(picture, 100 * 401)?.topLeft(100, 100)).toHaveLength(40_000)
    expect(open(picture, 100 * 401 - 1)?.topLeft(100, 100)).toBeUndefined()
    expect(open(picture, 100 * 401 - 1)?.topLeft(100, 99)).toHaveLength(39_600)
  })
})

test('a plain picture of the fixtures is read', () => {
  const pixels = open(createPng({ width: 24, height: 24 }))
  expect(pixels?.topLeft(1, 1)).toEqual(Uint8Array.of(255, 120, 60))
})
