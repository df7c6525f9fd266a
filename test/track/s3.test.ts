import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import type { MediaContent } from '../../src/track/media-record.ts'
import { anMp4, aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { KEY_ID, REGION, type S3Checker, SECRET, startS3Checker } from '../support/s3-checker.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let checker: S3Checker
let track: Track
const seen: MediaContent[] = []
beforeAll(async () => {
  checker = await startS3Checker()
  const settings = s3Settings({
    aws_endpoint_url: checker.url,
    aws_region: REGION,
    aws_access_key_id: KEY_ID,
    aws_secret_access_key: SECRET,
  })
  // A guard with no exemption: the named server has to be let through for being named.
  const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0' })
  track = await openTrack(() => ({
    s3: createS3Reader({ fetch, clock: systemClock, settings }),
    allowedBuckets: ['media'],
    readMediaRecord: async (media) => {
      seen.push(media)
      return { models: [{ type: 'lora', name: 'harbor_lights', weight: 0.8 }] }
    },
  }))
})
afterAll(async () => {
  await track.close()
  await checker.close()
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const hash = (path: string, call = {}) => track.invoke('calculate_sha256', { path }, call)
const create = (asset_url: string, over: object = {}, call = {}) =>
  track.invoke('create_asset', { asset_url, asset_type: 'image', asset_source: 'generated', ...over }, call)
const reader = aTokenActor('bot-7', 'track:read', 'track:write')

describe('calculate_sha256', () => {
  test.each([0, 1, 4_101, 3 * 2 ** 20 + 1])('of an object of %p bytes', async (size) => {
    const bytes = Buffer.alloc(size, 'airkeep ')
    await checker.put('media', `sizes/${size} é+.bin`, bytes)
    const reports: { done: number; total?: number }[] = []
    const path = `s3://media/sizes/${size} é+.bin`
    const progress = (report: { done: number; total?: number }): void => void reports.push(report)
    expect(await hash(path, { progress })).toEqual({ sha256sum: sha256(bytes), size_bytes: size, path })
    expect(reports.at(-1)).toMatchObject({ done: size, total: size })
  })

  test.each([
    ['s3://media/none', 'not_found', 'Cannot read s3://media/none: there is no such object'],
    ['s3://nowhere/a', 'not_found', 'Cannot read s3://nowhere/a: there is no such bucket'],
    ['s3://media/denied/a', 'forbidden', 'Cannot read s3://media/denied/a: access is denied (AccessDenied)'],
    [
      's3://far/a',
      'invalid_input',
      'Cannot read s3://far/a: the bucket far is in the region ap-southeast-2, not in eu-central-1',
    ],
    ['s3://media/', 'invalid_input', 'Cannot read the s3:// address: it names a bucket and no object in it'],
  ])('%s is %s', async (path, code, message) => {
    expect(await rejection(hash(path))).toMatchObject({ code, message })
  })
})

describe('create_asset', () => {
  test('records an object with the models that it names, once', async () => {
    const bytes = aPng()
    await checker.put('media', 'out/harbor.png', bytes)
    const asset = await create('s3://media/out/harbor.png')
    expect(asset).toMatchObject({
      asset_url: 's3://media/out/harbor.png',
      sha256sum: sha256(bytes),
      size_bytes: bytes.length,
      mime_type: 'image/png',
      models: [{ name: 'harbor_lights' }],
    })
    expect(seen.at(-1)).toEqual({ bytes: Buffer.from(bytes) })
    expect(await rejection(create('s3://media/out/harbor.png'))).toMatchObject({
      code: 'conflict',
      existing: { asset_id: asset['asset_id'] },
    })
  })

  test('knows a video by its bytes and refuses what is none', async () => {
    const bytes = anMp4()
    await checker.put('media', 'out/tide.png', bytes)
    expect(await create('s3://media/out/tide.png', { asset_type: 'video' })).toMatchObject({ sha256sum: sha256(bytes) })
    await checker.put('media', 'out/page.png', Buffer.from('<html>'))
    expect(await rejection(create('s3://media/out/page.png'))).toMatchObject({
      code: 'invalid_input',
      errors: [{ path: 'asset_url' }],
    })
  })
})

describe('callers with a token', () => {
  test('read the buckets that are listed', async () => {
    const bytes = aPng()
    await checker.put('media', 'for/bots.png', bytes)
    expect(await hash('s3://media/for/bots.png', { actor: reader })).toMatchObject({ sha256sum: sha256(bytes) })
    expect(await create('s3://media/for/bots.png', {}, { actor: reader })).toMatchObject({ created_by: 'bot-7' })
  })

  test('hear the same of every other, whatever exists there, and nobody is asked', async () => {
    await checker.put('open', 'there.png', aPng())
    const before = checker.requests.length
    const told = new Set<string>()
    for (const object of ['open/there.png', 'open/none.png', 'nowhere/a.png', 'far/a.png']) {
      for (const call of [hash, (path: string, over: object) => create(path, {}, over)]) {
        const caught = await rejection(call(`s3://${object}`, { actor: reader }))
        expect(caught).toMatchObject({ code: 'forbidden' })
        told.add(String(caught).replace(object.split('/')[0] ?? '', 'BUCKET'))
      }
    }
    expect([...told]).toEqual(['AppError: Refused to read the bucket BUCKET: it is not among those that may be read'])
    expect(checker.requests.length).toBe(before)
    expect(await hash('s3://open/there.png')).toMatchObject({ size_bytes: expect.any(Number) })
  })

  test('do not reach another bucket, or the server itself, around the rule', async () => {
    await checker.put('open', 'there.png', aPng())
    const before = checker.requests.length
    const codes = []
    for (const path of [
      's3://media/../open/there.png',
      's3://media/a/../../open/there.png',
      's3://media/..\\open/there.png',
      's3://media@open/there.png',
      `${checker.url}/open/there.png`,
    ]) {
      codes.push(((await rejection(hash(path, { actor: reader }))) as { code: string }).code)
    }
    expect(codes).toEqual([...Array(4).fill('invalid_input'), 'forbidden'])
    expect(checker.requests.length).toBe(before)
  })
})
