import { afterAll, describe, expect, test } from 'bun:test'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FollowedPart } from '../../src/hash/growing-file.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { createTestFiles, openNames, patterned, sha256 } from './content.ts'
import { failureOf } from './outcome.ts'
import { safetensors } from './safetensors-bytes.ts'

const pool = createHashPool({ size: 2 })
const files = createTestFiles()
afterAll(async () => {
  await pool.close()
  files.remove()
})

const MIB = 2 ** 20
const data = patterned(11 * MIB + 7)
const model = safetensors({ w: { dtype: 'U8', shape: [data.length], data_offsets: [0, data.length] } }, data)

describe.each<readonly [string, Uint8Array, FollowedPart, string | undefined]>([
  ['all of a file', model, 'whole', sha256(model)],
  ['the tensors of a safetensors', model, 'tensors', sha256(data)],
  ['all of an empty file', new Uint8Array(), 'whole', sha256(new Uint8Array())],
  ['the tensors of an empty file', new Uint8Array(), 'tensors', undefined],
  ['the tensors of something else', data, 'tensors', undefined],
  ['the tensors of a header alone', safetensors({}, new Uint8Array()), 'tensors', undefined],
  ['the tensors of a header that was cut', model.subarray(0, 20), 'tensors', undefined],
])('%s', (_, bytes, part, digest) => {
  test('that is there', async () => {
    expect(await pool.followFile(files.add(bytes), part).digest(bytes.length)).toBe(digest as never)
  })
  test.each([5, 3 * MIB + 1])('in pieces of %d bytes', async (length) => {
    const path = files.add(new Uint8Array())
    const follower = pool.followFile(path, part)
    // Of small pieces only the first few: each is a step of its own.
    const ends = Array.from({ length: 6 }, (_piece, at) => (at + 1) * length)
    let at = 0
    for (const end of [...ends, bytes.length]) {
      appendFileSync(path, bytes.subarray(at, end))
      at = Math.max(at, Math.min(end, bytes.length))
      follower.advance(at)
    }
    expect(await follower.digest(bytes.length)).toBe(digest as never)
  })
})

test('how far it has got is told', async () => {
  const follower = pool.followFile(files.add(data), 'whole')
  expect(follower.readTo()).toBe(0)
  await follower.digest(data.length)
  expect(follower.readTo()).toBe(data.length)
  const nothing = pool.followFile(files.add(data), 'tensors')
  await nothing.digest(data.length)
  expect(nothing.readTo()).toBe(Number.POSITIVE_INFINITY)
})

describe('what goes wrong is told in the end', () => {
  test('no file', async () => {
    const follower = pool.followFile(join(files.dir, 'none'), 'whole')
    follower.advance(5 * MIB)
    expect(await failureOf(follower.digest(5 * MIB))).toMatchObject({ code: 'not_found' })
  })
  test('less than was told', async () => {
    const follower = pool.followFile(files.add(data), 'whole')
    follower.advance(data.length + MIB)
    expect(await failureOf(follower.digest(data.length + MIB))).toMatchObject({ code: 'internal' })
  })
  test('an abort', async () => {
    const stop = new AbortController()
    const follower = pool.followFile(files.add(data), 'whole', stop.signal)
    follower.advance(data.length)
    stop.abort()
    expect(await failureOf(follower.digest(data.length))).toMatchObject({ code: 'cancelled' })
  })
  test('a pool that is closed', async () => {
    const other = createHashPool({ size: 1 })
    const follower = other.followFile(files.add(data), 'whole')
    await other.close()
    expect(await failureOf(follower.digest(data.length))).toMatchObject({ code: 'cancelled' })
    expect(() => other.followFile(files.add(data), 'whole')).toThrow(expect.objectContaining({ code: 'cancelled' }))
  })
})

test('no file stays open, however it ends', async () => {
  const paths = [files.add(data), files.add(data), files.add(data)]
  const [ended, disposed, failed] = paths.map((path) => pool.followFile(path, 'whole'))
  await ended?.digest(data.length)
  disposed?.advance(data.length)
  disposed?.dispose()
  disposed?.dispose()
  await failureOf(failed?.digest(data.length + 1) ?? Promise.resolve())
  // Calls are worked off in their order: behind these nothing is left of the ones before.
  await Promise.all([0, 1].map(async () => (await pool.createStreamHasher()).digest()))
  expect(openNames().filter((name) => paths.includes(name))).toEqual([])
})
