import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { createHashPool, type HashPool } from '../../../src/hash/pool.ts'
import type { Dependency, DependencyType, HashAlgorithm } from '../../../src/import/dependency.ts'
import type { Mention } from '../../../src/import/mention.ts'
import { mergeMentions } from '../../../src/import/merge.ts'
import type { OpenOptions } from '../../../src/models/library.ts'
import type { ModelLibrary } from '../../../src/models/model-library.ts'
import { modelFilesTable as files } from '../../../src/models/table.ts'
import { aLibrary } from '../../support/library.ts'
import { aModelFile, type MadeModel } from '../../support/model-files.ts'
import { resolveHere } from '../../support/resolve-here.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'

const BLAKE3 = 'b3'.repeat(32)
const CRC32 = 'c3c3c3c3'
const AUTO_V1 = 'a1a1a1a1'
const VERSION = 4711

let temp: TempDb
let root: string
let hashes: HashPool
let library: ModelLibrary
let walks: number
/** Each question has a time of its own. */
let time: number
let hashed: string[]

beforeEach(async () => {
  temp = await openTempDb()
  root = mkdtempSync(join(tmpdir(), 'airkeep-by-index-'))
  hashes = createHashPool({ size: 1 })
  walks = 0
  time = 1_000
  hashed = []
  const counted: Pick<HashPool, 'hashFile'> = {
    hashFile(path, options) {
      hashed.push(path)
      return hashes.hashFile(path, options)
    },
  }
  library = aLibrary({
    db: temp.db,
    hashes: counted,
    roots: [root],
    clock: { now: () => (time += 1) },
    onWalk: () => (walks += 1),
  })
})
afterEach(async () => {
  await hashes.close()
  await temp.close()
  rmSync(root, { recursive: true })
})

const signal = new AbortController().signal

/** Looks at everything, reads headers and hashes, as a scan does. */
async function scan(): Promise<void> {
  const opened = await library.open([], signal)
  await opened.look()
  await opened.readHeaders()
  for (const file of await opened.unhashed()) await opened.digest(file)
  walks = 0
  hashed = []
}

const know = (file: MadeModel, more: Partial<typeof files.$inferInsert>): Promise<unknown> =>
  temp.db.write((tx) => tx.update(files).set(more).where(eq(files.sha256, file.sha256)))

interface Wanted {
  readonly type?: DependencyType
  readonly name?: string
  readonly hash?: readonly [HashAlgorithm, string]
  readonly version?: number
}

function aDependency({ type = 'lora', name, hash, version }: Wanted): Dependency {
  const [first] = mergeMentions([
    {
      type,
      evidence: ['test:place'],
      ...(name === undefined ? {} : { name }),
      ...(hash === undefined ? {} : { hashes: [{ algorithm: hash[0], value: hash[1], source: 'test:hash' }] }),
      ...(version === undefined ? {} : { civitai: { version_id: version } }),
    },
  ]).dependencies
  if (first === undefined) throw new Error('no dependency')
  return first
}

async function resolve(wanted: readonly Wanted[], options?: OpenOptions): Promise<Dependency[]> {
  const opened = await library.open([], signal, options)
  return resolveHere(wanted.map(aDependency), opened, signal)
}

