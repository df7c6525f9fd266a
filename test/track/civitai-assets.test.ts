import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { anMp4 } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
beforeAll(async () => {
  track = await openTrack(() => ({ civitaiToken: async (actor) => (actor === OWNER ? 'owners-key' : undefined) }))
  track.civitai.addPost('7001001', [{}, { browsingLevel: 16, meta: null }, { type: 'video', bytes: anMp4() }])
})
afterAll(() => track.close())

const fetchAssets = (input: object, call = {}) => track.invoke('fetch_civitai_post_assets', input, call)

describe('fetch_civitai_post_assets', () => {
  test('answers what the guide promises', async () => {
    const answer = await fetchAssets({ post_id: '7001001' })
    expect(answer).toMatchObject({
      post_id: '7001001',
      page: 1,
      limit: 50,
      asset_count: 3,
      metadata: { next_page: null, next_cursor: null },
    })
    const [first, second, third] = answer['assets'] as JsonObject[]
    expect(first).toEqual({
      civitai_image_id: '60010001',
      civitai_id: '60010001',
      civitai_url: 'https://civitai.com/images/60010001',
      civitai_post_id: '7001001',
      asset_url: expect.stringMatching(/\/original=true\/60010001\.jpeg$/),
      type: 'image',
      dimensions: { width: 832, height: 1216 },
      nsfw: false,
      nsfw_level: 'None',
      browsing_level: 1,
      created_at: '2026-07-30T09:12:44.120Z',
      username: 'night_ferry',
      base_model: 'SDXL 1.0',
      model_version_ids: [920_301, 910_201],
      engagement_stats: { cry: 1, laugh: 2, like: 37, dislike: 0, heart: 21, comment: 3 },
      metadata: { prompt: 'a harbor at dusk', seed: 1_234_567_890, steps: 28 },
    })
    expect(second).toMatchObject({ nsfw: true, browsing_level: 16, metadata: null })
    expect(third).toMatchObject({ type: 'video', asset_url: expect.stringMatching(/\.mp4$/) })
  })

  test('a page at a time, until there is no next', async () => {
    const first = await fetchAssets({ civitai_post_id: '7001001', limit: 2 })
    expect(first).toMatchObject({ asset_count: 2, metadata: { next_page: 2, next_cursor: expect.any(String) } })
    const second = await fetchAssets({ post_id: '7001001', limit: 2, page: 2 })
    expect(second).toMatchObject({ page: 2, limit: 2, asset_count: 1, metadata: { next_page: null } })
    expect(await fetchAssets({ post_id: '7001001', limit: 2, page: 9 })).toMatchObject({ asset_count: 0, assets: [] })
  })

  test('the key of the owner goes with the owner alone and comes back to nobody', async () => {
    const answer = await fetchAssets({ post_id: '7001001', limit: 1 })
    expect(track.civitai.requests.at(-1)?.headers.authorization).toBe('Bearer owners-key')
    expect(JSON.stringify(answer)).not.toContain('owners-key')
    await fetchAssets({ post_id: '7001001', limit: 1 }, { actor: aTokenActor('bot-7', 'track:read') })
    expect(track.civitai.requests.at(-1)?.headers.authorization).toBeUndefined()
  })

  test('writes nothing', async () => {
    expect((await track.invoke('list_events', {}))['count']).toBe(0)
  })

  test('a post that does not exist', async () => {
    expect(await fetchAssets({ post_id: '404' })).toMatchObject({ asset_count: 0, assets: [] })
  })

  test('reactions that Civitai does not give are null', async () => {
    track.civitai.misbehave({ kind: 'odd', stats: 'missing', nestedMeta: true })
    const { assets } = await fetchAssets({ post_id: '7001001', limit: 1 })
    expect(assets).toMatchObject([
      { engagement_stats: { like: null, comment: null }, metadata: { prompt: 'a harbor at dusk' } },
    ])
    track.civitai.misbehave(undefined)
  })

  test.each([
    [{ post_id: '7001001', limit: 101 }, 'limit must be at most 100'],
    [{ post_id: '7001001', limit: 0 }, 'limit must be at least 1'],
    [{ post_id: '7001001', page: 0 }, 'page must be at least 1'],
    [{ post_id: 'https://civitai.com/posts/7001001' }, 'post_id must be a valid integer ID'],
    [{ post_id: '1', civitai_post_id: '2' }, 'civitai_post_id and post_id must not disagree'],
    [{}, 'post_id is required'],
  ])('%p', async (input, message) => {
    expect(await rejection(fetchAssets(input))).toMatchObject({ code: 'invalid_input', message })
  })
})
