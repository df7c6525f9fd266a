import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { type CivitaiVersions, type CivitaiVersionsDeps, createCivitaiVersions } from '../../src/civitai/versions.ts'
import type { AppError } from '../../src/errors.ts'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fakeFetch, rerouted } from '../support/civitai-client.ts'
import { ARCHIVED, EARLY, HARBOR_LIGHTS, NORTHWIND } from '../support/civitai-examples.ts'
import { type Misbehaviour, startFakeCivitai } from '../support/fake-civitai.ts'
import { DEADLINE } from '../support/fake-downloads.ts'
import { CHECKPOINT, HIGH, LOW } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'

const civitai = await startFakeCivitai()
const sibling = await startFakeCivitai()
afterAll(async () => {
  await civitai.close()
  await sibling.close()
})
for (const model of [HARBOR_LIGHTS, NORTHWIND, EARLY, ARCHIVED]) civitai.models.add(model)
const RED = { sha256: 'ee'.repeat(32) }
sibling.models.add({ id: 900_900, name: 'Red', versions: [{ id: 990_901, sha256s: [RED.sha256] }] })

const { signal } = new AbortController()
let now = 0

function aClient(changes: Partial<CivitaiVersionsDeps> = {}): CivitaiVersions {
  const sleep = async (): Promise<void> => {}
  return createCivitaiVersions({
    fetch: fakeFetch,
    log: silentLog,
    baseUrl: civitai.url,
    sleep,
    now: () => now,
    ...changes,
  })
}
const official = (): CivitaiVersions =>
  aClient({
    baseUrl: 'https://civitai.com',
    fetch: rerouted({ 'https://civitai.com': civitai.url, 'https://civitai.red': sibling.url }),
  })

beforeEach(() => {
  for (const server of [civitai, sibling]) {
    server.misbehave(undefined)
    server.models.odd = {}
    server.requests.length = 0
  }
})
const paths = (): string[] => civitai.requests.map(({ path }) => path.replace('/api/v1', ''))

describe('by one hash', () => {
  test.each([
    ['SHA-256', HIGH.sha256],
    ['SHA-256 in upper case', HIGH.sha256.toUpperCase()],
    ['AutoV1', HIGH.autoV1],
    ['AutoV2', HIGH.sha256.slice(0, 10)],
    ['AutoV3', HIGH.tensorSha256.slice(0, 12)],
    ['CRC-32', HIGH.crc32],
    ['BLAKE3', `0f${'1'.padStart(62, '0')}`],
  ])('%s', async (_, hash) => {
    const version = await aClient().findByHash(hash, { token: 'secret-key', signal })
    expect(version?.versionId).toBe(910_201)
    expect(paths()).toEqual([`/model-versions/by-hash/${hash.toUpperCase()}`])
    expect(civitai.requests[0]?.headers.authorization).toBe('Bearer secret-key')
  })

  test.each([
    ['no bytes', EMPTY_SHA256],
    ['no bytes, short', EMPTY_SHA256.slice(0, 10)],
    ['another length', 'abcdef'],
    ['no hash', '../../models/1'],
    ['nothing', ''],
  ])('%s is never asked for', async (_, hash) => {
    expect(await aClient().findByHash(hash, { signal })).toBeUndefined()
    expect(civitai.requests.length).toBe(0)
  })

  test.each([
    ['short', 'abcdef0123', undefined],
    ['long, where every file has a digest', 'ab12'.repeat(16), undefined],
  ])('a version that has not the hash does not count: %s', async (_, hash, expected) => {
    civitai.models.odd = { always: 910_202 }
    expect(await aClient().findByHash(hash, { signal })).toBe(expected)
  })

  test('a long one counts where a file says nothing: it can be checked', async () => {
    civitai.models.odd = { always: 930_401 }
    expect((await aClient().findByHash('ab12'.repeat(16), { signal }))?.versionId).toBe(930_401)
    expect(await aClient().findByHash('ab12ab12ab', { signal })).toBeUndefined()
  })

  test('hits and misses are remembered for a while', async () => {
    const client = aClient()
    const ask = async (hash: string): Promise<number> => {
      await client.findByHash(hash, { signal })
      return civitai.requests.length
    }
    const missing = 'f'.repeat(64)
    expect([await ask(HIGH.sha256), await ask(missing), await ask(HIGH.sha256), await ask(missing)]).toEqual([
      1, 2, 2, 2,
    ])
    now += 61_000
    expect([await ask(HIGH.sha256), await ask(missing)]).toEqual([2, 3])
    now += 10 * 60_000
    expect(await ask(HIGH.sha256)).toBe(4)
    await client.findByHash(HIGH.sha256, { signal, fresh: true })
    expect(civitai.requests.length).toBe(5)
  })

  test('answers for one key are not for another', async () => {
    const client = aClient()
    for (const token of ['one', 'two', undefined, 'one']) await client.findByHash(HIGH.sha256, { token, signal })
    expect(civitai.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer one',
      'Bearer two',
      undefined,
    ])
  })

  test('equal questions at once are one request', async () => {
    const client = aClient()
    const asked = Array.from({ length: 50 }, () => client.findByHash(LOW.sha256, { signal }))
    expect(new Set((await Promise.all(asked)).map((version) => version?.versionId))).toEqual(new Set([910_202]))
    expect(civitai.requests.length).toBe(1)
  })

  test('a failure is told to all and not remembered', async () => {
    const client = aClient()
    civitai.misbehave({ kind: 'fail', status: 400 })
    const failed = await Promise.all([1, 2].map(() => rejection(client.findByHash(LOW.sha256, { signal }))))
    expect(failed).toMatchObject([{ code: 'upstream_unavailable' }, { code: 'upstream_unavailable' }])
    civitai.misbehave(undefined)
    expect(await client.findByHash(LOW.sha256, { signal })).toBeDefined()
  })

  test('whoever leaves does not take it from the others', async () => {
    const client = aClient()
    const leaving = new AbortController()
    const left = rejection(client.findByHash(HIGH.sha256, { signal: leaving.signal }))
    const stays = client.findByHash(HIGH.sha256, { signal })
    leaving.abort()
    expect(await left).toMatchObject({ code: 'cancelled' })
    expect((await stays)?.versionId).toBe(910_201)
  })

  test('the last who leaves ends the request', async () => {
    const client = aClient()
    const leaving = new AbortController()
    const seen = new Promise<void>((resolve) => civitai.misbehave({ kind: 'silent', onRequest: resolve }))
    const left = rejection(client.findByHash(HIGH.sha256, { signal: leaving.signal }))
    await seen
    leaving.abort()
    expect(await left).toMatchObject({ code: 'cancelled' })
    civitai.misbehave(undefined)
    expect((await client.findByHash(HIGH.sha256, { signal }))?.versionId).toBe(910_201)
  })
})

