import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type GgufHeader, readGguf } from '../../src/hash/gguf.ts'
import { readAtOf } from '../../src/hash/read-at.ts'
import { gguf } from './gguf-bytes.ts'

const read = (bytes: Uint8Array, sizeBytes = bytes.length) => readGguf(readAtOf(bytes), sizeBytes)

function header(bytes: Uint8Array): GgufHeader {
  const result = read(bytes)
  if (!result.ok) throw new Error(result.reason)
  return result.header
}

/** Q8_0: 34 bytes for 32 elements. */
const FLUX = {
  metadata: {
    'general.architecture': 'flux',
    'general.file_type': 7,
    'general.tags': ['art', 'fog'],
    __proto: true,
  },
  tensors: [
    { name: 'img_in.weight', shape: [3072, 64], type: 8, offset: 0 },
    { name: 'img_in.bias', shape: [3072], type: 0, offset: 208_896 },
  ],
  data: 208_896 + 4 * 3072,
}

describe('a whole file', () => {
  test.each([
    [1, false],
    [2, false],
    [3, false],
    [3, true],
    [2, true],
  ])('of version %d, big endian: %p', (version, bigEndian) => {
    const bytes = gguf({ ...FLUX, version, bigEndian })
    const found = header(bytes)
    expect(found).toMatchObject({ version, bigEndian, dataBytes: FLUX.data, truncated: false })
    expect(found.metadata).toEqual({
      'general.architecture': 'flux',
      'general.file_type': '7',
      'general.tags': 'art, fog',
      __proto: 'true',
    })
    expect([...found.tensors]).toEqual([
      ['img_in.weight', { shape: [3072, 64] }],
      ['img_in.bias', { shape: [3072] }],
    ])
    expect(found.dataOffset).toBe(bytes.length - FLUX.data)
  })

  test('that lacks its last byte is truncated', () => {
    const bytes = gguf(FLUX)
    expect(header(bytes.subarray(0, -1)).truncated).toBe(true)
    expect(header(Buffer.concat([bytes, Buffer.alloc(100)])).truncated).toBe(false)
  })

  test('may hold a vocabulary and no tensors', () => {
    const tokens = Array.from({ length: 50_000 }, (_, index) => `token ${index}`)
    const found = header(gguf({ metadata: { 'tokenizer.ggml.tokens': tokens, 'general.name': 'after it' } }))
    expect(found).toMatchObject({ metadata: { 'general.name': 'after it' }, truncated: false })
    expect(Object.keys(found.metadata)).toEqual(['general.name'])
  })

  test('keeps the shapes that ggml has no dimensions for', () => {
    const shape = Buffer.alloc(4 + 8 + 5 * 4)
    shape.writeUInt32LE(5)
    shape.writeBigUInt64LE(5n, 4)
    for (const [index, size] of [5120, 36, 1, 2, 2].entries()) shape.writeInt32LE(size, 12 + 4 * index)
    const found = header(
      gguf({
        metadata: { 'comfy.gguf.orig_shape.patch_embedding.weight': { type: 9, bytes: shape } },
        tensors: [{ name: 'patch_embedding.weight', shape: [737_280], type: 0, offset: 0 }],
        data: 737_280 * 4,
      }),
    )
    expect(found.tensors.get('patch_embedding.weight')?.shape).toEqual([5120, 36, 1, 2, 2])
  })

  test('with types of tensors that came later is measured as far as they are known', () => {
    const tensors = [{ name: 'a', shape: [32], type: 77, offset: 64 }]
    expect(header(gguf({ tensors, data: 64 }))).toMatchObject({ dataBytes: 64, truncated: false })
    expect(header(gguf({ tensors, data: 63 })).truncated).toBe(true)
  })
})

describe('what is no gguf is said, not thrown', () => {
  const long = Buffer.alloc(8)
  long.writeBigUInt64LE(2n ** 63n)
  test.each<[string, Uint8Array, boolean, RegExp]>([
    ['nothing', new Uint8Array(), false, /does not begin with GGUF/],
    ['four bytes', Buffer.from('GGUF'), true, /ends after 4 bytes/],
    ['version 4', gguf({ version: 4 }), false, /version 4/],
    ['version 0', gguf({ version: 0 }), false, /version 0/],
    [
      '2^63 tensors',
      Buffer.concat([gguf({}).subarray(0, 8), long, long]),
      false,
      /counts further than any file is long/,
    ],
    [
      'a billion entries',
      Buffer.concat([gguf({}).subarray(0, 16), Buffer.from([0, 0, 0, 64, 0, 0, 0, 0])]),
      false,
      /counts 1073741824/,
    ],
    ['an unknown value', gguf({ metadata: { a: { type: 99, bytes: new Uint8Array(8) } } }), false, /unknown type 99/],
    [
      'nine dimensions',
      gguf({ tensors: [{ name: 'a', shape: Array(9).fill(1), type: 0, offset: 0 }] }),
      false,
      /9 dimensions/,
    ],
    [
      'an endless tensor',
      gguf({ tensors: [{ name: 'a', shape: [2 ** 40, 2 ** 40], type: 0, offset: 0 }] }),
      false,
      /larger than any file/,
    ],
    ['no alignment', gguf({ metadata: { 'general.alignment': 0 } }), false, /alignment/],
    [
      'a text of 2^40 bytes',
      gguf({ metadata: { a: { type: 8, bytes: Buffer.from([0, 0, 0, 0, 0, 1, 0, 0]) } } }),
      false,
      /more than 134217728 bytes/,
    ],
  ])('%s', (_, bytes, truncated, reason) => {
    const result = read(bytes)
    if (result.ok) throw new Error('it was read')
    expect(result.reason).toMatch(reason)
    expect(result.truncated).toBe(truncated)
  })

  test('a header that was cut anywhere is truncated', () => {
    const bytes = gguf({ ...FLUX, data: 0 })
    for (let length = 8; length < bytes.length; length += 1) {
      const result = read(bytes.subarray(0, length))
      expect(result.ok ? result.header.truncated : result.truncated).toBe(true)
    }
  })

  test('lists in lists in lists end', () => {
    const level = Buffer.alloc(12)
    level.writeUInt32LE(9)
    level.writeBigUInt64LE(1n, 4)
    const bytes = Buffer.concat(Array(1000).fill(level))
    const result = read(gguf({ metadata: { a: { type: 9, bytes } } }))
    expect(result).toMatchObject({ ok: false, truncated: false })
  })
})

test('any bytes and any damage are read without a throw', () => {
  const whole = gguf(FLUX)
  const damage = fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 8 })
  fc.assert(
    fc.property(damage, fc.nat(whole.length), (changes, length) => {
      const bytes = Buffer.from(whole.subarray(0, length))
      for (const [at, byte] of changes) if (at < length) bytes[at] = byte
      const result = read(bytes)
      if (result.ok && length < whole.length && changes.length === 0) expect(result.header.truncated).toBe(true)
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, size) => {
      read(Buffer.concat([Buffer.from('GGUF\x03\0\0\0'), bytes]), size)
    }),
  )
})
