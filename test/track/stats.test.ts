import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { rejection } from '../support/rejection.ts'
import { openTrack, type Track } from '../support/track.ts'

let track: Track
let posts = 7_000
let post = ''
let assets: JsonObject[] = []
beforeAll(async () => {
  track = await openTrack()
})
afterAll(() => track.close())

/** A post of three images, the first two of which are recorded. */
beforeEach(async () => {
  track.civitai.misbehave(undefined)
  posts += 1
  post = String(posts)
  track.civitai.addPost(post, [{ stats: { cry: 1, laugh: 2, like: 3, dislike: 4, heart: 5, comment: 6 } }, {}, {}])
  const live = await track.invoke('fetch_civitai_post_assets', { post_id: post })
  assets = []
  for (const item of (live['assets'] as JsonObject[]).slice(0, 2)) {
    const { asset_url, civitai_image_id, civitai_url } = item
    const input = { asset_url, asset_type: 'image', asset_source: 'upload', civitai_image_id, civitai_url }
    assets.push(await track.invoke('create_asset', input))
  }
})

const sync = (call = {}) => track.invoke('sync_post_asset_stats', { civitai_post_id: post }, call)
const history = async (index: number, more: object = {}): Promise<JsonObject> =>
  track.invoke('list_asset_stats', { asset_id: assets[index]?.['asset_id'], ...more })

describe('sync_post_asset_stats', () => {
  test('keeps one row for each recorded asset and sync', async () => {
    const first = await sync()
    expect(first).toEqual({
      civitai_post_id: post,
      at: new Date(track.clock.now()).toISOString(),
      synced_count: 2,
      skipped_count: 1,
      skipped_image_ids: [expect.stringMatching(/^\d+$/)],
      failed: [],
    })
    track.clock.advance(3_600_000)
    await sync()
    const { items, ...page } = await history(0)
    expect(page).toEqual({ count: 2, limit: 50, offset: 0 })
    const [newest, oldest] = items as JsonObject[]
    expect(newest).toMatchObject({ cry: 1, laugh: 2, like: 3, dislike: 4, heart: 5, comment: 6, created_by: 'local' })
    expect(Date.parse(String(newest?.['at'])) - Date.parse(String(oldest?.['at']))).toBe(3_600_000)
    expect((await history(1, { limit: 1, offset: 1 }))['items']).toMatchObject([{ like: 37, at: first['at'] }])
    const trail = await track.invoke('list_events', { table: 'asset_stats', limit: 2 })
    expect(trail['items']).toMatchObject([
      { op: 'sync_post_asset_stats', before: null, after: { like: expect.any(Number), asset_id: expect.any(String) } },
      { op: 'sync_post_asset_stats' },
    ])
  })

  test('walks all pages', async () => {
    posts += 1
    post = String(posts)
    track.civitai.addPost(
      post,
      Array.from({ length: 250 }, () => ({})),
    )
    expect(await sync()).toMatchObject({ synced_count: 0, skipped_count: 250 })
    expect(track.civitai.requests.at(-1)?.query.get('cursor')).toStartWith('200|')
  })

  test('an image on two pages is counted once', async () => {
    track.civitai.misbehave({ kind: 'odd', overlapping: true })
    expect(await sync()).toMatchObject({ synced_count: 2, skipped_count: 1 })
  })

  test('the internal spelling is read', async () => {
    track.civitai.misbehave({ kind: 'odd', stats: 'all-time' })
    await sync()
    expect((await history(0))['items']).toMatchObject([{ like: 3, comment: 6 }])
  })

  test.each(['missing', 'broken'] as const)('reactions that are %s are no zeros', async (stats) => {
    track.civitai.misbehave({ kind: 'odd', stats })
    const { failed, ...result } = await sync()
    expect(result).toMatchObject({ synced_count: 0, skipped_count: 1 })
    expect(failed).toMatchObject(
      assets.map(({ asset_id }) => ({ asset_id, reason: 'Civitai gave no reactions for it' })),
    )
    expect(await history(0)).toMatchObject({ items: [], count: 0 })
  })

  test('a post that does not exist', async () => {
    const asked = track.invoke('sync_post_asset_stats', { civitai_post_id: '404' })
    expect(await asked).toMatchObject({ synced_count: 0, skipped_count: 0, failed: [] })
  })

  test('a failure keeps nothing', async () => {
    track.civitai.misbehave({ kind: 'fail', status: 451 })
    expect(await rejection(sync())).toMatchObject({ code: 'forbidden', reason: 'region' })
    expect((await history(0))['count']).toBe(0)
  })

  test('cancelling keeps nothing', async () => {
    const stop = new AbortController()
    track.civitai.misbehave({ kind: 'silent', onRequest: () => stop.abort() })
    expect(await rejection(sync({ signal: stop.signal }))).toMatchObject({ code: 'cancelled' })
    expect((await history(0))['count']).toBe(0)
  })
})

test('list_asset_stats of a missing asset', async () => {
  expect(await rejection(track.invoke('list_asset_stats', { asset_id: '99999' }))).toMatchObject({
    code: 'not_found',
    message: 'Record not found',
  })
})