describe('by many digests', () => {
  const all = [HIGH.sha256, LOW.sha256.toUpperCase(), CHECKPOINT.sha256]
  const found = async (client: CivitaiVersions, digests: readonly string[] = all) =>
    [...(await client.findByHashes(digests, { signal }))]
      .map(([digest, { versionId }]) => [digest, versionId])
      .sort(([, one], [, other]) => Number(one) - Number(other))
  const expected = [
    [HIGH.sha256, 910_201],
    [LOW.sha256, 910_202],
    [CHECKPOINT.sha256, 920_301],
  ]

  test.each([
    ['as it should be', {}, 1],
    ['versions twice', { again: true }, 1],
    ['a null in place of a version', { nulls: 1 }, 2],
    ['nulls only', { nulls: 3 }, 4],
  ])('%s', async (_, odd, requests) => {
    civitai.models.odd = odd
    expect(await found(aClient())).toEqual(expected)
    expect(civitai.requests.length).toBe(requests)
    expect(civitai.requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/model-versions/by-hash' })
    expect(JSON.parse(civitai.requests[0]?.body ?? '')).toEqual(all.map((digest) => digest.toUpperCase()))
  })

  test('a server without this call is asked for one after another', async () => {
    civitai.misbehave({ kind: 'fail', status: 404 }, /by-hash$/)
    expect(await found(aClient())).toEqual(expected)
    civitai.misbehave({ kind: 'body', body: '{"error":"no"}' }, /by-hash$/)
    expect(await found(aClient())).toEqual(expected)
  })

  test('a hundred at a time; what is known is not asked for; misses are remembered', async () => {
    const client = aClient()
    await client.findByHash(HIGH.sha256, { signal })
    const many = Array.from({ length: 150 }, (_, at) => (at + 1).toString(16).padStart(64, '0'))
    expect(await found(client, [...all, ...many, EMPTY_SHA256, 'nonsense'])).toEqual(expected)
    const sizes = civitai.requests.slice(1).map(({ body }) => JSON.parse(body).length)
    expect(sizes).toEqual([100, 52])
    await found(client, many)
    await client.findByHash(many[0] ?? '', { signal })
    expect(civitai.requests.length).toBe(3)
  })

  test('an outage is told, once', async () => {
    civitai.misbehave({ kind: 'fail', status: 429, headers: { 'retry-after': '900' } })
    expect(await rejection(found(aClient()))).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 900 })
    expect(civitai.requests.length).toBe(1)
  })
})

