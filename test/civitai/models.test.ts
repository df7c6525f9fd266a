import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { type CivitaiModels, type CivitaiModelsDeps, createCivitaiModels } from '../../src/civitai/models.ts'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { type Misbehaviour, startFakeCivitai } from '../support/fake-civitai.ts'
import { rejection } from '../support/rejection.ts'

const civitai = await startFakeCivitai()
const sibling = await startFakeCivitai()
afterAll(async () => {
  await civitai.close()
  await sibling.close()
})

const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
const fetch = createGuardedFetch({ guard, version: '1.2.3' })
const { signal } = new AbortController()
let waits: number[] = []

function aClient(changes: Partial<CivitaiModelsDeps> = {}): CivitaiModels {
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms)
  }
  return createCivitaiModels({ fetch, log: silentLog, baseUrl: civitai.url, sleep, ...changes })
}
const client = aClient()

beforeEach(() => {
  for (const server of [civitai, sibling]) {
    server.misbehave(undefined)
    server.models.odd = {}
    server.requests.length = 0
  }
  waits = []
})

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex')
const paths = (): string[] => civitai.requests.map(({ path }) => path.replace('/api/v1', ''))

civitai.models.add({
  id: 900100,
  name: 'Harbor Lights',
  versions: [
    { id: 910202, name: 'LOW v1.0', baseModel: 'Wan Video 2.2 I2V-A14B', sha256s: [digestOf('low')] },
    {
      id: 910201,
      name: 'HIGH v1.0',
      baseModel: 'Wan Video 2.2 I2V-A14B',
      sha256s: [digestOf('high'), digestOf('both')],
    },
  ],
})
civitai.models.add({
  id: 900200,
  name: 'Northwind XL',
  type: 'Checkpoint',
  versions: [{ id: 920301, sha256s: [digestOf('both')] }],
})

describe('versions of digests', () => {
  test('one request, in upper case; what Civitai does not know is left out', async () => {
    const found = await client.findVersionIds([digestOf('high'), digestOf('low').toUpperCase(), digestOf('own')], {
      token: 'secret-key',
      signal,
    })
    expect([...found]).toEqual([
      [digestOf('low'), { versionId: 910202, modelId: 900100 }],
      [digestOf('high'), { versionId: 910201, modelId: 900100 }],
    ])
    expect(civitai.requests.length).toBe(1)
    const [request] = civitai.requests
    expect(request).toMatchObject({ method: 'POST', path: '/api/v1/model-versions/by-hash/ids' })
    expect(request?.headers['content-type']).toBe('application/json')
    expect(request?.headers.authorization).toBe('Bearer secret-key')
    expect(JSON.parse(request?.body ?? '')).toEqual(['high', 'low', 'own'].map((name) => digestOf(name).toUpperCase()))
  })

  test.each([
    ['the digest of no bytes', EMPTY_SHA256],
    ['a shortened one', digestOf('high').slice(0, 10)],
    ['one with its prefix', `0x${digestOf('high')}`],
    ['text', 'x'.repeat(64)],
  ])('%s is never sent', async (_, digest) => {
    expect(await client.findVersionIds([digest], { signal })).toEqual(new Map())
    await client.findVersionIds([digest, digestOf('low')], { signal })
    expect(civitai.requests.map(({ body }) => JSON.parse(body))).toEqual([[digestOf('low').toUpperCase()]])
  })

  test('more than ten thousand go in several requests, the same one once', async () => {
    const digests = Array.from({ length: 10_001 }, (_, at) => digestOf(String(at)))
    const found = await client.findVersionIds([...digests, digestOf('low'), digestOf('low')], { signal })
    expect(found.size).toBe(1)
    expect(civitai.requests.map(({ body }) => JSON.parse(body).length)).toEqual([10_000, 2])
  })

  test('of several versions with the same file the oldest counts', async () => {
    const found = await client.findVersionIds([digestOf('both')], { signal })
    expect(found.get(digestOf('both'))).toEqual({ versionId: 910201, modelId: 900100 })
  })

  test('an answer may lack models, say things twice and hold what nobody asked for', async () => {
    civitai.models.odd = { withoutModelIds: true, twice: true, junk: true }
    const found = await client.findVersionIds([digestOf('high')], { signal })
    expect([...found]).toEqual([[digestOf('high'), { versionId: 910201, modelId: undefined }]])
  })

  test.each<[string, Misbehaviour, number, object | undefined]>([
    ['429 with Retry-After', { kind: 'fail', status: 429, headers: { 'retry-after': '7' }, times: 1 }, 2, undefined],
    ['500', { kind: 'fail', status: 500, times: 3 }, 4, undefined],
    ['500 for good', { kind: 'fail', status: 500 }, 4, { code: 'upstream_unavailable' }],
    ['429 for good', { kind: 'fail', status: 429 }, 4, { code: 'rate_limited' }],
    ['404', { kind: 'fail', status: 404 }, 1, { code: 'upstream_unavailable', hint: 'Check AIRKEEP_CIVITAI_URL' }],
    ['HTML', { kind: 'body', body: '<html>Just a moment</html>' }, 1, { code: 'upstream_unavailable' }],
    ['no list', { kind: 'body', body: '{"items":[]}' }, 1, { code: 'upstream_unavailable' }],
  ])('%s', async (_, how, requests, error) => {
    civitai.misbehave(how)
    const asked = client.findVersionIds([digestOf('high')], { signal })
    if (error === undefined) expect((await asked).size).toBe(1)
    else expect(await rejection(asked)).toMatchObject(error)
    expect(civitai.requests.length).toBe(requests)
    expect(civitai.requests.every(({ method, body }) => method === 'POST' && body.length > 60)).toBe(true)
    if (how.kind === 'fail' && how.headers !== undefined) expect(waits).toEqual([7_000])
  })

  test('an answer without end is not read without end', async () => {
    civitai.misbehave({ kind: 'huge' })
    const small = aClient({ maxAnswerBytes: 100_000 })
    const asked = small.findVersionIds([digestOf('high')], { signal })
    expect(await rejection(asked)).toMatchObject({ code: 'upstream_unavailable' })
  })

  test('cancelling ends the request', async () => {
    const during = new AbortController()
    civitai.misbehave({ kind: 'silent', onRequest: () => during.abort() })
    const asked = client.findVersionIds([digestOf('high')], { signal: during.signal })
    expect(await rejection(asked)).toMatchObject({ code: 'cancelled' })
  })
})

