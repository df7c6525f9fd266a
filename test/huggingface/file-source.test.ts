import { afterAll, beforeEach, expect, test } from 'bun:test'
import { createHuggingFace } from '../../src/huggingface/client.ts'
import { createHuggingFaceFileSource } from '../../src/huggingface/file-source.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { startFakeHuggingFace } from '../support/fake-hugging-face.ts'
import { CHECKPOINT, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'

const hub = await startFakeHuggingFace()
afterAll(() => hub.close())

const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
const fetch = createGuardedFetch({ guard, version: '1.2.3' })
const { signal } = new AbortController()
const client = createHuggingFace({ fetch, log: silentLog, baseUrl: hub.url, sleep: async () => {} })
const bytes = payloadBytes(CHECKPOINT.seed)
const small = Buffer.from('{}')

beforeEach(() => {
  hub.requests.length = 0
  hub.cdn.requests.length = 0
})

hub.tokens.add('hf_granted')
hub.addRepo({
  id: 'acme/harbor',
  gated: 'manual',
  granted: ['hf_granted'],
  files: { 'models/harbor.safetensors': { bytes }, 'config.json': { bytes: small, small: true } },
})
const where = { repo: 'acme/harbor', revision: 'main', path: 'models/harbor.safetensors' }

test('its bytes come from the storage, in any part, without the key', async () => {
  const source = createHuggingFaceFileSource(client, { ...where, token: 'hf_granted' })
  expect(source).toMatchObject({ kind: 'huggingface', ranges: 'bounded' })
  expect(source.id).toBe('huggingface:acme/harbor@main/models/harbor.safetensors')
  const { url, headers, hosts, ...rest } = await source.open(signal)
  expect(rest).toEqual({
    sizeBytes: bytes.length,
    sha256: CHECKPOINT.sha256,
    version: CHECKPOINT.sha256,
    filename: 'harbor.safetensors',
  })
  const part = await fetch({ url, hosts, headers: { ...headers, range: 'bytes=100-299' }, signal })
  expect(part.status).toBe(206)
  expect(Buffer.from(await part.bytes()).equals(bytes.subarray(100, 300))).toBe(true)
  expect(hub.cdn.requests.map((request) => request.headers.authorization)).toEqual([undefined])
})

test('each opening signs a new address', async () => {
  const source = createHuggingFaceFileSource(client, { ...where, token: 'hf_granted' })
  const first = await source.open(signal)
  hub.cdn.expire()
  const late = await fetch({ url: first.url, hosts: first.hosts, signal })
  late.discard()
  expect(late.status).toBe(403)
  const second = await source.open(signal)
  expect(second.version).toBe(first.version as string)
  const again = await fetch({ url: second.url, hosts: second.hosts, headers: { range: 'bytes=0-0' }, signal })
  again.discard()
  expect(again.status).toBe(206)
})

test('what the host itself keeps is asked for with the key, there alone', async () => {
  const source = createHuggingFaceFileSource(client, { ...where, path: 'config.json', token: 'hf_granted' })
  const { url, headers, hosts, filename } = await source.open(signal)
  expect({ url, headers, hosts, filename }).toEqual({
    url: `${hub.url}/acme/harbor/resolve/main/config.json`,
    headers: { authorization: 'Bearer hf_granted' },
    hosts: [hub.host],
    filename: 'config.json',
  })
  expect(await (await fetch({ url, headers, hosts, signal })).text()).toBe('{}')
})

test('what is refused says why', async () => {
  const source = createHuggingFaceFileSource(client, where)
  expect(await rejection(source.open(signal))).toMatchObject({ reason: 'login' })
})