describe('versions and models by number', () => {
  test('a version with its files', async () => {
    expect(await aClient().getVersion(910_201, { signal })).toMatchObject({
      versionId: 910_201,
      modelId: 900_100,
      modelName: 'Harbor Lights',
      versionName: 'HIGH v1.0',
      type: 'LORA',
      modelType: 'lora',
      baseModel: 'Wan Video 2.2 I2V-A14B',
      air: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201',
      trainedWords: ['h4rbor lights'],
      license: null,
      paidAccess: null,
      usageControl: 'Download',
      publishedAt: '2026-06-01T12:00:00.000Z',
      files: [
        {
          id: 810_201,
          name: 'harbor_lights_high.safetensors',
          type: 'Model',
          sizeBytes: HIGH.sizeBytes,
          isSizeExact: true,
          hashes: { sha256: HIGH.sha256, auto_v1: HIGH.autoV1, auto_v3: HIGH.tensorSha256.slice(0, 12) },
          primary: true,
          format: 'SafeTensor',
          pickleScan: 'Success',
          virusScan: 'Success',
        },
        { id: 810_299, type: 'Training Data', hashes: {}, primary: false },
      ],
    })
  })

  test('early access and archived models say so', async () => {
    const client = aClient()
    expect(await client.getVersion(930_401, { signal })).toMatchObject({
      paidAccess: { permanent: false, endsAt: DEADLINE },
      air: 'civitai:900300@930401',
    })
    expect(await client.getVersion(940_501, { signal })).toMatchObject({ availability: 'Archived', files: [] })
  })

  test('a model: licence, versions, and the newest', async () => {
    const model = await aClient().getModel(900_100, { signal })
    expect(model).toMatchObject({
      modelId: 900_100,
      name: 'Harbor Lights',
      availability: 'Public',
      license: { allowCommercialUse: ['Image', 'RentCivit'], allowDifferentLicense: false },
      newest: { versionId: 910_202 },
    })
    expect(model?.versions.map(({ versionId, files }) => [versionId, files[0]?.id])).toEqual([
      [910_202, 810_202],
      [910_201, 810_201],
    ])
  })

  test('what is not there is undefined, and no number is not asked for', async () => {
    const client = aClient()
    expect(await client.getVersion(1, { signal })).toBeUndefined()
    expect(await client.getModel(1, { signal })).toBeUndefined()
    expect(civitai.requests.length).toBe(2)
    for (const id of [0, -1, 1.5, 2_147_483_648, Number.NaN]) {
      expect(await client.getVersion(id, { signal })).toBeUndefined()
      expect(await client.getModel(id, { signal })).toBeUndefined()
    }
    expect(civitai.requests.length).toBe(2)
  })

  test.each([
    ['another version', '{"id":5,"modelId":1}'],
    ['no version', '{"ok":true}'],
    ['a page', '<html>Log in</html>'],
  ])('%s is not what was asked for', async (_, body) => {
    civitai.misbehave({ kind: 'body', body })
    expect(await rejection(aClient().getVersion(910_201, { signal }))).toMatchObject({ code: 'upstream_unavailable' })
    expect(await rejection(aClient().getModel(910_201, { signal }))).toMatchObject({ code: 'upstream_unavailable' })
  })
})

