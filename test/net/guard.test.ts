import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { silentLog } from '../../src/lib/log.ts'
import { type AdmitOptions, createGuard, type Lookup, type Route } from '../../src/net/guard.ts'

interface Case extends Partial<AdmitOptions> {
  readonly url: string
  readonly allow?: readonly string[]
  readonly found?: readonly string[]
  readonly lookup?: Lookup
}

const admit = ({ url, allow = [], found = ['8.8.8.8'], lookup, ...options }: Case): Promise<Route> =>
  createGuard({
    allowPrivate: allow,
    log: silentLog,
    lookup: lookup ?? (async () => found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))),
  }).admit(new URL(url), { hosts: 'any', timeoutMs: 1000, ...options })

const refusal = async (request: Case): Promise<AppError> => {
  const outcome = await admit(request).catch((error: unknown) => error)
  if (outcome instanceof AppError) return outcome
  throw new Error('nothing was refused')
}

test('a public name passes with the addresses it has', async () => {
  const route = await admit({ url: 'https://models.example.com/a', found: ['8.8.8.8', '2606:4700::1111'] })
  expect(route).toMatchObject({ hostname: 'models.example.com', port: 443 })
  expect(route.addresses).toEqual([
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ])
})

const inner = [
  ...['http://127.0.0.1/', 'http://localhost/', 'http://LOCALHOST./', 'http://2130706433/', 'http://0177.0.0.1/'],
  ...['http://0x7f.1/', 'http://0x7f000001/', 'http://127.1/', 'http://127.0.0.1./', 'http://%31%32%37.0.0.1/'],
  ...['http://\uff11\uff12\uff17.0.0.1/', 'http://\u2460\u2461\u2466.0.0.1/', 'http://127\u30020\u30020\u30021/'],
  ...['http://0/', 'http://0.0.0.0:8080/', 'http://[::]/', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/'],
  ...['http://[::FFFF:7F00:1]/', 'http://[::127.0.0.1]/', 'http://[64:ff9b::10.0.0.5]/', 'http://[2002:a00:5::]/'],
  ...['http://[fe80::1]/', 'http://[fd00::1]/', 'http://10.0.0.5/', 'http://192.168.1.1/', 'http://172.16.0.1/'],
  ...['http://169.254.169.254/latest/meta-data/', 'http://100.100.100.200/', 'http://255.255.255.255/'],
  ...['http://127.0.0.1\\@8.8.8.8/', 'http:127.0.0.1', 'https:\\\\127.0.0.1\\'],
]

test.each(inner)('%s is refused', async (url) => {
  const error = await refusal({ url, found: ['127.0.0.1'] })
  expect(error.code).toBe('forbidden')
  expect(error.hint).toContain('AIRKEEP_ALLOW_PRIVATE_NETWORK')
})

test('the message names the address and what it is, and no query', async () => {
  const error = await refusal({ url: 'http://intranet.example/a?token=secret', found: ['10.0.0.5'] })
  expect(error.message).toBe('Refused to fetch http://intranet.example/a: 10.0.0.5 is a private address')
  expect(error.hint).toContain('list intranet.example or 10.0.0.5 in AIRKEEP_ALLOW_PRIVATE_NETWORK')
})

test.each([
  [['8.8.8.8', '10.0.0.5']],
  [['10.0.0.5', '8.8.8.8']],
  [['8.8.8.8', '::1']],
  [['8.8.8.8', 'not-an-address']],
])('one inner address among %p is enough to refuse', async (found) => {
  expect((await refusal({ url: 'http://mixed.example/', found })).code).toBe('forbidden')
})

describe('the list of private hosts', () => {
  test.each<[string, Case]>([
    ['a name', { url: 'http://nas.lan/', allow: ['nas.lan'], found: ['192.168.1.5'] }],
    ['a name and its port', { url: 'http://nas.lan:8080/', allow: ['nas.lan:8080'], found: ['127.0.0.1', '::1'] }],
    ['a domain', { url: 'http://a.nas.lan/', allow: ['*.nas.lan'], found: ['100.64.0.1'] }],
    ['an address', { url: 'http://10.0.0.5/', allow: ['10.0.0.5'] }],
    ['the address of a name', { url: 'http://nas.lan/', allow: ['10.0.0.5'], found: ['10.0.0.5'] }],
    ['a range', { url: 'http://nas.lan/', allow: ['10.0.0.0/8'], found: ['10.1.1.1', '10.2.2.2'] }],
    ['a mapped spelling', { url: 'http://[::ffff:10.0.0.5]/', allow: ['10.0.0.0/8'] }],
    ['an address of this request', { url: 'http://10.0.0.5:7801/', allowPrivate: ['10.0.0.5:7801'] }],
    ['metadata by address', { url: 'http://169.254.169.254/', allow: ['169.254.169.254'] }],
  ])('lets through %s', async (_name, request) => {
    expect((await admit(request)).addresses.length).toBeGreaterThan(0)
  })

  test.each<[string, Case]>([
    ['another port', { url: 'http://nas.lan:8081/', allow: ['nas.lan:8080'], found: ['10.0.0.5'] }],
    ['an address out of range', { url: 'http://nas.lan/', allow: ['10.0.0.0/8'], found: ['10.0.0.5', '192.168.0.1'] }],
    ['metadata behind a listed name', { url: 'http://nas.lan/', allow: ['nas.lan'], found: ['169.254.169.254'] }],
    ['nonsense behind a listed name', { url: 'http://nas.lan/', allow: ['nas.lan'], found: ['0.0.0.0'] }],
  ])('does not let through %s', async (_name, request) => {
    expect((await refusal(request)).code).toBe('forbidden')
  })

  test('is read when the guard is made', () => {
    expect(() => createGuard({ allowPrivate: ['10.0.0.0/99'], log: silentLog })).toThrow('"10.0.0.0/99"')
  })
})

describe('the hosts of a request', () => {
  test('lets listed hosts through and no other, before any name is looked up', async () => {
    const hosts = ['civitai.com', '*.cloudflarestorage.com']
    const lookup: Lookup = () => Promise.reject(new Error('looked up'))
    expect((await admit({ url: 'https://civitai.com/', hosts })).port).toBe(443)
    expect((await admit({ url: 'https://a.r2.cloudflarestorage.com/', hosts })).port).toBe(443)
    const error = await refusal({ url: 'https://evil.example/?secret', hosts, lookup })
    expect(error.code).toBe('forbidden')
    expect(error.message).toBe(
      'Refused to fetch https://evil.example/: evil.example is not among the hosts that may be fetched from',
    )
    expect(error.hint).toContain('AIRKEEP_ALLOW_NET')
  })

  test('does not make a private address reachable', async () => {
    expect((await refusal({ url: 'http://10.0.0.5/', hosts: ['10.0.0.5'] })).code).toBe('forbidden')
  })

  test('an empty list lets nothing through', async () => {
    expect((await refusal({ url: 'https://example.com/', hosts: [] })).code).toBe('forbidden')
  })
})

describe('the name lookup', () => {
  test('happens once for a request', async () => {
    const asked: string[] = []
    const lookup: Lookup = async (hostname) => {
      asked.push(hostname)
      return [{ address: asked.length === 1 ? '8.8.8.8' : '127.0.0.1', family: 4 }]
    }
    const route = await admit({ url: 'http://rebind.test./', lookup })
    expect(route.addresses).toEqual([{ address: '8.8.8.8', family: 4 }])
    expect(asked).toEqual(['rebind.test'])
  })

  test.each([
    ['ENOTFOUND', 'its host name does not exist'],
    ['EAI_AGAIN', 'its host name could not be looked up'],
  ])('that ends in %s is told in words', async (code, words) => {
    const lookup: Lookup = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code }))
    const error = await refusal({ url: 'http://gone.example/a?b', lookup })
    expect(error).toMatchObject({
      code: 'upstream_unavailable',
      message: `Cannot fetch http://gone.example/a: ${words}`,
    })
  })

  test('that finds no address is told in words', async () => {
    expect((await refusal({ url: 'http://gone.example/', found: [] })).message).toContain('does not exist')
  })

  test('that never ends is given up', async () => {
    const error = await refusal({ url: 'http://slow.example/', lookup: () => new Promise(() => {}), timeoutMs: 10 })
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(error.message).toContain('not resolved within 0.01 s')
  })

  test('ends with the signal', async () => {
    const controller = new AbortController()
    const lookup: Lookup = () => {
      controller.abort()
      return new Promise(() => {})
    }
    const error = await refusal({ url: 'http://slow.example/', lookup, signal: controller.signal })
    expect(error.code).toBe('cancelled')
  })

  test('of the system finds this machine', async () => {
    const guard = createGuard({ allowPrivate: ['localhost'], log: silentLog })
    const route = await guard.admit(new URL('http://localhost/'), { hosts: 'any', timeoutMs: 5000 })
    expect(route.addresses.map(({ address }) => address).some((address) => /^(127\.|::1)/.test(address))).toBe(true)
  })
})
