import { afterAll, describe, expect, test } from 'bun:test'
import { appendFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createBLAKE3, createCRC32 } from 'hash-wasm'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { BUFFER_BYTES as BUFFER, TURN_BYTES } from '../../src/hash/file-pass.ts'
import { createWholeFileHasher, type WholeFileOptions } from '../../src/hash/whole-file.ts'
import { createTestFiles, hasherDeps, openNames, patterned, sha256, timeless } from './content.ts'
import { safetensors, withLength } from './safetensors-bytes.ts'

const files = createTestFiles()
afterAll(() => files.remove())
const file = files.add

const hashWholeFile = createWholeFileHasher(await hasherDeps())
const options: WholeFileOptions = { engine: 'native', tensor: true, isCancelled: () => false, onBytes: () => {} }

const MIB = 1024 * 1024

describe.each(['native', 'wasm'] as const)('%s', (engine) => {
  test.each([0, 1, 9, 10, 63, 64, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, 3 * BUFFER + 17])('%d bytes', (size) => {
    const bytes = patterned(size)
    expect(timeless(hashWholeFile(file(bytes), { ...options, engine }))).toEqual({
      sha256: sha256(bytes) as never,
      sizeBytes: size,
      engine,
    })
  })

  // A1111 reads 65,536 bytes at 1 MiB and hashes what it gets; of nothing it would print the empty hash.
  test.each([MIB - 1, MIB, MIB + 1, MIB + 65_535, MIB + 65_536, MIB + 65_537, MIB + BUFFER])(
    'AutoV1 of %d bytes',
    (size) => {
      const bytes = patterned(size)
      const { autoV1 } = hashWholeFile(file(bytes), { ...options, engine })
      const expected = size > MIB ? sha256(bytes.subarray(MIB, MIB + 65_536)).slice(0, 8) : undefined
      expect(autoV1 as string | undefined).toBe(expected)
    },
  )

  // The data begins before, at and behind the end of a buffer.
  test.each([0, BUFFER - 9 - 100, BUFFER - 8 - 100, BUFFER - 7 - 100, 2 * BUFFER])(
    'tensors behind %d bytes of padding',
    (padding) => {
      const bytes = safetensors({ pad: 'x'.repeat(padding + 91) }, patterned(BUFFER + 5))
      const { tensorSha256, sha256: whole } = hashWholeFile(file(bytes), { ...options, engine })
      expect(tensorSha256 as string | undefined).toBe(sha256(patterned(BUFFER + 5)))
      expect(whole as string).toBe(sha256(bytes))
    },
  )
})

describe('the tensor digest', () => {
  test('survives a new header, the file digest does not', () => {
    const data = patterned(1000)
    const [a, b] = [{}, { __metadata__: { title: 'b' } }].map((header) =>
      hashWholeFile(file(safetensors(header, data)), options),
    )
    expect(a?.tensorSha256).toBe(b?.tensorSha256 as never)
    expect(a?.sha256).not.toBe(b?.sha256 as never)
  })
  test.each<[string, Uint8Array]>([
    ['a header with nothing behind it', safetensors({}, new Uint8Array())],
    ['a file that is no safetensors', patterned(5000)],
    ['a header longer than the file', withLength(Buffer.from('{"a":1}'), 8)],
  ])('is absent for %s', (_, bytes) => {
    const digest = hashWholeFile(file(bytes), options)
    expect(digest).not.toHaveProperty('tensorSha256')
    expect(digest.sha256 as string).toBe(sha256(bytes))
  })
  test('is absent when nobody asked', () => {
    const path = file(safetensors({}, patterned(10)))
    expect(hashWholeFile(path, { ...options, tensor: false })).not.toHaveProperty('tensorSha256')
  })
})

describe('a file that changes while it is read', () => {
  test.each<[string, (path: string) => void]>([
    ['grows', (path) => appendFileSync(path, 'more')],
    ['shrinks', (path) => truncateSync(path, 10)],
    ['is emptied', (path) => truncateSync(path, 0)],
    ['is written in place', (path) => utimesSync(path, 1, 1)],
    ['is removed', (path) => rmSync(path)],
    [
      'is replaced by one of the same size and time',
      (path) => {
        writeFileSync(`${path}.new`, patterned(3 * BUFFER).reverse())
        utimesSync(`${path}.new`, 1, 1.5)
        renameSync(`${path}.new`, path)
      },
    ],
  ])('%s: conflict', (_, change) => {
    const path = file(patterned(3 * BUFFER))
    utimesSync(path, 1, 1.5)
    let changed = false
    const onBytes = (): void => {
      if (!changed) change(path)
      changed = true
    }
    expect(() => hashWholeFile(path, { ...options, onBytes })).toThrow(
      expect.objectContaining({ code: 'conflict', message: `Cannot hash ${path}: it changed while it was read` }),
    )
    expect(openNames()).not.toContain(path)
  })

  test('a log that never stops growing ends', () => {
    const path = file(patterned(10))
    const onBytes = (): void => appendFileSync(path, 'more')
    expect(() => hashWholeFile(path, { ...options, onBytes })).toThrow(expect.objectContaining({ code: 'conflict' }))
  })
})

