import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHuggingFace, type HuggingFaceDeps } from '../../src/huggingface/client.ts'
import type { FileAt } from '../../src/huggingface/hub.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { COMMIT, gitSha1, type HubMisbehaviour, startFakeHuggingFace } from '../support/fake-hugging-face.ts'
import { CHECKPOINT, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'

const hub = await startFakeHuggingFace()
afterAll(() => hub.close())

const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
const fetch = createGuardedFetch({ guard, version: '1.2.3' })
const { signal } = new AbortController()
let waits: number[] = []

const aClient = (changes: Partial<HuggingFaceDeps> = {}) =>
  createHuggingFace({
    fetch,
    log: silentLog,
    baseUrl: hub.url,
    sleep: async (ms) => void waits.push(ms),
    ...changes,
  })
const client = aClient()

beforeEach(() => {
  hub.misbehave(undefined)
  hub.requests.length = 0
  hub.cdn.requests.length = 0
  waits = []
})

const payload = { bytes: payloadBytes(CHECKPOINT.seed), sha256: CHECKPOINT.sha256 }
const small = Buffer.from('{"model_type":"harbor"}')
const files = { 'models/harbor.safetensors': { bytes: payload.bytes }, 'config.json': { bytes: small, small: true } }
hub.tokens.add('hf_granted').add('hf_other')
hub.addRepo({ id: 'acme/harbor', files })
hub.addRepo({ id: 'datasets/acme/harbor', files })
hub.addRepo({ id: 'acme/gated', gated: 'manual', granted: ['hf_granted'], files })
hub.addRepo({
  id: 'acme/waiting',
  gated: 'manual',
  gatedMessage: 'Your request to access model acme/waiting is awaiting a review from the repo authors.',
  files,
})
hub.addRepo({
  id: 'acme/rejected',
  gated: 'manual',
  gatedMessage: "Your request to access model acme/rejected has been rejected by the repo's authors.",
  files,
})
hub.addRepo({ id: 'acme/private', private: true, granted: ['hf_granted'], files })
hub.addRepo({ id: 'acme/disabled', disabled: true, files })
hub.addRepo({ id: 'acme/odd names', files })
hub.rename('acme/harbour', 'acme/harbor')

const at = (changes: Partial<FileAt> = {}): FileAt => ({
  repo: 'acme/harbor',
  revision: 'main',
  path: 'models/harbor.safetensors',
  ...changes,
})

describe('a large file', () => {
  test('is told of by one request, which reads none of it', async () => {
    const file = await client.getFile(at(), { signal })
    expect(file).toEqual({
      ...at(),
      sizeBytes: 2_097_256,
      sha256: payload.sha256 as typeof file.sha256 & string,
      commit: COMMIT,
      version: payload.sha256,
      address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/xet\/253b.*Signature=1$/),
      headers: {},
      hosts: 'any',
    })
    expect(hub.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'HEAD /acme/harbor/resolve/main/models/harbor.safetensors',
    ])
    expect(hub.requests[0]?.headers['accept-encoding']).toBe('identity')
    expect(hub.cdn.requests).toEqual([])
  })

  test('is known by its content, whatever else a later commit changes', async () => {
    const before = await client.getFile(at(), { signal })
    hub.addRepo({ id: 'acme/harbor', commit: '9'.repeat(40), files })
    const after = await client.getFile(at(), { signal })
    hub.addRepo({ id: 'acme/harbor', files })
    expect(after.commit).not.toBe(before.commit)
    expect(after.version).toBe(before.version as string)
  })

  test('comes without a key from another origin, and with it from the host itself', async () => {
    const elsewhere = await client.getFile(at(), { signal, token: 'hf_other' })
    expect(hub.requests[0]?.headers.authorization).toBe('Bearer hf_other')
    expect(elsewhere.headers).toEqual({})
    hub.misbehave({ kind: 'no_storage' })
    const here = await client.getFile(at(), { signal, token: 'hf_other' })
    expect(here).toMatchObject({
      sizeBytes: 2_097_256,
      sha256: payload.sha256,
      address: `${hub.url}/acme/harbor/resolve/main/models/harbor.safetensors`,
      headers: { authorization: 'Bearer hf_other' },
      hosts: [hub.host],
    })
  })

  test('is found under the new name of its repository, with the key', async () => {
    const file = await client.getFile(at({ repo: 'acme/harbour' }), { signal, token: 'hf_other' })
    expect(file).toMatchObject({ repo: 'acme/harbour', sha256: payload.sha256, commit: COMMIT, headers: {} })
    expect(hub.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/acme/harbour/resolve/main/models/harbor.safetensors', 'Bearer hf_other'],
      ['/acme/harbor/resolve/main/models/harbor.safetensors', 'Bearer hf_other'],
    ])
  })

  test('is found where the host does not know HEAD', async () => {
    hub.misbehave({ kind: 'no_head' })
    expect(await client.getFile(at(), { signal })).toMatchObject({ sha256: payload.sha256, sizeBytes: 2_097_256 })
    expect(hub.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
    expect(hub.requests[1]?.headers.range).toBe('bytes=0-0')
  })
})

