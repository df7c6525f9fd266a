import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import { listsAddress, listsHost, parseAllowList } from '../../src/net/allow-list.ts'
import { checkTarget, parseUrl } from '../../src/net/target.ts'

const names = (entry: string, url: string): boolean =>
  listsHost(parseAllowList([entry], 'SETTING'), checkTarget(parseUrl(url)))

const covers = (entry: string, address: string, port = 80): boolean =>
  listsAddress(parseAllowList([entry], 'SETTING'), address, port)

describe('listsHost', () => {
  test.each([
    ['nas.lan', 'http://nas.lan/'],
    ['nas.lan', 'https://NAS.LAN.:8443/'],
    ['NAS.lan.', 'http://nas.lan/'],
    [' nas.lan ', 'http://nas.lan/'],
    ['nas.lan:80', 'http://nas.lan/'],
    ['nas.lan:443', 'https://nas.lan/'],
    ['nas.lan:8443', 'https://nas.lan:8443/'],
    ['b\u00fccher.example', 'http://xn--bcher-kva.example/'],
    ['*.example.com', 'https://a.example.com/'],
    ['*.example.com', 'https://a.b.example.com/'],
    ['*.example.com:8443', 'https://a.example.com:8443/'],
    ['127.0.0.1', 'http://127.1/'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080/'],
    ['::1', 'http://[::1]/'],
    ['[::1]', 'http://[::1]:9000/'],
    ['[::1]:9000', 'http://[::1]:9000/'],
    ['10.0.0.0/8', 'http://10.9.8.7/'],
    ['10.0.0.0/8', 'http://[::ffff:10.9.8.7]/'],
  ])('%s lists %s', (entry, url) => expect(names(entry, url)).toBe(true))

  test.each([
    ['nas.lan', 'http://evil-nas.lan/'],
    ['nas.lan', 'http://nas.lan.evil.example/'],
    ['nas.lan', 'http://sub.nas.lan/'],
    ['nas.lan:80', 'https://nas.lan/'],
    ['nas.lan:8080', 'http://nas.lan/'],
    ['*.example.com', 'https://example.com/'],
    ['*.example.com', 'https://badexample.com/'],
    ['*.example.com', 'https://a.example.com.evil.example/'],
    ['127.0.0.1', 'http://127.0.0.2/'],
    ['127.0.0.1:8080', 'http://127.0.0.1/'],
    ['10.0.0.0/8', 'http://11.0.0.0/'],
    ['10.0.0.0/8', 'http://10.evil.example/'],
    ['::/0', 'http://10.0.0.1/'],
  ])('%s does not list %s', (entry, url) => expect(names(entry, url)).toBe(false))
})

test('listsAddress goes by addresses alone', () => {
  expect(covers('192.168.1.0/24', '192.168.1.77')).toBe(true)
  expect(covers('192.168.1.77/24', '192.168.1.1')).toBe(true)
  expect(covers('192.168.1.0/24', '192.168.2.1')).toBe(false)
  expect(covers('fd00::/8', 'fd12::1')).toBe(true)
  expect(covers('::ffff:10.0.0.5', '10.0.0.5')).toBe(true)
  expect(covers('10.0.0.5:8080', '10.0.0.5', 8080)).toBe(true)
  expect(covers('10.0.0.5:8080', '10.0.0.5', 80)).toBe(false)
  expect(covers('nas.lan', '10.0.0.5')).toBe(false)
})

describe('parseAllowList', () => {
  test.each([
    ...['', '*', '*.', '*.10.0.0.1', 'a b', 'http://nas.lan', 'nas.lan/', 'user@nas.lan', 'nas.lan:', 'nas.lan:0'],
    ...['nas.lan:65536', 'nas.lan:x', '10.0.0.0/33', '10.0.0/8', '0x0a000000/8', '10.0.0.0/', 'fd00::/129', '[::1'],
    ...['a..b', '.', '[::1]:', 'nas.*', '*.*.lan', '1.2.3.4.5', 'nas.lan?x', 'nas.lan#x', 'a'.repeat(64)],
  ])('refuses "%s" and names it', (entry) => {
    const parse = (): unknown => parseAllowList(['good.example', entry], 'AIRKEEP_ALLOW_NET')
    expect(parse).toThrow(AppError)
    expect(parse).toThrow(`Cannot read the entry "${entry}" of AIRKEEP_ALLOW_NET`)
  })

  test('reads any text or refuses it, and fails in no other way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (entry) => {
        try {
          parseAllowList([entry], 'SETTING')
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
    )
  })
})
