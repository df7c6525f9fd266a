import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { hideInAlpha } from '../../scripts/fixtures/stealth-writer.ts'
import { createWebp, dusk, extended, riff, riffChunk, vp8l } from '../../scripts/fixtures/webp-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { readHiddenWebp } from '../../src/media/webp-hidden.ts'
import { decodeLossless } from '../../src/media/webp-lossless.ts'
import { webpPixels } from '../../src/media/webp-pixels.ts'

const LIMIT = 2 ** 26
const open = (file: Uint8Array, limitBytes = LIMIT) => webpPixels(bytesSource(file), limitBytes)
const whole = (file: Uint8Array) => {
  const pixels = open(file)
  return pixels?.topLeft(pixels.width, pixels.height)
}
const read = (file: Uint8Array) => readHiddenWebp(bytesSource(file), DEFAULT_LIMITS)
const NOTHING = { texts: [], warnings: [] }

const foreign = (name: string): Buffer =>
  readFileSync(join(import.meta.dir, '..', '..', 'fixtures', 'foreign', `cwebp-${name}.webp`))

/**
 * Pictures of ours that cwebp 1.2.4 made into WebP, with the beginning of the SHA-256 of the pixels that dwebp makes
 * of them: RGBA, or alpha alone of the lossy ones.
 */
const FOREIGN: readonly (readonly [name: string, width: number, height: number, sha256: string])[] = [
  ['sky', 75, 53, '858edf95b78d6a3e'], // most predictors, cross-colour, codes by block
  ['sky-alpha', 61, 47, '0e50d8ed599a542d'], // the same with alpha and a colour cache
  ['grey', 50, 40, '4ab568bb5ff3d9e9'],
  ['tiles', 96, 64, 'dab748f04bfff4aa'], // copies from far away
  ['two-colours', 37, 29, '45421a9446bbb10a'], // eight pixels a byte
  ['four-colours', 37, 29, 'd0f43211518d6bdd'], // four
  ['sixteen-colours', 37, 29, '2d517db9105c38c4'], // two
  ['sixteen-colours-predicted', 37, 29, '2d517db9105c38c4'], // with predictors over the packed bytes
  ['many-colours', 67, 59, '5c4686cfe0b1b825'], // a palette without packing, and a colour cache
  ['one', 1, 1, 'b2ed992186a5cb19'],
  ['one-plain', 1, 1, 'b2ed992186a5cb19'],
  ['column', 1, 90, '0983460d996b99f5'],
  ['row', 90, 1, 'a484d1673f03322c'],
  ['hidden-alpha', 48, 40, 'e44990986e8fef02'],
  ['hidden-rgb', 48, 40, '6313ccff7e93b9dc'],
  ['lossy-hidden-alpha', 48, 40, '4f7edffe92fe0a65'],
  ['lossy-hidden-raw-alpha', 48, 40, '4f7edffe92fe0a65'],
  ['lossy-gradient-alpha', 61, 47, '1b2935c135f7c17c'], // filtered
]

describe.each(FOREIGN)('%s', (name, width, height, sha256) => {
  const pixels = open(foreign(name))

  test('has the pixels that dwebp finds', () => {
    const all = pixels?.topLeft(width, height) ?? new Uint8Array(0)
    expect(pixels).toMatchObject({ width, height })
    expect(createHash('sha256').update(all).digest('hex').slice(0, 16)).toBe(sha256)
  })

  test('has the same ones where only its top left is decoded', () => {
    const channels = pixels?.channels ?? 0
    const all = pixels?.topLeft(width, height) ?? new Uint8Array(0)
    for (let rows = 1; rows <= height; rows += 7) {
      const columns = Math.min(width, 1 + (rows % 5))
      const part: number[] = []
      for (let y = 0; y < rows; y += 1) {
        part.push(...all.subarray(y * width * channels, (y * width + columns) * channels))
      }
      expect(pixels?.topLeft(columns, rows)).toEqual(Uint8Array.from(part))
    }
  })
})

const HIDDEN =
  'a harbor at dusk, paper lanterns <lora:ink_wash_style:0.8>\nSteps: 24, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 20250114, Size: 512x768, Model: harborMix_v2'