describe('the index alone finds a file', () => {
  const cases: readonly [what: string, wanted: (file: MadeModel) => Wanted, matchedBy: string][] = [
    ['SHA-256', ({ sha256 }) => ({ hash: ['sha256', sha256] }), 'sha256'],
    ['SHA-256 under another type', ({ sha256 }) => ({ type: 'vae', hash: ['sha256', sha256] }), 'sha256'],
    ['tensors', ({ tensorSha256 }) => ({ hash: ['tensor_sha256', tensorSha256] }), 'tensor_sha256'],
    ['tensors taken for the file', ({ tensorSha256 }) => ({ hash: ['sha256', tensorSha256] }), 'tensor_sha256'],
    ['AutoV3', ({ tensorSha256 }) => ({ hash: ['auto_v3', tensorSha256.slice(0, 12)] }), 'auto_v3'],
    ['12 digits of the file as AutoV3', ({ sha256 }) => ({ hash: ['auto_v3', sha256.slice(0, 12)] }), 'sha256_12'],
    ['12 digits', ({ sha256 }) => ({ hash: ['sha256_12', sha256.slice(0, 12)] }), 'sha256_12'],
    ['AutoV2', ({ sha256 }) => ({ hash: ['auto_v2', sha256.slice(0, 10)] }), 'auto_v2'],
    ['AutoV1', () => ({ hash: ['auto_v1', AUTO_V1] }), 'auto_v1'],
    ['CRC-32 taken for AutoV1', () => ({ hash: ['auto_v1', CRC32] }), 'crc32'],
    ['CRC-32', () => ({ hash: ['crc32', CRC32] }), 'crc32'],
    ['BLAKE3', () => ({ hash: ['blake3', BLAKE3] }), 'blake3'],
    ['BLAKE3 taken for SHA-256', () => ({ hash: ['sha256', BLAKE3] }), 'blake3'],
    ['Civitai version', () => ({ version: VERSION }), 'civitai_version'],
    ['Civitai version under another name', () => ({ name: 'renamed', version: VERSION }), 'civitai_version'],
    ['a hash before the name of another', ({ sha256 }) => ({ name: 'other', hash: ['sha256', sha256] }), 'sha256'],
    ['path', () => ({ name: 'style/Foo.v1.safetensors' }), 'path'],
    ['path as Windows writes it', () => ({ name: 'style\\Foo.v1' }), 'path'],
    ['stem', () => ({ name: 'Foo.v1' }), 'name'],
    ['stem in another folder', () => ({ name: 'else/Foo.v1.safetensors' }), 'name'],
    ['name with a hash that cannot be known', () => ({ name: 'Foo.v1', hash: ['auto_v1', '00000000'] }), 'name'],
    ['output name', () => ({ name: 'Trained_Name' }), 'output_name'],
    ['a symlink', () => ({ name: 'linked' }), 'path'],
    ['a hard link', () => ({ name: 'more/hard' }), 'path'],
  ]
  test.each(cases)('%s', async (_, wanted, matchedBy) => {
    const file = aModelFile(root, 'loras/style/Foo.v1.safetensors', 1)
    aModelFile(root, 'loras/other.safetensors', 2)
    mkdirSync(join(root, 'loras/more'))
    symlinkSync(file.path, join(root, 'loras/linked.safetensors'))
    linkSync(file.path, join(root, 'loras/more/hard.safetensors'))
    await scan()
    const claims = { header: { ss_output_name: 'Trained_Name' } }
    const known = { blake3: BLAKE3, crc32: CRC32, autoV1: AUTO_V1, civitaiVersionId: VERSION }
    await know(file, { ...known, claims, outputNameKey: 'trained_name' })
    const [found] = await resolve([wanted(file)])
    // Of several hashes of one dependency, and of a hash that says nothing, the name is the last word: after a look.
    const isLookedFor = wanted(file).hash?.[1] === '00000000'
    expect({ walks, hashed }).toEqual({ walks: isLookedFor ? 1 : 0, hashed: [] })
    expect(found).toMatchObject({ status: 'resolved', matched_by: matchedBy, sha256: file.sha256 })
    expect(found?.steps).toMatchObject([{ step: 'local', result: expect.stringContaining('Found as') }])
  })
})

describe('what a hash contradicts is a conflict', () => {
  test.each<[string, HashAlgorithm, string]>([
    ['SHA-256', 'sha256', '1'.repeat(64)],
    ['tensors', 'tensor_sha256', '1'.repeat(64)],
    ['AutoV3', 'auto_v3', '111111111111'],
    ['AutoV2', 'auto_v2', '1111111111'],
    ['BLAKE3', 'blake3', '1'.repeat(64)],
    ['CRC-32', 'crc32', '11111111'],
  ])('%s', async (_, algorithm, value) => {
    const file = aModelFile(root, 'loras/foo.safetensors', 1)
    await scan()
    await know(file, { blake3: BLAKE3, crc32: CRC32, civitaiVersionId: VERSION, outputNameKey: 'bar' })
    const [found] = await resolve([{ name: 'foo', hash: [algorithm, value], version: VERSION }])
    const reason = 'A file on this host has this name, but its hash is another one'
    const why = 'has this name but another hash'
    expect(found).toMatchObject({ status: 'ambiguous', reason, candidates: [{ path: file.path, why }] })
    expect(found?.steps).toEqual([{ step: 'local', result: reason }])
    expect(found).not.toHaveProperty('resolved_path')
  })
})

