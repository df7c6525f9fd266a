import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { renameSync, rmSync, symlinkSync, truncateSync, utimesSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { modelChunksTable } from '../../../src/models/serve/chunk-table.ts'
import { CHUNK_BYTES, type ChunkHashesDeps, createChunkHashes } from '../../../src/models/serve/chunks.ts'
import { createServeRule } from '../../../src/models/serve/exclude.ts'
import { createModelServer, type ModelServer } from '../../../src/models/serve/model-server.ts'
import { createServedRows } from '../../../src/models/serve/served-rows.ts'
import { rejection } from '../../support/rejection.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { createTestClock } from '../../support/track.ts'
import { aFile, HERE, hexOf, insertRows } from './index-rows.ts'

let temp: TempDb
beforeEach(async () => {
  temp = await openTempDb()
})
afterEach(() => temp.close())

interface Opened {
  readonly server: ModelServer
  /** Paths that were read for their chunks. */
  readonly read: string[]
  readonly changed: string[]
}

function open(
  exclude: readonly string[] = [],
  hash: ChunkHashesDeps['hashes']['hashChunks'] = hashWhole,
  roots: () => readonly string[] = () => ['/'],
): Opened {
  const clock = createTestClock()
  const read: string[] = []
  const changed: string[] = []
  const hashes: ChunkHashesDeps['hashes'] = {
    hashChunks: async (path, options) => {
      read.push(path)
      return hash(path, options)
    },
  }
  const server = createModelServer({
    rows: createServedRows({ db: temp.db, instanceId: () => HERE, roots }),
    rule: createServeRule({ exclude, allowPickle: false, now: clock.now }),
    chunkHashes: createChunkHashes({ db: temp.db, clock, hashes, onChanged: (path) => changed.push(path) }),
  })
  return { server, read, changed }
}

/** What the hash pool does in its workers. */
async function hashWhole(path: string, { chunkBytes }: { readonly chunkBytes: number }) {
  const bytes = await readFile(path)
  const chunks: string[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(hexOf(bytes.subarray(at, at + chunkBytes)))
  return { sha256: hexOf(bytes), sizeBytes: bytes.length, chunks }
}

describe('a file is found', () => {
  test('by the digest of the whole or of the tensors, in any letter case', async () => {
    const row = aFile(temp.dir, 'a.safetensors', 'abc', { tensorSha256: hexOf('tensors') })
    await insertRows(temp.db, [row])
    const { server } = open()
    const found = await server.find(hexOf('abc'))
    expect(found).toEqual({
      path: join(temp.dir, 'a.safetensors'),
      filename: 'a.safetensors',
      sizeBytes: 3,
      modifiedUs: row.modifiedUs,
      sha256: hexOf('abc'),
      tensorSha256: hexOf('tensors'),
    })
    expect(await server.find(hexOf('tensors').toUpperCase())).toEqual(found)
  })

  test.each(['', 'abc', 'g'.repeat(64), `0x${'0'.repeat(64)}`])('%p is no digest', async (hash) => {
    expect(await rejection(open().server.find(hash))).toMatchObject({ code: 'invalid_input' })
  })

  test.each<[string, (path: string) => void]>([
    ['was removed', (path) => rmSync(path)],
    ['has another size', (path) => truncateSync(path, 1)],
    ['has another time', (path) => utimesSync(path, 1, 1)],
    [
      'became a link',
      (path) => {
        renameSync(path, `${path}.moved`)
        symlinkSync(`${path}.moved`, path)
      },
    ],
  ])('in another copy where the first %s', async (_, spoil) => {
    const copies = ['a', 'b'].map((name) => aFile(temp.dir, name, 'abc'))
    await insertRows(temp.db, copies)
    const { server } = open()
    expect((await server.find(hexOf('abc'))).path).toBe(join(temp.dir, 'a'))
    spoil(join(temp.dir, 'a'))
    expect((await server.find(hexOf('abc'))).path).toBe(join(temp.dir, 'b'))
    spoil(join(temp.dir, 'b'))
    expect(await rejection(server.find(hexOf('abc')))).toMatchObject({
      code: 'not_found',
      message: 'The model file has changed or gone since it was last seen',
    })
  })

  test.each([
    ['excluded', {}, ['a'], 'not_found'],
    ['gone', { goneAt: 5 }, [], 'not_found'],
    ['of another host', { instanceId: 'inst_there' }, [], 'not_found'],
    ['broken', { state: 'corrupt' as const }, [], 'not_found'],
    ['a pickle', { state: 'pickle' as const }, [], 'forbidden'],
    ['kept by its licence', { civitai: { availability: 'Private' } }, [], 'license_blocked'],
  ])('unless it is %s', async (_, over, exclude, code) => {
    await insertRows(temp.db, [aFile(temp.dir, 'a', 'abc', { tensorSha256: hexOf('tensors'), ...over })])
    const { server } = open(exclude)
    for (const hash of [hexOf('abc'), hexOf('tensors')]) {
      expect(await rejection(server.find(hash))).toMatchObject({ code })
    }
  })

  test.each([
    ['excludes', ['a'], {}, 'not_found'],
    ['may not pass on', [], { license: 'all rights reserved' }, 'license_blocked'],
  ])(
    'unless its tensors are those of a file that the owner %s: a header is soon rewritten',
    async (_, exclude, over, code) => {
      const tensors = { tensorSha256: hexOf('tensors') }
      await insertRows(temp.db, [
        aFile(temp.dir, 'a', 'header1', { ...tensors, ...over }),
        aFile(temp.dir, 'b', 'header2', tensors),
      ])
      const { server } = open(exclude)
      for (const hash of ['tensors', 'header1', 'header2']) {
        expect(await rejection(server.find(hexOf(hash)))).toMatchObject({ code })
      }
    },
  )

  test('although a broken file has the same tensors, and where there are none', async () => {
    const tensors = { tensorSha256: hexOf('tensors') }
    await insertRows(temp.db, [
      aFile(temp.dir, 'a', 'header1', { ...tensors, state: 'corrupt' }),
      aFile(temp.dir, 'b', 'header2', tensors),
      aFile(temp.dir, 'closed', 'header3', { tensorSha256: hexOf('') }),
      aFile(temp.dir, 'open', 'header4', { tensorSha256: hexOf('') }),
    ])
    const { server } = open(['closed'])
    expect((await server.find(hexOf('tensors'))).path).toBe(join(temp.dir, 'b'))
    expect((await server.find(hexOf('header4'))).path).toBe(join(temp.dir, 'open'))
  })

  test.each([
    ['a pickle by its name', 'x.ckpt', {}, 'forbidden'],
    ['known by what a volume says', 'x.safetensors', { digestSource: 'volume' as const }, 'not_found'],
    ['known by what a name says', 'x.safetensors', { digestSource: 'blob_name' as const }, 'not_found'],
  ])('only after its header was read where it is %s', async (_, name, over, code) => {
    await insertRows(temp.db, [aFile(temp.dir, name, 'abc', { ...over, inspectedAt: null })])
    expect(await rejection(open().server.find(hexOf('abc')))).toMatchObject({ code })
  })
})

describe('chunk hashes', () => {
  const content = Buffer.alloc(CHUNK_BYTES + 5, 'x')

  test('are computed once however many ask, and kept', async () => {
    await insertRows(temp.db, [aFile(temp.dir, 'a', content)])
    const { server, read } = open()
    const model = await server.find(hexOf(content))
    expect(await server.storedChunks(model)).toBeUndefined()
    const asked = await Promise.all(Array.from({ length: 10 }, () => server.chunks(model)))
    expect(read).toEqual([model.path])
    const expected = { chunkBytes: CHUNK_BYTES, hashes: [hexOf(content.subarray(0, CHUNK_BYTES)), hexOf('xxxxx')] }
    for (const chunks of asked) expect(chunks).toEqual(expected)
    const next = open()
    expect(await next.server.storedChunks(model)).toEqual(expected)
    expect(await next.server.chunks(model)).toEqual(expected)
    expect(next.read).toEqual([])
  })

  test('of an empty file are none', async () => {
    await insertRows(temp.db, [aFile(temp.dir, 'a', '')])
    const { server } = open()
    expect(await server.chunks(await server.find(hexOf('')))).toEqual({ chunkBytes: CHUNK_BYTES, hashes: [] })
  })

  test('are refused where the bytes are others, and nothing is kept', async () => {
    const row = aFile(temp.dir, 'a', 'abd', { sha256: hexOf('abc') })
    await insertRows(temp.db, [row])
    const { server, changed } = open()
    expect(await rejection(server.chunks(await server.find(hexOf('abc'))))).toMatchObject({ code: 'conflict' })
    expect(changed).toEqual([row.path])
    expect(await temp.db.read.select().from(modelChunksTable)).toEqual([])
  })

  test('are not computed to the end when nobody waits any more', async () => {
    await insertRows(temp.db, [aFile(temp.dir, 'a', 'abc')])
    const began = new AbortController()
    const { server } = open([], (_path, options) => {
      began.abort()
      return new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(options.signal.reason)))
    })
    const asker = new AbortController()
    began.signal.addEventListener('abort', () => asker.abort(new Error('left')))
    const model = await server.find(hexOf('abc'))
    expect(await rejection(server.chunks(model, asker.signal))).toMatchObject({ message: 'left' })
  })
})

test('what lies below none of the model folders of this host is not served', async () => {
  await insertRows(temp.db, [aFile(temp.dir, 'a.safetensors', 'abc', { root: temp.dir })])
  let roots = ['/models']
  const find = () => open([], hashWhole, () => roots).server.find(hexOf('abc'))
  expect(await rejection(find())).toMatchObject({ code: 'not_found' })
  roots = [join(temp.dir, '..')]
  expect(await find()).toMatchObject({ sha256: hexOf('abc') })
})
