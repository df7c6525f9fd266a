import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { firstHop, type Hop, nextHop } from '../../src/net/hop.ts'

const start = (over: Partial<Parameters<typeof firstHop>[0]> = {}): Hop =>
  firstHop({ url: 'https://a.example/start', ...over })

test('a first request asks for plain bytes and leaves the wire to us', () => {
  const hop = start({
    headers: { Host: 'evil', 'Content-Length': '9', 'User-Agent': 'Mozilla/5.0', Range: 'bytes=0-0' },
  })
  expect(hop.method).toBe('GET')
  expect(hop.headers).toEqual({ accept: '*/*', 'accept-encoding': 'identity', range: 'bytes=0-0' })
})

test.each(['CONNECT', 'TRACE', 'GET /x HTTP/1.1\r\nX:', ''])('method %j is refused', (method) => {
  expect(() => start({ method })).toThrow(AppError)
})

const secrets = { authorization: 'Bearer s', cookie: 's', 'x-api-key': 's', 'x-amz-security-token': 's' }
const harmless = { range: 'bytes=5-', 'if-range': '"e"', accept: 'image/*', 'accept-encoding': 'identity' }

test('headers stay within an origin and only harmless ones leave it', () => {
  const hop = start({ headers: { ...secrets, ...harmless } })
  expect(nextHop(hop, 302, '/other').headers).toEqual({ ...secrets, ...harmless })
  for (const location of ['https://b.example/', 'https://a.example:8443/', '//sub.a.example/']) {
    expect(nextHop(hop, 302, location).headers).toEqual(harmless)
  }
  const back = nextHop(nextHop(hop, 302, 'https://b.example/'), 302, 'https://a.example/')
  expect(back.headers).toEqual(harmless)
  expect(nextHop(start({ url: 'http://a.example/', headers: secrets }), 301, 'https://a.example/').headers).toEqual({
    accept: '*/*',
    'accept-encoding': 'identity',
  })
})

test('a raw path is for the first request alone', () => {
  const hop = start({ rawPath: '/a/../b' })
  expect(hop.rawPath).toBe('/a/../b')
  expect('rawPath' in nextHop(hop, 302, 'next')).toBe(false)
})

describe('method and body', () => {
  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'DELETE', 'GET'],
    [301, 'DELETE', 'DELETE'],
    [303, 'HEAD', 'HEAD'],
    [302, 'HEAD', 'HEAD'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
  ])('%i turns %s into %s', (status, method, expected) => {
    const hop = start({ method, body: '{}', headers: { 'content-type': 'application/json' } })
    const next = nextHop(hop, status, '/next')
    expect(next.method).toBe(expected)
    const kept = expected === method
    expect(next.body !== undefined).toBe(kept)
    expect('content-type' in next.headers).toBe(kept)
  })
})

test.each(['file:///etc/passwd', 'ftp://b.example/', 'data:text/plain,x', 'javascript:x', 'ws://b.example/'])(
  'a redirect to %s is refused and named',
  (location) => {
    const scheme = location.slice(0, location.indexOf(':') + 1)
    expect(() => nextHop(start(), 302, location)).toThrow(
      expect.objectContaining({ code: 'forbidden', message: expect.stringContaining(`leads to a ${scheme} URL`) }),
    )
  },
)

test('a redirect back to http is refused and shows no query', () => {
  expect(() => nextHop(start(), 302, 'http://a.example/b?token=secret')).toThrow(
    expect.objectContaining({
      code: 'forbidden',
      message: 'Refused to follow a redirect of https://a.example/start: it leads from https to http://a.example/b',
    }),
  )
  expect(nextHop(start({ url: 'http://a.example/' }), 302, 'http://b.example/').url.href).toBe('http://b.example/')
})

test('a location in UTF-8 arrives as it was meant, and one that is no URL is upstream trouble', () => {
  const location = Buffer.from('/b\u00fccher', 'utf8').toString('latin1')
  expect(nextHop(start(), 302, location).url.href).toBe('https://a.example/b%C3%BCcher')
  expect(() => nextHop(start(), 302, 'http://')).toThrow(expect.objectContaining({ code: 'upstream_unavailable' }))
})
