import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import { describeObject, parseS3Url } from '../../src/net/s3-object.ts'

describe('an address', () => {
  test.each([
    ['s3://media/a.png', 'media', 'a.png'],
    ['S3://media/a.png', 'media', 'a.png'],
    ['s3://media/a b+c%20d?versionId=1#e', 'media', 'a b+c%20d?versionId=1#e'],
    ['s3://media//lead', 'media', '/lead'],
    ['s3://media/a//b/', 'media', 'a//b/'],
    ['s3://media/a/../b', 'media', 'a/../b'],
    ['s3://media/./..a/...', 'media', './..a/...'],
    ['s3://media/line\nbreak', 'media', 'line\nbreak'],
    ['s3://my.old_Bucket-1/日本/é', 'my.old_Bucket-1', '日本/é'],
    [`s3://media/${'é'.repeat(512)}`, 'media', 'é'.repeat(512)],
  ])('%j', (url, bucket, key) => {
    expect(parseS3Url(url)).toEqual({ bucket, key })
  })

  test.each([
    's3:media/a.png',
    's3:///a.png',
    's3://media',
    's3://media/',
    's3://-media/a',
    's3://me dia/a',
    's3://user@media/a',
    's3://media:9000/a',
    's3://../a',
    `s3://${'x'.repeat(256)}/a`,
    `s3://media/${'é'.repeat(513)}`,
    's3://media/a\uD800b',
    's3://media/..',
    's3://media/../other/a.png',
    's3://media/a/../../other/a.png',
    's3://media//../other',
    's3://media/a//../../other',
    's3://media/./../other',
    's3://media/..\\other',
    'https://media/a',
  ])('%j is none', (url) => {
    expect(() => parseS3Url(url)).toThrow(AppError)
    expect(() => parseS3Url(url)).toThrow('Cannot read the s3:// address')
  })

  test('no key leaves its bucket when a server resolves its dots, and every other is taken as it is', () => {
    const part = fc.constantFrom('a', 'b', '..', '.', '', '...')
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 9 }), (parts) => {
        const key = parts.join('/')
        const resolved = new URL(`http://h/bucket/${parts.filter((each) => each !== '').join('/')}`).pathname
        let read: string | undefined
        try {
          read = parseS3Url(`s3://bucket/${key}`).key
        } catch {
          return
        }
        expect(read).toBe(key)
        expect(resolved.startsWith('/bucket')).toBe(true)
      }),
    )
  })

  test('is shown on one line and not at any length', () => {
    expect(describeObject({ bucket: 'b', key: 'a\nb\u202Ec' })).toBe('s3://b/a\uFFFDb\uFFFDc')
    expect(describeObject({ bucket: 'b', key: 'x'.repeat(900) })).toBe(`s3://b/${'x'.repeat(200)}…`)
  })
})