test('files of /proc, whose size is a lie, are refused', () => {
  expect(() => hashWholeFile('/proc/self/status', options)).toThrow(
    expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('not a regular file') }),
  )
})

test('cancelling is seen between two buffers, and the file is closed', () => {
  const path = file(patterned(4 * BUFFER))
  const read: number[] = []
  const cancelling: WholeFileOptions = {
    ...options,
    isCancelled: () => read.length === 2,
    onBytes: (done) => read.push(done),
  }
  expect(() => hashWholeFile(path, cancelling)).toThrow(expect.objectContaining({ code: 'cancelled' }))
  expect(read).toEqual([BUFFER, 2 * BUFFER])
  expect(openNames()).not.toContain(path)
})

test('an empty file has the hash of no bytes and no other', () => {
  expect(timeless(hashWholeFile(file(new Uint8Array()), options))).toEqual({
    sha256: EMPTY_SHA256,
    sizeBytes: 0,
    engine: 'native',
  })
})

describe('BLAKE3 and CRC-32', () => {
  // Of the BLAKE3 test vectors (bytes that count to 250, again and again), and of the catalogue of CRC algorithms.
  const counting = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i % 251)
  test.each<[string, Uint8Array, { blake3?: string; crc32?: string }]>([
    [
      'nothing',
      new Uint8Array(),
      { blake3: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262', crc32: '00000000' },
    ],
    ['one byte', counting(1), { blake3: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213' }],
    ['1,024 bytes', counting(1024), { blake3: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7' }],
    ['1,025 bytes', counting(1025), { blake3: 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444' }],
    [
      '102,400 bytes',
      counting(102_400),
      { blake3: 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085' },
    ],
    ['the check value', Buffer.from('123456789'), { crc32: 'cbf43926' }],
    ['a digest with a zero in front', Buffer.from('62'), { crc32: '0012d20a' }],
  ])('of %s are those of their vectors', (_, bytes, expected) => {
    expect(hashWholeFile(file(bytes), { ...options, blake3: true, crc32: true })).toMatchObject(expected)
  })

  test.each([BUFFER - 1, BUFFER, 2 * BUFFER + 3, TURN_BYTES + 1])(
    'of %d bytes come from the same pass',
    async (size) => {
      const bytes = patterned(size)
      const [blake3, crc32] = [(await createBLAKE3()).init(), (await createCRC32()).init()]
      const path = file(bytes)
      const expected = {
        blake3: blake3.update(bytes).digest(),
        crc32: crc32.update(bytes).digest(),
        sha256: sha256(bytes),
      }
      // Twice: the second BLAKE3 of a worker begins anew.
      for (const turns of [undefined, 0]) {
        for (const engine of ['native', 'wasm'] as const) {
          const asked = { ...options, engine, turns, blake3: true, crc32: true }
          expect(hashWholeFile(path, asked) as object).toMatchObject(expected)
        }
      }
    },
  )

  test('are absent when nobody asked', () => {
    const digest = hashWholeFile(file(patterned(10)), options)
    expect(digest).not.toHaveProperty('blake3')
    expect(digest).not.toHaveProperty('crc32')
  })

  test('begin anew after a file that was given up', () => {
    let asked = 0
    const cancelled = { ...options, blake3: true, isCancelled: () => ++asked > 2 }
    expect(() => hashWholeFile(file(patterned(4 * BUFFER)), cancelled)).toThrow('cancelled')
    const { blake3 } = hashWholeFile(file(counting(1)), { ...options, blake3: true })
    expect(blake3 as string).toBe('2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213')
  })
})

test('a digest tells when its file was modified, and where the time went', () => {
  const path = file(patterned(3 * BUFFER))
  utimesSync(path, 1, 1_700_000_000.5)
  const told: number[] = []
  const digest = hashWholeFile(path, {
    ...options,
    onBytes: (_done, _total, time) => told.push(time.readSeconds, time.seconds),
  })
  expect(digest.modifiedUs).toBe(1_700_000_000_500_000)
  expect(digest.turnSeconds).toBe(0)
  // Each buffer adds to the time that was read, which is a part of the whole.
  const reads = told.filter((_, index) => index % 2 === 0)
  const wholes = told.filter((_, index) => index % 2 === 1)
  for (const [index, read] of reads.entries()) {
    expect(read).toBeGreaterThan(reads[index - 1] ?? 0)
    expect(read).toBeLessThan(wholes[index] ?? 0)
  }
  expect(reads).toHaveLength(3)
  expect(digest.readSeconds).toBeGreaterThan(0)
  expect(digest.seconds).toBeGreaterThan(digest.readSeconds)
})