describe('labels', () => {
  const high = { versionId: 910201, modelId: 900100 }
  const low = { versionId: 910202, modelId: 900100 }
  const checkpoint = { versionId: 920301, modelId: 900200 }

  test('one request for all models of a batch', async () => {
    const labels = await client.fetchLabels([high, checkpoint], { token: 'secret-key', signal })
    expect(labels.get(910201)).toEqual({
      modelId: 900100,
      versionId: 910201,
      modelName: 'Harbor Lights',
      versionName: 'HIGH v1.0',
      type: 'LORA',
      baseModel: 'Wan Video 2.2 I2V-A14B',
      trainedWords: ['h4rbor lights'],
      license: {
        allowNoCredit: true,
        allowCommercialUse: ['Image', 'RentCivit'],
        allowDerivatives: true,
        allowDifferentLicense: false,
      },
      nsfw: false,
      availability: 'Public',
      paidAccess: null,
    })
    expect([...labels.keys()].toSorted()).toEqual([910201, 920301])
    expect(civitai.requests.length).toBe(1)
    expect(Object.fromEntries(civitai.requests[0]?.query ?? [])).toEqual({
      ids: '900100,900200',
      limit: '100',
      nsfw: 'true',
    })
    expect(civitai.requests[0]?.headers.authorization).toBe('Bearer secret-key')
  })

  test('a hundred models a request', async () => {
    const many = Array.from({ length: 150 }, (_, at) => ({ versionId: 2_000_000 + at, modelId: 1_000_000 + at }))
    for (const { versionId, modelId } of many) civitai.models.add({ id: modelId, versions: [{ id: versionId }] })
    const labels = await client.fetchLabels([...many, ...many], { signal })
    expect(labels.size).toBe(150)
    expect(civitai.requests.map(({ query }) => query.get('ids')?.split(',').length)).toEqual([100, 50])
  })

  test('a list that comes in parts is read by its cursors, and no further than it must', async () => {
    civitai.models.odd = { pageSize: 1, junk: true }
    expect((await client.fetchLabels([high, checkpoint, low], { signal })).size).toBe(3)
    expect(civitai.requests.map(({ query }) => query.get('cursor'))).toEqual([null, '1|1'])
  })

  test('pages without end are left', async () => {
    civitai.models.odd = { pageSize: 1, endless: true }
    expect((await client.fetchLabels([high, checkpoint], { signal })).size).toBe(2)
    expect(paths().filter((path) => path === '/models').length).toBe(5)
    expect(paths().at(-1)).toBe('/models/900200')
  })

  test('a list that is too large is asked for in halves', async () => {
    civitai.models.odd = { padding: 60_000 }
    const small = aClient({ maxAnswerBytes: 100_000 })
    expect((await small.fetchLabels([high, checkpoint], { signal })).size).toBe(2)
    expect(civitai.requests.map(({ query }) => query.get('ids'))).toEqual(['900100,900200', '900100', '900200'])
  })

  test('what lists do not show is asked for alone: the model, then the version', async () => {
    civitai.models.add({ id: 31, versions: [{ id: 311 }], unlisted: true })
    civitai.models.add({ id: 32, versions: [{ id: 321 }], hidden: true })
    const labels = await client.fetchLabels(
      [high, { versionId: 311, modelId: 31 }, { versionId: 321, modelId: 32 }, { versionId: 399, modelId: 39 }],
      { signal },
    )
    expect([...labels.keys()].toSorted()).toEqual([311, 321, 910201])
    expect(labels.get(311)).toMatchObject({ license: { allowNoCredit: true }, modelId: 31 })
    expect(labels.get(321)).toMatchObject({ license: null, modelId: 32, modelName: 'Model 32' })
    expect(paths()).toEqual([
      '/models',
      '/models/31',
      '/models/32',
      '/model-versions/321',
      '/models/39',
      '/model-versions/399',
    ])
  })

  test('a version of which the model is not known gets its licence too', async () => {
    const labels = await client.fetchLabels([{ versionId: 910201, modelId: undefined }], { signal })
    expect(labels.get(910201)).toMatchObject({ modelId: 900100, license: { allowNoCredit: true } })
    expect(paths()).toEqual(['/model-versions/910201', '/models/900100'])
  })

  test('a version that belongs to another model than its digest is not believed', async () => {
    expect(await client.fetchLabels([{ versionId: 920301, modelId: 900100 }], { signal })).toEqual(new Map())
  })

  test('one version that fails is left out; a few in a row are the whole site', async () => {
    const few = [401, 402].map((modelId) => ({ modelId, versionId: modelId * 10 }))
    civitai.misbehave({ kind: 'fail', status: 500 }, /models\/40/)
    expect([...(await client.fetchLabels([...few, high], { signal })).keys()]).toEqual([910201])
    const more = [...few, { modelId: 403, versionId: 4030 }]
    expect(await rejection(client.fetchLabels(more, { signal }))).toMatchObject({ code: 'upstream_unavailable' })
  })

  test('one version that is refused is left out; a blocked region is the whole site', async () => {
    const few = [401, 402].map((modelId) => ({ modelId, versionId: modelId * 10 }))
    civitai.misbehave({ kind: 'fail', status: 403, body: '{"error":"Early Access"}' }, /models\/40/)
    expect([...(await client.fetchLabels([...few, high], { signal })).keys()]).toEqual([910201])
    civitai.misbehave({ kind: 'fail', status: 451 }, /models\/40/)
    expect(await rejection(client.fetchLabels([...few, high], { signal }))).toMatchObject({ reason: 'region' })
  })

  test.each<[string, Misbehaviour, object]>([
    ['500 for good', { kind: 'fail', status: 500 }, { code: 'upstream_unavailable' }],
    ['429 for good', { kind: 'fail', status: 429 }, { code: 'rate_limited' }],
    ['HTML', { kind: 'body', body: '<html>Just a moment</html>' }, { code: 'upstream_unavailable' }],
  ])('%s ends it', async (_, how, error) => {
    civitai.misbehave(how, /models$/)
    expect(await rejection(client.fetchLabels([high], { signal }))).toMatchObject(error)
  })

  test('a mirror without lists is asked model by model', async () => {
    civitai.misbehave({ kind: 'fail', status: 404 }, /models$/)
    expect((await client.fetchLabels([high, low], { signal })).size).toBe(2)
    expect(paths()).toEqual(['/models', '/models/900100'])
  })
})