test.each([
  ['hidden-alpha', 'webp:stealth_pnginfo'],
  ['hidden-rgb', 'webp:stealth_rgbinfo'],
  ['lossy-hidden-alpha', 'webp:stealth_pnginfo'],
  ['lossy-hidden-raw-alpha', 'webp:stealth_pnginfo'],
])('%s holds its text', (name, place) => {
  expect(read(foreign(name))).toEqual({ texts: [{ place, key: 'stealth', text: HIDDEN }], warnings: [] })
})

test('any pixels come back', () => {
  const size = fc.record({ width: fc.integer({ min: 1, max: 30 }), height: fc.integer({ min: 1, max: 30 }) })
  fc.assert(
    fc.property(size, fc.infiniteStream(fc.nat(255)), ({ width, height }, values) => {
      const bytes = Uint8Array.from({ length: 4 * width * height }, () => values.next().value ?? 0)
      const at = (index: number): number => bytes[index] ?? 0
      const file = createWebp({
        width,
        height,
        pixelAt: (x, y) => {
          const index = 4 * (y * width + x)
          return [at(index), at(index + 1), at(index + 2), at(index + 3)]
        },
      })
      expect(whole(file)).toEqual(bytes)
    }),
    { numRuns: 30 },
  )
})

describe('the alpha of a lossy picture', () => {
  const width = 12
  const height = 9
  const alpha = Uint8Array.from({ length: width * height }, (_, index) => (index * index * 7 + index) & 255)
  /** What is stored when a value's guess is taken off. */
  const stored = (filter: number): Uint8Array =>
    alpha.map((value, index) => {
      const [x, y] = [index % width, Math.floor(index / width)]
      const left = alpha[index - 1] ?? 0
      const above = alpha[index - width] ?? 0
      const corner = alpha[index - width - 1] ?? 0
      if (filter === 0 || index === 0) return value
      if (y === 0) return value - left
      if (x === 0) return value - above
      return value - ([0, left, above, Math.min(255, Math.max(0, left + above - corner))][filter] ?? 0)
    })
  const file = (data: Uint8Array, canvas = extended(width, height, 0x10)): Buffer =>
    riff([canvas, riffChunk('ALPH', data), riffChunk('VP8 ', Buffer.alloc(10))])

  test.each([0, 1, 2, 3])('with filter %d', (filter) => {
    expect(whole(file(Buffer.from([filter << 2, ...stored(filter)])))).toEqual(alpha)
  })

  test.each([
    ['is cut off', file(Buffer.from([0, ...alpha.subarray(1)]))],
    ['is empty', file(Buffer.alloc(0))],
    ['is packed in an unknown way', file(Buffer.from([2, ...alpha]))],
  ])('is undefined where it %s', (_, bytes) => {
    expect(whole(bytes)).toBeUndefined()
  })

  test('has sides that a lossy picture can have', () => {
    expect(open(file(alpha, extended(16_383, 1, 0x10)))).toMatchObject({ width: 16_383, channels: 1, hasColour: false })
    expect(open(file(alpha, extended(16_384, 1, 0x10)))).toBeUndefined()
    expect(open(riff([riffChunk('ALPH', alpha), riffChunk('VP8 ', Buffer.alloc(10))]))).toBeUndefined()
  })
})

describe('nothing is decoded of', () => {
  const stream = vp8l(4, 4, dusk(4))
  const changed = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(stream)
    copy[at] = byte
    return copy
  }
  test.each([
    ['an animation', createWebp({ frames: 2 })],
    ['a lossy picture', riff([riffChunk('VP8 ', Buffer.alloc(20))])],
    ['a file without pixels', riff([extended(4, 4, 0)])],
    ['a wrong first byte', riff([riffChunk('VP8L', changed(0, 0x2e))])],
    ['another version', riff([riffChunk('VP8L', changed(4, 0x30))])],
    ['a cut header', riff([riffChunk('VP8L', stream.subarray(0, 4))])],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(500)],
  ])('%s', (_, bytes) => {
    expect(open(bytes)).toBeUndefined()
    expect(read(bytes)).toEqual(NOTHING)
  })

  test('a picture that is opaque by its header has no alpha to hide in', () => {
    const opaque = vp8l(4, 4, dusk(4))
    opaque[4] = (opaque[4] ?? 0) & 0xef
    expect(open(riff([riffChunk('VP8L', opaque)]))?.alphaAt).toBeUndefined()
    expect(open(riff([riffChunk('VP8L', stream)]))?.alphaAt).toBe(3)
  })
})

