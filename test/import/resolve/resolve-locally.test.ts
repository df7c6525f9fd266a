import { afterEach, beforeEach, expect, test } from 'bun:test'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHashPool, type HashPool } from '../../../src/hash/pool.ts'
import type { Dependency, DependencyType, HashAlgorithm } from '../../../src/import/dependency.ts'
import { mergeMentions } from '../../../src/import/merge.ts'
import { aLibrary } from '../../support/library.ts'
import { aModelFile } from '../../support/model-files.ts'
import { resolveHere } from '../../support/resolve-here.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'

let temp: TempDb
let root: string
let hashes: HashPool
let hashed: string[]

beforeEach(async () => {
  temp = await openTempDb()
  root = mkdtempSync(join(tmpdir(), 'airkeep-resolve-'))
  hashes = createHashPool({ size: 1 })
  hashed = []
  beforeHashing = () => {}
})
afterEach(async () => {
  await hashes.close()
  await temp.close()
  rmSync(root, { recursive: true })
})

function aDependency(type: DependencyType, name: string | undefined, hash?: [HashAlgorithm, string]): Dependency {
  const { dependencies } = mergeMentions([
    {
      type,
      evidence: ['test:place'],
      ...(name === undefined ? {} : { name }),
      ...(hash === undefined ? {} : { hashes: [{ algorithm: hash[0], value: hash[1], source: 'test:hash' }] }),
    },
  ])
  const [first] = dependencies
  if (first === undefined) throw new Error('no dependency')
  return first
}

let beforeHashing: (path: string) => void

async function resolve(...dependencies: Dependency[]): Promise<Dependency[]> {
  const counted: Pick<HashPool, 'hashFile'> = {
    hashFile(path, options) {
      hashed.push(path)
      beforeHashing(path)
      return hashes.hashFile(path, options)
    },
  }
  const signal = new AbortController().signal
  const library = await aLibrary({ db: temp.db, hashes: counted, roots: [root] }).open([], signal)
  return resolveHere(dependencies, library, signal)
}

test('finds a renamed file by each kind of hash and says so', async () => {
  const file = aModelFile(root, 'loras/other-name.safetensors', 1)
  const kinds: [HashAlgorithm, string, string][] = [
    ['sha256', file.sha256, 'sha256'],
    ['sha256', file.tensorSha256, 'tensor_sha256'],
    ['tensor_sha256', file.tensorSha256, 'tensor_sha256'],
    ['auto_v3', file.tensorSha256.slice(0, 12), 'auto_v3'],
    ['auto_v3', file.sha256.slice(0, 12), 'sha256_12'],
    ['sha256_12', file.sha256.slice(0, 12), 'sha256_12'],
    ['auto_v2', file.sha256.slice(0, 10), 'auto_v2'],
  ]
  for (const [algorithm, value, matchedBy] of kinds) {
    const [found] = await resolve(aDependency('lora', 'wanted', [algorithm, value]))
    expect(found).toMatchObject({
      status: 'resolved',
      matched_by: matchedBy,
      resolved_path: file.path,
      sha256: file.sha256,
    })
    expect(found?.reason).toContain('other-name.safetensors')
  }
  expect(hashed).toHaveLength(1)
})

test('a name alone resolves only when it is exact, of the right type and unique', async () => {
  aModelFile(root, 'loras/style/foo.safetensors', 1)
  aModelFile(root, 'checkpoints/foo.safetensors', 2)
  aModelFile(root, 'loras/Bar.safetensors', 3)
  aModelFile(root, 'loras/a/two.safetensors', 4)
  aModelFile(root, 'loras/b/two.safetensors', 5)
  const found = await resolve(
    aDependency('lora', 'foo'),
    aDependency('lora', 'style\\foo.safetensors'),
    aDependency('checkpoint', 'foo'),
    aDependency('lora', 'bar'),
    aDependency('lora', 'two'),
    aDependency('lora', 'fo'),
    aDependency('vae', 'foo'),
  )
  expect(found.map(({ status, matched_by }) => [status, matched_by])).toEqual([
    ['resolved', 'name'],
    ['resolved', 'path'],
    ['resolved', 'path'],
    ['ambiguous', undefined],
    ['ambiguous', undefined],
    ['missing', undefined],
    ['missing', undefined],
  ])
  expect(found[3]?.candidates.map(({ name }) => name)).toEqual(['Bar.safetensors'])
  expect(found[4]?.candidates).toHaveLength(2)
  expect(hashed).toEqual([])
})

test('a name with another hash is a conflict, never taken silently', async () => {
  const file = aModelFile(root, 'loras/foo.safetensors', 1)
  const [found] = await resolve(aDependency('lora', 'foo', ['auto_v2', 'abcdefabcd']))
  expect(found).toMatchObject({ status: 'ambiguous', candidates: [{ path: file.path }] })
  expect(found?.resolved_path).toBeUndefined()
})

test('where a file has the hash and another the name, the hash counts', async () => {
  aModelFile(root, 'loras/foo.safetensors', 1)
  const real = aModelFile(root, 'loras/renamed.safetensors', 2)
  const [found] = await resolve(aDependency('lora', 'foo', ['auto_v3', real.tensorSha256.slice(0, 12)]))
  expect(found).toMatchObject({ status: 'resolved', resolved_path: real.path })
})

