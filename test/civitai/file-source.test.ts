import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { type CivitaiFileDeps, type CivitaiFileParams, createCivitaiFileSource } from '../../src/civitai/file-source.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import type { OpenedSource } from '../../src/net/file-source.ts'
import { fakeFetch, rerouted } from '../support/civitai-client.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'
import { DEADLINE, GATES, type Gate } from '../support/fake-downloads.ts'
import { startFakeStorage } from '../support/fake-storage.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'

const civitai = await startFakeCivitai()
const sibling = await startFakeCivitai()
const storage = await startFakeStorage()
afterAll(async () => {
  await Promise.all([civitai.close(), sibling.close(), storage.close()])
})

const { signal } = new AbortController()
const bytes = payloadBytes(HIGH.seed)
const token = async (): Promise<string> => 'secret-key'
let waits: number[] = []
let location = ''

beforeEach(() => {
  waits = []
  civitai.downloads.clear()
  sibling.downloads.clear()
  civitai.misbehave(undefined)
  storage.requests.length = 0
  location = storage.put('/store/910201/harbor_lights_high.safetensors', bytes)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location })
})

const deps: CivitaiFileDeps = {
  fetch: fakeFetch,
  log: silentLog,
  baseUrl: civitai.url,
  storageHosts: [storage.host],
  sleep: async (ms) => {
    waits.push(ms)
  },
}
const aSource = (params: Partial<CivitaiFileParams> = {}, changes: Partial<CivitaiFileDeps> = {}) =>
  createCivitaiFileSource({ ...deps, ...changes }, { versionId: 910_201, fileId: 810_201, ...params })
const open = (params: Partial<CivitaiFileParams> = {}, changes: Partial<CivitaiFileDeps> = {}): Promise<OpenedSource> =>
  aSource(params, changes).open(signal)
const asked = () =>
  civitai.downloads.requests.map(({ query, headers }) => [query.toString(), headers.authorization ?? ''])

describe('a file', () => {
  test('is a signed address, and no key goes there', async () => {
    const opened = await open({ token })
    expect(opened).toEqual({
      url: location,
      headers: {},
      hosts: [storage.host],
      filename: 'harbor_lights_high.safetensors',
    })
    const [request] = civitai.downloads.requests
    expect(request).toMatchObject({ method: 'GET', path: '/api/download/models/910201' })
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer secret-key',
      'accept-encoding': 'identity',
      'user-agent': 'airkeep/1.2.3',
    })
    expect(request?.query.toString()).toBe('fileId=810201')
    expect(storage.requests.length).toBe(0)
    const response = await fakeFetch({ ...opened, headers: { ...opened.headers, range: 'bytes=8-11' } })
    expect(response.status).toBe(206)
    expect(Buffer.from(await response.bytes()).equals(bytes.subarray(8, 12))).toBe(true)
  })

  test('each opening asks anew', async () => {
    const source = aSource()
    const first = await source.open(signal)
    storage.expire()
    expect((await fakeFetch(first)).status).toBe(403)
    civitai.downloads.clear()
    const again = storage.put('/store/910201/harbor_lights_high.safetensors', bytes)
    civitai.downloads.add({ versionId: 910_201, fileId: 810_201, location: again })
    expect((await fakeFetch(await source.open(signal))).status).toBe(200)
  })

  test.each([
    [{}, 'civitai:910201/810201'],
    [{ fileId: undefined }, 'civitai:910201'],
    [{ fileType: 'Model' }, 'civitai:910201/810201'],
    [{ fileId: undefined, fileType: 'VAE' }, 'civitai:910201/VAE'],
    [{ token }, 'civitai:910201/810201'],
  ])('is called %j', (params, id) => {
    expect(aSource(params)).toMatchObject({ id, kind: 'civitai', ranges: 'bounded' })
  })

  test('a mirror may send the bytes itself', async () => {
    civitai.downloads.gate({
      status: 200,
      body: 'x'.repeat(100),
      headers: { 'content-type': 'application/octet-stream' },
    })
    const url = `${civitai.url}/api/download/models/910201?fileId=810201`
    expect(await open()).toMatchObject({ url, headers: {}, hosts: [civitai.host] })
    expect(await open({ token })).toMatchObject({ url, headers: { authorization: 'Bearer secret-key' } })
  })

  test('a mirror may stand below a path, and send on to another address of its own', async () => {
    civitai.downloads.gate({
      status: 302,
      headers: { location: '/api/download/models/910201?fileId=810201&again=1' },
      times: 1,
    })
    expect((await open({ token })).url).toBe(location)
    expect(asked()).toEqual([
      ['fileId=810201', 'Bearer secret-key'],
      ['fileId=810201&again=1', 'Bearer secret-key'],
    ])
  })

  test.each([
    ['plain', 'attachment; filename="a b.safetensors"', 'a b.safetensors'],
    ['encoded', 'attachment; filename="x"; filename*=UTF-8\'\'n%C3%A4me.safetensors', 'näme.safetensors'],
    ['badly encoded', 'attachment; filename="x"; filename*=UTF-8\'\'n%C3', 'x'],
    ['none', 'attachment', undefined],
    ['missing', undefined, undefined],
  ])('its name in the address: %s', async (_, disposition, filename) => {
    civitai.downloads.clear()
    const address = new URL(`http://${storage.host}/store/1`)
    if (disposition !== undefined) address.searchParams.set('response-content-disposition', disposition)
    civitai.downloads.add({ versionId: 910_201, fileId: 810_201, location: address.href })
    expect((await open()).filename).toBe(filename)
  })
})

