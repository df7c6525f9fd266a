import { afterAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createBlocks } from '../../src/download/blocks.ts'
import { createPrefixHash, type PrefixHash, type PrefixHashDeps } from '../../src/download/prefix-hash.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { cleanUp, newTarget, sha256 } from './world.ts'

cleanUp()
const pool = createHashPool({ size: 1 })
afterAll(() => pool.close())
const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7 + (at >> 8)) & 255))
const BLOCK = 10_000

/** A file that is there up to `prefix`. */
async function start(
  over: Partial<PrefixHashDeps> = {},
): Promise<{ hash: PrefixHash; reads: number[]; grow(to: number): void }> {
  const path = newTarget('file.part')
  writeFileSync(path, bytes)
  const handle = await open(path, 'r')
  const reads: number[] = []
  let prefix = 0
  const hash = createPrefixHash({
    hashes: pool,
    blocks: createBlocks(BLOCK),
    path,
    read: async (position, buffer) => {
      reads.push(position)
      return (await handle.read(buffer, 0, buffer.length, position)).bytesRead
    },
    prefix: () => prefix,
    saved: undefined,
    tensor: false,
    // A sixteenth of it may still be hashed in the end.
    backlogBytes: () => 16 * bytes.length,
    signal: new AbortController().signal,
    ...over,
  })
  return {
    hash,
    reads,
    grow(to) {
      prefix = to
    },
  }
}

describe('one digest, however the file grows', () => {
  test('in order, from memory', async () => {
    const { hash, grow } = await start()
    for (let at = 0; at < bytes.length; at += BLOCK) {
      grow(at + BLOCK)
      await new Promise<void>((resolve) => {
        if (!hash.offer(at, bytes.subarray(at, at + BLOCK), resolve)) resolve()
      })
    }
    expect(await hash.finish(bytes.length)).toMatchObject({ sha256: sha256(bytes), hashedBy: 'wasm' })
  })
  test('out of order, read back from the file', async () => {
    const { hash, grow } = await start()
    expect(hash.offer(BLOCK, bytes.subarray(BLOCK, 2 * BLOCK), () => {})).toBe(false)
    grow(bytes.length)
    hash.advance()
    expect(await hash.finish(bytes.length)).toMatchObject({ sha256: sha256(bytes), hashedBy: 'wasm' })
  })
  test('saved, and gone on with by the next run', async () => {
    const first = await start()
    first.grow(5 * BLOCK)
    await new Promise<void>((resolve) => {
      first.hash.offer(0, bytes.subarray(0, 5 * BLOCK), resolve)
    })
    const saved = await first.hash.save()
    expect(saved?.offset).toBe(5 * BLOCK)
    first.hash.dispose()
    const second = await start({ saved })
    second.grow(bytes.length)
    second.hash.advance()
    expect(await second.hash.finish(bytes.length)).toMatchObject({ sha256: sha256(bytes), hashedBy: 'wasm' })
    expect(second.reads[0]).toBe(5 * BLOCK)
  })
  test('from the first byte again after a restart', async () => {
    const { hash, grow } = await start()
    grow(2 * BLOCK)
    hash.offer(0, Buffer.alloc(2 * BLOCK, 'other'), () => {})
    hash.restart()
    grow(bytes.length)
    hash.advance()
    expect((await hash.finish(bytes.length)).sha256).toBe(sha256(bytes))
  })
})

describe('the native hasher reads the whole file', () => {
  test.each<readonly [string, Partial<PrefixHashDeps>]>([
    ['where the backlog is too long', { backlogBytes: () => 1 }],
    ['where the digest of the tensors is wanted', { tensor: true }],
    ['where the saved state is none', { saved: { offset: 10, state: Buffer.from('nonsense') } }],
    [
      'where the worker dies',
      { hashes: { hashFile: pool.hashFile, createStreamHasher: () => Promise.reject(new Error()) } },
    ],
  ])('%s', async (_name, over) => {
    const { hash, grow } = await start(over)
    grow(bytes.length)
    hash.advance()
    expect(await hash.finish(bytes.length)).toMatchObject({ sha256: sha256(bytes), hashedBy: 'native' })
    expect(await hash.save()).toBeUndefined()
  })
})