describe('damage', () => {
  test.each(['sky-alpha', 'tiles', 'many-colours', 'sixteen-colours-predicted', 'lossy-gradient-alpha'])(
    '%s, cut anywhere, gives its beginning or nothing',
    (name) => {
      const file = foreign(name)
      const { width = 0, height = 0 } = open(file) ?? {}
      const rows = Math.ceil(height / 3)
      const top = open(file)?.topLeft(width, rows)
      let readable = 0
      for (let cut = 0; cut < file.length; cut += 1) {
        const pixels = open(file.subarray(0, cut))
        const start = pixels?.topLeft(width, rows)
        if (start === undefined) continue
        expect(start).toEqual(top ?? new Uint8Array(0))
        readable += 1
      }
      expect(readable).toBeGreaterThan(0)
      // A lossy picture's alpha stands before the rest of it.
      if (!name.startsWith('lossy')) expect(whole(file.subarray(0, -8))).toBeUndefined()
    },
  )

  test('a hidden text that is cut off is told', () => {
    const file = hideInAlpha('x'.repeat(60), { width: 8, height: 160, container: 'webp' })
    expect(read(file).texts).toHaveLength(1)
    expect(read(file.subarray(0, -12))).toEqual({
      texts: [],
      warnings: [
        {
          place: 'webp:stealth_pnginfo',
          reason: 'the pixels that hold it are damaged, cut off or more than the limit',
        },
      ],
    })
  })

  test('any bytes in place of others end in an answer', () => {
    const files = FOREIGN.map(([name]) => foreign(name))
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(fc.constantFrom(...files), changes, (file, bytes) => {
        const copy = Buffer.from(file)
        // Sizes in the header are left as they are: what they cost is another test's.
        for (const [at, byte] of bytes) if (25 + at < copy.length) copy[25 + at] = byte
        const { width = 0, height = 0, channels = 0, topLeft } = open(copy, 2 ** 22) ?? {}
        const all = topLeft?.(width, height)
        if (all !== undefined) expect(all).toHaveLength(width * height * channels)
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes behind the header end in an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        const pixels = decodeLossless(data, { width: 50, height: 40, rows: 40, limitBytes: 2 ** 20 })
        if (pixels !== undefined) expect(pixels).toHaveLength(2000)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('what it costs', () => {
  /** All pixels alike: they take no bits, so that a few bytes claim to be any size. */
  const NO_BITS = Buffer.from([0b1000_1000, 0b1000_1000, 0b1000_1000, 0, 0, 0])
  const claim = (side: number): Buffer => {
    const header = Buffer.from([0x2f, 0, 0, 0, 0])
    header.writeUInt32LE(((1 << 28) | ((side - 1) << 14) | (side - 1)) >>> 0, 1)
    return riff([riffChunk('VP8L', Buffer.concat([header, NO_BITS]))])
  }

  test('pixels without bits are pixels', () => {
    expect(whole(claim(3))).toEqual(new Uint8Array(36))
  })

  test('a few bytes that claim 16,384 × 16,384 pixels are looked at in their first rows', () => {
    expect(open(claim(16_384))?.topLeft(16_384, 16_384)).toBeUndefined()
    expect(open(claim(16_384))?.topLeft(1, 16)).toEqual(new Uint8Array(64))
    expect(read(claim(16_384))).toEqual(NOTHING)
  })

  test('no more memory is taken than the limit', () => {
    expect(open(claim(100), 40_000)?.topLeft(1, 100)).toHaveLength(400)
    expect(open(claim(100), 39_999)?.topLeft(1, 100)).toBeUndefined()
    // The same for what is told about blocks, and for colours of a palette.
    expect(open(foreign('sky'), 4 * 75 * 53)?.topLeft(1, 53)).toBeUndefined()
    expect(open(foreign('sky'), 5 * 75 * 53)?.topLeft(1, 53)).toHaveLength(4 * 53)
    expect(open(foreign('two-colours'), 4 * 37 * 29)?.topLeft(1, 29)).toBeUndefined()
  })
})