describe('a small file', () => {
  const config = at({ path: 'config.json' })
  const expected = {
    sizeBytes: small.length,
    commit: COMMIT,
    version: gitSha1(small),
    headers: { authorization: 'Bearer hf_other' },
    hosts: [hub.host],
  }

  test('lies at the host itself and has no SHA-256', async () => {
    const file = await client.getFile(config, { signal, token: 'hf_other' })
    expect(file).toMatchObject({ ...expected, address: `${hub.url}/acme/harbor/resolve/main/config.json` })
    expect(file.sha256).toBeUndefined()
  })

  test('may lie at another path of the host', async () => {
    hub.misbehave({ kind: 'resolve_cache' })
    const file = await client.getFile(config, { signal, token: 'hf_other' })
    expect(file).toMatchObject({
      ...expected,
      address: `${hub.url}/api/resolve-cache/acme/harbor/${COMMIT}/config.json`,
    })
  })
})

test('names are escaped part by part', async () => {
  hub.addRepo({ id: 'acme/signs', files: { 'a b/ü#?.safetensors': { bytes: payload.bytes } } })
  const path = 'a b/ü#?.safetensors'
  expect((await client.getFile(at({ repo: 'acme/signs', path }), { signal })).sha256).toBeDefined()
  expect(hub.requests[0]?.path).toBe('/acme/signs/resolve/main/a%20b/%C3%BC%23%3F.safetensors')
  await rejection(client.getFile(at({ revision: 'refs/pr/1' }), { signal }))
  expect(hub.requests[1]?.path).toBe('/acme/harbor/resolve/refs%2Fpr%2F1/models/harbor.safetensors')
  expect(await client.getFile(at({ repo: 'datasets/acme/harbor' }), { signal })).toMatchObject({ commit: COMMIT })
})

test.each<Partial<FileAt>>([
  { repo: 'acme/harbor/models' },
  { repo: '../harbor' },
  { repo: 'acme/odd names' },
  { repo: 'models/acme/harbor' },
  { repo: '' },
  { revision: '..' },
  { revision: 'a/../..' },
  { revision: '' },
  { path: '../secret' },
  { path: 'a//b' },
  { path: '/etc/passwd' },
  { path: '' },
])('%j is asked for nowhere', async (changes) => {
  expect(await rejection(client.getFile(at(changes), { signal }))).toMatchObject({ code: 'invalid_input' })
  expect(hub.requests).toEqual([])
})

describe('what stands in the way', () => {
  test.each<readonly [string, Partial<FileAt>, string | undefined, object]>([
    [
      'terms, and nobody is logged in',
      { repo: 'acme/gated' },
      undefined,
      {
        reason: 'login',
        code: 'forbidden',
        hint: 'Accept the terms at https://huggingface.co/acme/gated and store a key of that account with set_upstream_key, or set HF_TOKEN',
      },
    ],
    [
      'terms that the account has not accepted',
      { repo: 'acme/gated' },
      'hf_other',
      { reason: 'terms', code: 'license_blocked', hint: expect.stringContaining('https://huggingface.co/acme/gated') },
    ],
    [
      'terms, and a key that is not valid',
      { repo: 'acme/gated' },
      'hf_bad',
      { reason: 'login', hint: expect.stringContaining('not valid') },
    ],
    [
      'owners who have not answered yet',
      { repo: 'acme/waiting' },
      'hf_other',
      { reason: 'terms', message: expect.stringContaining('not granted access yet') },
    ],
    ['owners who said no', { repo: 'acme/rejected' }, 'hf_other', { reason: 'terms', hint: 'Look for another source' }],
    [
      'a private repository, without a key',
      { repo: 'acme/private' },
      undefined,
      { code: 'not_found', hint: expect.stringContaining('HF_TOKEN') },
    ],
    [
      'a private repository of others',
      { repo: 'acme/private' },
      'hf_other',
      { code: 'not_found', hint: expect.stringContaining('may see it') },
    ],
    [
      'a private repository, and a key that is not valid',
      { repo: 'acme/private' },
      'hf_bad',
      { code: 'not_found', hint: expect.stringContaining('not valid') },
    ],
    [
      'no such repository',
      { repo: 'acme/nothing' },
      undefined,
      { code: 'not_found', message: `Cannot find acme/nothing on the mirror of Hugging Face at ${hub.host}` },
    ],
    [
      'no such revision',
      { revision: 'v9' },
      undefined,
      { code: 'not_found', message: expect.stringContaining('no revision v9') },
    ],
    [
      'no such file',
      { path: 'b.safetensors' },
      undefined,
      { code: 'not_found', message: expect.stringContaining('no file b.safetensors at main') },
    ],
    [
      'a repository that was taken away',
      { repo: 'acme/disabled' },
      undefined,
      { reason: 'disabled', code: 'forbidden' },
    ],
  ])('%s', async (_, where, token, expected) => {
    const error = await rejection(client.getFile(at(where), { signal, token }))
    expect(error).toMatchObject(expected)
    expect(JSON.stringify([error, String(error), (error as { hint?: string }).hint])).not.toContain('hf_')
  })

  test('a key with access opens what is gated or private', async () => {
    for (const repo of ['acme/gated', 'acme/private']) {
      expect(await client.getFile(at({ repo }), { signal, token: 'hf_granted' })).toMatchObject({
        sha256: payload.sha256,
      })
    }
  })

  test('a key that is not valid does not keep anybody from what is public', async () => {
    const warnings: object[] = []
    const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) }
    const file = await aClient({ log }).getFile(at({ path: 'config.json' }), {
      signal,
      token: 'hf_bad',
      trace: { job_id: 'job_1' },
    })
    expect(file).toMatchObject({ commit: COMMIT, headers: {} })
    expect(hub.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer hf_bad', undefined])
    expect(warnings).toEqual([{ job_id: 'job_1', host: hub.host }])
  })
})

