import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createCivitaiClient } from '../../src/civitai/client.ts'
import { createFetchImage } from '../../src/civitai/fetch-image.ts'
import { createCivitaiFileSource } from '../../src/civitai/file-source.ts'
import { parseImage } from '../../src/civitai/image.ts'
import { parseModel, parseVersion } from '../../src/civitai/model-label.ts'
import { createCivitaiModels } from '../../src/civitai/models.ts'
import { pickFile } from '../../src/civitai/pick-file.ts'
import { type CivitaiVersion, joinModel, parseCivitaiModel, parseCivitaiVersion } from '../../src/civitai/version.ts'
import { createCivitaiVersions } from '../../src/civitai/versions.ts'
import { isEmptyHash } from '../../src/hash/digest.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fakeFetch } from '../support/civitai-client.ts'
import { wireFile } from '../support/civitai-examples.ts'
import { badEnd, HOSTILE_ANSWERS, json, ODD_VALUES, oddVariants } from '../support/hostile-answers.ts'
import { HIGH, LOW } from '../support/payloads.ts'
import { type Answer, type RawServer, startRawServer } from '../support/raw-server.ts'

let server: RawServer
let answer: Answer = ''
beforeAll(async () => {
  server = await startRawServer(() => answer)
})
afterAll(() => server.close())

const { signal } = new AbortController()
const options = { signal, token: 'secret-key' }

function calls(): Readonly<Record<string, () => Promise<unknown>>> {
  const sleep = async (): Promise<void> => {}
  const deps = { fetch: fakeFetch, log: silentLog, baseUrl: `http://127.0.0.1:${server.port}`, sleep }
  const versions = createCivitaiVersions(deps)
  const source = createCivitaiFileSource({ ...deps, storageHosts: ['*.example.com'] }, { versionId: 1, fileId: 2 })
  return {
    images: () => createCivitaiClient(deps).fetchPostImages('1', { limit: 5, page: 1, ...options }),
    image: () => createFetchImage(deps)('1', options),
    ids: () => createCivitaiModels(deps).findVersionIds([HIGH.sha256], options),
    labels: () => createCivitaiModels(deps).fetchLabels([{ versionId: 1, modelId: 2 }], options),
    'by hash': () => versions.findByHash(HIGH.sha256, options),
    'by hashes': () => versions.findByHashes([HIGH.sha256, LOW.sha256], options),
    version: () => versions.getVersion(1, options),
    model: () => versions.getModel(1, options),
    name: () => versions.searchByName('harbor', [], options),
    file: () => source.open(signal),
  }
}

describe('whatever answers, a call ends with an answer or an error of ours', () => {
  test.each(HOSTILE_ANSWERS)('%s', async (_, hostile) => {
    answer = hostile
    const ends: Record<string, string | undefined> = {}
    for (const [name, ask] of Object.entries(calls())) ends[name] = await badEnd(ask)
    expect(Object.values(ends).filter((end) => end !== undefined)).toEqual([])
  })
})

const file = { ...wireFile(5, 'a.safetensors', HIGH), metadata: { format: 'SafeTensor', size: 'full', fp: 'fp16' } }
const version = {
  id: 2,
  modelId: 1,
  name: 'v1',
  air: 'urn:air:sdxl:lora:civitai:1@2',
  status: 'Published',
  publishedAt: '2026-06-01T12:00:00.000Z',
  usageControl: 'Download',
  baseModel: 'SDXL 1.0',
  availability: 'Public',
  trainedWords: ['word'],
  paidAccess: { permanent: false, endsAt: '2026-12-01T00:00:00.000Z' },
  earlyAccessEndsAt: '2026-12-01T00:00:00.000Z',
  model: { name: 'M', type: 'LORA', nsfw: false, mode: 'Archived' },
  files: [file],
}
const model = {
  id: 1,
  name: 'M',
  type: 'LORA',
  nsfw: false,
  mode: null,
  availability: 'Public',
  allowNoCredit: true,
  allowCommercialUse: ['Image'],
  allowDerivatives: true,
  allowDifferentLicense: false,
  modelVersions: [version],
}
const image = {
  id: 5,
  url: 'https://image.civitai.com/x/11111111-2222-4333-8444-555555555501/width=5/5.jpeg',
  width: 5,
  height: 5,
  nsfwLevel: 'None',
  type: 'image',
  createdAt: '2026-06-01T12:00:00.000Z',
  postId: 7,
  stats: { likeCount: 5 },
  meta: { prompt: 'x', hashes: { model: 'x' }, resources: [{ name: 'x', type: 'lora' }] },
  username: 'x',
}

/** What is kept of a version can be shown, stored and compared. */
function expectSound(found: CivitaiVersion): void {
  const texts = JSON.stringify(found)
  expect(texts.isWellFormed()).toBe(true)
  expect(texts.length).toBeLessThan(20_000)
  expect(texts).not.toMatch(/\\u00|\\n|\u202e/)
  for (const { sizeBytes, hashes, id } of found.files) {
    expect(sizeBytes === null || (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)).toBe(true)
    expect(Number.isSafeInteger(id) && id > 0).toBe(true)
    for (const hash of Object.values(hashes)) expect(/^[0-9a-f]{8,64}$/.test(hash) && !isEmptyHash(hash)).toBe(true)
  }
  for (const wanted of [
    {},
    { type: 'vae', fileId: 5 },
    { traits: { type: 'Model', fp: 'fp16', quant: 'Q8' }, names: ['a'] },
  ]) {
    const picked = pickFile(found, { hashes: [{ algorithm: 'sha256', value: HIGH.sha256 }], ...wanted })
    if (picked.file === undefined) expect(picked.reason.length).toBeLessThan(2_000)
  }
}

describe('whatever stands in a field', () => {
  test('of a version', () => {
    for (const odd of oddVariants(version)) {
      const found = parseCivitaiVersion(odd)
      void parseVersion(odd)
      if (found !== undefined) expectSound(found)
    }
  })

  test('of a model', () => {
    const whole = parseCivitaiVersion(version)
    // Fields of its versions are those above.
    const few = ODD_VALUES.filter((_, at) => at % 4 === 0)
    const { modelVersions, ...rest } = model
    for (const odd of [...oddVariants(rest), ...oddVariants(model, few)]) {
      void parseModel(odd)
      const found = parseCivitaiModel(odd)
      for (const one of found?.versions ?? []) expectSound(one)
      if (found !== undefined && whole !== undefined) expectSound(joinModel(whole, found))
    }
  })

  test('of an image', () => {
    for (const odd of oddVariants(image)) {
      const { meta: _, ...found } = parseImage(odd) ?? { meta: null }
      expect(JSON.stringify(found).length).toBeLessThan(15_000)
    }
  })

  test.each<readonly unknown[]>([['x'.repeat(1_000_000)], ['a\u0000b'], [-1], [1e30], [null], [{}], [[]], [true]])(
    'of a cursor: %#',
    async (nextCursor) => {
      const items = [image, { ...model, id: 77 }]
      answer = json(JSON.stringify({ items, metadata: { nextCursor } }))
      const { images, labels } = calls()
      expect(await badEnd(async () => images?.())).toBeUndefined()
      expect(await badEnd(async () => labels?.())).toBeUndefined()
    },
  )
})
