import { expect, test } from 'bun:test'
import { parseAir } from '../../src/air/air.ts'
import { type CivitaiReference, findReference, readCivitaiAir } from '../../src/civitai/air.ts'
import { createCivitaiVersions } from '../../src/civitai/versions.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fakeFetch } from '../support/civitai-client.ts'
import { ARCHIVED, HARBOR_LIGHTS } from '../support/civitai-examples.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'

test.each([
  ['urn:air:sdxl:lora:civitai:900100@910201', { modelId: 900_100, versionId: 910_201 }],
  ['civitai:900100@910201+810201.safetensors', { modelId: 900_100, versionId: 910_201, fileId: 810_201 }],
  ['urn:air:sdxl:lora:civitai:900100', { modelId: 900_100 }],
  ['urn:air:sdxl:lora:civitai:900100@latest', undefined],
  ['urn:air:sdxl:lora:civitai:name@1', undefined],
  ['urn:air:sdxl:lora:civitai:99999999999999999999@1', undefined],
  ['urn:air:flux1:repository:huggingface:org/repo@main', undefined],
])('%s', (text, expected) => {
  const air = parseAir(text)
  const reference = air === undefined ? undefined : readCivitaiAir(air)
  if (expected === undefined) expect(reference).toBeUndefined()
  else expect(reference).toMatchObject(expected)
})

test.each<[string, CivitaiReference, object]>([
  ['a version', { versionId: 910_201 }, { version: { versionId: 910_201 }, chosen: 'named' }],
  ['with its model', { modelId: 900_100, versionId: 910_201 }, { version: { versionId: 910_201 }, chosen: 'named' }],
  ['a model', { modelId: 900_100 }, { version: { versionId: 910_202 }, chosen: 'newest' }],
  ['of another model', { modelId: 5, versionId: 910_201 }, { reason: 'has version 910201 under model 900100, not 5' }],
  ['no version', { versionId: 4 }, { reason: 'does not show version 4' }],
  ['no model', { modelId: 4 }, { reason: 'does not show model 4' }],
  ['nothing', {}, { reason: expect.stringContaining('not told') }],
])('what is meant: %s', async (_, reference, expected) => {
  await using civitai = await startFakeCivitai().then((fake) => ({ ...fake, [Symbol.asyncDispose]: fake.close }))
  civitai.models.add(HARBOR_LIGHTS)
  civitai.models.add(ARCHIVED)
  const versions = createCivitaiVersions({ fetch: fakeFetch, log: silentLog, baseUrl: civitai.url })
  const { signal } = new AbortController()
  expect(await findReference(reference, versions, { signal })).toMatchObject(expected)
})
