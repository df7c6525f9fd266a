import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import { checkTarget, describeUrl, parseUrl } from '../../src/net/target.ts'

const check = (text: string) => checkTarget(parseUrl(text))

const failure = (text: string): AppError => {
  try {
    check(text)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('a target has one spelling of its host and a port', () => {
  expect(check('HTTPS://Models.Example.COM./a?b')).toMatchObject({
    hostname: 'models.example.com',
    port: 443,
    secure: true,
  })
  expect(check('HTTPS://Models.Example.COM./a?b').url.href).toBe('https://models.example.com/a?b')
  expect(check('http://[::1]:8080/')).toMatchObject({ hostname: '::1', port: 8080, secure: false })
  expect(check('http://b\u00fccher.example/').hostname).toBe('xn--bcher-kva.example')
})

test.each([
  ...['', 'models.example.com/a', '/etc/passwd', 'http://', 'http://a b/', 'http://256.1.1.1/', 'http://1.2.3.4.5/'],
  ...['http://[fe80::1%25eth0]/', 'http://127.0.0.1%00.example.com/', 'http://a:65536/', 'http://a%2fb/'],
  ...['http://./', 'http://a..b/', 'http://.a/', 'http://a../', `http://${'a'.repeat(64)}/`],
  `http://${'a.'.repeat(127)}example/`,
])('%s is no URL', (text) => {
  expect(failure(text).code).toBe('invalid_input')
})

test.each([
  ['file:///etc/passwd', 'a file: URL'],
  ['ftp://user:secret@example.com/a', 'a ftp: URL'],
  ['data:text/plain,secret', 'a data: URL'],
  ['javascript:secret', 'a javascript: URL'],
  ['s3://bucket/key', 'a s3: URL'],
])('%s is refused by its scheme', (text, named) => {
  const error = failure(text)
  expect(error.code).toBe('forbidden')
  expect(error.message).toBe(`Refused to fetch ${named}: only http and https are fetched`)
})

test.each(['http://user@example.com/', 'http://user:secret@example.com/', 'https://:secret@example.com/'])(
  '%s is refused for its user',
  (text) => {
    const error = failure(text)
    expect(error.code).toBe('forbidden')
    expect(error.message).not.toMatch(/user@|secret/)
    expect(error.hint).toContain('@')
  },
)

test.each([0, 21, 22, 25, 53, 110, 143, 389, 587, 6000, 6667, 10_080])('port %i is refused', (port) => {
  expect(failure(`http://example.com:${port}/`).message).toContain(`port ${port} belongs to another protocol`)
})

test.each([80, 443, 1024, 7801, 8188, 50_000])('port %i is let through', (port) => {
  expect(check(`http://example.com:${port}/`).port).toBe(port)
})

describe('describeUrl', () => {
  test('shows neither query nor fragment nor user', () => {
    const shown = describeUrl(new URL('https://user:secret@example.com:8443/a/b?token=secret#secret'))
    expect(shown).toBe('https://example.com:8443/a/b')
    expect(describeUrl(new URL(`https://example.com/${'a'.repeat(5000)}`)).length).toBeLessThan(250)
  })

  test('never shows them, whatever they hold', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.stringMatching(/^[a-z0-9]{12}$/), (base, secret) => {
        const url = new URL(base)
        url.search = `?token=${secret}`
        url.hash = secret
        url.username = secret
        url.password = secret
        expect(describeUrl(url)).not.toContain(secret)
      }),
    )
  })
})
