import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { createIncrementalSha256, createSha256Engine, restoreIncrementalSha256 } from '../../src/hash/incremental.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Around SHA-256's block of 64, hash-wasm's buffer of 16 KiB and the pieces of 256 KiB. */
const EDGES = [64, 16 * 1024, 256 * 1024].flatMap((edge) => [edge - 1, edge, edge + 1])
const SIZES = [0, 1, 55, 56, 57, ...EDGES, 300_001]

const patterned = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)

test.each(SIZES)('%d bytes at once', async (size) => {
  const hasher = await createIncrementalSha256()
  hasher.update(patterned(size))
  expect(hasher.sizeBytes).toBe(size)
  expect(hasher.digest() as string).toBe(sha256(patterned(size)))
})

describe('any splits, saves and restores', () => {
  test('give the digest of the whole', async () => {
    const engine = await createSha256Engine()
    const step = fc.record({ bytes: fc.uint8Array({ maxLength: 300 }), save: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let hasher = engine.create()
        for (const { bytes, save } of steps) {
          hasher.update(bytes)
          if (save) hasher = engine.restore(hasher.save())
        }
        const whole = Buffer.concat(steps.map(({ bytes }) => bytes))
        expect(hasher.sizeBytes).toBe(whole.length)
        expect(hasher.digest() as string).toBe(sha256(whole))
      }),
      { numRuns: 300 },
    )
  })

  test('do not mix when hashers of one engine take turns', async () => {
    const engine = await createSha256Engine()
    const step = fc.record({ of: fc.nat(3), bytes: fc.uint8Array({ maxLength: 200 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const hashers = Array.from({ length: 4 }, () => engine.create())
        for (const { of, bytes } of steps) hashers[of]?.update(bytes)
        for (const [index, hasher] of hashers.entries()) {
          const own = Buffer.concat(steps.filter(({ of }) => of === index).map(({ bytes }) => bytes))
          expect(hasher.digest() as string).toBe(sha256(own))
        }
      }),
      { numRuns: 200 },
    )
  })

  test.each(EDGES)('go on in another instance after %d bytes', async (cut) => {
    const whole = patterned(600_000)
    const first = await createIncrementalSha256()
    first.update(whole.subarray(0, cut))
    const second = await restoreIncrementalSha256(first.save())
    expect(second.sizeBytes).toBe(cut)
    second.update(whole.subarray(cut))
    expect(second.digest() as string).toBe(sha256(whole))
    // Saving did not end the first.
    first.update(whole.subarray(cut))
    expect(first.digest() as string).toBe(sha256(whole))
  })
})

describe('restore refuses', () => {
  const invalid = { code: 'invalid_input' }

  test('every saved state with one bit changed, cut or longer', async () => {
    const engine = await createSha256Engine()
    const hasher = engine.create()
    hasher.update(patterned(1000))
    const state = hasher.save()
    for (let index = 0; index < state.length; index++) {
      const foreign = state.slice()
      foreign[index] = (foreign[index] ?? 0) ^ 1
      expect(() => engine.restore(foreign)).toThrow(expect.objectContaining(invalid))
      expect(() => engine.restore(state.subarray(0, index))).toThrow(expect.objectContaining(invalid))
    }
    expect(() => engine.restore(Buffer.concat([state, state]))).toThrow(expect.objectContaining(invalid))
    hasher.update(patterned(1))
    expect(hasher.digest() as string).toBe(sha256(Buffer.concat([patterned(1000), patterned(1)])))
  })

  test('any other bytes', async () => {
    const engine = await createSha256Engine()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => engine.restore(bytes)).toThrow(expect.objectContaining(invalid))
      }),
    )
  })

  test('a state of another build of the hasher', async () => {
    const engine = await createSha256Engine()
    const state = engine.create().save()
    const body = state.subarray(0, -8)
    // Bytes 17 to 20 name hash-wasm's build; the check behind is right again.
    body[17] = (body[17] ?? 0) ^ 1
    const forged = Buffer.concat([body, createHash('sha256').update(body).digest().subarray(0, 8)])
    expect(() => engine.restore(forged)).toThrow(expect.objectContaining(invalid))
    expect(engine.create().digest() as string).toBe(sha256(new Uint8Array()))
  })
})

test('nothing goes on after a digest', async () => {
  const hasher = await createIncrementalSha256()
  hasher.digest()
  expect(() => hasher.update(new Uint8Array(1))).toThrow('after its digest')
  expect(() => hasher.save()).toThrow('after its digest')
  expect(() => hasher.digest()).toThrow('after its digest')
})