describe('a refusal says what can be done about it', () => {
  const REGION = { error: 'Access to this service is not available in your region due to legal restrictions.' }
  const json = (status: number, body: object, headers = {}): Misbehaviour => ({
    kind: 'fail',
    status,
    body: JSON.stringify(body),
    headers,
  })
  test.each<[string, Misbehaviour, object]>([
    ['a blocked region', json(451, { ...REGION, code: 'REGION_BLOCKED' }), { reason: 'region' }],
    ['a blocked region without a word', { kind: 'fail', status: 451 }, { reason: 'region' }],
    ['a blocked region under another status', json(403, REGION), { reason: 'region' }],
    ['a blocked region by its code', json(400, { code: 'REGION_BLOCKED' }), { reason: 'region' }],
    [
      'a login',
      json(401, { error: 'Unauthorized' }),
      { reason: 'login', hint: expect.stringContaining('CIVITAI_TOKEN') },
    ],
    ['a login as 403', json(403, { error: 'You must be logged in' }), { reason: 'login' }],
    ['a login by its code', json(403, { error: 'No', code: 'UNAUTHORIZED' }), { reason: 'login' }],
    ['a login page', { kind: 'fail', status: 403, body: '<html>Log in</html>' }, { reason: 'login' }],
    [
      'early access',
      json(403, { error: 'Early Access', deadline: DEADLINE }),
      { reason: 'early_access', until: Date.parse(DEADLINE) },
    ],
    ['early access, with an odd end', json(403, { error: 'Early Access', deadline: 'x' }), { until: undefined }],
    [
      'downloads that are disabled',
      json(401, { message: 'has disabled downloads on this file' }),
      { reason: 'disabled' },
    ],
    ['an archived model', json(410, { error: 'Model archived' }), { reason: 'archived' }],
    ['no access', json(403, { error: 'You do not have access to this model' }), { reason: 'login' }],
    ['a blocked account', json(403, { error: 'Forbidden' }), { code: 'forbidden', name: 'AppError' }],
    [
      'a wall',
      { kind: 'fail', status: 403, body: '<html>Just a moment</html>' },
      { code: 'upstream_unavailable', hint: expect.stringContaining('another network') },
    ],
  ])('%s', async (_, how, expected) => {
    civitai.misbehave(how)
    const client = aClient()
    for (const ask of [
      () => client.getVersion(910_201, { signal }),
      () => client.findByHash(HIGH.sha256, { signal }),
      () => client.getModel(900_100, { signal }),
      () => client.searchByName('Harbor', [], { signal }),
    ]) {
      const error = (await rejection(ask())) as AppError
      expect(typeof error.hint).toBe('string')
      expect(error).toMatchObject(expected)
    }
    expect(civitai.requests.length).toBe(4)
  })

  test('a key that has run out keeps nobody from what is public', async () => {
    civitai.misbehave({ ...json(401, { error: 'Unauthorized' }), times: 1 } as Misbehaviour)
    expect((await aClient().getVersion(910_201, { token: 'old-key', signal }))?.versionId).toBe(910_201)
    expect(civitai.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old-key', undefined])
  })

  test('without the key another reason may show, else the key is what is wrong', async () => {
    civitai.misbehave(json(401, { error: 'Unauthorized' }))
    expect(await rejection(aClient().getVersion(910_201, { token: 'old-key', signal }))).toMatchObject({
      reason: 'login',
      message: expect.stringContaining('the key was not taken'),
    })
    expect(civitai.requests.length).toBe(2)
  })

  test('in its own words, in one line and without keys', async () => {
    const key = '0123456789abcdef0123456789abcdef'
    civitai.misbehave(
      json(418, { error: `no\u001b[31m\n\u202e https://x/?token=${key} Bearer ${key} ${'x '.repeat(1_000)}` }),
    )
    const { message } = (await rejection(aClient().getVersion(910_201, { signal }))) as Error
    expect(message).toStartWith(`Cannot ask ${civitai.host}: it answered 418: no https://x/ Bearer *** x x`)
    expect(message.length).toBeLessThan(300)
  })
})

describe('the other host of the same site', () => {
  test('is asked for what the first does not show, without the key', async () => {
    const client = official()
    const options = { token: 'secret-key', signal }
    expect((await client.findByHash(RED.sha256, options))?.versionId).toBe(990_901)
    expect((await client.findByHashes([HIGH.sha256, RED.sha256, 'ff'.repeat(32)], options)).size).toBe(2)
    expect((await client.getVersion(990_901, options))?.modelName).toBe('Red')
    expect((await client.getModel(900_900, options))?.name).toBe('Red')
    expect((await client.searchByName('Red', [], options)).map(({ versionId }) => versionId)).toEqual([990_901])
    expect(sibling.requests.length).toBeGreaterThan(3)
    expect(sibling.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true)
    expect(civitai.requests.every(({ headers }) => headers.authorization === 'Bearer secret-key')).toBe(true)
  })

  test('its failure changes nothing', async () => {
    sibling.misbehave({ kind: 'fail', status: 451 })
    expect(await official().findByHash(RED.sha256, { signal })).toBeUndefined()
    expect((await official().findByHashes([HIGH.sha256, RED.sha256], { signal })).size).toBe(1)
  })
})

describe('by name', () => {
  test('candidates, those with a file of that name first', async () => {
    const found = await aClient().searchByName('sub/Harbor Lights-high.safetensors', ['lora'], { signal })
    expect(found).toEqual([
      {
        modelId: 900_100,
        versionId: 910_201,
        name: 'Harbor Lights',
        versionName: 'HIGH v1.0',
        fileName: 'harbor_lights_high.safetensors',
        air: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201',
        modelType: 'lora',
        baseModel: 'Wan Video 2.2 I2V-A14B',
      },
    ])
    const query = civitai.requests[0]?.query
    expect(query?.get('query')).toBe('Harbor Lights-high')
    expect(query?.getAll('types')).toEqual(['LORA', 'LoCon', 'DoRA'])
    expect(query?.has('page')).toBe(false)
  })

  test('without such a file the newest version', async () => {
    const found = await aClient().searchByName('harbor', [], { signal })
    expect(found.map(({ versionId }) => versionId)).toEqual([910_202])
  })

  test('nothing found, and nothing to look for', async () => {
    const client = aClient()
    expect(await client.searchByName('zzz', ['text_encoder'], { signal })).toEqual([])
    expect(civitai.requests[0]?.query.has('types')).toBe(false)
    expect(await client.searchByName('/.safetensors', [], { signal })).toEqual([])
    expect(civitai.requests.length).toBe(1)
  })
})