describe('what stands in the way', () => {
  test.each<[string, Gate, object]>([
    [
      'a login',
      GATES.login,
      { reason: 'login', code: 'forbidden', message: expect.stringContaining('login is needed') },
    ],
    ['downloads that are disabled', GATES.disabled, { reason: 'disabled' }],
    ['early access', GATES.earlyAccess, { reason: 'early_access', until: Date.parse(DEADLINE) }],
    ['early access without an end', { status: 403, body: '{"error":"Early Access"}' }, { reason: 'early_access' }],
    ['no access', GATES.noAccess, { reason: 'login' }],
    ['a blocked address', GATES.blocked, { code: 'forbidden', message: expect.stringContaining('account or address') }],
    ['odd numbers', GATES.badNumber, { code: 'not_found' }],
    ['an archived model', GATES.archived, { reason: 'archived', code: 'not_found' }],
    ['the limiter', GATES.limited, { code: 'rate_limited', retryAfterSeconds: 900 }],
    ['the limiter, with a time', { ...GATES.limited, headers: { 'retry-after': '30' } }, { retryAfterSeconds: 30 }],
    ['a region', GATES.region, { reason: 'region' }],
    ['a failure', GATES.broken, { code: 'upstream_unavailable' }],
    ['a busy server', GATES.busy, { code: 'upstream_unavailable', retryAfterSeconds: 2 }],
    ['a login page', GATES.loginPage, { reason: 'login' }],
    ['a page about early access', GATES.earlyAccessPage, { reason: 'early_access' }],
    ['a wall', GATES.wall, { code: 'upstream_unavailable' }],
    ['a way to the login', GATES.toLogin, { reason: 'login' }],
    ['a way to the version', GATES.toVersion, { reason: 'early_access', until: undefined }],
    ['JSON as a file', { status: 200, body: '{"ok":true}' }, { code: 'upstream_unavailable' }],
    ['another status', { status: 418, body: '{}' }, { code: 'upstream_unavailable' }],
    ['a body without sense', { status: 401, body: 'null' }, { reason: 'login' }],
    ['a circle', { status: 302, headers: { location: '?again' } }, { code: 'upstream_unavailable' }],
    ['a redirect to nowhere', { status: 302, headers: { location: 'http://' } }, { code: 'upstream_unavailable' }],
    ['another host', { status: 307, headers: { location: 'http://example.com/x' } }, { code: 'forbidden' }],
    ['another scheme', { status: 307, headers: { location: 'file:///etc/passwd' } }, { code: 'forbidden' }],
    ['a user in the address', { status: 307, headers: { location: 'http://a:b@127.0.0.1/' } }, { code: 'forbidden' }],
  ])('%s', async (_, gate, expected) => {
    civitai.downloads.gate(gate)
    expect(await rejection(open())).toMatchObject(expected)
    expect(storage.requests.length).toBe(0)
  })

  test.each<[string, Gate, object]>([
    ['a login', GATES.login, { reason: 'login', message: expect.stringContaining('the key was not taken') }],
    ['no access', GATES.noAccess, { reason: 'disabled' }],
    ['a way to the login', GATES.toLogin, { reason: 'login', message: expect.stringContaining('key was not taken') }],
  ])('with a key: %s', async (_, gate, expected) => {
    civitai.downloads.gate(gate)
    expect(await rejection(open({ token }))).toMatchObject(expected)
  })

  test('a key that is refused is left out once', async () => {
    civitai.downloads.gate({ ...GATES.login, only: 'with_key' })
    expect((await open({ token })).url).toBe(location)
    expect(asked()).toEqual([
      ['fileId=810201', 'Bearer secret-key'],
      ['fileId=810201', ''],
    ])
  })

  test('without the key another reason may show', async () => {
    civitai.downloads.clear()
    civitai.downloads.gate({ ...GATES.login, times: 1 })
    expect(await rejection(open({ token }))).toMatchObject({ code: 'not_found' })
  })

  test('an endless body is not read', async () => {
    civitai.downloads.gate({ status: 500, body: 'x'.repeat(5 * 2 ** 20) })
    expect(await rejection(open())).toMatchObject({ code: 'upstream_unavailable' })
  })

  test('whoever leaves has cancelled', async () => {
    expect(await rejection(aSource().open(AbortSignal.abort()))).toMatchObject({ code: 'cancelled' })
    civitai.downloads.clear()
    const leaving = new AbortController()
    const sleep = async (): Promise<void> => {
      leaving.abort()
      throw leaving.signal.reason
    }
    expect(await rejection(aSource({}, { sleep }).open(leaving.signal))).toMatchObject({ code: 'cancelled' })
  })

  test('neither key nor signature is in an error or in the log', async () => {
    const lines: string[] = []
    const note = (fields: object): void => void lines.push(JSON.stringify(fields))
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log }
    for (const gate of Object.values<Gate>(GATES)) {
      civitai.downloads.gate(gate)
      const error = await rejection(open({ token }, { log }))
      lines.push(JSON.stringify(error), String(error))
    }
    civitai.downloads.gate({ status: 307, headers: { location: 'https://example.com/x?X-Amz-Signature=0123' } })
    lines.push(String(await rejection(open({ token }, { log }))))
    expect(lines.join('\n')).not.toMatch(/secret-key|X-Amz/)
  })
})

