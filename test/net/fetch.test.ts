import { afterEach, describe, expect, test } from 'bun:test'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedFetch, type GuardedRequest } from '../../src/net/fetch.ts'
import { createGuard, type Lookup } from '../../src/net/guard.ts'
import type { GuardedResponse } from '../../src/net/response.ts'
import {
  type Answer,
  ok,
  type RawRequest,
  type RawServer,
  type RawServerOptions,
  startRawServer,
} from '../support/raw-server.ts'

const servers: RawServer[] = []
const serve = async (answer: (request: RawRequest) => Answer, options?: RawServerOptions): Promise<RawServer> => {
  const server = await startRawServer(answer, options)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const fetcher = (lookup?: Lookup, allowPrivate: readonly string[] = ['127.0.0.1']): GuardedFetch =>
  createGuardedFetch({
    guard: createGuard({ allowPrivate, log: silentLog, ...(lookup === undefined ? {} : { lookup }) }),
    version: '1.2.3',
  })

const get = (server: RawServer, over: Partial<GuardedRequest> = {}): Promise<GuardedResponse> =>
  fetcher()({ url: `http://127.0.0.1:${server.port}/a/b?c=d#e`, hosts: 'any', ...over })

const raw = (head: string, body = ''): string => `HTTP/1.1 ${head}\r\n\r\n${body}`

test('a request is sent as it was meant, under our own name', async () => {
  const server = await serve(() => ok('hello', { 'X-Thing': 'a', etag: '"e"' }))
  const response = await get(server, { headers: { Authorization: 'Bearer t', Range: 'bytes=0-0' } })
  expect(await response.text()).toBe('hello')
  expect(response).toMatchObject({ status: 200, contentLength: 5 })
  expect(response.headers.get('x-thing')).toBe('a')
  expect(new URL(response.url).search).toBe('?c=d')
  expect(server.requests).toHaveLength(1)
  expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/a/b?c=d' })
  expect(server.requests[0]?.headers).toEqual({
    host: `127.0.0.1:${server.port}`,
    'user-agent': 'airkeep/1.2.3',
    accept: '*/*',
    'accept-encoding': 'identity',
    authorization: 'Bearer t',
    range: 'bytes=0-0',
    connection: 'close',
  })
})

test('a body is sent with its length', async () => {
  const server = await serve(() => ok('[1]', { 'content-type': 'application/json' }))
  const response = await get(server, { method: 'post', body: '{"a":"\u00fc"}', headers: { 'content-type': 'x/y' } })
  expect(await response.json()).toEqual([1])
  expect(server.requests[0]).toMatchObject({
    method: 'POST',
    headers: { 'content-length': '10', 'content-type': 'x/y' },
  })
  expect(Buffer.from(server.requests[0]?.body ?? '', 'latin1').toString('utf8')).toBe('{"a":"\u00fc"}')
})

describe('the connection goes to the address that was checked', () => {
  test('and a name that changes its address is looked up once', async () => {
    const first = await serve(() => ok('first'))
    const second = await serve(() => ok('second'), { host: '127.0.0.2', port: first.port })
    const asked: string[] = []
    const lookup: Lookup = async (hostname) => {
      asked.push(hostname)
      return [{ address: asked.length === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    }
    const fetch = fetcher(lookup)
    const url = `http://rebind.test:${first.port}/`
    expect(await (await fetch({ url, hosts: 'any' })).text()).toBe('first')
    expect(asked).toEqual(['rebind.test'])
    expect(first.requests[0]?.headers.host).toBe(`rebind.test:${first.port}`)
    // The next request sees the new address, which is not allowed: nothing of the old answer or socket is kept.
    await expect(fetch({ url, hosts: 'any' })).rejects.toMatchObject({ code: 'forbidden' })
    expect(asked).toHaveLength(2)
    expect(first.connections()).toBe(1)
    expect(second.connections()).toBe(0)
  })

  test('and the next of several is tried where one does not answer', async () => {
    const server = await serve(() => ok())
    const lookup: Lookup = async () => [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]
    const response = await fetcher(lookup, ['127.0.0.0/8'])({ url: `http://two.test:${server.port}/`, hosts: 'any' })
    expect(await response.text()).toBe('ok')
  })

  test('whatever proxy the environment names', async () => {
    const server = await serve(() => ok())
    const before = { ...process.env }
    Object.assign(process.env, { HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9' })
    try {
      expect(await (await get(server)).text()).toBe('ok')
    } finally {
      for (const name of ['HTTP_PROXY', 'http_proxy']) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
  })

  test('and a private one is refused before anything connects', async () => {
    const server = await serve(() => ok())
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
      const attempt = fetcher(undefined, [])({ url: `http://${host}:${server.port}/`, hosts: 'any' })
      await expect(attempt).rejects.toMatchObject({ code: 'forbidden' })
    }
    expect(server.connections()).toBe(0)
  })
})

describe('an answer that is none', () => {
  test.each<[string, Answer]>([
    ['is silence', () => {}],
    ['never ends its headers', (socket) => socket.write('HTTP/1.1 200 OK\r\nx-a: b\r\n')],
    [
      'dribbles headers without end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const timer = setInterval(() => socket.write('x-a: b\r\n'), 5)
        socket.on('close', () => clearInterval(timer))
      },
    ],
  ])('%s', async (_name, answer) => {
    const server = await serve(() => answer)
    await expect(get(server, { headersTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('the response headers did not come within 0.05 s'),
    })
    await server.idle()
  })

  test.each<[string, Answer, string]>([
    ['is cut at once', '', 'the connection was cut'],
    ['is another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 'the answer is not valid HTTP'],
    ['has huge headers', raw(`200 OK\r\nx-a: ${'a'.repeat(100_000)}`), 'its response headers are too large'],
    ['has two lengths', raw('200 OK\r\ncontent-length: 2\r\ncontent-length: 5', 'hello'), 'not valid HTTP'],
    ['has a negative length', raw('200 OK\r\ncontent-length: -5', 'hello'), 'not valid HTTP'],
    ['switches protocols unasked', raw('101 Switching\r\nupgrade: x\r\nconnection: upgrade'), 'not valid HTTP'],
  ])('%s', async (_name, answer, message) => {
    const server = await serve(() => answer)
    const error = await get(server).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'upstream_unavailable', message: expect.stringContaining(message) })
    expect(error).toMatchObject({ message: expect.not.stringContaining('c=d') })
    await server.idle()
  })

  test('because nobody listens', async () => {
    const server = await serve(() => ok())
    await server.close()
    await expect(get(server)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: `Cannot fetch http://127.0.0.1:${server.port}/a/b: the connection was refused`,
      hint: expect.stringContaining('running'),
    })
  })
})

test('many headers all arrive', async () => {
  const lines = Array.from({ length: 3000 }, (_, index) => `x-${index}: a`).join('\r\n')
  const server = await serve(() => raw(`200 OK\r\n${lines}\r\nx-last: z\r\ncontent-length: 2`, 'ok'))
  const response = await get(server)
  expect(response.headers.get('x-last')).toBe('z')
  expect(response.contentLength).toBe(2)
  response.discard()
})

test.each([[{ 'x-a': 'a\r\nx-b: c' }], [{ 'x\na': 'b' }], [{ authorization: 'Bearer \u2026' }]])(
  'headers %j are refused before anything is sent',
  async (headers) => {
    const server = await serve(() => ok())
    const error = await get(server, { headers }).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'invalid_input', message: expect.not.stringContaining('Bearer') })
    expect(server.connections()).toBe(0)
  },
)

describe('a cancelled request', () => {
  test('that was cancelled before is never sent', async () => {
    const server = await serve(() => ok())
    await expect(get(server, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    expect(server.requests).toHaveLength(0)
  })

  test('that waits for headers closes its connection', async () => {
    const controller = new AbortController()
    const server = await serve(() => () => controller.abort())
    await expect(get(server, { signal: controller.signal })).rejects.toMatchObject({
      code: 'cancelled',
      message: `Stopped fetching http://127.0.0.1:${server.port}/a/b: it was cancelled`,
    })
    await server.idle()
  })

  test('that ran out of its own time is upstream trouble', async () => {
    const server = await serve(() => () => {})
    await expect(get(server, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('took too long'),
    })
    await server.idle()
  })
})
