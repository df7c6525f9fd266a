import { afterAll, beforeAll, expect, test } from 'bun:test'
import { findDigestsByName, findNamesByDigest } from '../../src/models/digests-by-name.ts'
import { createModelFinder } from '../../src/models/find-models.ts'
import { addModelRows } from '../support/model-rows.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const hex = (start: string): string => start.padEnd(64, '5')

let temp: TempDb
let find: ReturnType<typeof findDigestsByName>
let findNames: ReturnType<typeof findNamesByDigest>
beforeAll(async () => {
  temp = await openTempDb()
  await addModelRows(temp.db, [
    { name: 'style/ink.safetensors', type: 'lora', sha256: hex('a1'), tensorSha256: hex('b1') },
    { name: 'one/double.safetensors', type: 'lora', sha256: hex('a2') },
    { name: 'two/double.safetensors', type: 'lora', sha256: hex('a6') },
    { name: 'twin.safetensors', type: 'lora', sha256: hex('a2') },
    { name: 'other/twin.safetensors', type: 'lora', sha256: hex('a3') },
    { name: 'copies/same.safetensors', type: 'lora', sha256: hex('a4') },
    { name: 'same.ckpt', type: 'lora', sha256: hex('a4') },
    { name: 'fresh.safetensors', type: 'lora', sha256: null, hashedAt: null },
    { name: 'main.safetensors', type: 'diffusion_model', sha256: hex('a5') },
  ])
  const finder = createModelFinder({ db: temp.db, instanceId: () => 'here' })
  find = findDigestsByName(finder)
  findNames = findNamesByDigest(finder)
})
afterAll(() => temp.close())

test.each([
  ['ink.safetensors', 'lora', 'a1'],
  ['style\\ink', 'lora', 'a1'],
  ['same', 'lora', 'a4'],
  // The folder tells which, or that there is none.
  ['twin', 'lora', 'a2'],
  ['other/twin.safetensors', 'lora', 'a3'],
  ['main', 'checkpoint', 'a5'],
])('%s, a %s', async (name, type, start) => {
  expect(await find(name, type)).toMatchObject({ sha256: hex(start) })
})

test.each([
  ['double', 'lora'],
  ['ink', 'embedding'],
  ['fresh', 'lora'],
  ['nothing', 'lora'],
  ['../../etc/passwd', 'lora'],
])('nothing for %s, a %s', async (name, type) => {
  expect(await find(name, type)).toBeUndefined()
})

test.each<[string, { stem: string; types: string[] }[]]>([
  [hex('a1'), [{ stem: 'ink', types: ['lora'] }]],
  [hex('a1').slice(0, 10), [{ stem: 'ink', types: ['lora'] }]],
  [hex('b1'), [{ stem: 'ink', types: ['lora'] }]],
  [hex('a4'), [{ stem: 'same', types: ['lora'] }]],
  [hex('a5'), [{ stem: 'main', types: ['diffusion_model', 'checkpoint'] }]],
  // Other bytes have the name of one of its files.
  [hex('a2'), [{ stem: 'twin', types: ['lora'] }]],
  [hex('a6'), []],
  [hex('ff'), []],
])('names of %s', async (hash, names) => {
  expect(await findNames(hash)).toEqual(names)
})
