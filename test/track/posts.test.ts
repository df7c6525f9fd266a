import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Db } from '../../src/db/db.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
let queries = 0

/** Counts what is asked of the database for reading. */
const counting = (db: Db): Db => ({
  ...db,
  read: new Proxy(db.read, {
    get(target, name, receiver) {
      if (name === 'select' || name === '$count') queries += 1
      return Reflect.get(target, name, receiver)
    },
  }),
})

beforeAll(async () => {
  track = await openTrack(({ db }) => ({ db: counting(db) }))
})
afterAll(() => track.close())

const create = (input: object, call = {}) => track.invoke('create_civitai_post', input, call)
const list = (input: object) => track.invoke('list_civitai_posts', input)
let lastId = 100
const anId = (): string => String(++lastId)
const urlOf = (id: string): string => `https://civitai.com/posts/${id}`

describe('create_civitai_post', () => {
  test('answers the whole row', async () => {
    const civitai_id = anId()
    const post = await create({
      civitai_id,
      civitai_url: urlOf(civitai_id),
      status: 'pending',
      title: 'Sunset',
      description: 'AI-generated',
      metadata: { views: 0 },
      on_behalf_of: 'night_ferry',
    })
    expect(post).toEqual({
      post_id: expect.stringMatching(/^[1-9]\d*$/),
      civitai_id,
      civitai_url: urlOf(civitai_id),
      civitai_account: 'c29',
      status: 'pending',
      title: 'Sunset',
      description: 'AI-generated',
      metadata: { views: 0 },
      created_by: 'local',
      updated_by: 'local',
      on_behalf_of: 'night_ferry',
      created_at: '2026-08-01T12:00:00.000Z',
      updated_at: '2026-08-01T12:00:00.000Z',
    })
    expect((await list({ civitai_id }))['posts']).toEqual([post])
  })

  test('an address alone gives the number; a post is published unless said otherwise', async () => {
    const civitai_id = anId()
    const civitai_url = `https://www.civitai.red/posts/${civitai_id}?utm=1`
    expect(await create({ civitai_url })).toMatchObject({
      civitai_id,
      civitai_url,
      status: 'published',
      title: null,
      metadata: null,
    })
  })

  test.each([
    [
      { civitai_id: '5', civitai_url: urlOf('6') },
      { code: 'invalid_input', message: 'civitai_id and civitai_url must not disagree' },
    ],
    [{ civitai_id: '5' }, { code: 'invalid_input', message: 'civitai_url is required' }],
    [
      { civitai_url: 'https://civitai.com/images/5' },
      { message: expect.stringContaining('civitai_url must be the address of a Civitai post') },
    ],
    [{ civitai_url: 'https://example.com/posts/5' }, { code: 'invalid_input' }],
    [{ civitai_url: '5' }, { code: 'invalid_input' }],
    [{ civitai_id: 5, civitai_url: urlOf('5') }, { message: 'civitai_id must be a valid integer ID' }],
    [{ civitai_url: urlOf('5'), status: 'draft' }, { message: 'status must be one of pending, published, failed' }],
    [
      { civitai_url: urlOf('5'), civitai_account: 'me' },
      { message: 'civitai_account is not a field of this operation' },
    ],
  ])('%p is refused', async (input, error) => {
    expect(await rejection(create(input))).toMatchObject(error)
    expect(await list({ civitai_id: '5' })).toMatchObject({ count: 0 })
  })

  test('the same post again, from twenty at once', async () => {
    const civitai_url = urlOf(anId())
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => create({ civitai_url })))
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(made.length).toBe(1)
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      expect(result.reason).toMatchObject({ code: 'conflict', existing: { post_id: made[0]?.['post_id'] } })
    }
  })
})

