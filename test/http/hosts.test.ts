import { describe, expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import * as v from 'valibot'
import { isAppError } from '../../src/errors.ts'
import { createHostCheck } from '../../src/http/hosts.ts'
import { anEcho, startApp } from './test-app.ts'

const NAME = 'forbidden: This host name is not served'
const ORIGIN = "forbidden: Requests from another site's pages are not served"

function check(
  host: string | undefined,
  origin?: string,
  hosts: readonly string[] = [],
  boundHost = '127.0.0.1',
): string {
  try {
    createHostCheck({ hosts, boundHost })(
      new Headers({ ...(host === undefined ? {} : { host }), ...(origin === undefined ? {} : { origin }) }),
    )
    return 'served'
  } catch (error) {
    if (!isAppError(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

describe('Host', () => {
  test.each([
    ['127.0.0.1:7801', 'served'],
    ['localhost:7801', 'served'],
    ['LOCALHOST', 'served'],
    ['[::1]:7801', 'served'],
    ['127.0.0.2', 'served'],
    [undefined, NAME],
    ['', NAME],
    ['evil.example', NAME],
    ['evil.example:7801', NAME],
    ['127.0.0.1.evil.example', NAME],
    ['localhost.evil.example', NAME],
    ['192.168.1.7:7801', NAME],
    ['0.0.0.0:7801', NAME],
    ['localhost, evil.example', NAME],
    ['user@localhost', NAME],
    ['localhost/x', NAME],
  ])('%p: %s', (host, answer) => {
    expect(check(host)).toBe(answer)
  })

  test.each([
    ['gpu.example.com', ['gpu.example.com'], 'served'],
    ['GPU.example.com:8443', ['gpu.EXAMPLE.com'], 'served'],
    ['x.gpu.example.com', ['gpu.example.com'], NAME],
    ['gpu.example.com:8443', ['gpu.example.com:8443'], 'served'],
    ['gpu.example.com', ['gpu.example.com:8443'], NAME],
  ])('%s with AIRKEEP_HOSTS %j: %s', (host, hosts, answer) => {
    expect(check(host, undefined, hosts)).toBe(answer)
  })

  test('the bound address is served, other addresses of the machine only where all are listened on', () => {
    expect(check('192.168.1.7:7801', undefined, [], '192.168.1.7')).toBe('served')
    expect(check('[fd00::7]:7801', undefined, [], 'fd00::7')).toBe('served')
    const own = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .map(({ address }) => address)
    for (const wildcard of ['0.0.0.0', '::', '[::]']) {
      for (const address of own) {
        expect(check(address.includes(':') ? `[${address}]` : address, undefined, [], wildcard)).toBe('served')
      }
      expect(check('203.0.113.7', undefined, [], wildcard)).toBe(NAME)
      expect(check('evil.example', undefined, [], wildcard)).toBe(NAME)
    }
  })

  test('what was answered once is answered the same again, also past what is remembered', () => {
    const again = createHostCheck({ hosts: [], boundHost: '127.0.0.1' })
    for (let at = 0; at < 300; at += 1) {
      expect(() => again(new Headers({ host: `h${at}.example` }))).toThrow('not served')
      expect(() => again(new Headers({ host: `127.0.0.1:${1000 + at}` }))).not.toThrow()
    }
  })
})

describe('Origin', () => {
  test.each([
    ['127.0.0.1:7801', 'http://127.0.0.1:7801', [], 'served'],
    ['localhost:7801', 'HTTP://LocalHost:7801', [], 'served'],
    ['localhost', 'http://localhost:80', [], 'served'],
    ['localhost:443', 'https://localhost', [], 'served'],
    ['[::1]:7801', 'http://[::1]:7801', [], 'served'],
    ['127.0.0.1:7801', 'null', [], ORIGIN],
    ['127.0.0.1:7801', '', [], ORIGIN],
    ['127.0.0.1:7801', 'http://evil.example', [], ORIGIN],
    ['127.0.0.1:7801', 'http://127.0.0.1:8188', [], ORIGIN],
    ['127.0.0.1:7801', 'http://127.0.0.1', [], ORIGIN],
    ['127.0.0.1:7801', 'http://localhost:7801', [], ORIGIN],
    ['127.0.0.1:7801', 'http://127.0.0.1:7801.evil.example', [], ORIGIN],
    ['127.0.0.1:7801', 'http://127.0.0.1:7801@evil.example', [], ORIGIN],
    ['127.0.0.1:7801', 'file://', [], ORIGIN],
    ['127.0.0.1:7801', 'chrome-extension://abc', [], ORIGIN],
    ['gpu.example.com', 'https://gpu.example.com', ['gpu.example.com'], 'served'],
    ['127.0.0.1:7801', 'https://gpu.example.com', ['gpu.example.com'], 'served'],
    ['127.0.0.1:7801', 'https://x.gpu.example.com', ['gpu.example.com'], ORIGIN],
  ])('%s from %s with AIRKEEP_HOSTS %j: %s', (host, origin, hosts, answer) => {
    expect(check(host, origin, hosts)).toBe(answer)
  })
})

describe('what a page loads without Origin', () => {
  test.each([
    ['cross-site', 'refused'],
    ['same-site', 'refused'],
    ['same-origin', 'served'],
    ['none', 'served'],
    [undefined, 'served'],
  ])('Sec-Fetch-Site %p: %s', (site, answer) => {
    const headers = new Headers({ host: '127.0.0.1:7801', ...(site === undefined ? {} : { 'sec-fetch-site': site }) })
    const run = () => createHostCheck({ hosts: [], boundHost: '127.0.0.1' })(headers)
    if (answer === 'served') expect(run).not.toThrow()
    else expect(run).toThrow("another site's pages")
  })

  test('a page of a configured name says so with its Origin', () => {
    const headers = { host: '127.0.0.1:7801', origin: 'https://gpu.example.com', 'sec-fetch-site': 'cross-site' }
    const run = () => createHostCheck({ hosts: ['gpu.example.com'], boundHost: '127.0.0.1' })(new Headers(headers))
    expect(run).not.toThrow()
  })
})

test('every route checks both first: nothing is run, nobody is told whether it is there', async () => {
  let ran = 0
  await using t = await startApp({
    operations: [anEcho('create_thing', 'post', '/v1/things', v.looseObject({}))],
    authenticate: async () => {
      ran += 1
      throw new Error('not reached')
    },
    mcp: async () => {
      ran += 1
      return new Response()
    },
  })
  for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }, { origin: 'null' }]) {
    for (const [method, path] of [
      ['POST', '/v1/things'],
      ['GET', '/v1/events'],
      ['GET', '/v1/prompts/import/events'],
      ['POST', '/v1/stream-tickets'],
      ['GET', '/health'],
      ['GET', '/metrics'],
      ['GET', '/openapi.json'],
      ['POST', '/mcp'],
      ['GET', '/nothing'],
      ['PUT', '/v1/things'],
    ] as const) {
      const response = await t.fetch(path, { method, headers })
      expect([path, response.status]).toEqual([path, 403])
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
    }
  }
  expect(ran).toBe(0)
})
