import { afterEach, describe, expect, test } from 'bun:test'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedRequest } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import type { GuardedResponse } from '../../src/net/response.ts'
import { type Answer, ok, type RawRequest, type RawServer, redirect, startRawServer } from '../support/raw-server.ts'

const servers: RawServer[] = []
const serve = async (answer: (request: RawRequest) => Answer, host?: string): Promise<RawServer> => {
  const server = await startRawServer(answer, host === undefined ? {} : { host })
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** 127.0.0.1 plays the public internet, 127.0.0.2 an inner network. */
const fetch = createGuardedFetch({
  guard: createGuard({
    allowPrivate: ['127.0.0.1'],
    log: silentLog,
    lookup: async (hostname) => [{ address: hostname.startsWith('inner') ? '127.0.0.2' : '127.0.0.1', family: 4 }],
  }),
  version: '0',
})
const get = (server: RawServer, over: Partial<GuardedRequest> = {}, path = '/start'): Promise<GuardedResponse> =>
  fetch({ url: `http://start.test:${server.port}${path}`, hosts: 'any', ...over })

test('redirects are followed, relative ones too, and the last URL is told', async () => {
  const server = await serve(({ path }) => {
    if (path === '/start') return redirect('/a/b')
    return path === '/a/b' ? redirect('../c?sig=1', 307) : ok('there')
  })
  const response = await get(server)
  expect(await response.text()).toBe('there')
  expect(response.url).toBe(`http://start.test:${server.port}/c?sig=1`)
  expect(server.requests.map(({ path }) => path)).toEqual(['/start', '/a/b', '/c?sig=1'])
  await server.idle()
})

test('the body of a redirect is not read, however long it is', async () => {
  const server = await serve(({ path }) =>
    path === '/start'
      ? (socket) => socket.write('HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 99999999\r\n\r\nhello')
      : ok('there'),
  )
  expect(await (await get(server)).text()).toBe('there')
  await server.idle()
})

test('a redirect without a location, or one that is to be answered as it came, is an answer', async () => {
  const server = await serve(({ path }) =>
    path === '/start' ? redirect('http://inner.test/') : 'HTTP/1.1 304 Not Modified\r\n\r\n',
  )
  const manual = await get(server, { redirect: 'manual' })
  expect(manual.status).toBe(302)
  expect(manual.headers.get('location')).toBe('http://inner.test/')
  manual.discard()
  expect((await get(server, {}, '/not-modified')).status).toBe(304)
})

test('another origin gets no secret and keeps the range; nor does the first when it is reached again', async () => {
  const storage = await serve(({ headers }) =>
    redirect(`http://start.test:${headers['x-none'] ?? ''}${start.port}/again`),
  )
  const start: RawServer = await serve(({ path }) =>
    path === '/start' ? redirect(`http://storage.test:${storage.port}/signed?sig=1`, 307) : ok(),
  )
  const headers = { Authorization: 'Bearer t', Cookie: 'c', 'X-Api-Key': 'k', Range: 'bytes=7-' }
  expect(await (await get(start, { headers })).text()).toBe('ok')
  expect(start.requests[0]?.headers).toMatchObject({ authorization: 'Bearer t', cookie: 'c', 'x-api-key': 'k' })
  for (const request of [storage.requests[0], start.requests[1]]) {
    expect(request?.headers).toMatchObject({ range: 'bytes=7-', 'accept-encoding': 'identity' })
    expect(Object.keys(request?.headers ?? {})).not.toContainAnyValues(['authorization', 'cookie', 'x-api-key'])
  }
})

describe('a redirect that is refused', () => {
  test.each([
    ['file:///etc/passwd', 'a file: URL'],
    ['ftp://start.test/', 'a ftp: URL'],
    ['data:text/plain,hello', 'a data: URL'],
    ['http://10.0.0.5/a?token=secret', '10.0.0.5 is a private address'],
    ['http://169.254.169.254/latest/meta-data/', '169.254.169.254 is a link-local address'],
    ['http://2130706434/', '127.0.0.2 is a loopback address'],
    ['http://[::ffff:127.0.0.2]/', 'wraps 127.0.0.2, a loopback address'],
    ['http://inner.test/', '127.0.0.2 is a loopback address'],
    ['http://user:secret@start.test/', 'it holds a user name or password'],
    ['http://start.test:22/', 'port 22 belongs to another protocol'],
  ])('%s', async (location, message) => {
    const server = await serve(() => redirect(location))
    const error = await get(server).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining(message) })
    expect(error).toMatchObject({ message: expect.not.stringContaining('secret') })
    expect(server.connections()).toBe(1)
    await server.idle()
  })

  test('at the end of a chain never reaches the inner server', async () => {
    const inner = await serve(() => ok('secret'), '127.0.0.2')
    const server = await serve(({ path }) =>
      path === '/start' ? redirect('/next') : redirect(`http://inner.test:${inner.port}/`),
    )
    await expect(get(server)).rejects.toMatchObject({ code: 'forbidden' })
    expect(server.requests).toHaveLength(2)
    expect(inner.connections()).toBe(0)
  })

  test('leads past the hosts of the request', async () => {
    const server = await serve(() => redirect('http://elsewhere.test/'))
    await expect(get(server, { hosts: ['start.test'] })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('elsewhere.test is not among the hosts'),
    })
  })
})

describe('redirects without end', () => {
  test('in a circle are noticed', async () => {
    const server = await serve(({ path }) => redirect(path === '/start' ? '/other' : '/start'))
    await expect(get(server)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('go round in a circle'),
    })
    expect(server.requests).toHaveLength(2)
  })

  test('are given up after five', async () => {
    const server = await serve(({ path }) => redirect(`${path}x`))
    await expect(get(server)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('redirects more than 5 times'),
    })
    expect(server.requests).toHaveLength(6)
  })

  test('five are fine, and a request may ask for fewer', async () => {
    const server = await serve(({ path }) => (path.length < 11 ? redirect(`${path}x`) : ok('there')))
    expect(await (await get(server)).text()).toBe('there')
    await expect(get(server, { maxRedirects: 4 })).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })
})

test('a POST that is sent elsewhere becomes a GET or stays whole', async () => {
  const server = await serve(({ path }) =>
    path === '/start' ? redirect('/next', 303) : path === '/307' ? redirect('/next', 307) : ok(),
  )
  const post = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
  await (await get(server, post)).text()
  await (await get(server, post, '/307')).text()
  const seen = server.requests.map(({ method, path, body }) => `${method} ${path} ${body}`)
  expect(seen).toEqual(['POST /start {}', 'GET /next ', 'POST /307 {}', 'POST /next {}'])
})
