import { afterAll, describe, expect, test } from 'bun:test'
import { appendFileSync, truncateSync, utimesSync } from 'node:fs'
import fc from 'fast-check'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { createPartHasher } from '../../src/hash/file-parts.ts'
import { BUFFER_BYTES } from '../../src/hash/file-pass.ts'
import { createTestFiles, hasherDeps, openNames, patterned, sha256, timeless } from './content.ts'

const files = createTestFiles()
afterAll(() => files.remove())

const { hashChunks, hashRange } = createPartHasher(await hasherDeps())
const options = { engine: 'native', isCancelled: () => false, onBytes: () => {} } as const
const fails = (code: string) => expect.objectContaining({ code })

const slices = (bytes: Uint8Array, chunkBytes: number): string[] =>
  Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    sha256(bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
  )

const reading = fc.record({
  engine: fc.constantFrom('native', 'wasm'),
  turns: fc.constantFrom(undefined, 0, 63),
})

describe('chunks', () => {
  // Sizes around a buffer, chunks shorter and longer than one and than the file.
  const B = BUFFER_BYTES
  test.each([
    [0, 1],
    [1, 1],
    [5, 2],
    [B, B],
    [B + 1, B],
    [B - 1, B],
    [3 * B, B / 2],
    [3 * B + 7, B + 1],
    [3 * B + 7, 2 * B],
    [2 * B, 10 * B],
    [2 * B, Number.MAX_SAFE_INTEGER],
  ])('of a file of %d bytes, %d each', (size, chunkBytes) => {
    const bytes = patterned(size)
    for (const engine of ['native', 'wasm'] as const) {
      expect(timeless(hashChunks(files.add(bytes), { ...options, engine, chunkBytes }))).toEqual({
        sha256: sha256(bytes) as never,
        chunks: slices(bytes, chunkBytes) as never,
        sizeBytes: size,
        engine,
      })
    }
  })

  test('are the digests of its slices', () => {
    const whole = patterned(2 * BUFFER_BYTES + 1000)
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length }),
        fc.integer({ min: 200, max: whole.length }),
        reading,
        (size, chunkBytes, { engine, turns }) => {
          const bytes = whole.subarray(0, size)
          const found = hashChunks(files.add(bytes), { ...options, engine, turns, chunkBytes })
          expect(found.chunks as readonly string[]).toEqual(slices(bytes, chunkBytes))
          expect(found.sha256 as string).toBe(sha256(bytes))
        },
      ),
      { numRuns: 60 },
    )
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('of %d bytes are none', (chunkBytes) => {
    const path = files.add(patterned(3))
    expect(() => hashChunks(path, { ...options, chunkBytes })).toThrow(fails('invalid_input'))
  })

  test('in a list without end are refused before it begins', () => {
    const path = files.addSparse(200e9)
    expect(() => hashChunks(path, { ...options, chunkBytes: 1000 })).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('1048576 chunks') }),
    )
    expect(openNames()).not.toContain(path)
  })
})

describe('ranges', () => {
  test('give the digest of the slice and tell of its bytes', () => {
    const whole = patterned(3 * BUFFER_BYTES + 1000)
    const path = files.add(whole)
    const bound = fc.integer({ min: 0, max: whole.length })
    fc.assert(
      fc.property(bound, bound, reading, (a, b, { engine, turns }) => {
        const [begin, end] = a < b ? [a, b] : [b, a]
        const told: [number, number][] = []
        const onBytes = (done: number, total: number) => told.push([done, total])
        const found = hashRange(path, { ...options, engine, turns, begin, end, onBytes })
        const part = sha256(whole.subarray(begin, end)) as never
        expect(timeless(found)).toEqual({ sha256: part, sizeBytes: whole.length, engine })
        expect(told.at(-1)).toEqual(begin === end ? undefined : [end - begin, end - begin])
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    [0, 11],
    [11, 11],
    [5, 4],
    [-1, 4],
    [0.5, 4],
    [0, Number.NaN],
    [0, Number.POSITIVE_INFINITY],
  ])('from %d to %d of ten bytes are refused', (begin, end) => {
    const path = files.add(patterned(10))
    expect(() => hashRange(path, { ...options, begin, end })).toThrow(fails('invalid_input'))
    expect(openNames()).not.toContain(path)
  })

  test('of no bytes have the hash of none, up to the end of the file', () => {
    for (const at of [0, 10]) {
      const path = files.add(patterned(10))
      expect(hashRange(path, { ...options, begin: at, end: at }).sha256).toBe(EMPTY_SHA256)
    }
  })

  test('at the end of 200 GB of nothing are read without the rest', () => {
    const path = files.addSparse(200e9)
    const found = hashRange(path, { ...options, begin: 200e9 - 100, end: 200e9 })
    expect(found.sha256 as string).toBe(sha256(Buffer.alloc(100)))
  })
})

describe('a file that changes while it is read', () => {
  const parts: [string, (path: string, onBytes: () => void) => unknown][] = [
    ['chunks', (path, onBytes) => hashChunks(path, { ...options, chunkBytes: 1000, onBytes })],
    ['a range', (path, onBytes) => hashRange(path, { ...options, begin: 5, end: 2 * BUFFER_BYTES, onBytes })],
  ]
  const changes: [string, (path: string) => void][] = [
    ['grows', (path) => appendFileSync(path, 'more')],
    ['shrinks', (path) => truncateSync(path, 10)],
    ['is written in place', (path) => utimesSync(path, 1, 1)],
  ]
  test.each(parts.flatMap(([part, hash]) => changes.map(([how, change]) => [part, how, hash, change] as const)))(
    '%s, %s: conflict',
    (_part, _how, hash, change) => {
      const path = files.add(patterned(3 * BUFFER_BYTES))
      utimesSync(path, 1, 1.5)
      let changed = false
      const onBytes = (): void => {
        if (!changed) change(path)
        changed = true
      }
      expect(() => hash(path, onBytes)).toThrow(fails('conflict'))
      expect(openNames()).not.toContain(path)
    },
  )
})
