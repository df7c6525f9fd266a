import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createClient } from '@libsql/client'
import { createFileFinder, type FileHints } from '../../../src/models/library/find-files.ts'
import { addModelRows } from '../../support/model-rows.ts'
import { backend, openTempDb, type TempDb } from '../../support/temp-db.ts'

let temp: TempDb
let find: ReturnType<typeof createFileFinder>
let read: string[] = []

const hex = (start: string): string => start.padEnd(64, '5')
const NOTHING: FileHints = { digests: [], beginnings: [], shorts: [], versions: [], stems: [] }
const A = {
  name: 'a.safetensors',
  sha256: hex('aa01'),
  tensorSha256: hex('bb01'),
  blake3: hex('cc01'),
  autoV1: 'dd010101',
  crc32: 'ee010101',
  civitaiVersionId: 7,
  outputNameKey: 'trained',
}

beforeAll(async () => {
  temp = await openTempDb({ onRead: (sql) => read.push(sql) })
  await addModelRows(temp.db, [
    A,
    { name: 'b.safetensors', sha256: hex('aa02') },
    { name: 'gone.safetensors', goneAt: 5, sha256: hex('aa03') },
    { name: 'half.safetensors', state: 'truncated', sha256: hex('aa04') },
    { name: 'pickle.ckpt', state: 'pickle', sha256: hex('aa05') },
    { name: 'elsewhere.safetensors', instanceId: 'there', sha256: hex('aa06') },
  ])
  find = createFileFinder({ db: temp.db, instanceId: () => 'here' })
})
afterAll(() => temp.close())

test.each<[string, Partial<FileHints>, readonly string[]]>([
  ['SHA-256', { digests: [A.sha256] }, ['a.safetensors']],
  ['tensors', { digests: [A.tensorSha256] }, ['a.safetensors']],
  ['BLAKE3', { digests: [A.blake3] }, ['a.safetensors']],
  ['beginnings', { beginnings: [A.sha256.slice(0, 10), A.tensorSha256.slice(0, 12)] }, ['a.safetensors']],
  ['AutoV1', { shorts: [A.autoV1] }, ['a.safetensors']],
  ['CRC-32', { shorts: [A.crc32] }, ['a.safetensors']],
  ['version', { versions: [7] }, ['a.safetensors']],
  ['stem', { stems: ['a'] }, ['a.safetensors']],
  ['name of the trainer', { stems: ['trained'] }, ['a.safetensors']],
  [
    'several',
    { stems: ['a', 'b'], digests: [A.sha256, hex('aa05')] },
    ['a.safetensors', 'b.safetensors', 'pickle.ckpt'],
  ],
  ['what is gone, broken or of another host', { digests: ['aa03', 'aa04', 'aa06'].map(hex) }, []],
  ['nothing', {}, []],
])('%s', async (_, hints, names) => {
  expect((await find({ ...NOTHING, ...hints })).map(({ name }) => name)).toEqual([...names])
})

// The plan is that of a file; the statement on a server is the same.
describe.skipIf(backend !== 'file')('every hint goes by its index', () => {
  let plans: Client
  beforeAll(() => {
    plans = createClient({ url: `file:${temp.dir}/airkeep.db` })
  })
  afterAll(() => plans.close())

  test('all in one statement', async () => {
    read = []
    await find({ ...NOTHING, stems: ['a'] })
    const [sql = ''] = read
    const { rows } = await plans.execute({
      sql: `EXPLAIN QUERY PLAN ${sql}`,
      args: Array.from(sql.matchAll(/\?/g), () => '[]'),
    })
    const steps = rows.map(({ detail }) => String(detail))
    expect(steps.filter((step) => /^SCAN (?!wanted|\(subquery)/.test(step))).toEqual([])
    const used = steps.flatMap(
      (step) => /SEARCH (?:f|n|model_files) USING (?:COVERING )?INDEX (\w+)/.exec(step)?.[1] ?? [],
    )
    const own = ['sha256', 'tensor', 'blake3', 'sha256', 'tensor', 'auto_v1', 'crc32', 'version', 'stem', 'output_name']
    expect(used.toSorted()).toEqual(
      [
        ...own.map((name) => `model_files_by_${name}`),
        'sqlite_autoindex_model_files_1',
        'sqlite_autoindex_model_names_1',
      ].toSorted(),
    )
  })
})
