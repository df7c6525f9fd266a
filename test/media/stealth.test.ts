import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { createPixelPng } from '../../scripts/fixtures/pixel-png-writer.ts'
import {
  type Hiding,
  hide,
  hideInAlpha,
  hideInRgb,
  stealthBytes,
  storedGzip,
  withBits,
} from '../../scripts/fixtures/stealth-writer.ts'
import { dusk } from '../../scripts/fixtures/webp-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS, type MetadataLimits } from '../../src/media/container.ts'
import type { Pixels } from '../../src/media/pixels.ts'
import { readHiddenPng } from '../../src/media/png-hidden.ts'
import { readStealth } from '../../src/media/stealth.ts'
import { createTextCollector } from '../../src/media/text-collector.ts'
import { readHiddenWebp } from '../../src/media/webp-hidden.ts'

const TEXT = 'a harbor at dusk, 提灯 <lora:ink_wash_style:0.8>\nSteps: 24, Sampler: Euler, Model: harborMix_v2'

const read = (file: Uint8Array, limits: MetadataLimits = DEFAULT_LIMITS) =>
  (file[0] === 0x89 ? readHiddenPng : readHiddenWebp)(bytesSource(file), limits)

const found = (place: string, text: string) => ({ texts: [{ place, key: 'stealth', text }], warnings: [] })
const NOTHING = { texts: [], warnings: [] }

describe('what is hidden comes out', () => {
  const rows: readonly (readonly [place: string, write: typeof hideInAlpha, options: Hiding])[] = [
    ['png:stealth_pnginfo', hideInAlpha, {}],
    ['png:stealth_pngcomp', hideInAlpha, { compressed: true }],
    ['png:stealth_rgbinfo', hideInRgb, {}],
    ['png:stealth_rgbcomp', hideInRgb, { compressed: true }],
    ['webp:stealth_pnginfo', hideInAlpha, { container: 'webp' }],
    ['webp:stealth_pngcomp', hideInAlpha, { container: 'webp', compressed: true }],
    ['webp:stealth_rgbinfo', hideInRgb, { container: 'webp' }],
    ['webp:stealth_rgbcomp', hideInRgb, { container: 'webp', compressed: true }],
  ]
  test.each(rows)('%s', (place, write, options) => {
    expect(read(write(TEXT, options))).toEqual(found(place, TEXT))
  })

  const sizes: readonly (readonly [width: number, height: number])[] = [
    [1, 2000],
    [2000, 1],
    [300, 5],
    [7, 200],
    [40, 39],
    [9, 121],
    [13, 119],
  ]
  test.each(sizes)('in a picture of %d × %d', (width, height) => {
    expect(read(hideInAlpha(TEXT, { width, height }))).toEqual(found('png:stealth_pnginfo', TEXT))
    expect(read(hideInRgb(TEXT, { width, height, container: 'webp' }))).toEqual(found('webp:stealth_rgbinfo', TEXT))
  })

  test('in the colours of a picture that has alpha', () => {
    const bytes = stealthBytes('stealth_rgbinfo', Buffer.from(TEXT))
    const pixelAt = withBits(dusk(64), { bytes, channel: 'rgb', height: 64 })
    expect(read(createPixelPng({ width: 64, height: 64, pixelAt }))).toEqual(found('png:stealth_rgbinfo', TEXT))
  })

  test('in colours, though alpha begins as a signature does', () => {
    const bytes = stealthBytes('stealth_rgbinfo', Buffer.from(TEXT))
    const colours = withBits(dusk(64), { bytes, channel: 'rgb', height: 64 })
    const pixelAt = withBits(colours, { bytes: Buffer.from('stealth_?'), channel: 'alpha', height: 64 })
    expect(read(createPixelPng({ width: 64, height: 64, pixelAt }))).toEqual(found('png:stealth_rgbinfo', TEXT))
  })

  test('beside grey', () => {
    const bytes = stealthBytes('stealth_pnginfo', Buffer.from(TEXT))
    const pixelAt = withBits(dusk(64), { bytes, channel: 'alpha', height: 64 })
    const picture = createPixelPng({ width: 64, height: 64, pixelAt, colour: 'grey-alpha' })
    expect(read(picture)).toEqual(found('png:stealth_pnginfo', TEXT))
  })

  test('up to the last bit of the picture', () => {
    const full = 'x'.repeat((40 * 20) / 8 - 19)
    expect(read(hideInAlpha(full, { width: 40, height: 20 }))).toEqual(found('png:stealth_pnginfo', full))
  })
})