test('of two files that their trainers called the same, and of two of one version, a person chooses', async () => {
  const one = aModelFile(root, 'loras/one.safetensors', 1)
  const two = aModelFile(root, 'loras/two.safetensors', 2)
  await scan()
  const claims = { header: { ss_output_name: 'same' } }
  for (const file of [one, two]) await know(file, { claims, outputNameKey: 'same', civitaiVersionId: VERSION })
  const found = await resolve([{ name: 'same' }, { version: VERSION }, { name: 'two', version: VERSION }])
  expect(found.map(({ status, candidates }) => [status, candidates.length])).toEqual([
    ['ambiguous', 2],
    ['ambiguous', 2],
    ['resolved', 0],
  ])
  expect(found[2]).toMatchObject({ resolved_path: two.path, matched_by: 'civitai_version' })
})

test('a name that trainers gave counts letter by letter', async () => {
  const file = aModelFile(root, 'loras/one.safetensors', 1)
  await scan()
  await know(file, { claims: { header: { ss_output_name: 'Harbor' } }, outputNameKey: 'harbor' })
  const found = await resolve([{ name: 'harbor' }, { name: 'Harbor' }, { type: 'vae', name: 'Harbor' }])
  expect(found.map(({ status }) => status)).toEqual(['missing', 'resolved', 'missing'])
})

function replaceByFolder(path: string): void {
  rmSync(path)
  mkdirSync(path)
}

describe('a row that is not true any more is not believed', () => {
  const cases: readonly [string, (file: MadeModel) => void, status: string][] = [
    ['gone', ({ path }) => rmSync(path), 'missing'],
    ['renamed', ({ path }) => renameSync(path, `${path}.old`), 'missing'],
    ['a folder now', ({ path }) => replaceByFolder(path), 'missing'],
    ['replaced by one of another size', ({ path }) => writeFileSync(path, 'something else'), 'missing'],
    ['written anew at another time', ({ path }) => utimesSync(path, 7, 7), 'resolved'],
    ['elsewhere', ({ path }) => renameSync(path, join(root, 'loras/moved.safetensors')), 'resolved'],
  ]
  test.each(cases)('%s', async (_, change, status) => {
    const file = aModelFile(root, 'loras/foo.safetensors', 1)
    await scan()
    change(file)
    const [found] = await resolve([{ hash: ['sha256', file.sha256] }])
    expect(found?.status as string | undefined).toBe(status)
    expect(walks).toBe(1)
  })

  test('a link that leads elsewhere now', async () => {
    const file = aModelFile(root, 'store/abc.safetensors', 1)
    const other = aModelFile(root, 'store/def.safetensors', 2, 2048)
    mkdirSync(join(root, 'loras'))
    const link = join(root, 'loras/foo.safetensors')
    symlinkSync(file.path, link)
    await scan()
    rmSync(link)
    symlinkSync(other.path, link)
    const [found] = await resolve([{ name: 'foo' }])
    expect(found).toMatchObject({ status: 'resolved', resolved_path: link, sha256: other.sha256 })
    expect(walks).toBe(1)
  })
})

