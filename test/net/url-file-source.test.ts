import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createUrlFileSource, type UrlFile } from '../../src/net/url-file-source.ts'
import { badEnd, HOSTILE_ANSWERS } from '../support/hostile-answers.ts'
import { type Answer, ok, type RawRequest, startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'

let answer: (request: RawRequest) => Answer = () => ok()
const server = await startRawServer((request) => answer(request))
const asked: RawRequest[] = []
afterAll(() => server.close())
beforeEach(() => {
  asked.length = 0
})

const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '1.2.3' })
const origin = `http://127.0.0.1:${server.port}`
const { signal } = new AbortController()
const source = (path: string, changes: Partial<UrlFile> = {}) =>
  createUrlFileSource({ fetch }, { url: `${origin}${path}`, hosts: 'any', allowPrivate: ['127.0.0.1'], ...changes })

const raw = (head: string, headers: Readonly<Record<string, string>> = {}, body = ''): string =>
  `HTTP/1.1 ${head}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`
const part = (headers: Readonly<Record<string, string>> = {}): string =>
  raw('206 Partial Content', { 'content-range': 'bytes 0-0/2097256', 'content-length': '1', ...headers }, 'x')

describe('an address', () => {
  test('is asked for one byte, and tells the size and the name', async () => {
    answer = (request) => {
      asked.push(request)
      return part({ 'content-disposition': 'attachment; filename="harbor.safetensors"' })
    }
    const file = source('/download/7?version=2&token=SECRET')
    expect(file).toMatchObject({ id: `url:${origin}/download/7?version=2`, kind: 'url', ranges: 'bounded' })
    expect(await file.open(signal)).toEqual({
      url: `${origin}/download/7?version=2&token=SECRET`,
      headers: {},
      hosts: 'any',
      allowPrivate: ['127.0.0.1'],
      sizeBytes: 2_097_256,
      filename: 'harbor.safetensors',
    })
    expect(asked.map(({ method, headers }) => [method, headers['range']])).toEqual([['GET', 'bytes=0-0']])
  })

  test('that knows no ranges tells its size as well', async () => {
    answer = () => raw('200 OK', { 'content-length': '5000' }, 'x')
    expect(await source('/a%20b.pt').open(signal)).toMatchObject({ sizeBytes: 5_000, filename: 'a b.pt' })
  })

  test.each(['*/5', 'bytes 0-0/*', 'bytes 1-1/5'])('whose range %s says nothing has no size', async (range) => {
    answer = () => part({ 'content-range': range })
    expect((await source('/a.pt').open(signal)).sizeBytes).toBeUndefined()
  })

  test('that leads to a storage is known by what it leads to', async () => {
    answer = ({ path }) =>
      path === '/a.pt' ? raw('302 Found', { location: '/store/b.pt?Signature=1', 'content-length': '0' }) : part()
    expect(await source('/a.pt').open(signal)).toMatchObject({
      url: `${origin}/store/b.pt?Signature=1`,
      filename: 'b.pt',
      sizeBytes: 2_097_256,
    })
  })
})

describe('what stands in the way', () => {
  test.each<readonly [string, Answer, object]>([
    ['nothing there', raw('404 Not Found'), { code: 'not_found' }],
    ['gone', raw('410 Gone'), { code: 'not_found' }],
    ['a login', raw('401 Unauthorized'), { reason: 'login' }],
    ['a refusal', raw('403 Forbidden'), { code: 'forbidden' }],
    ['the law', raw('451 Unavailable'), { reason: 'region' }],
    ['a rate limit', raw('429 Slow Down', { 'retry-after': '7' }), { code: 'rate_limited', retryAfterSeconds: 7 }],
    ['trouble', raw('503 Busy', { 'retry-after': '2' }), { code: 'upstream_unavailable', retryAfterSeconds: 2 }],
    [
      'a page',
      raw('200 OK', { 'content-type': 'text/html; charset=utf-8' }, '<html>'),
      { code: 'upstream_unavailable', message: expect.stringContaining('web page') },
    ],
    ['no such part', raw('416 Range Not Satisfiable'), { code: 'upstream_unavailable' }],
  ])('%s', async (_, given, expected) => {
    answer = () => given
    const error = await rejection(source('/a.pt?token=SECRET').open(signal))
    expect(error).toMatchObject(expected)
    expect(`${JSON.stringify(error)}${error}`).not.toContain('SECRET')
  })

  test('an attachment is a file, whatever its type', async () => {
    answer = () => part({ 'content-type': 'text/html', 'content-disposition': 'attachment; filename=a.pt' })
    expect(await source('/a.pt').open(signal)).toMatchObject({ filename: 'a.pt' })
  })

  test('another host than those that may be fetched from', async () => {
    answer = () => part()
    const error = await rejection(source('/a.pt', { hosts: ['files.test'] }).open(signal))
    expect(error).toMatchObject({ code: 'forbidden' })
  })
})

describe('without TLS', () => {
  test.each([
    [{ url: 'http://files.test/a.pt', hosts: 'any' }],
    [{ url: 'http://files.test/a.pt', hosts: 'any', allowPrivate: ['files.test:8080'] }],
    [{ url: `${origin}/a.pt`, hosts: 'any' }],
  ] as const)('%j is refused', (file) => {
    expect(() => createUrlFileSource({ fetch }, file)).toThrow('it is not https')
  })

  test('no host of the owner leads to another', async () => {
    answer = ({ headers }) =>
      headers['host']?.startsWith('127.0.0.2') === true
        ? part()
        : raw('302 Found', { location: `http://127.0.0.2:${server.port}/b.pt`, 'content-length': '0' })
    const other = await startRawServer(answer, { host: '127.0.0.2', port: server.port })
    const list = createGuard({ allowPrivate: ['127.0.0.2'], log: silentLog })
    const open = createUrlFileSource(
      { fetch: createGuardedFetch({ guard: list, version: '1.2.3' }) },
      { url: `${origin}/a.pt`, hosts: 'any', allowPrivate: ['127.0.0.1'] },
    ).open(signal)
    expect(await rejection(open)).toMatchObject({ code: 'forbidden', message: expect.stringContaining('not https') })
    await other.close()
  })
})

test.each(['harbor.safetensors', '', 'ftp://files.test/a.pt', 'https://user:pw@files.test/a.pt'])(
  '%p is no address',
  (url) => {
    expect(() => createUrlFileSource({ fetch }, { url, hosts: 'any' })).toThrow()
  },
)

test.each(HOSTILE_ANSWERS)('whatever answers, it ends with a place or an error of ours: %s', async (_, hostile) => {
  answer = () => hostile
  expect(await badEnd(() => source('/a.pt').open(signal))).toBeUndefined()
})

test.each([
  "x; filename*=UTF-8''%ff",
  "x; filename*=iso-8859-1''%E4%zz",
  'x; filename="\\',
  `x; filename="${'a\\'.repeat(2_000)}"`,
])('a name of %s is read or left', async (disposition) => {
  answer = () => part({ 'content-disposition': disposition })
  expect(((await source('/a.pt').open(signal)).filename ?? '').length).toBeLessThan(4_000)
})
