import { afterAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { createSha256Engine } from '../../src/hash/incremental.ts'
import { createNativeSha256 } from '../../src/hash/native.ts'
import { createWholeFileHasher, type WholeFileOptions } from '../../src/hash/whole-file.ts'
import { safetensors, withLength } from './safetensors-bytes.ts'

const dir = mkdtempSync(join(tmpdir(), 'airkeep-whole-'))
afterAll(() => rmSync(dir, { recursive: true }))

const wasm = await createSha256Engine()
const hashWholeFile = createWholeFileHasher({ native: createNativeSha256, wasm: wasm.create })
const options: WholeFileOptions = { engine: 'native', tensor: true, isCancelled: () => false, onBytes: () => {} }

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const patterned = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)

let files = 0
function file(bytes: Uint8Array): string {
  const path = join(dir, `${++files}.bin`)
  writeFileSync(path, bytes)
  return path
}

const BUFFER = 256 * 1024
const MIB = 1024 * 1024

describe.each(['native', 'wasm'] as const)('%s', (engine) => {
  test.each([0, 1, 9, 10, 63, 64, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, 3 * BUFFER + 17])('%d bytes', (size) => {
    const bytes = patterned(size)
    expect(hashWholeFile(file(bytes), { ...options, engine })).toEqual({
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
  expect(hashWholeFile(file(new Uint8Array()), options)).toEqual({
    sha256: EMPTY_SHA256,
    sizeBytes: 0,
    engine: 'native',
  })
})

function openNames(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return 'closed since'
    }
  })
}
