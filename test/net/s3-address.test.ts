import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import { placeOf, regionOf, s3Hosts } from '../../src/net/s3-address.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { percentDecoded } from '../support/sigv4.ts'

describe('where an object is asked for', () => {
  const own = { aws_endpoint_url: 'http://minio.lan:9000' }
  const aws = 's3.us-east-1.amazonaws.com'
  test.each([
    ['media', {}, `https://media.${aws}`, '/k', undefined],
    ['media', { aws_region: 'eu-west-3' }, 'https://media.s3.eu-west-3.amazonaws.com', '/k', undefined],
    ['media', { aws_default_region: 'eu-west-3' }, 'https://media.s3.eu-west-3.amazonaws.com', '/k', undefined],
    ['media', { aws_region: 'cn-north-1' }, 'https://media.s3.cn-north-1.amazonaws.com.cn', '/k', undefined],
    ['media', { aws_s3_force_path_style: true }, `https://${aws}`, '/media/k', undefined],
    ['my.media', {}, `https://${aws}`, '/my.media/k', undefined],
    ['my.media', { aws_s3_force_path_style: false }, `https://my.media.${aws}`, '/k', undefined],
    ['Old_Media', {}, `https://${aws}`, '/Old_Media/k', undefined],
    ['media', own, 'http://minio.lan:9000', '/media/k', 'minio.lan:9000'],
    ['media', { ...own, aws_s3_force_path_style: false }, 'http://media.minio.lan:9000', '/k', 'media.minio.lan:9000'],
    ['media', { aws_endpoint_url: 'https://r2.example/' }, 'https://r2.example', '/media/k', 'r2.example:443'],
    ['media', { aws_endpoint_url: 'http://r2.example.' }, 'http://r2.example', '/media/k', 'r2.example:80'],
    ['media', { ...own, aws_endpoint_url_s3: ' https://[::1]:9/ ' }, 'https://[::1]:9', '/media/k', '[::1]:9'],
    [
      'media',
      { aws_endpoint_url: "https://gw.example/storage/v1/s3's/" },
      'https://gw.example',
      '/storage/v1/s3%27s/media/k',
      'gw.example:443',
    ],
  ] as const)('%s with %j', (bucket, settings, origin, path, named) => {
    expect(placeOf({ bucket, key: 'k' }, s3Settings(settings))).toEqual({ origin, path, named })
  })

  test('the path is the key, every byte of it, in the spelling that is signed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (key) => {
        const { path } = placeOf({ bucket: 'media', key }, s3Settings(own))
        expect(path).toMatch(/^\/media\/(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*$/)
        expect(percentDecoded(path).toString()).toBe(`/media/${key}`)
      }),
    )
  })

  test.each([
    ['media', { aws_endpoint_url: 'minio.lan:9000' }, 'AWS_ENDPOINT_URL must'],
    ['media', { aws_endpoint_url: 'ftp://minio.lan' }, 'AWS_ENDPOINT_URL must'],
    ['media', { aws_endpoint_url: 'http://id:hush@minio.lan' }, 'AWS_ENDPOINT_URL must'],
    ['media', { ...own, aws_endpoint_url_s3: 'http://minio.lan/?x=hush' }, 'AWS_ENDPOINT_URL_S3 must'],
    ['media', { aws_region: 'eu west' }, 'AWS_REGION must'],
    ['media', { aws_default_region: 'evil.example/' }, 'AWS_DEFAULT_REGION must'],
    ['Old_Media', { aws_s3_force_path_style: false }, 'Cannot ask for the bucket Old_Media by host name'],
    ['a..b', { aws_s3_force_path_style: false }, 'by host name'],
    ['media', { aws_endpoint_url: 'http://10.0.0.1:9000', aws_s3_force_path_style: false }, 'an IP address'],
    ['media', { aws_endpoint_url: 'http://[::1]:9000', aws_s3_force_path_style: false }, 'an IP address'],
  ] as const)('%s with %j is refused', (bucket, settings, message) => {
    const place = (): unknown => placeOf({ bucket, key: 'k' }, s3Settings(settings))
    expect(place).toThrow(AppError)
    expect(place).toThrow(message)
    expect(place).not.toThrow('hush')
  })

  test('the region is us-east-1 unless one is set', () => {
    expect(regionOf(s3Settings())).toBe('us-east-1')
    expect(regionOf(s3Settings({ aws_region: 'auto', aws_default_region: 'eu-west-3' }))).toBe('auto')
  })
})

test.each([
  [{}, [], []],
  [{}, ['media', 'my.media'], ['media.s3.us-east-1.amazonaws.com:443', 's3.us-east-1.amazonaws.com:443']],
  [{ aws_endpoint_url: 'http://minio.lan:9000' }, ['media'], ['minio.lan:9000']],
  [{ aws_endpoint_url: 'https://r2.example' }, [], ['r2.example:443']],
  [
    { aws_endpoint_url: 'https://r2.example', aws_s3_force_path_style: false },
    ['media'],
    ['r2.example:443', 'media.r2.example:443'],
  ],
  [{ aws_endpoint_url: 'nonsense' }, ['media'], []],
] as const)('hosts for plain addresses: %j with the buckets %j', (settings, s3_buckets, hosts) => {
  expect(s3Hosts({ ...s3Settings(settings), s3_buckets })).toEqual([...hosts])
})
