import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { answered, refusalIn } from '../../src/swarm/answer.ts'
import { createSwarmClient, downloadPath, type SwarmAsk, type SwarmClient } from '../../src/swarm/client.ts'
import { readModels } from '../../src/swarm/wire.ts'
import { safetensors, tensorDigest } from '../http/swarm/swarm-host.ts'
import { type FakeSwarm, startFakeSwarm } from '../support/fake-swarm.ts'
import { ok, pour, type RawServer, redirect, startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'

const HARBOR = { subtype: 'LoRA', name: 'wan/harbor.safetensors', bytes: safetensors('harbor') }
const MERGE = { subtype: 'LoRA', name: 'merge.ckpt', bytes: Buffer.from('merge') }

const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' })
const ask: SwarmAsk = { signal: new AbortController().signal, headersTimeoutMs: 10_000 }

function clientOf(url: string, headers: Record<string, string> = {}): SwarmClient {
  return createSwarmClient({ fetch, host: { url, origin: new URL(url).host, headers } })
}

describe('a SwarmUI', () => {
  let swarm: FakeSwarm
  let client: SwarmClient
  beforeEach(async () => {
    swarm = await startFakeSwarm([HARBOR, MERGE])
    client = clientOf(swarm.url)
  })
  afterEach(() => swarm[Symbol.asyncDispose]())
  const calls = (): string[] => swarm.requests.map(({ path }) => path.slice('/API/'.length))

  test('lists its models by subtype, in one session', async () => {
    expect(await client.getManifest('LoRA', ask)).toEqual([
      {
        name: 'wan/harbor.safetensors',
        filename: 'harbor.safetensors',
        title: 'harbor.safetensors',
        license: undefined,
        sizeBytes: HARBOR.bytes.length,
        tensorSha256: tensorDigest(HARBOR.bytes) as never,
        fileSha256: undefined,
        identifier: `0x${tensorDigest(HARBOR.bytes)}`,
      },
      {
        name: 'merge.ckpt',
        filename: 'merge.ckpt',
        title: 'merge.ckpt',
        license: undefined,
        sizeBytes: MERGE.bytes.length,
        tensorSha256: undefined,
        fileSha256: undefined,
        identifier: undefined,
      },
    ])
    expect(await client.getManifest('VAE', ask)).toEqual([])
    expect(calls()).toEqual(['GetNewSession', 'GetModelManifest', 'GetModelManifest'])
    expect(swarm.requests[1]?.fields).toEqual({ session_id: 'session-1', subtype: 'LoRA', includeImages: false })
  })

  test('gets another session when the one it gave has ended', async () => {
    await client.greet(ask)
    swarm.forgetSessions()
    expect(await client.getManifest('LoRA', ask)).toHaveLength(2)
    expect(calls()).toEqual(['GetNewSession', 'GetModelManifest', 'GetNewSession', 'GetModelManifest'])
  })

  test('is asked for one session by calls that come together', async () => {
    await Promise.all(['LoRA', 'VAE', 'Embedding'].map((subtype) => client.getManifest(subtype, ask)))
    expect(calls().filter((name) => name === 'GetNewSession')).toHaveLength(1)
  })

  test('may know fewer subtypes', async () => {
    expect(await client.getManifest('ClipVision', ask)).toEqual([])
    expect(await client.listModels('ClipVision', ask)).toEqual([])
  })

  test('without the fork says where models are', async () => {
    swarm.isPlain = true
    expect(await client.getManifest('LoRA', ask)).toBeUndefined()
    expect(await client.listModels('LoRA', ask)).toMatchObject([
      { name: 'wan/harbor', filename: 'harbor', tensorSha256: tensorDigest(HARBOR.bytes), sizeBytes: undefined },
      { name: 'merge.ckpt', tensorSha256: undefined },
    ])
  })

  test('knows users by a cookie', async () => {
    swarm.token = 'a.b.c'
    const refusal = await rejection(client.getManifest('LoRA', ask))
    expect(refusal).toMatchObject({ code: 'forbidden', message: expect.stringContaining('refuses the token') })
    const known = clientOf(swarm.url, { cookie: 'swarm_token=a.b.c' })
    expect(await known.getManifest('LoRA', ask)).toHaveLength(2)
  })
})

describe('what answers otherwise is refused:', () => {
  let server: RawServer | undefined
  afterEach(() => server?.close())
  const asJson = (body: unknown): string => ok(JSON.stringify(body), { 'content-type': 'application/json' })

  test.each<[string, Parameters<typeof startRawServer>[0], string]>([
    ['no session', () => asJson({ user_id: 'x' }), 'upstream_unavailable'],
    ['a page', () => ok('<html>', { 'content-type': 'text/html' }), 'upstream_unavailable'],
    ['a redirect', () => redirect('http://169.254.169.254/latest'), 'upstream_unavailable'],
    ['an error without JSON', () => 'HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno', 'upstream_unavailable'],
    ['403', () => 'HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n', 'forbidden'],
    ['429', () => 'HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n', 'rate_limited'],
    [
      'sessions that never hold',
      ({ path }) =>
        asJson(path.endsWith('Session') ? { session_id: 'x' } : { error: 'x', error_id: 'invalid_session_id' }),
      'forbidden',
    ],
    ['no list', ({ path }) => asJson(path.endsWith('Session') ? { session_id: 'x' } : {}), 'upstream_unavailable'],
    [
      'an error instead of a list',
      ({ path }) => asJson(path.endsWith('Session') ? { session_id: 'x' } : { error: 'x', models: [] }),
      'upstream_unavailable',
    ],
    [
      'a list without end',
      ({ path }) =>
        path.endsWith('Session')
          ? asJson({ session_id: 'x' })
          : (socket) => {
              socket.write('HTTP/1.1 200 OK\r\n\r\n')
              pour(socket, Buffer.alloc(1 << 20, ' '))
            },
      'payload_too_large',
    ],
  ])('%s', async (_, answer, code) => {
    server = await startRawServer(answer)
    const client = clientOf(`http://127.0.0.1:${server.port}`)
    expect(await rejection(client.getManifest('LoRA', ask))).toMatchObject({ code })
  })
})

test('what it calls an error is quoted in one short line', async () => {
  const id = `no\u001b[31m\u202e token=abcdefgh123 ${'x'.repeat(500)}`
  const error = refusalIn({ url: '', origin: 'box:7801', headers: {} }, answered(403, { error_id: id }))
  expect(error?.message).toMatch(/^Cannot ask box:7801: it refuses the token \(no token=\*\*\* x{40,60}…\)$/)
})

describe('a list', () => {
  const entry = { name: 'a.safetensors' }
  test.each<[string, object, object]>([
    ['a digest in upper case', { sha256: `0x${'AB'.repeat(32)}` }, { tensorSha256: 'ab'.repeat(32) }],
    ['a digest without prefix', { sha256: 'ab'.repeat(32) }, { tensorSha256: 'ab'.repeat(32) }],
    ['no digest', { sha256: null }, { tensorSha256: undefined }],
    ['an empty one', { hash: '' }, { tensorSha256: undefined }],
    [
      'the digest of nothing',
      { sha256: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
      { tensorSha256: undefined },
    ],
    ['a digest that is none', { sha256: 7 }, { tensorSha256: undefined }],
    ['a size that is none', { size: -1 }, { sizeBytes: undefined }],
    ['a text as size', { size: '12' }, { sizeBytes: undefined }],
    ['folders in the file name', { filename: '../../x/b.safetensors' }, { filename: 'b.safetensors' }],
    ['no file name', { name: 'x\\y.safetensors' }, { name: 'x/y.safetensors', filename: 'y.safetensors' }],
    ['a URL elsewhere', { download_url: 'http://evil/DownloadModel/LoRA/x/y' }, { identifier: undefined }],
    ['a URL that is broken', { download_url: '/DownloadModel/LoRA/%/y' }, { identifier: undefined }],
    ['a name in its URL', { download_url: '/DownloadModel/LoRA/a%2Fb/b' }, { identifier: 'a/b' }],
    ['dots in its URL', { download_url: '/DownloadModel/LoRA/%2e%2e/y' }, { identifier: undefined }],
    ['a line in its URL', { download_url: '/DownloadModel/LoRA/a%0d%0ab/y' }, { identifier: undefined }],
    ['a file name of dots', { filename: 'x/..' }, { filename: 'a.safetensors' }],
    ['a size beyond all', { size: 1e30 }, { sizeBytes: undefined }],
    ['a licence of its own', { metadata: { license: 'mit' } }, { license: 'mit' }],
    ['odd words', { title: ' a\n\u202eb\u001b[1m ', license: '\r\n' }, { title: 'a b [1m', license: undefined }],
    ['odd metadata', { metadata: 7, license: 'mit' }, { license: 'mit' }],
  ])('with %s', async (_, change, expected) => {
    expect(await readModels({ models: [{ ...entry, ...change }] }, 'models')).toMatchObject([expected])
  })

  test('leaves out what has no name', async () => {
    const names = ['', 7, 'x'.repeat(2_000), '../a', 'a/../b', '/a', 'a//b', 'a\\..\\b', 'a\nb', 'a/']
    const odd = [null, 7, [], {}, ...names.map((name) => ({ name }))]
    expect(await readModels({ models: [...odd, entry] }, 'models')).toHaveLength(1)
    expect(await readModels({ models: {} }, 'models')).toBeUndefined()
    expect(await readModels([], 'models')).toBeUndefined()
  })
})

test('what is in a name stays one segment of the path', () => {
  expect(downloadPath('LoRA', '../a b', 'ä?#%.safetensors')).toBe(
    '/DownloadModel/LoRA/..%2Fa%20b/%C3%A4%3F%23%25.safetensors',
  )
  expect(downloadPath('LoRA', 'a\ud800', 'b')).toBe('/DownloadModel/LoRA/a%EF%BF%BD/b')
  for (const part of ['.', '..', '']) expect(() => downloadPath('LoRA', 'a', part)).toThrow('leads elsewhere')
})