describe('the other host of the same site', () => {
  const toServers: GuardedFetch = (request) => {
    const url = new URL(request.url)
    const target = url.hostname === 'civitai.com' ? civitai : sibling
    return fetch({ ...request, url: `${target.url}${url.pathname}${url.search}`, hosts: 'any' })
  }
  const official = aClient({ fetch: toServers, baseUrl: 'https://civitai.com' })
  sibling.models.add({ id: 900300, name: 'Red', versions: [{ id: 930301, sha256s: [digestOf('red')] }] })

  test('is asked for what the first does not know, without the key', async () => {
    const found = await official.findVersionIds([digestOf('high'), digestOf('red')], { token: 'secret-key', signal })
    expect(found.get(digestOf('red'))).toEqual({ versionId: 930301, modelId: 900300 })
    expect(sibling.requests.map(({ body }) => JSON.parse(body))).toEqual([[digestOf('red').toUpperCase()]])
    const labels = await official.fetchLabels([...found.values()], { token: 'secret-key', signal })
    expect(labels.get(930301)?.modelName).toBe('Red')
    expect(sibling.requests[1]?.query.get('ids')).toBe('900300')
    expect(civitai.requests.every(({ headers }) => headers.authorization === 'Bearer secret-key')).toBe(true)
    expect(sibling.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
  })

  test('is not asked where the first knows all', async () => {
    const found = await official.findVersionIds([digestOf('high')], { signal })
    await official.fetchLabels([...found.values()], { signal })
    expect(sibling.requests.length).toBe(0)
  })

  test('its failure changes nothing', async () => {
    sibling.misbehave({ kind: 'fail', status: 451 })
    expect((await official.findVersionIds([digestOf('high'), digestOf('red')], { signal })).size).toBe(1)
  })
})
