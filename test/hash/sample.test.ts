import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { BUFFER_BYTES, TURN_BYTES } from '../../src/hash/file-pass.ts'
import { sampleBlocks, sampleFile, sampleOf } from '../../src/hash/sample.ts'
import { createWholeFileHasher } from '../../src/hash/whole-file.ts'
import { createTestFiles, hasherDeps, openNames, patterned, sha256 } from './content.ts'
import { failureOf } from './outcome.ts'

const files = createTestFiles()
afterAll(() => files.remove())

const KIB = 1024
const WHOLE = 64 * KIB
const SPARSE = 200e9

/** As the format says it, apart from how the code goes about it. */
function expectedSample(bytes: Uint8Array): string {
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(bytes.length))
  if (bytes.length <= WHOLE) return sha256(Buffer.concat([size, bytes]))
  const last = bytes.length - 4096
  const step = Math.floor(last / 7 / 4096) * 4096
  const starts = [...[0, 1, 2, 3, 4, 5, 6].map((index) => index * step), last]
  return sha256(Buffer.concat([size, ...starts.map((from) => bytes.subarray(from, from + 4096))]))
}

describe('blocks', () => {
  test.each([0, 1, 4096, WHOLE - 1, WHOLE])('of a file of %d bytes are the whole', (size) => {
    expect(sampleBlocks(size)).toEqual([{ from: 0, to: size }])
  })

  test('of any longer file are eight, in order, apart, from its first byte to its last', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: WHOLE + 1, max: 10 * WHOLE }), fc.maxSafeNat()), (asked) => {
        const size = Math.max(asked, WHOLE + 1)
        const blocks = sampleBlocks(size)
        expect(blocks).toHaveLength(8)
        expect(blocks[0]?.from).toBe(0)
        expect(blocks.at(-1)?.to).toBe(size)
        for (const [index, { from, to }] of blocks.entries()) {
          expect(to - from).toBe(4096)
          expect(from).toBeGreaterThanOrEqual(blocks[index - 1]?.to ?? 0)
        }
      }),
    )
  })
})

describe('the sample', () => {
  const hasher = hasherDeps().then(createWholeFileHasher)
  const options = { sample: true, isCancelled: () => false, onBytes: () => {} }

  // They are stored: what gives another sample makes every stored one worthless.
  test.each([
    [0, 'af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc'],
    [100_000, '4cdceeb8761f7126308313b76afda1397437615de7fbacc0c73d8c4970d6608d'],
  ])('of %d patterned bytes stays what it was', (size, hex) => {
    expect(sampleOf(files.add(patterned(size))) as string).toBe(hex)
  })

  const edges = [WHOLE, BUFFER_BYTES, TURN_BYTES].flatMap((edge) => [edge - 1, edge, edge + 1])
  test.each([0, 1, 4095, ...edges, 3 * BUFFER_BYTES + 5])(
    'of %d bytes is the same in a pass over all',
    async (size) => {
      const bytes = patterned(size)
      const path = files.add(bytes)
      expect(sampleOf(path) as string).toBe(expectedSample(bytes))
      for (const engine of ['native', 'wasm'] as const) {
        for (const turns of [undefined, 0]) {
          const digest = (await hasher)(path, { ...options, engine, turns })
          expect(digest.sample as string).toBe(expectedSample(bytes))
          expect(digest.sha256 as string).toBe(sha256(bytes))
        }
      }
    },
  )

  test('sees another size, and each byte of a block', () => {
    const bytes = patterned(3 * WHOLE)
    const same = sampleOf(files.add(bytes))
    expect(sampleOf(files.add(bytes))).toBe(same)
    expect(sampleOf(files.add(bytes.subarray(0, -1)))).not.toBe(same)
    for (const { from, to } of sampleBlocks(bytes.length)) {
      for (const at of [from, from + 2000, to - 1]) {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ 1
        expect(sampleOf(files.add(changed))).not.toBe(same)
      }
    }
  })

  test('is absent when nobody asked', async () => {
    const digest = (await hasher)(files.add(patterned(9)), { ...options, sample: false, engine: 'native' })
    expect(digest).not.toHaveProperty('sample')
  })

  test('of a sparse file of 200 GB reads eight blocks of nothing', () => {
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(SPARSE))
    expect(sampleOf(files.addSparse(SPARSE)) as string).toBe(sha256(Buffer.concat([size, Buffer.alloc(8 * 4096)])))
  })

  test('of an open file leaves it open and where it was', () => {
    const bytes = patterned(3 * WHOLE)
    const fd = openSync(files.add(bytes), 'r')
    expect(sampleFile(fd, bytes.length) as string).toBe(expectedSample(bytes))
    expect(sampleFile(fd, bytes.length) as string).toBe(expectedSample(bytes))
    expect(() => sampleFile(fd, bytes.length + 1)).toThrow(expect.objectContaining({ code: 'conflict' }))
    expect(() => sampleFile(fd, 100 * WHOLE)).toThrow(expect.objectContaining({ code: 'conflict' }))
    closeSync(fd)
  })
})

describe('sampleOf refuses', () => {
  execFileSync('mkfifo', [join(files.dir, 'fifo')])
  const real = realpathSync(files.dir)
  writeFileSync(join(real, 'x'), 'x')
  symlinkSync(join(real, 'x'), join(real, 'link'))

  test.each([
    [files.dir, 'invalid_input', 'it is a folder'],
    [join(files.dir, 'fifo'), 'invalid_input', 'it is not a regular file'],
    ['/dev/zero', 'invalid_input', 'it is not a regular file'],
    [join(files.dir, 'missing'), 'not_found', 'there is no such file'],
    ['no\0name', 'invalid_input', 'this is not a file name'],
  ])('%p', async (path, code, reason) => {
    const failure = await failureOf(Promise.resolve().then(() => sampleOf(path)))
    expect(failure).toEqual({ code, message: `Cannot read ${path}: ${reason}` })
  })

  test('a symlink where the path must be exact', async () => {
    const at = (path: string) => failureOf(Promise.resolve().then(() => sampleOf(path, { exact: true })))
    expect((await at(join(real, 'link'))).code).toBe('forbidden')
    expect(sampleOf(join(real, 'x'), { exact: true })).toBe(sampleOf(join(real, 'link')))
    expect(openNames()).not.toContain(join(real, 'x'))
  })
})
