import { afterAll, expect, test } from 'bun:test'
import { createCivitaiVersions } from '../../../src/civitai/versions.ts'
import { createHuggingFace } from '../../../src/huggingface/client.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { offersFound } from '../../../src/models/fetch/offers-found.ts'
import { readRequestedModel } from '../../../src/models/fetch/requested-model.ts'
import { createSearch } from '../../../src/models/fetch/search.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { fakeFetch } from '../../support/civitai-client.ts'
import { HARBOR_LIGHTS } from '../../support/civitai-examples.ts'
import { startFakeCivitai } from '../../support/fake-civitai.ts'
import { startFakeHuggingFace } from '../../support/fake-hugging-face.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'

const hub = await startFakeHuggingFace()
const civitai = await startFakeCivitai()
civitai.models.add(HARBOR_LIGHTS)
afterAll(async () => {
  await hub.close()
  await civitai.close()
})
const files = { 'loras/high.safetensors': { bytes: payloadBytes(HIGH.seed) } }
hub.addRepo({ id: 'acme/harbor', files })
hub.addRepo({ id: 'acme/gated', files, gated: 'manual' })

const mirrors = { hf_url: hub.url, civitai_url: civitai.url }
const common = { fetch: fakeFetch, log: silentLog, sleep: async () => {} }
const findOffers = createSearch({
  peers: {
    find: async () => ({ offers: [], failures: [], distrusted: [], sightings: [] }),
    locate: async () => [],
    describe: async () => [],
  },
  civitai: createCivitaiVersions({ ...common, baseUrl: civitai.url }),
  huggingFace: createHuggingFace({ ...common, baseUrl: hub.url }),
  keys: { find: async () => undefined },
  mirrors,
})
const ask = (request: { url: string; sha256?: string }, known = mirrors) =>
  findOffers(readRequestedModel(request, 'any', known).wanted, { actor: OWNER, signal: new AbortController().signal })
const PATH = 'resolve/main/loras/high.safetensors'

test('another digest than the wanted one is the reason, and both are named', async () => {
  const request = { url: `https://huggingface.co/acme/harbor/${PATH}`, sha256: 'ab'.repeat(32) }
  const search = await ask(request)
  expect(() => offersFound(search, readRequestedModel(request, 'any').wanted)).toThrow(
    `loras/high.safetensors of acme/harbor has the SHA-256 ${HIGH.sha256.slice(0, 12)}…, not the wanted abababababab…`,
  )
})

test('terms of a gated repository come with what helps', async () => {
  const request = { url: `https://huggingface.co/acme/gated/${PATH}` }
  const { wanted } = readRequestedModel(request, 'any')
  const found = offersFound(await ask(request), wanted)
  expect(found).toEqual({
    reasonCode: 'login',
    reason: `Cannot get acme/gated from the mirror of Hugging Face at ${hub.host}: its terms have to be accepted at https://huggingface.co/acme/gated by an account whose key set_upstream_key then stores`,
    hint: 'Accept the terms at https://huggingface.co/acme/gated and store a key of that account with set_upstream_key, or set HF_TOKEN',
    until: undefined,
    candidates: [],
  })
})

test.each([
  ['as the setting writes it', () => hub.url],
  ['over TLS', () => hub.url.replace('http:', 'https:')],
])('an address at the mirror in the place of Hugging Face is a repository, %s', async (_, base) => {
  const found = await ask({ url: `${base()}/acme/harbor/${PATH}` })
  expect(found.offers).toMatchObject([
    { source: 'huggingface', ref: { kind: 'huggingface', repo: 'acme/harbor' }, sha256: HIGH.sha256 },
  ])
  // Also where a workflow or an earlier job has it as an address.
  const wanted = {
    type: 'lora',
    hashes: [],
    names: [],
    urls: [`${base()}/acme/harbor/${PATH}`],
    urls_by_caller: true,
  } as const
  const search = await findOffers(
    { ...wanted, hashes: [], names: [], urls: [...wanted.urls] },
    { actor: OWNER, signal: new AbortController().signal },
  )
  expect(search.offers).toMatchObject([{ source: 'huggingface' }])
})

test('an address at the mirror in the place of Civitai is a version', async () => {
  const found = await ask({ url: `${civitai.url}/api/download/models/910201?fileId=810201` })
  expect(found.offers).toMatchObject([
    { source: 'civitai', ref: { kind: 'civitai', version_id: 910_201, file_id: 810_201 } },
  ])
})

test('another port is another host', async () => {
  const { origin } = new URL('http://127.0.0.1:8999')
  const found = await ask({ url: `${origin}/acme/harbor/${PATH}` })
  expect(found.offers).toMatchObject([{ source: 'url' }])
})
