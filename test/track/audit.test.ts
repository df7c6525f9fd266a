import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
beforeAll(async () => {
  track = await openTrack()
})
afterAll(() => track.close())

const list = async (input: object = {}): Promise<JsonObject[]> =>
  (await track.invoke('list_events', input))['items'] as JsonObject[]

describe('list_events', () => {
  test('every write leaves one, with before and after, newest first', async () => {
    const actor = aTokenActor('bot-7', 'track:write')
    const prompt = await track.invoke('create_prompt', { prompt_text: 'a' }, { actor })
    track.clock.advance(1_000)
    const post = await track.invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/5' })
    const asset_url = track.civitai.serve('a.png', aPng())
    const asset = await track.invoke('create_asset', { asset_url, asset_type: 'image', asset_source: 'upload' })
    const { asset_id = null } = asset
    const { post_id = null } = post
    track.clock.advance(1_000)
    const linked = await track.invoke('update_asset', { asset_id, post_id })
    const retitled = await track.invoke('update_civitai_post', { post_id, title: 'x' })
    await track.invoke('delete_asset', { asset_id })
    const summary = (await list()).map(({ op, table, row_id, actor: who, before, after }) => ({
      op,
      table,
      row_id,
      who,
      before,
      after,
    }))
    expect(summary).toEqual([
      { op: 'delete_asset', table: 'assets', row_id: asset_id, who: 'local', before: linked, after: null },
      { op: 'update_civitai_post', table: 'posts', row_id: post_id, who: 'local', before: post, after: retitled },
      { op: 'update_asset', table: 'assets', row_id: asset_id, who: 'local', before: asset, after: linked },
      { op: 'create_asset', table: 'assets', row_id: asset_id, who: 'local', before: null, after: asset },
      { op: 'create_civitai_post', table: 'posts', row_id: post_id, who: 'local', before: null, after: post },
      {
        op: 'create_prompt',
        table: 'prompts',
        row_id: prompt['prompt_id'] ?? null,
        who: 'bot-7',
        before: null,
        after: prompt,
      },
    ])
  })

  test('filtered', async () => {
    const ops = async (input: object): Promise<unknown[]> => (await list(input)).map(({ op }) => op)
    expect(await ops({ table: 'assets' })).toEqual(['delete_asset', 'update_asset', 'create_asset'])
    expect(await ops({ table: 'assets', row_id: '1', limit: 1, offset: 1 })).toEqual(['update_asset'])
    expect(await ops({ row_id: '99' })).toEqual([])
    expect(await ops({ actor: 'bot-7' })).toEqual(['create_prompt'])
    expect(await ops({ since: '2026-08-01T12:00:02Z' })).toEqual([
      'delete_asset',
      'update_civitai_post',
      'update_asset',
    ])
    expect(await ops({ since: '2026-08-02' })).toEqual([])
    expect(await track.invoke('list_events', { limit: 2 })).toMatchObject({ count: 6, limit: 2, offset: 0 })
    const [newest, second] = await list({ limit: 2 })
    expect(Number(newest?.['id'])).toBeGreaterThan(Number(second?.['id']))
    expect(newest).toMatchObject({ id: expect.stringMatching(/^\d+$/), at: '2026-08-01T12:00:02.000Z' })
  })

  test('what was refused leaves none', async () => {
    expect(
      await rejection(track.invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/5' })),
    ).toMatchObject({ code: 'conflict' })
    expect((await list()).length).toBe(6)
  })

  test('is for admins', async () => {
    const actor = aTokenActor('bot-7', 'track:read', 'track:write')
    expect(await rejection(track.invoke('list_events', {}, { actor }))).toMatchObject({ code: 'forbidden' })
    expect(await track.invoke('list_events', {}, { actor: aTokenActor('boss', 'admin') })).toMatchObject({ count: 6 })
  })
})
