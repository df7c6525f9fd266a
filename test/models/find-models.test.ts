import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createClient } from '@libsql/client'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { createModelFinder, type FoundModel, type ModelFinder } from '../../src/models/find-models.ts'
import { keepNames } from '../../src/models/library/other-stems.ts'
import { modelNamesTable } from '../../src/models/table.ts'
import { addModelRows, aModelRow, type ModelRowInsert } from '../support/model-rows.ts'
import { backend, openTempDb, type TempDb } from '../support/temp-db.ts'

let temp: TempDb
let finder: ModelFinder
let read: string[] = []

/** 64 digits that begin with `start`. */
const hex = (start: string): string => start.padEnd(64, '5')

const A = {
  name: 'style/Harbor.v1.safetensors',
  sha256: hex('aaaa1'),
  tensorSha256: hex('bbbb1'),
  autoV1: 'cccc1111',
  blake3: hex('dddd1'),
  crc32: 'eeee1111',
  claimedTensor: hex('ffff1'),
  outputNameKey: 'harbor_lights',
  civitaiVersionId: 101,
}
const ROWS: readonly Partial<ModelRowInsert>[] = [
  A,
  { ...A, name: 'gone.safetensors', goneAt: 5, stemKey: 'harbor.v1' },
  { ...A, name: 'elsewhere.safetensors', instanceId: 'there', stemKey: 'harbor.v1' },
  // The same bytes again, damaged since; a header that claims the other's tensors.
  { name: 'copy/harbor.v1.safetensors', sha256: A.sha256, state: 'truncated' },
  { name: 'harbor.v1.gguf', claimedTensor: A.tensorSha256, autoV1: A.crc32 },
  { name: 'b.safetensors', tensorSha256: hex('9a9a'), crc32: '12345678' },
  { name: 'empty.safetensors', sha256: EMPTY_SHA256, crc32: EMPTY_SHA256.slice(0, 8) },
]

beforeAll(async () => {
  temp = await openTempDb({ onRead: (sql) => read.push(sql) })
  await addModelRows(temp.db, ROWS)
  const linked = aModelRow({ name: 'abc-store.safetensors', aliases: ['/models/loras/more/Dusk-Link.safetensors'] })
  await addModelRows(temp.db, [linked])
  const { instanceId, path } = linked
  await temp.db.write(async (tx) => {
    await keepNames(tx, [{ ...linked, aliases: linked.aliases }])
    await tx.insert(modelNamesTable).values({ instanceId, path, stemKey: 'former-link' })
  })
  finder = createModelFinder({ db: temp.db, instanceId: () => 'here' })
})
afterAll(() => temp.close())

const shown = (models: readonly FoundModel[]): string[] => models.map(({ name, matchedBy }) => `${name} ${matchedBy}`)
const NAME = A.name
const COPY = 'copy/harbor.v1.safetensors'

describe('by digest', () => {
  test.each([
    ['SHA-256', A.sha256, [`${NAME} sha256`, `${COPY} sha256`]],
    ['upper case, blanks and a prefix', ` SHA256:${A.sha256.toUpperCase()} `, [`${NAME} sha256`, `${COPY} sha256`]],
    ['BLAKE3 without a word', A.blake3, [`${NAME} blake3`]],
    ['BLAKE3 with its prefix', `blake3:${A.blake3}`, [`${NAME} blake3`]],
    ['BLAKE3 that is another digest', `blake3:${A.sha256}`, []],
    ['tensors without 0x', A.tensorSha256, [`${NAME} tensor_sha256`]],
    ['tensors as SwarmUI writes them', `0x${A.tensorSha256}`, [`${NAME} tensor_sha256`]],
    ['0x before the whole file', `0x${A.sha256}`, [`${NAME} sha256`, `${COPY} sha256`]],
    ['what the header claims', `0x${A.claimedTensor}`, [`${NAME} claimed_tensor`]],
    ['AutoV3', A.tensorSha256.slice(0, 12), [`${NAME} auto_v3`]],
    ['AutoV3 with its prefix', `autov3:${A.tensorSha256.slice(0, 12)}`, [`${NAME} auto_v3`]],
    ['12 digits of the whole file', A.sha256.slice(0, 12), [`${NAME} sha256_12`, `${COPY} sha256_12`]],
    ['12 digits of a claim', A.claimedTensor.slice(0, 12), [`${NAME} claimed_tensor`]],
    ['AutoV2', A.sha256.slice(0, 10), [`${NAME} auto_v2`, `${COPY} auto_v2`]],
    ['AutoV2 of tensors, which nobody writes', A.tensorSha256.slice(0, 10), []],
    ['AutoV1', A.autoV1, [`${NAME} auto_v1`]],
    ['CRC-32', '12345678', ['b.safetensors crc32']],
    ['CRC-32 that is an AutoV1 too', A.crc32, ['harbor.v1.gguf auto_v1']],
    ['CRC-32 with its prefix', `crc32:${A.crc32}`, [`${NAME} crc32`]],
    ['AutoV1 with its prefix', `autov1:${A.autoV1}`, [`${NAME} auto_v1`]],
    ['AutoV1 that is a CRC-32', 'autov1:12345678', []],
    ['the digest of no bytes', EMPTY_SHA256, []],
    ['its beginning', EMPTY_SHA256.slice(0, 12), []],
    ['8 of its digits', `0x${EMPTY_SHA256.slice(0, 8)}`, []],
    ['another length', A.sha256.slice(0, 11), []],
    ['no hex', 'harbor', []],
    ['another kind', `md5:${'a'.repeat(32)}`, []],
    ['nothing', '', []],
    ['a digest of no file', hex('9'), []],
  ])('%s', async (_, hash, expected) => {
    expect(shown(await finder.findByDigest(hash))).toEqual(expected)
  })
})

