import { describe, expect, test } from 'bun:test'
import { type S3Refusal, toS3Error } from '../../src/net/s3-failure.ts'

const asked = { what: 's3://media/a.png', bucket: 'media', region: 'eu-west-1', signed: true }
const xml = (code: string, more = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Told hush</Message>${more}<AWSAccessKeyId>hush</AWSAccessKeyId></Error>`
const refusal = (over: Partial<S3Refusal>): S3Refusal => ({
  status: 403,
  bucketRegion: null,
  retryAfter: null,
  body: '',
  ...over,
})

describe('an S3 server said', () => {
  const cases: [Partial<S3Refusal>, code: string, message: string, hint: string][] = [
    [{ status: 404, body: xml('NoSuchKey') }, 'not_found', 'there is no such object', 'key'],
    [{ status: 404, body: xml('NoSuchBucket') }, 'not_found', 'there is no such bucket', 'AWS_ENDPOINT_URL'],
    [{ status: 404 }, 'not_found', 'there is no such object', 'AWS_ENDPOINT_URL'],
    [{ body: xml('AccessDenied') }, 'forbidden', 'access is denied (AccessDenied)', 's3:GetObject'],
    [{ status: 401, body: 'Unauthorized' }, 'forbidden', 'access is denied', 's3:GetObject'],
    [{ body: xml('SignatureDoesNotMatch') }, 'forbidden', 'signature does not match', 'AWS_SECRET_ACCESS_KEY'],
    [{ body: xml('InvalidAccessKeyId') }, 'forbidden', 'the access key is not known', 'AWS_ACCESS_KEY_ID'],
    [{ status: 400, body: xml('ExpiredToken') }, 'forbidden', 'session token has expired', 'AWS_SESSION_TOKEN'],
    [{ status: 400, body: xml('InvalidToken') }, 'forbidden', 'session token is not valid', 'AWS_SESSION_TOKEN'],
    [{ body: xml('RequestTimeTooSkewed') }, 'forbidden', 'clock', 'clock'],
    [{ body: xml('InvalidObjectState') }, 'forbidden', 'archived', 'Restore'],
    [{ status: 416, body: xml('InvalidRange') }, 'invalid_input', 'does not reach that far', 'range'],
    [{ status: 400, body: xml('XMinioInvalidObjectName') }, 'invalid_input', '(XMinioInvalidObjectName)', 'address'],
    [{ status: 503, body: xml('SlowDown') }, 'rate_limited', 'patience', 'later'],
    [{ status: 429 }, 'rate_limited', 'patience', 'later'],
    [{ status: 500, body: xml('InternalError') }, 'upstream_unavailable', 'answered 500 (InternalError)', 'later'],
    [{ status: 206 }, 'upstream_unavailable', 'answered 206', 'later'],
    // Another region, told in each of the ways.
    ...(
      [
        { status: 301, body: xml('PermanentRedirect'), bucketRegion: 'ap-south-2' },
        { status: 301, bucketRegion: 'ap-south-2' },
        { status: 307, body: xml('TemporaryRedirect'), bucketRegion: 'ap-south-2' },
        { status: 400, body: xml('AuthorizationHeaderMalformed', '<Region>ap-south-2</Region>') },
        { status: 400, body: xml('IllegalLocationConstraintException'), bucketRegion: 'ap-south-2' },
      ] satisfies Partial<S3Refusal>[]
    ).map((over): [Partial<S3Refusal>, string, string, string] => [
      over,
      'invalid_input',
      'Cannot read s3://media/a.png: the bucket media is in the region ap-south-2, not in eu-west-1',
      'Set AWS_REGION=ap-south-2',
    ]),
    [{ status: 301, body: xml('PermanentRedirect') }, 'invalid_input', 'at another address', 'AWS_ENDPOINT_URL'],
    [{ status: 302, body: '<html>' }, 'invalid_input', 'elsewhere', 'AWS_ENDPOINT_URL'],
    [{ status: 301, bucketRegion: 'eu-west-1' }, 'invalid_input', 'elsewhere', 'AWS_ENDPOINT_URL'],
    [{ status: 301, bucketRegion: 'x\r\nhush' }, 'invalid_input', 'elsewhere', 'AWS_ENDPOINT_URL'],
    [{ status: 400, body: xml('AuthorizationHeaderMalformed') }, 'invalid_input', 'another region', 'AWS_REGION'],
    // Documents that are none, or made to be odd.
    [{ body: xml('hush <b>') }, 'forbidden', 'access is denied', 's3:GetObject'],
    [{ body: xml('hush&amp;') }, 'forbidden', 'access is denied', 's3:GetObject'],
    [{ body: xml('__proto__'.replaceAll('_', '')) }, 'forbidden', '(proto)', 's3:GetObject'],
    [{ body: xml('constructor') }, 'forbidden', '(constructor)', 's3:GetObject'],
    [{ body: `<Code>${'x'.repeat(60_000)}</Code>` }, 'forbidden', 'access is denied', 's3:GetObject'],
    [{ body: '<Code>'.repeat(10_000) }, 'forbidden', 'access is denied', 's3:GetObject'],
  ]
  test.each(cases.map((each) => [`${JSON.stringify(each[0]).slice(0, 160)} is ${each[1]}`, ...each] as const))(
    '%s',
    (_, over, code, message, hint) => {
      const error = toS3Error(refusal(over), asked)
      expect(error.code).toBe(code as typeof error.code)
      expect(error.message).toContain(message)
      expect(error.hint).toContain(hint)
      expect(`${error.message} ${error.hint}`).not.toContain('hush')
      expect(error.message).toStartWith('Cannot read s3://media/a.png: ')
    },
  )

  test('unsigned requests that are denied hear of the keys', () => {
    const error = toS3Error(refusal({ body: xml('AccessDenied') }), { ...asked, signed: false })
    expect(error).toMatchObject({ code: 'forbidden', hint: expect.stringContaining('Set AWS_ACCESS_KEY_ID') })
  })

  test.each([
    ['30', 30],
    ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
    [null, undefined],
  ])('to come back after %j', (retryAfter, seconds) => {
    const error = toS3Error(refusal({ status: 503, body: xml('SlowDown'), retryAfter }), asked)
    expect(error.retryAfterSeconds).toBe(seconds)
  })
})