describe('trouble at the host', () => {
  const limits = { ratelimit: '"api";r=0;t=55', 'ratelimit-policy': '"fixed window";"api";q=500;w=300' }
  test.each<readonly [string, HubMisbehaviour, object, readonly number[]]>([
    [
      'a long rate limit',
      { kind: 'fail', status: 429, headers: limits },
      { code: 'rate_limited', retryAfterSeconds: 55 },
      [],
    ],
    ['a rate limit without a time', { kind: 'fail', status: 429 }, { code: 'rate_limited' }, []],
    [
      'a short rate limit that does not end',
      { kind: 'fail', status: 429, headers: { 'retry-after': '3' } },
      { code: 'rate_limited' },
      [3_000, 3_000],
    ],
    [
      'a failure for good',
      { kind: 'fail', status: 404, headers: { 'content-type': 'text/html' } },
      { code: 'not_found' },
      [],
    ],
    [
      'a refusal without a word',
      { kind: 'fail', status: 403, headers: { 'x-error-message': 'Forbidden: you need\tmore' } },
      { code: 'forbidden', message: expect.stringContaining('403: Forbidden: you need more') },
      [],
    ],
    ['a login without a word', { kind: 'fail', status: 401 }, { reason: 'login' }, []],
    ['legal reasons', { kind: 'fail', status: 451 }, { reason: 'disabled' }, []],
    [
      'redirects to itself',
      { kind: 'astray' },
      { code: 'upstream_unavailable', message: expect.stringContaining('again and again') },
      [],
    ],
    [
      'a redirect to no web address',
      { kind: 'astray', location: 'ftp://storage.test/x' },
      { code: 'upstream_unavailable' },
      [],
    ],
  ])('%s', async (_, how, expected, expectedWaits) => {
    hub.misbehave(how)
    expect(await rejection(client.getFile(at(), { signal }))).toMatchObject(expected)
    expect(waits).toEqual([...expectedWaits])
  })

  test.each<HubMisbehaviour>([
    { kind: 'fail', status: 503, times: 2 },
    { kind: 'fail', status: 500, headers: { 'retry-after': '2' }, times: 1 },
    { kind: 'fail', status: 429, headers: { ratelimit: '"resolvers";r=0;t=4' }, times: 2 },
  ])('%j passes', async (how) => {
    hub.misbehave(how)
    expect(await client.getFile(at(), { signal })).toMatchObject({ sha256: payload.sha256 })
    expect(waits).toHaveLength('times' in how ? (how.times ?? 0) : 0)
  })

  test('a host that stays down is given up after three times', async () => {
    hub.misbehave({ kind: 'fail', status: 502 })
    expect(await rejection(client.getFile(at(), { signal }))).toMatchObject({ code: 'upstream_unavailable' })
    expect(hub.requests).toHaveLength(3)
  })

  test('waiting ends with the call', async () => {
    hub.misbehave({ kind: 'fail', status: 503 })
    const controller = new AbortController()
    const sleep = async (): Promise<void> => {
      controller.abort()
      controller.signal.throwIfAborted()
    }
    const asked = aClient({ sleep }).getFile(at(), { signal: controller.signal })
    expect(await rejection(asked)).toMatchObject({ code: 'cancelled' })
  })
})