describe('by name', () => {
  const FOUND = [NAME, COPY, 'harbor.v1.gguf']
  const all = (...kinds: string[]): string[] => FOUND.map((name, at) => `${name} ${kinds[at]}`)
  test.each([
    ['a stem', 'harbor.v1', ['harbor.v1.gguf path', `${NAME} name`, `${COPY} name`]],
    ['a file name', 'HARBOR.V1.safetensors', all('filename', 'filename', 'name')],
    ['a path', 'style/harbor.v1.safetensors', all('path', 'filename', 'name')],
    ['as Windows writes it', 'style\\Harbor.v1', [`${NAME} path`, 'harbor.v1.gguf name', `${COPY} name`]],
    ['a path from here', './copy/harbor.v1.safetensors', [`${COPY} path`, `${NAME} filename`, 'harbor.v1.gguf name']],
    ['part of the stem', 'harbor', []],
    ['only an extension', '.safetensors', []],
    ['nothing', '', []],
  ])('%s', async (_, name, expected) => {
    expect(shown(await finder.findByName(name))).toEqual(expected)
  })

  test('of hundreds with the same stem the one in the folder is found', async () => {
    const rows = Array.from({ length: 150 }, (_, at) => ({ name: `set-${at}/model.safetensors` }))
    await addModelRows(temp.db, rows)
    const found = await finder.findByName('Set-149/model.safetensors')
    expect(found[0]).toMatchObject({ name: 'set-149/model.safetensors', matchedBy: 'path' })
    expect(new Set(found.map(({ path }) => path)).size).toBe(found.length)
    expect((await finder.findByName('model')).length).toBe(100)
  })
})

describe('by another name of the file', () => {
  test.each([
    ['the stem', 'dusk-LINK', 'name'],
    ['the file name', 'Dusk-Link.safetensors', 'filename'],
    ['with its folder', 'loras/more/dusk-link', 'path'],
    ['in another folder', 'else/dusk-link', 'name'],
    ['its own', 'abc-store', 'path'],
  ])('%s', async (_, name, matchedBy) => {
    expect(shown(await finder.findByName(name))).toEqual([`abc-store.safetensors ${matchedBy}`])
  })

  test('that it has no more, nothing is found', async () => {
    expect(await finder.findByName('former-link')).toEqual([])
  })
})

test('by the name that a trainer gave, and by version', async () => {
  expect(shown(await finder.findByOutputName('Harbor_Lights'))).toEqual([`${NAME} output_name`])
  expect(await finder.findByOutputName('')).toEqual([])
  expect(shown(await finder.findByVersion(101))).toEqual([`${NAME} civitai_version`])
  expect(await finder.findByVersion(7)).toEqual([])
  expect((await finder.findByVersion(101))[0]).toMatchObject({ sha256: A.sha256, aliases: [], claims: {} })
})

const OTHER_NAME = [
  'LIST SUBQUERY 1',
  'SEARCH model_names USING COVERING INDEX sqlite_autoindex_model_names_1',
  'SEARCH model_files USING INDEX sqlite_autoindex_model_files_1',
]

// The plans are those of a file; statements on a server are the same.
describe.skipIf(backend !== 'file')('every lookup goes by the index of what is asked for', () => {
  let plans: Client
  beforeAll(() => {
    plans = createClient({ url: `file:${temp.dir}/airkeep.db` })
  })
  afterAll(() => plans.close())

  test.each<[string, () => Promise<unknown>, readonly string[]]>([
    ['64 digits', () => finder.findByDigest(hex('9')), ['sha256', 'blake3', 'tensor', 'claimed_tensor']],
    ['12 digits', () => finder.findByDigest('999999999999'), ['tensor', 'sha256', 'claimed_tensor']],
    ['10 digits', () => finder.findByDigest('9999999999'), ['sha256']],
    ['8 digits', () => finder.findByDigest('99999999'), ['auto_v1', 'crc32']],
    ['a name', () => finder.findByName('harbor'), ['stem', ...OTHER_NAME]],
    ['a name in a folder, one of many', () => finder.findByName('set-1/model'), ['stem', ...OTHER_NAME, 'stem']],
    ['an output name', () => finder.findByOutputName('harbor'), ['output_name']],
    ['a version', () => finder.findByVersion(9), ['version']],
  ])('%s', async (_, look, indexes) => {
    read = []
    await look()
    const steps: string[] = []
    for (const sql of read) {
      const args = Array.from(sql.matchAll(/\?/g), () => 1)
      const { rows } = await plans.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args })
      steps.push(...rows.map((row) => String(row.detail).replace(/ \(.*/, '')))
    }
    const isMany = indexes.length > 1
    const branches = steps.filter((step) => !/^(?:MULTI-INDEX OR|INDEX \d)$/.test(step))
    expect(steps.includes('MULTI-INDEX OR')).toBe(isMany)
    const wanted = indexes.map((name) =>
      name.includes(' ') ? name : `SEARCH model_files USING INDEX model_files_by_${name}`,
    )
    expect(branches).toEqual(wanted)
  })
})
