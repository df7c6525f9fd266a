import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { placeOf } from '../../src/net/s3-address.ts'
import { keysOf, signS3Get } from '../../src/net/s3-sign.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { expectedSignature, parseAuthorization, type SignedRequest } from '../support/sigv4.ts'

const EMPTY = createHash('sha256').digest('hex')

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const KEYS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
}
const HOST = 'examplebucket.s3.amazonaws.com'
const AT = Date.UTC(2013, 4, 24)

test('the published example of GET Object with a range', async () => {
  const range = 'bytes=0-9'
  const get = { origin: `https://${HOST}`, path: '/test.txt', headers: { range }, region: 'us-east-1', at: AT }
  expect(await signS3Get(get, KEYS)).toEqual({
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    range,
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': '20130524T000000Z',
  })
})

describe('what the tests check signatures with gives the published ones too', () => {
  const headers = { host: HOST, 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': EMPTY }
  const vectors: [name: string, request: SignedRequest, signature: string][] = [
    [
      'GET Object',
      { method: 'GET', target: '/test.txt', headers: { ...headers, range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT Object',
      {
        method: 'PUT',
        target: '/test$file.text',
        headers: {
          ...headers,
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        },
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'GET Bucket lifecycle',
      { method: 'GET', target: '/?lifecycle', headers },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'List Objects',
      { method: 'GET', target: '/?prefix=J&max-keys=2', headers },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ]
  const scope = { accessKeyId: '', date: '20130524', region: 'us-east-1', service: 's3', signature: '' }

  test.each(vectors)('%s', (_, request, signature) => {
    const signedHeaders = Object.keys(request.headers).toSorted()
    expect(expectedSignature(request, KEYS.secretAccessKey, { ...scope, signedHeaders })).toBe(signature)
  })

  test('with a session token (get-vanilla-with-session-token of the AWS signing test suite)', () => {
    const signed = {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      'x-amz-security-token': '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267',
    }
    const authorization = { ...scope, date: '20150830', service: 'service', signedHeaders: Object.keys(signed) }
    const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
    const request = { method: 'GET', target: '/', headers: signed }
    expect(expectedSignature(request, secret, authorization)).toBe(
      '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
    )
  })
})

test('both agree on any key, bucket style, range, region and token; and on nothing that was changed since', async () => {
  const key = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc
      .array(fc.constantFrom('a', '..', '.', '', '%2F', '+', ' ', '~', "'()*!", 'é', '日本', '?x=1', '#', '\n'), {
        minLength: 1,
        maxLength: 8,
      })
      .map((parts) => `k/${parts.join('/')}`),
  )
  const request = fc.record({
    key: key.filter((text) => text !== ''),
    force: fc.boolean(),
    region: fc.constantFrom('us-east-1', 'eu-west-3', 'auto'),
    token: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{8,60}$/), { nil: undefined }),
    range: fc.option(fc.constantFrom('bytes=0-0', 'bytes=5-'), { nil: undefined }),
    at: fc.integer({ min: AT, max: AT + 1e12 }),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ key, force, region, token, range, at }) => {
      const settings = s3Settings({ aws_endpoint_url: 'http://s3.test:9000', aws_s3_force_path_style: force })
      const { origin, path } = placeOf({ bucket: 'media', key }, settings)
      const keys = { ...KEYS, sessionToken: token }
      const given = range === undefined ? {} : { range }
      const sent = await signS3Get({ origin, path, headers: given, region, at }, keys)
      const headers: Record<string, string> = { ...sent, host: new URL(origin).host, accept: '*/*' }
      const authorization = parseAuthorization(sent['authorization'] ?? '')
      if (authorization === undefined) throw new Error('no authorization')
      const names = Object.keys(sent).filter((name) => name !== 'authorization')
      expect(authorization.signedHeaders).toEqual(['host', ...names].toSorted())
      expect(authorization).toMatchObject({ accessKeyId: KEYS.accessKeyId, region, service: 's3' })
      const asSent = { method: 'GET', target: path, headers }
      const signature = (changed: Partial<SignedRequest>, secret = KEYS.secretAccessKey): string =>
        expectedSignature({ ...asSent, ...changed }, secret, authorization)
      expect(signature({})).toBe(authorization.signature)
      for (const other of [
        signature({ target: `${path}x` }),
        signature({ target: path.replace('/', '//') }),
        signature({ method: 'PUT' }),
        signature({}, 'another'),
        ...authorization.signedHeaders.map((name) => signature({ headers: { ...headers, [name]: 'x' } })),
      ]) {
        expect(other).not.toBe(authorization.signature)
      }
    }),
    { numRuns: 150 },
  )
})

describe('the keys', () => {
  const id = { aws_access_key_id: 'AKIA' }
  const secret = { aws_secret_access_key: 'hush-hush' }

  test.each([
    [{}, undefined],
    [{ aws_session_token: 't' }, undefined],
    [
      { ...id, ...secret },
      { accessKeyId: 'AKIA', secretAccessKey: 'hush-hush', sessionToken: undefined },
    ],
    [
      { aws_access_key_id: ' AKIA\n', aws_secret_access_key: 'hush-hush\r\n', aws_session_token: 't\n' },
      { accessKeyId: 'AKIA', secretAccessKey: 'hush-hush', sessionToken: 't' },
    ],
  ])('%j', (settings, keys) => {
    expect(keysOf(s3Settings(settings))).toEqual(keys)
  })

  test.each([
    [id, 'AWS_SECRET_ACCESS_KEY is not'],
    [secret, 'AWS_ACCESS_KEY_ID is not'],
    [{ ...id, aws_secret_access_key: 'hush hush' }, 'The setting AWS_SECRET_ACCESS_KEY'],
    [{ ...id, ...secret, aws_session_token: 'hush\r\nX: y' }, 'The setting AWS_SESSION_TOKEN'],
    [{ ...secret, aws_access_key_id: 'hushé' }, 'The setting AWS_ACCESS_KEY_ID'],
  ])('%j names the setting, never its value', (settings, message) => {
    const read = (): unknown => keysOf(s3Settings(settings))
    expect(read).toThrow(message)
    expect(read).not.toThrow('hush')
  })
})
