import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createBlocks } from '../../src/download/blocks.ts'
import { createPrefixHash, type PrefixHash, type PrefixHashDeps } from '../../src/download/prefix-hash.ts'
import type { FileFollower } from '../../src/hash/file-follower.ts'
import { createHashPool, type HashPool } from '../../src/hash/pool.ts'
import { safetensors } from '../hash/safetensors-bytes.ts'
import { cleanUp, gate, newTarget, sha256 } from './world.ts'

cleanUp()
const pool = createHashPool({ size: 1 })
afterAll(() => pool.close())
const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7 + (at >> 8)) & 255))
const BLOCK = 10_000
/** More than is read in the end for nothing but the digest of the tensors. */
const MUCH = 72 * 2 ** 20
/** Enough for knowing how fast hashing goes. */
const EVIDENCE = 16 * 2 ** 20
const handles: FileHandle[] = []
afterEach(async () => {
  await Promise.all(handles.splice(0).map((handle) => handle.close()))
})

/** A file that is there up to `prefix`. */
async function start(
  over: Partial<PrefixHashDeps> = {},
  file: Uint8Array = bytes,
): Promise<{ hash: PrefixHash; reads: number[]; grow(to: number): void }> {
  const path = newTarget('file.part')
  writeFileSync(path, file)
  const handle = await open(path, 'r')
  handles.push(handle)
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
    written: () => prefix,
    sizeBytes: () => file.length,
    lagMs: Number.POSITIVE_INFINITY,
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
  const long = Buffer.alloc(20 * 2 ** 20, bytes)
  test.each<readonly [string, Uint8Array, Partial<PrefixHashDeps>]>([
    ['where that is over sooner', long, {}],
    ['where the saved state is none', bytes, { saved: { offset: 10, state: Buffer.from('nonsense') } }],
    [
      'where the worker dies',
      bytes,
      { hashes: { ...pool, createStreamHasher: () => Promise.reject(new Error('gone')) } },
    ],
    ['where no worker follows it', bytes, { hashes: { ...pool, createStreamHasher: failing, followFile: failing } }],
  ])('%s', async (_name, file, over) => {
    const { hash, grow } = await start(over, file)
    grow(file.length)
    if (file === bytes) hash.advance()
    expect(await hash.finish(file.length)).toEqual({
      ...{ sha256: sha256(file), tensorSha256: undefined, hashedBy: 'native' },
    })
    expect(await hash.save()).toBeUndefined()
  })
})

test('a running hash is given up while the file grows, where the line is faster', async () => {
  const file = Buffer.alloc(20 * 2 ** 20, bytes)
  const given = gate()
  const followFile: typeof pool.followFile = (path, part, signal) => {
    if (part === 'whole') given.open()
    return pool.followFile(path, part, signal)
  }
  const { hash, grow } = await start({ hashes: { ...pool, followFile }, lagMs: Number.NEGATIVE_INFINITY }, file)
  grow(file.length - BLOCK)
  hash.advance()
  await given.opened
  expect(await hash.save()).toBeUndefined()
  expect(hash.offer(file.length - BLOCK, file.subarray(-BLOCK), () => {})).toBe(false)
  grow(file.length)
  hash.advance()
  expect(await hash.finish(file.length)).toMatchObject({ sha256: sha256(file), hashedBy: 'native' })
})

const failing = (): never => {
  throw new Error('There are no threads')
}

describe('the digest of the tensors', () => {
  const model = safetensors({ w: { dtype: 'U8', shape: [bytes.length], data_offsets: [0, bytes.length] } }, bytes)
  const tensorSha256 = sha256(bytes)
  const saved = async (): Promise<PrefixHashDeps['saved']> => {
    const { hash, grow } = await start({}, model)
    grow(BLOCK)
    await new Promise<void>((resolve) => {
      hash.offer(0, model.subarray(0, BLOCK), resolve)
    })
    return await hash.save()
  }
  test.each<readonly [string, () => Promise<Partial<PrefixHashDeps>>, object]>([
    ['comes along', async () => ({}), { tensorSha256, hashedBy: 'wasm' }],
    [
      'is none where an earlier run has left something, which is not read',
      async () => ({ saved: await saved(), hashes: { ...pool, followFile: failing, hashFile: failing } }),
      { tensorSha256: undefined, hashedBy: 'wasm' },
    ],
    [
      'is there then, too, if it is wanted',
      async () => ({ saved: await saved(), tensor: true }),
      { tensorSha256, hashedBy: 'wasm' },
    ],
    [
      'comes along where the state of that run is none',
      async () => ({ saved: { offset: 10, state: Buffer.from('nonsense') } }),
      { tensorSha256, hashedBy: 'native' },
    ],
    [
      'is done without where nothing follows the file',
      async () => ({ hashes: { ...pool, followFile: failing, hashFile: failing } }),
      { tensorSha256: undefined, hashedBy: 'wasm' },
    ],
    [
      'is read in the end then, if it is wanted',
      async () => ({ hashes: { ...pool, followFile: failing }, tensor: true }),
      { tensorSha256, hashedBy: 'native' },
    ],
  ])('%s', async (_name, over, found) => {
    const { hash, grow } = await start(await over(), model)
    grow(model.length)
    hash.advance()
    expect(await hash.finish(model.length)).toMatchObject({ sha256: sha256(model), ...found })
  })
})

describe('the digest of the tensors of a large file that is verified by the native hasher', () => {
  const large = safetensors({ w: { dtype: 'U8', shape: [MUCH], data_offsets: [0, MUCH] } }, new Uint8Array(MUCH))
  const tensorSha256 = sha256(new Uint8Array(MUCH))
  const native = async (over: Partial<PrefixHashDeps>): ReturnType<typeof start> => {
    const started = await start({ lagMs: Number.NEGATIVE_INFINITY, ...over }, large)
    started.grow(large.length)
    return started
  }
  test.each<readonly [string, boolean, string | undefined]>([
    ['is left to others where all of it came too fast to be read twice', false, undefined],
    ['is read all the same if it is wanted', true, tensorSha256],
  ])('%s', async (_name, tensor, found) => {
    const { hash } = await native({ tensor })
    expect(await hash.finish(large.length)).toMatchObject({
      ...{ sha256: sha256(large), hashedBy: 'native', tensorSha256: found },
    })
  })
  test('comes along where the line leaves the time', async () => {
    const opened: FileFollower[] = []
    const followFile: HashPool['followFile'] = (path, part, signal) => {
      const follower = pool.followFile(path, part, signal)
      opened.push(follower)
      return follower
    }
    const { hash, grow } = await start({ hashes: { ...pool, followFile } }, large)
    grow(EVIDENCE)
    hash.advance()
    // Nothing more comes until so much is hashed: a line could not be slower.
    while ((await hash.save())?.offset !== EVIDENCE) await nextTurn()
    while (opened[0] === undefined) {
      hash.advance()
      await nextTurn()
    }
    while (opened[0].readTo() < EVIDENCE) await nextTurn()
    grow(large.length)
    expect(await hash.finish(large.length)).toMatchObject({ hashedBy: 'native', tensorSha256 })
  })
})

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