describe('update_civitai_post', () => {
  test('keeps, changes and clears', async () => {
    const before = await create({ civitai_url: urlOf(anId()), title: 'Old', description: 'Text', metadata: { a: 1 } })
    const { post_id } = before
    track.clock.advance(1_000)
    const changed = await track.invoke('update_civitai_post', {
      post_id,
      status: 'failed',
      title: 'New',
      metadata: { b: 2 },
    })
    expect(changed).toEqual({
      ...before,
      status: 'failed',
      title: 'New',
      metadata: { b: 2 },
      updated_at: new Date(track.clock.now()).toISOString(),
    })
    const cleared = await track.invoke('update_civitai_post', {
      post_id,
      title: null,
      description: null,
      metadata: null,
      on_behalf_of: 'x',
    })
    expect(cleared).toEqual({ ...changed, title: null, description: null, metadata: null, on_behalf_of: 'x' })
    expect((await list({ id: post_id }))['posts']).toEqual([cleared])
    expect(await track.invoke('update_civitai_post', { post_id })).toEqual(cleared)
  })

  test('the number follows the address, and neither is another post’s', async () => {
    const [one, two, three] = [anId(), anId(), anId()]
    const { post_id } = await create({ civitai_url: urlOf(one) })
    const other = await create({ civitai_url: urlOf(two) })
    const update = (input: object) => track.invoke('update_civitai_post', { post_id, ...input })
    expect(await update({ civitai_url: urlOf(three) })).toMatchObject({ civitai_id: three })
    expect(await update({ civitai_url: `https://civitai.red/posts/${three}` })).toMatchObject({ civitai_id: three })
    expect(await rejection(update({ civitai_id: one }))).toMatchObject({
      message: 'civitai_id and civitai_url must not disagree',
    })
    expect(await rejection(update({ civitai_url: urlOf(two) }))).toMatchObject({
      code: 'conflict',
      existing: { post_id: other['post_id'] },
    })
    expect(await rejection(update({ civitai_url: null }))).toMatchObject({ code: 'invalid_input' })
    expect(await rejection(update({ status: null }))).toMatchObject({ code: 'invalid_input' })
  })

  test('a missing post', async () => {
    expect(await rejection(track.invoke('update_civitai_post', { post_id: '99999', title: 'x' }))).toMatchObject({
      code: 'not_found',
      message: 'Record not found',
      hint: expect.stringContaining('not the number in civitai.com/posts/N'),
    })
  })
})

describe('list_civitai_posts', () => {
  const idsOf = (answer: JsonObject): unknown[] => (answer['posts'] as JsonObject[]).map(({ civitai_id }) => civitai_id)

  test('newest first, filtered, a page at a time', async () => {
    const actor = aTokenActor('bot-9', 'track:write')
    const made: string[] = []
    const times: unknown[] = []
    for (const [index, status] of ['pending', 'published', 'failed', 'pending'].entries()) {
      track.clock.advance(60_000)
      const civitai_id = anId()
      const post = await create(
        { civitai_url: urlOf(civitai_id), status, on_behalf_of: index < 2 ? 'ana' : 'ben' },
        { actor },
      )
      made.unshift(civitai_id)
      times.push(post['created_at'])
    }
    const of = (input: object) => list({ created_by: 'bot-9', ...input })
    expect(idsOf(await of({}))).toEqual(made)
    expect(await of({ limit: 1, offset: 1 })).toMatchObject({
      count: 4,
      limit: 1,
      offset: 1,
      posts: [{ civitai_id: made[1] }],
    })
    expect(idsOf(await of({ status: 'pending' }))).toEqual([made[0], made[3]])
    expect(idsOf(await of({ on_behalf_of: 'ana' }))).toEqual([made[2], made[3]])
    expect(idsOf(await of({ start_time: times[1], end_time: times[2] }))).toEqual([made[1], made[2]])
    expect(idsOf(await of({ civitai_id: made[1] }))).toEqual([made[1]])
    expect(await list({})).toMatchObject({ limit: 50, offset: 0 })
    expect((await list({ limit: 1 }))['posts']).not.toMatchObject([{ assets: expect.anything() }])
  })

  test('a start after the end', async () => {
    const asked = list({ start_time: '2026-01-02T00:00:00Z', end_time: '2026-01-01T00:00:00Z' })
    expect(await rejection(asked)).toMatchObject({
      code: 'invalid_input',
      message: 'start_time must not be after end_time',
    })
  })

  test('with details in the same few queries, however many there are', async () => {
    const actor = aTokenActor('bot-10', 'track:write')
    const anAsset = async (post_id: unknown, index: number) => {
      const prompt = await track.invoke('create_prompt', { prompt_text: `prompt ${index}` })
      return track.invoke('create_asset', {
        asset_url: track.civitai.serve(`detail-${index}.png`, aPng()),
        asset_type: 'image',
        asset_source: 'generated',
        post_id,
        input_prompt_id: prompt['prompt_id'],
        ...(index % 2 === 0 ? { output_prompt_id: prompt['prompt_id'] } : {}),
      })
    }
    const costs: number[] = []
    for (let post = 0; post < 4; post += 1) {
      const { post_id } = await create({ civitai_url: urlOf(anId()) }, { actor })
      for (let index = 0; index < 3; index += 1) await anAsset(post_id, post * 3 + index)
      queries = 0
      const { posts } = await list({ created_by: 'bot-10', include_details: true })
      costs.push(queries)
      const [newest] = posts as { assets: JsonObject[] }[]
      expect(newest?.assets.map(({ input_prompt }) => (input_prompt as JsonObject)['prompt_text'])).toEqual(
        [0, 1, 2].map((index) => `prompt ${post * 3 + index}`),
      )
      expect(newest?.assets.map(({ output_prompt }) => output_prompt !== null)).toEqual(
        [0, 1, 2].map((index) => (post * 3 + index) % 2 === 0),
      )
    }
    expect(new Set(costs).size).toBe(1)
    expect(costs[0]).toBeLessThan(7)
  })
})