describe('a file whose header nobody has read', () => {
  test('is read before it counts', async () => {
    mkdirSync(join(root, 'loras'))
    writeFileSync(join(root, 'loras/page.safetensors'), '<!DOCTYPE html><html><body>Log in</body></html>')
    const whole = aModelFile(root, 'loras/whole.safetensors', 1)
    const opened = await library.open([], signal)
    await opened.look()
    const found = await resolve([{ name: 'page' }, { name: 'whole' }])
    expect(found.map(({ status }) => status)).toEqual(['missing', 'resolved'])
    const rows = await temp.db.read.select().from(files).where(eq(files.path, whole.path))
    expect(rows[0]?.inspectedAt).toBeNumber()
  })

  test('tells of its name and version when nothing else is left', async () => {
    const file = aModelFile(root, 'loras/foo.safetensors', 1)
    writeFileSync(join(root, 'loras/foo.civitai.info'), JSON.stringify({ id: VERSION, modelId: 1 }))
    const [found] = await resolve([{ version: VERSION }])
    expect(found).toMatchObject({ status: 'resolved', matched_by: 'civitai_version', resolved_path: file.path })
    expect(hashed).toEqual([])
  })
})

test('of several files of one version that a prompt names, none is taken for another', async () => {
  const file = aModelFile(root, 'loras/foo.safetensors', 1)
  writeFileSync(join(root, 'loras/foo.civitai.info'), JSON.stringify({ id: VERSION, modelId: 1 }))
  const link = (fileId: number): Mention => ({
    type: 'lora',
    civitai: { version_id: VERSION },
    urls: [`https://civitai.com/api/download/models/${VERSION}?fileId=${fileId}`],
    evidence: ['civitai:link'],
  })
  const opened = await library.open([], signal)
  const found = await resolveHere(mergeMentions([link(5), link(6)]).dependencies, opened, signal)
  const { path } = file
  expect(found).toMatchObject([
    { status: 'ambiguous', candidates: [{ path }] },
    { status: 'ambiguous', candidates: [{ path }] },
  ])
  const [alone] = await resolveHere(mergeMentions([link(5)]).dependencies, opened, signal)
  expect(alone).toMatchObject({ status: 'resolved', matched_by: 'civitai_version' })
})

test('many imports at once look at the disk once, and one that was asked for later looks again', async () => {
  aModelFile(root, 'loras/foo.safetensors', 1)
  await scan()
  const since = time
  const found = await Promise.all(
    Array.from({ length: 20 }, (_, at) => resolve([{ name: 'foo' }, { name: `missing-${at}` }], { since })),
  )
  expect(found.flat().map(({ status }) => status)).toEqual(Array(20).fill(['resolved', 'missing']).flat())
  expect(walks).toBe(1)
  aModelFile(root, 'loras/late.safetensors', 2)
  const [late] = await resolve([{ name: 'late' }])
  expect(late?.status).toBe('resolved')
  expect(walks).toBe(2)
})

describe('a part of a name proves nothing', () => {
  const cases: readonly [what: string, name: string, candidates: readonly string[]][] = [
    ['of the name of a file', 'harbor', ['harbor_lights.safetensors', 'old/the-harbor-v2.safetensors']],
    ['of what the prompt writes', 'harbor_lights_fp16', ['harbor_lights.safetensors']],
    ['in another case', 'Harbor_LIGHTS_v3', ['harbor_lights.safetensors']],
    ['too short to say anything', 'har', []],
    ['the smaller part of what the prompt writes', 'a_long_name_of_something_with_tree', []],
  ]
  test.each(cases)('%s', async (_, name, candidates) => {
    aModelFile(root, 'loras/harbor_lights.safetensors', 1)
    aModelFile(root, 'loras/old/the-harbor-v2.safetensors', 2)
    aModelFile(root, 'loras/tree.safetensors', 3)
    aModelFile(root, 'vae/harbor.safetensors', 4)
    await scan()
    const [found, hashed] = await resolve([{ name }, { name, hash: ['auto_v2', '1111111111'] }])
    expect(found?.candidates.map((each) => each.name)).toEqual([...candidates])
    expect(found?.status).toBe(candidates.length === 0 ? 'missing' : 'ambiguous')
    expect(found).not.toHaveProperty('resolved_path')
    // Whose hash is known is told by it.
    expect(hashed).toMatchObject({ status: 'missing', candidates: [] })
  })
})
