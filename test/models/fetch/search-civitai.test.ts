import { afterAll, describe, expect, test } from 'bun:test'
import { createCivitaiVersions } from '../../../src/civitai/versions.ts'
import { createFindings } from '../../../src/import/mention.ts'
import { readReference } from '../../../src/import/reference.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { namedAtCivitai, searchCivitai } from '../../../src/models/fetch/search-civitai.ts'
import type { WantedModel } from '../../../src/models/fetch/wanted.ts'
import { fakeFetch } from '../../support/civitai-client.ts'
import { ARCHIVED, NORTHWIND } from '../../support/civitai-examples.ts'
import { startFakeCivitai } from '../../support/fake-civitai.ts'

const civitai = await startFakeCivitai()
afterAll(() => civitai.close())
for (const model of [NORTHWIND, ARCHIVED]) civitai.models.add(model)
const without = (id: number, wire: object) => ({ id, name: 'v1', wire: { files: [], ...wire } })
civitai.models.add({
  id: 900_600,
  versions: [
    without(960_601, { usageControl: 'Generation' }),
    without(960_602, {
      usageControl: 'Download',
      paidAccess: { permanent: false, endsAt: '2026-12-01T00:00:00.000Z' },
    }),
    without(960_603, { paidAccess: { permanent: true, endsAt: null } }),
    without(960_604, {}),
  ],
})

const versions = createCivitaiVersions({ fetch: fakeFetch, log: silentLog, baseUrl: civitai.url })
const search = (wanted: Partial<WantedModel>) => {
  const nothing: WantedModel = { type: 'checkpoint', hashes: [], names: [], urls: [], urls_by_caller: false }
  return searchCivitai({ ...nothing, ...wanted }, versions, { signal: new AbortController().signal })
}
/** As a prompt names it. */
const byUrl = (url: string) => {
  const { civitai: ids, urls = [] } = readReference(url, 'payload', createFindings())
  return search({ ...(ids === undefined ? {} : { civitai: ids }), urls: [...urls] })
}

const FULL = 'type=Model&format=SafeTensor&size=full&fp=fp32'

describe('an address in a prompt means the file that it says', () => {
  test.each([
    ['https://civitai.com/api/download/models/920301', 820_301],
    [`https://civitai.com/api/download/models/920301?${FULL}`, 820_302],
    [`https://civitai.red/api/download/models/920301?${FULL}&token=hidden#x`, 820_302],
    ['https://civitai.com/api/download/models/920301?type=VAE', 820_309],
    ['https://civitai.com/api/download/models/920301?fileId=820302', 820_302],
    [`https://civitai.com/api/download/models/920301?fileId=820301&${FULL}`, 820_301],
    ['https://civitai.com/models/900200?modelVersionId=920301', 820_301],
    [`https://www.civitai.red/models/900200/northwind-xl?modelVersionId=920301&${FULL}`, 820_302],
    ['https://civitai.com/models/900200/northwind-xl', 820_301],
  ])('%s', async (url, fileId) => {
    const { offers } = await byUrl(url)
    expect(offers.map(({ ref }) => ref)).toMatchObject([{ kind: 'civitai', version_id: 920_301, file_id: fileId }])
    // The flags of its licence stand at the model alone.
    expect(offers[0]?.facts.commercial_use).toEqual(['Image', 'RentCivit'])
  })

  test('none where it has no such file', async () => {
    const { offers, result } = await byUrl('https://civitai.com/api/download/models/920301?format=GGUF')
    expect(offers).toEqual([])
    expect(result).toContain('as its address says')
  })
})

test.each([
  [960_601, 'disabled', /used on Civitai itself/],
  [960_602, 'early_access', /until 2026-12-01T00:00:00.000Z/],
  [960_603, 'early_access', /at Civitai: buy access/],
  [960_604, 'archived', /no files any more/],
  [940_501, 'archived', /Archived/],
])('a version without files says why: %p', async (version_id, reason, message) => {
  const { refusal } = await search({ civitai: { version_id } })
  expect(refusal?.reason).toBe(reason as 'archived')
  expect(refusal?.message).toMatch(message)
})

civitai.models.add({
  id: 900_700,
  name: 'Quay Ink',
  versions: [
    { id: 970_701, name: 'New', baseModel: 'Nothing Known 9', sha256s: ['ab'.repeat(32)] },
    { id: 970_702, name: 'Old', sha256s: ['cd'.repeat(32)], wire: { air: 'urn:air:sdxl:lora:civitai:900700@970702' } },
    { id: 970_703, name: 'Plain', sha256s: ['ef'.repeat(32)] },
  ],
})

describe('the AIR of what is found', () => {
  test.each([
    ['as Civitai writes it', 970_702, 'urn:air:sdxl:lora:civitai:900700@970702'],
    ['by type and base model', 970_703, 'urn:air:sdxl:lora:civitai:900700@970703'],
    ['none where the base model is not known', 970_701, undefined],
  ])('is whole: %s', async (_, version_id, air) => {
    const { offers } = await search({ type: 'lora', civitai: { version_id } })
    expect(offers[0]?.air).toBe(air)
    expect(offers[0]?.civitai).toMatchObject({ model_id: 900_700, version_id })
  })

  test('a candidate without one is named by its page', async () => {
    const wanted: WantedModel = { type: 'lora', hashes: [], names: ['Quay Ink'], urls: [], urls_by_caller: false }
    const found = await namedAtCivitai(wanted, versions, { signal: new AbortController().signal })
    expect(found).toEqual([
      {
        url: 'https://civitai.com/models/900700?modelVersionId=970701',
        name: 'file.safetensors',
        why: 'Civitai has Quay Ink, New by that name',
      },
    ])
  })
})
