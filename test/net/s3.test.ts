import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader, type S3Deps, type S3Request } from '../../src/net/s3.ts'
import { parseS3Url } from '../../src/net/s3-object.ts'
import { redirect, startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'
import {
  EXPIRED_TOKEN,
  FAR_REGION,
  KEY_ID,
  REGION,
  type S3Checker,
  SECRET,
  SESSION,
  startS3Checker,
} from '../support/s3-checker.ts'
import { s3Settings } from '../support/s3-settings.ts'

const BYTES = Buffer.from('0123456789 of an object that lies in a store')
let checker: S3Checker
beforeAll(async () => {
  checker = await startS3Checker()
  for (const bucket of ['media', 'open', 'dotted.name']) await checker.put(bucket, 'pics/a b+c é.png', BYTES)
  await checker.put('media', 'denied/a.png', BYTES)
  await checker.put('media', 'empty', Buffer.alloc(0))
})
afterAll(() => checker.close())

/** Names lead to this host, as an inner name server would have it; nothing else of it is exempt from the rules. */
const guard = createGuard({
  allowPrivate: [],
  log: silentLog,
  lookup: async (hostname) => (hostname.endsWith('localhost') ? [{ address: '127.0.0.1', family: 4 }] : []),
})
const fetch = createGuardedFetch({ guard, version: '0' })
const lasting = { aws_access_key_id: KEY_ID, aws_secret_access_key: SECRET }
const temporary = {
  aws_access_key_id: SESSION.keyId,
  aws_secret_access_key: SESSION.secret,
  aws_session_token: SESSION.token,
}

const open = (given: Partial<S3Deps['settings']>, clock = { now: () => Date.now() }) =>
  createS3Reader({
    fetch,
    clock,
    settings: s3Settings({ aws_endpoint_url: checker.url, aws_region: REGION, ...lasting, ...given }),
  })
const get = (url: string, given: Partial<S3Deps['settings']> = {}, over: Partial<S3Request> = {}) =>
  open(given).get({ url, buckets: 'any', ...over })
const read = async (url: string, given: Partial<S3Deps['settings']> = {}, over: Partial<S3Request> = {}) =>
  (await get(url, given, over)).text()
const virtual = () => ({
  aws_endpoint_url: `http://s3.localhost:${checker.port}`,
  aws_s3_force_path_style: false as const,
})

describe('an object is read', () => {
  const cases: [name: string, url: string, given: () => Partial<S3Deps['settings']>, host: string, target: string][] = [
    ['in path style', 's3://media/pics/a b+c é.png', () => ({}), '127.0.0.1', '/media/pics/a%20b%2Bc%20%C3%A9.png'],
    ['by virtual host', 's3://media/pics/a b+c é.png', virtual, 'media.s3.localhost', '/pics/a%20b%2Bc%20%C3%A9.png'],
    [
      'by virtual host, the bucket with a dot',
      's3://dotted.name/pics/a b+c é.png',
      virtual,
      'dotted.name.s3.localhost',
      '/pics/a%20b%2Bc%20%C3%A9.png',
    ],
    [
      'with a session token',
      's3://media/pics/a b+c é.png',
      () => temporary,
      '127.0.0.1',
      '/media/pics/a%20b%2Bc%20%C3%A9.png',
    ],
    [
      'with a session token by virtual host',
      's3://media/pics/a b+c é.png',
      () => ({ ...temporary, ...virtual() }),
      'media.s3.localhost',
      '/pics/a%20b%2Bc%20%C3%A9.png',
    ],
    [
      'from the endpoint for S3 before the general one',
      's3://media/pics/a b+c é.png',
      () => ({ aws_endpoint_url: 'http://127.0.0.1:1', aws_endpoint_url_s3: checker.url }),
      '127.0.0.1',
      '/media/pics/a%20b%2Bc%20%C3%A9.png',
    ],
    [
      'with the default region where no other is set',
      's3://media/pics/a b+c é.png',
      () => ({ aws_region: '', aws_default_region: REGION }),
      '127.0.0.1',
      '/media/pics/a%20b%2Bc%20%C3%A9.png',
    ],
  ]
  test.each(cases)('%s', async (_, url, given, host, target) => {
    const response = await get(url, given())
    expect(response).toMatchObject({ status: 200, contentLength: BYTES.length })
    expect(Buffer.from(await response.bytes())).toEqual(BYTES)
    expect(checker.requests.at(-1)).toMatchObject({
      outcome: 'passed',
      method: 'GET',
      target,
      headers: { host: `${host}:${checker.port}`, 'accept-encoding': 'identity' },
    })
  })

  test('without a signature where no keys are set', async () => {
    const response = await get('s3://open/pics/a b+c é.png', {
      aws_access_key_id: '',
      aws_secret_access_key: '',
      aws_session_token: 'left over',
    })
    expect(Buffer.from(await response.bytes())).toEqual(BYTES)
    const sent = Object.keys(checker.requests.at(-1)?.headers ?? {})
    expect(sent.filter((name) => name === 'authorization' || name.startsWith('x-amz-'))).toEqual([])
  })

  test.each([
    ['bytes=0-9', '0123456789', `bytes 0-9/${BYTES.length}`],
    ['bytes=11-', BYTES.subarray(11).toString(), `bytes 11-${BYTES.length - 1}/${BYTES.length}`],
  ])('in part: %s', async (range, text, contentRange) => {
    const response = await get('s3://media/pics/a b+c é.png', {}, { range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(await response.text()).toBe(text)
    expect(checker.requests.at(-1)?.headers['authorization']).toContain('SignedHeaders=host;range;')
  })

  test('of no bytes', async () => {
    expect(await read('s3://media/empty')).toBe('')
  })

  test('as it is stored, even where it says that it is compressed', async () => {
    const stored = gzipSync('a text')
    await checker.put('media', 'text.gz', stored, { 'content-encoding': 'gzip' })
    const response = await get('s3://media/text.gz')
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(Buffer.from(await response.bytes())).toEqual(stored)
    const part = await get('s3://media/text.gz', {}, { range: 'bytes=0-1' })
    expect(Buffer.from(await part.bytes())).toEqual(stored.subarray(0, 2))
  })

  test('and no more of it than was allowed', async () => {
    const response = await get('s3://media/pics/a b+c é.png', {}, { maxBytes: 10 })
    expect(await rejection(response.bytes())).toMatchObject({ code: 'payload_too_large' })
  })
})

describe('a key arrives as it was written', () => {
  const echoed = (key: string, given = {}): Promise<string> => read(`s3://echo/${key}`, given)

  test.each([
    'a//b',
    '/lead',
    '//',
    'a/',
    'a/../b',
    './a/.',
    'a/./b',
    'a/..',
    '%2e%2e/a',
    '%',
    '+',
    '?x=1#y',
    'a\\b',
    'a\nb\tc',
  ])('%j', async (key) => {
    expect(await echoed(key)).toBe(key)
    expect(await echoed(key, virtual())).toBe(key)
  })

  test('whatever it is, in either style', async () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', '%2F', ' ', '+', "'()*!~"),
      fc.string({ unit: 'binary', maxLength: 9 }),
    )
    const keys = fc
      .array(part, { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join('/'))
      .filter((key) => {
        try {
          return parseS3Url(`s3://echo/${key}`).key === key
        } catch {
          return false
        }
      })
    await fc.assert(
      fc.asyncProperty(keys, fc.boolean(), async (key, hosted) => {
        expect(await echoed(key, hosted ? virtual() : {})).toBe(key)
      }),
      { numRuns: 60 },
    )
  })

  test.each(['s3://media/../echo/a', 's3://media/a/../../echo/a'])('%s asks nobody', async (url) => {
    const before = checker.requests.length
    expect(await rejection(get(url))).toMatchObject({ code: 'invalid_input' })
    expect(checker.requests.length).toBe(before)
  })
})

describe('it is refused', () => {
  type Case = [name: string, url: string, given: Partial<S3Deps['settings']>, outcome: string, error: object]
  const says = (code: string, message: string, hint: string) => ({
    code,
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
  const cases: Case[] = [
    ['a missing key', 's3://media/none', {}, 'passed', says('not_found', 'no such object', 'key')],
    ['a missing bucket', 's3://nowhere/a', {}, 'passed', says('not_found', 'no such bucket', 'AWS_ENDPOINT_URL')],
    [
      'a denied key',
      's3://media/denied/a.png',
      {},
      'AccessDenied',
      says('forbidden', 'access is denied', 's3:GetObject'),
    ],
    [
      'a private object without keys',
      's3://media/pics/a b+c é.png',
      { aws_access_key_id: '', aws_secret_access_key: '' },
      'AccessDenied',
      says('forbidden', 'access is denied', 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'),
    ],
    [
      'a wrong secret',
      's3://media/empty',
      { aws_secret_access_key: 'wrong/secret' },
      'SignatureDoesNotMatch',
      says('forbidden', 'the signature does not match', 'AWS_SECRET_ACCESS_KEY'),
    ],
    [
      'an unknown key',
      's3://media/empty',
      { aws_access_key_id: 'AKIDNOBODY' },
      'InvalidAccessKeyId',
      says('forbidden', 'not known', 'AWS_ACCESS_KEY_ID'),
    ],
    [
      'a temporary key without its token',
      's3://media/empty',
      { ...temporary, aws_session_token: '' },
      'InvalidAccessKeyId',
      says('forbidden', 'not known', 'AWS_SESSION_TOKEN'),
    ],
    [
      'a token of another key',
      's3://media/empty',
      { aws_session_token: SESSION.token },
      'InvalidToken',
      says('forbidden', 'session token is not valid', 'AWS_SESSION_TOKEN'),
    ],
    [
      'an expired token',
      's3://media/empty',
      { ...temporary, aws_session_token: EXPIRED_TOKEN },
      'ExpiredToken',
      says('forbidden', 'session token has expired', 'AWS_SESSION_TOKEN'),
    ],
    [
      'a signature for another region',
      's3://media/empty',
      { aws_region: '' },
      'AuthorizationHeaderMalformed',
      says('invalid_input', `is in the region ${REGION}, not in us-east-1`, `Set AWS_REGION=${REGION}`),
    ],
    [
      'a bucket of another region',
      's3://far/a',
      {},
      'PermanentRedirect',
      says('invalid_input', `is in the region ${FAR_REGION}, not in ${REGION}`, `Set AWS_REGION=${FAR_REGION}`),
    ],
    [
      'a bucket of another region, unsigned',
      's3://far/a',
      { aws_access_key_id: '', aws_secret_access_key: '' },
      'PermanentRedirect',
      says('invalid_input', `is in the region ${FAR_REGION}`, `Set AWS_REGION=${FAR_REGION}`),
    ],
  ]
  test.each(cases)('%s', async (_, url, given, outcome, error) => {
    for (const style of [{}, virtual()]) {
      const before = checker.requests.length
      const caught = await rejection(get(url, { ...given, ...style }))
      const told = Bun.inspect(caught)
      expect(caught).toMatchObject(error)
      expect(checker.requests.slice(before).map((request) => request.outcome)).toEqual([outcome])
      for (const secret of [SECRET, SESSION.secret, SESSION.token, EXPIRED_TOKEN, 'wrong/secret', 'Signature=']) {
        expect(told).not.toContain(secret)
      }
    }
  })

  test('a range behind the end', async () => {
    const caught = await rejection(get('s3://media/empty', {}, { range: 'bytes=5-9' }))
    expect(caught).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('does not reach that far') })
  })

  test('a part that nobody asked for', async () => {
    const server = await startRawServer(() => 'HTTP/1.1 206 Partial Content\r\ncontent-length: 1\r\n\r\nx')
    const given = { aws_endpoint_url: `http://127.0.0.1:${server.port}` }
    expect(await rejection(get('s3://media/a', given))).toMatchObject({ code: 'upstream_unavailable' })
    expect(await read('s3://media/a', given, { range: 'bytes=0-0' })).toBe('x')
    await server.close()
  })

  test('a clock that is wrong', async () => {
    const late = open({}, { now: () => Date.now() - 16 * 60_000 })
    const caught = await rejection(late.get({ url: 's3://media/empty', buckets: 'any' }))
    expect(caught).toMatchObject({ code: 'forbidden', message: expect.stringContaining('clock') })
  })

  test('a cancelled request', async () => {
    const caught = await rejection(get('s3://media/empty', {}, { signal: AbortSignal.abort() }))
    expect(caught).toMatchObject({ code: 'cancelled' })
  })

  test('an endpoint where nobody listens', async () => {
    const gone = await startRawServer(() => '')
    await gone.close()
    const caught = await rejection(get('s3://media/empty', { aws_endpoint_url: `http://127.0.0.1:${gone.port}` }))
    expect(caught).toMatchObject({
      code: 'upstream_unavailable',
      message: `Cannot fetch http://127.0.0.1:${gone.port}/media/empty: the connection was refused`,
    })
  })
})

describe('the rule for buckets', () => {
  test.each([
    's3://media/empty',
    's3://media/none',
    's3://nowhere/a',
    's3://far/a',
    's3://Open/empty',
    's3://open.media/empty',
  ])('%s is not listed: nobody is asked', async (url) => {
    const before = checker.requests.length
    const caught = await rejection(get(url, {}, { buckets: ['open', 'other'] }))
    expect(caught).toMatchObject({
      code: 'forbidden',
      message: `Refused to read the bucket ${parseS3Url(url).bucket}: it is not among those that may be read`,
      hint: 'The owner of this airkeep can list it in AIRKEEP_S3_BUCKETS',
    })
    expect(checker.requests.length).toBe(before)
  })

  test('a listed one is read, wrong settings are told of only there', async () => {
    expect(await read('s3://media/empty', {}, { buckets: ['open', 'media'] })).toBe('')
    const broken = { aws_endpoint_url: 'nonsense' }
    expect(await rejection(get('s3://media/empty', broken, { buckets: [] }))).toMatchObject({ code: 'forbidden' })
    expect(await rejection(get('s3://media/empty', broken, { buckets: ['media'] }))).toMatchObject({
      code: 'invalid_input',
    })
  })
})

describe('the network guard', () => {
  test('lets the named server pass for being named, and a plain request to it not', async () => {
    const plain = fetch({ url: `${checker.url}/open/empty`, hosts: 'any' })
    expect(await rejection(plain)).toMatchObject({ code: 'forbidden' })
    expect(await read('s3://media/empty')).toBe('')
  })

  const leadingTo = (address: string, given: Partial<S3Deps['settings']>) =>
    createS3Reader({
      fetch: createGuardedFetch({
        guard: createGuard({ allowPrivate: [], log: silentLog, lookup: async () => [{ address, family: 4 }] }),
        version: '0',
      }),
      clock: Date,
      settings: s3Settings({ ...lasting, ...given }),
    }).get({ url: 's3://media/a', buckets: 'any' })

  test.each([
    [
      'AWS itself with a private address',
      '10.0.0.7',
      {},
      'https://media.s3.us-east-1.amazonaws.com/a: 10.0.0.7 is a private',
    ],
    [
      'a named server with the address of a metadata service',
      '169.254.169.254',
      { aws_endpoint_url: 'http://minio.lan' },
      'http://minio.lan/media/a: 169.254.169.254 is a link-local',
    ],
  ])('does not let pass %s', async (_, address, given, message) => {
    const caught = await rejection(leadingTo(address, given))
    expect(String(caught)).toContain(message)
    expect(caught).toMatchObject({ code: 'forbidden' })
  })

  test.each([301, 302, 303, 307, 308])('a redirect (%i) takes neither signature nor token anywhere', async (status) => {
    const elsewhere = await startRawServer(() => 'HTTP/1.1 200 OK\r\n\r\n')
    const server = await startRawServer(({ path }) =>
      redirect(path === '/media/out' ? `http://127.0.0.1:${elsewhere.port}/` : '/media/other', status),
    )
    for (const key of ['out', 'within']) {
      const caught = await rejection(
        get(`s3://media/${key}`, { ...temporary, aws_endpoint_url: `http://127.0.0.1:${server.port}` }),
      )
      expect(caught).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('elsewhere') })
    }
    expect(server.requests.length).toBe(2)
    expect(server.requests[0]?.headers['x-amz-security-token']).toBe(SESSION.token)
    expect(elsewhere.connections()).toBe(0)
    await server.close()
    await elsewhere.close()
  })

  test.each([
    ['without an end', `HTTP/1.1 403 Forbidden\r\n\r\n${'<Error>'.repeat(20_000)}`],
    ['cut short', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 900\r\n\r\n<Error><Code>AccessDen'],
    ['that is a page', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\n<html>'],
  ])('a refusal %s is one all the same', async (_, answer) => {
    const server = await startRawServer(() => answer)
    const caught = await rejection(get('s3://media/a', { aws_endpoint_url: `http://127.0.0.1:${server.port}` }))
    expect(caught).toMatchObject({ code: 'forbidden', message: 'Cannot read s3://media/a: access is denied' })
    await server.idle()
    await server.close()
  })
})