describe('404', () => {
  test('is asked again after a moment', async () => {
    civitai.downloads.gate({ ...GATES.missing, times: 1 })
    expect((await open()).url).toBe(location)
    expect(waits.length).toBe(1)
    expect(asked().length).toBe(2)
  })

  test.each<[string, Partial<CivitaiFileParams>, readonly string[]]>([
    ['a file that nothing could verify', { fileId: 5 }, ['fileId=5', 'fileId=5']],
    ['without a number', { versionId: 4, fileId: undefined }, ['', '']],
    ['a VAE', { fileId: 5, fileType: 'VAE' }, ['fileId=5', 'fileId=5', 'type=VAE']],
    ['an encoder', { fileId: 5, fileType: 'Text Encoder' }, ['fileId=5', 'fileId=5']],
  ])('is believed then: %s', async (_, params, queries) => {
    expect(await rejection(open(params))).toMatchObject({ code: 'not_found' })
    expect(asked().map(([query]) => query)).toEqual([...queries])
  })

  test('a file with a digest may have another number now', async () => {
    expect((await open({ fileId: 5, isVerifiable: true })).url).toBe(location)
    expect(asked().map(([query]) => query)).toEqual(['fileId=5', 'fileId=5', ''])
  })

  test('the VAE of another version is found by its type', async () => {
    const vae = storage.put('/store/vae.safetensors', bytes)
    civitai.downloads.add({ versionId: 910_201, fileId: 77, type: 'VAE', linked: true, location: vae })
    expect((await open({ fileId: 77, fileType: 'VAE' })).url).toBe(vae)
    expect(asked().map(([query]) => query)).toEqual(['fileId=77', 'fileId=77', 'type=VAE'])
  })
})

describe('the other host of the same site', () => {
  const signed = 'https://bucket.r2.cloudflarestorage.com/x?X-Amz-Signature=1'
  const official = {
    baseUrl: 'https://civitai.com',
    fetch: rerouted({ 'https://civitai.com': civitai.url, 'https://civitai.red': sibling.url }),
    storageHosts: ['*.r2.cloudflarestorage.com'],
  }

  test('is asked last, without the key', async () => {
    sibling.downloads.add({ versionId: 5, fileId: 6, location: signed })
    expect(await open({ versionId: 5, fileId: 6, token }, official)).toMatchObject({ url: signed, headers: {} })
    expect(asked().map(([, key]) => key)).toEqual(['Bearer secret-key', 'Bearer secret-key'])
    expect(sibling.downloads.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  test('gets no key along a redirect either', async () => {
    sibling.downloads.add({ versionId: 910_201, fileId: 810_201, location: signed })
    const onward = 'https://civitai.red/api/download/models/910201?fileId=810201'
    civitai.downloads.gate({ status: 307, headers: { location: onward } })
    expect((await open({ token }, official)).url).toBe(signed)
    expect(sibling.downloads.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  test.each<[string, Gate, object]>([
    ['its refusal counts', GATES.earlyAccess, { reason: 'early_access' }],
    ['its failure does not', GATES.broken, { code: 'not_found' }],
  ])('%s', async (_, gate, expected) => {
    sibling.downloads.gate(gate)
    expect(await rejection(open({ versionId: 5 }, official))).toMatchObject(expected)
  })

  test('a page of its own is no storage', async () => {
    civitai.downloads.gate({ status: 302, headers: { location: 'https://civitai.com/models/900100' } })
    const changes = { ...official, storageHosts: ['civitai.com'] }
    expect(await rejection(open({}, changes))).toMatchObject({ code: 'upstream_unavailable' })
  })

  test('nobody is sent from https to http', async () => {
    civitai.downloads.gate({ status: 307, headers: { location: 'http://bucket.r2.cloudflarestorage.com/x' } })
    expect(await rejection(open({}, official))).toMatchObject({ code: 'forbidden' })
  })
})
