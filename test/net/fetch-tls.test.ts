import { afterEach, describe, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedRequest } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import type { GuardedResponse } from '../../src/net/response.ts'
import { ok, type RawServer, type RawServerOptions, redirect, startRawServer } from '../support/raw-server.ts'
import { EXPIRED, LEAF, SELF_SIGNED, TEST_CA } from '../support/tls-identity.ts'

const servers: RawServer[] = []
const serve = async (tls?: RawServerOptions['tls'], reply = ok('hello')): Promise<RawServer> => {
  const server = await startRawServer(() => reply, tls === undefined ? {} : { tls })
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const get = (
  host: string,
  { port }: { readonly port: number },
  ca = TEST_CA,
  over: Partial<GuardedRequest> = {},
): Promise<GuardedResponse> => {
  const guard = createGuard({
    allowPrivate: ['127.0.0.0/8'],
    log: silentLog,
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
  })
  const fetch = createGuardedFetch({ guard, version: '0', ...(ca === '' ? {} : { ca }) })
  return fetch({ url: `https://${host}:${port}/a?token=secret`, hosts: 'any', ...over })
}

test('the name goes to the certificate check and to the server, the connection to the checked address', async () => {
  const server = await serve(LEAF)
  for (const host of ['secure.test', 'other.test', 'SECURE.test.']) {
    expect(await (await get(host, server)).text()).toBe('hello')
  }
  expect(server.requests.map(({ servername }) => servername)).toEqual(['secure.test', 'other.test', 'secure.test'])
  expect(server.requests.at(-1)?.headers.host).toBe(`secure.test:${server.port}`)
})

test('a large body stays whole, whatever becomes of the memory that it came in', async () => {
  const text = Array.from({ length: 300_000 }, (_, at) => `line ${at}`).join('\n')
  const server = await serve(LEAF, ok(text))
  expect((await (await get('secure.test', server)).text()) === text).toBe(true)
})

test('an address in the URL is checked against the certificate and sends no name', async () => {
  const server = await serve(LEAF)
  expect(await (await get('127.0.0.1', server)).text()).toBe('hello')
  expect(server.requests[0]?.servername).toBeUndefined()
})

describe('a certificate is refused that', () => {
  test.each<[string, NonNullable<RawServerOptions['tls']>, string, string, string]>([
    ['is self-signed', SELF_SIGNED, 'secure.test', '', 'its certificate is self-signed'],
    ['comes from nobody we know', LEAF, 'secure.test', '', 'its certificate is signed by an unknown authority'],
    ['is for another name', LEAF, 'wrong.test', TEST_CA, 'its certificate is for another name'],
    ['has expired', EXPIRED, 'secure.test', TEST_CA, 'its certificate has expired'],
  ])('%s', async (_name, tls, host, ca, message) => {
    const server = await serve(tls)
    await expect(get(host, server, ca)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: `Cannot fetch https://${host}:${server.port}/a: ${message}`,
      hint: expect.stringContaining('certificate'),
    })
    expect(server.requests).toHaveLength(0)
    await server.idle()
  })

  test('is self-signed, though the environment would have it accepted', async () => {
    const server = await serve(SELF_SIGNED)
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      await expect(get('secure.test', server, '')).rejects.toMatchObject({ code: 'upstream_unavailable' })
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
    expect(server.requests).toHaveLength(0)
  })
})

test('a server without TLS is told apart', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await expect(get('secure.test', server.address() as AddressInfo)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('no TLS connection came about'),
      hint: 'Check the scheme and the port of the URL',
    })
  } finally {
    server.close()
  }
})

test('a server that never ends the handshake is given up', async () => {
  const server = await serve()
  await expect(get('secure.test', server, TEST_CA, { connectTimeoutMs: 50 })).rejects.toMatchObject({
    code: 'upstream_unavailable',
    message: expect.stringContaining('no connection came about within 0.05 s'),
  })
  await server.idle()
})

test('a redirect from https to http is refused and not followed', async () => {
  const plain = await serve()
  const server = await serve(LEAF, redirect(`http://secure.test:${plain.port}/b?token=secret`))
  await expect(get('secure.test', server)).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining(`it leads from https to http://secure.test:${plain.port}/b`),
  })
  expect(plain.connections()).toBe(0)
})

test('a body over TLS that is cut short is not taken for whole', async () => {
  const server = await serve(LEAF, 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello')
  await expect((await get('secure.test', server)).text()).rejects.toMatchObject({
    message: expect.stringContaining('it ended after 5 of 100 bytes'),
  })
})