describe('what is not as it should be becomes a warning', () => {
  const plain = 'a harbor at dusk'
  const lie = (bits: number) => hide(stealthBytes('stealth_pnginfo', Buffer.from(plain), bits), 'alpha', {})
  const packed = (bytes: Uint8Array) => hide(stealthBytes('stealth_pngcomp', bytes), 'alpha', {})
  const words = 'some words that are long enough '.repeat(20)
  const room = (64 * 64) / 8 - 19
  const rows: readonly (readonly [name: string, file: Buffer, texts: string[], reasons: string[]])[] = [
    ['a length of nothing', lie(0), [], []],
    ['a length of less than a byte', lie(7), [], ['its length is no whole number of bytes']],
    ['a length of eight bytes and a bit', lie(65), ['a harbor'], ['its length is no whole number of bytes']],
    ['a length of one byte too many', lie(8 * (room + 1)), [], ['its length is more than the picture can hold']],
    ['the largest length', lie(0xffff_fff8), [], ['its length is more than the picture can hold']],
    // Opaque pixels behind the text are ones.
    ['a length beyond its text', lie(8 * room), [plain.padEnd(room, 'ÿ')], ['its text is not UTF-8']],
    ['no gzip', packed(Buffer.from(plain)), [], ['its compressed data is damaged']],
    ['a cut gzip', packed(gzipSync(words).subarray(0, -9)), [words], ['its compressed text is cut off']],
    ['no UTF-8', packed(storedGzip(Buffer.from('caf\xe9', 'latin1'))), ['café'], ['its text is not UTF-8']],
  ]
  test.each(rows)('%s', (_, file, texts, reasons) => {
    const content = read(file)
    expect(content.texts.map(({ text }) => text)).toEqual(texts)
    expect(content.warnings.map(({ reason }) => reason)).toEqual(reasons)
    for (const { place } of content.warnings) expect(place).toStartWith('png:stealth_png')
  })

  test('a gzip that inflates past the limit', () => {
    const bomb = hide(stealthBytes('stealth_rgbcomp', gzipSync(Buffer.alloc(300_000))), 'rgb', {})
    expect(read(bomb, { textBytes: 1000, totalBytes: 2 ** 20 })).toEqual({
      texts: [],
      warnings: [{ place: 'png:stealth_rgbcomp', reason: 'it inflates to more than 1000 bytes' }],
    })
  })

  test('a text past the limit', () => {
    const { texts, warnings } = read(hideInAlpha('x'.repeat(200)), { textBytes: 199, totalBytes: 2 ** 20 })
    expect(texts).toEqual([])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.reason).toContain('larger than the limit')
  })

  test('pixels past the limit', () => {
    const picture = hideInAlpha(TEXT, { width: 100, height: 200 })
    expect(read(picture, { textBytes: 1000, totalBytes: 200 * 401 })).toEqual(found('png:stealth_pnginfo', TEXT))
    expect(read(picture, { textBytes: 1000, totalBytes: 200 * 401 - 1 })).toEqual({
      texts: [],
      warnings: [
        {
          place: 'png:stealth_pnginfo',
          reason: 'the pixels that hold it are damaged, cut off or more than the limit',
        },
      ],
    })
  })
})

describe('a picture without a hidden text', () => {
  const rows: readonly (readonly [name: string, file: Buffer])[] = [
    ['opaque', createPixelPng({ width: 64, height: 64, pixelAt: dusk(64) })],
    ['an unknown signature', hide(stealthBytes('stealth_pngtext', Buffer.from(TEXT)), 'alpha', {})],
    ['a signature of colours in alpha', hide(stealthBytes('stealth_rgbinfo', Buffer.from(TEXT)), 'alpha', {})],
    ['a signature of alpha in colours', hide(stealthBytes('stealth_pnginfo', Buffer.from(TEXT)), 'rgb', {})],
    [
      'too small for a signature',
      hide(stealthBytes('stealth_pnginfo', Buffer.from(TEXT)), 'alpha', { width: 7, height: 17 }),
    ],
    [
      'too small for a length',
      hide(stealthBytes('stealth_pnginfo', Buffer.from(TEXT)), 'alpha', { width: 8, height: 19 }),
    ],
    ['one pixel', createPixelPng({ width: 1, height: 1, pixelAt: dusk(1) })],
    ['no pixels', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
  ]
  test.each(rows)('%s', (_, file) => {
    expect(read(file)).toEqual(NOTHING)
  })

  /** Opaque black, which counts what it is asked for. */
  function counted(width: number, height: number, channels: number) {
    const asked: number[] = []
    const pixels: Pixels = {
      width,
      height,
      channels,
      hasColour: true,
      ...(channels === 4 ? { alphaAt: 3 } : {}),
      topLeft(columns, rows) {
        asked.push(columns * rows)
        return new Uint8Array(columns * rows * channels).fill(255)
      },
    }
    return { pixels, asked }
  }

  test.each([
    [1024, 1024, 4, 16],
    [1024, 1024, 3, 6],
    [5000, 1, 4, 16],
    [2, 3, 4, 0],
  ])('of %d × %d pixels of %d bytes is looked at %d pixels deep', (width, height, channels, most) => {
    const { pixels, asked } = counted(width, height, channels)
    const into = createTextCollector(DEFAULT_LIMITS)
    readStealth(pixels, 'png', into)
    expect(into.content()).toEqual(NOTHING)
    expect(asked).toEqual(most === 0 ? [] : [most])
  })
})

test('any text that fits survives in all four kinds and both containers', () => {
  const words = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 150 })
    .filter((text) => text.isWellFormed() && !text.endsWith('\0') && !text.startsWith('\uFEFF'))
  const options = fc.record({
    width: fc.integer({ min: 1, max: 90 }),
    height: fc.integer({ min: 1, max: 90 }),
    compressed: fc.boolean(),
    container: fc.constantFrom('png' as const, 'webp' as const),
  })
  fc.assert(
    fc.property(words, options, fc.constantFrom('alpha', 'rgb'), (text, { width, ...rest }, channel) => {
      const bits = 8 * (19 + 23 + Buffer.byteLength(text))
      const wide = Math.max(width, Math.ceil(bits / rest.height))
      const file = (channel === 'alpha' ? hideInAlpha : hideInRgb)(text, { ...rest, width: wide })
      expect(read(file).texts.map((one) => one.text)).toEqual([text])
    }),
  )
})