test('of copies the one with the own name is taken', async () => {
  aModelFile(root, 'loras/a-copy.safetensors', 1)
  const own = aModelFile(root, 'loras/zed.safetensors', 1)
  aModelFile(root, 'loras/warm.safetensors', 3)
  await resolve(aDependency('lora', 'nothing', ['auto_v2', '0000000000']))
  const [found] = await resolve(aDependency('lora', 'zed', ['sha256', own.sha256]))
  expect(found?.resolved_path).toBe(own.path)
})

test('a file is found by each of its names: links and hard links', async () => {
  const { path, sha256 } = aModelFile(root, 'loras/fog.safetensors', 1, 64)
  mkdirSync(join(root, 'loras/more'))
  linkSync(path, join(root, 'loras/mist.safetensors'))
  symlinkSync(path, join(root, 'loras/more/haze.safetensors'))
  const found = await resolve(
    aDependency('lora', 'fog'),
    aDependency('lora', 'mist'),
    aDependency('lora', 'more/haze'),
    aDependency('lora', 'mist', ['sha256', sha256]),
  )
  expect(found.map(({ status, resolved_path }) => [status, resolved_path])).toEqual([
    ['resolved', join(root, 'loras/fog.safetensors')],
    ['resolved', join(root, 'loras/mist.safetensors')],
    ['resolved', join(root, 'loras/more/haze.safetensors')],
    ['resolved', join(root, 'loras/mist.safetensors')],
  ])
  expect(hashed).toEqual([path])
})

test('a store that links lead into says no type, the links do; two ways to one file are not two files', async () => {
  const { path } = aModelFile(root, 'blobs/abc.safetensors', 1, 64)
  for (const folder of ['loras', 'loras/sub']) {
    mkdirSync(join(root, folder))
    symlinkSync(path, join(root, folder, 'fog.safetensors'))
  }
  const [byName, inFolder] = await resolve(aDependency('lora', 'else/fog'), aDependency('lora', 'sub/fog'))
  expect(byName).toMatchObject({ status: 'resolved', resolved_path: join(root, 'loras/fog.safetensors') })
  expect(inFolder).toMatchObject({ status: 'resolved', resolved_path: join(root, 'loras/sub/fog.safetensors') })
  expect(await resolve(aDependency('vae', 'fog'))).toMatchObject([{ status: 'missing' }])
})

test('files with the right name are read first, and reading stops when everything is found', async () => {
  for (const name of ['a', 'b', 'c', 'd']) aModelFile(root, `loras/${name}.safetensors`, name.charCodeAt(0))
  const wanted = aModelFile(root, 'loras/wanted.safetensors', 1)
  const [found] = await resolve(aDependency('lora', 'wanted', ['auto_v2', wanted.sha256.slice(0, 10)]))
  expect(found?.status).toBe('resolved')
  expect(hashed).toEqual([wanted.path])
})

test('a file that changed is read again, one that did not is not', async () => {
  const first = aModelFile(root, 'loras/foo.safetensors', 1)
  await resolve(aDependency('lora', 'x', ['sha256', first.sha256]))
  await resolve(aDependency('lora', 'x', ['sha256', first.sha256]))
  expect(hashed).toHaveLength(1)
  const second = aModelFile(root, 'loras/foo.safetensors', 2, 2048)
  const [old] = await resolve(aDependency('lora', 'x', ['sha256', first.sha256]))
  expect(old?.status).toBe('missing')
  expect(hashed).toHaveLength(2)
  const [now] = await resolve(aDependency('lora', 'x', ['sha256', second.sha256]))
  expect(now?.status).toBe('resolved')
})

test('skipped dependencies stay as they are', async () => {
  aModelFile(root, 'loras/off.safetensors', 1)
  const skipped: Dependency = {
    ...aDependency('lora', 'off'),
    status: 'skipped',
    reason: 'switched off',
    active: false,
  }
  expect((await resolve(skipped))[0]).toEqual(skipped)
})

test('a file that cannot be read fails nothing: it is told, and another one is found', async () => {
  const gone = aModelFile(root, 'loras/gone.safetensors', 1)
  const here = aModelFile(root, 'loras/here.safetensors', 2)
  beforeHashing = (path) => {
    if (path !== gone.path) return
    rmSync(path)
    mkdirSync(path)
  }
  const found = await resolve(
    aDependency('lora', 'gone', ['sha256', gone.sha256]),
    aDependency('lora', 'other-name', ['sha256', here.sha256]),
  )
  expect(found[0]).toMatchObject({
    status: 'ambiguous',
    reason: 'A file on this host has this name, but it could not be read',
    candidates: [{ path: gone.path, why: 'has this name, but could not be read' }],
  })
  expect(found[1]).toMatchObject({ status: 'resolved', resolved_path: here.path })
})

test('of files that differ in their extension alone the one that the prompt writes is meant', async () => {
  const wanted = aModelFile(root, 'checkpoints/mix.safetensors', 1)
  aModelFile(root, 'checkpoints/mix.ckpt', 2)
  const [written, bare] = await resolve(aDependency('checkpoint', 'mix.safetensors'), aDependency('checkpoint', 'mix'))
  expect(written).toMatchObject({ status: 'resolved', resolved_path: wanted.path, matched_by: 'path' })
  expect(bare).toMatchObject({ status: 'ambiguous', reason: '2 files on this host have this name' })
})
