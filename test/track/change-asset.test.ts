import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
let path = ''
let asset: JsonObject = {}
let prompt_id = ''
let post_id = ''
let files = 0

beforeAll(async () => {
  track = await openTrack(() => ({
    readMediaRecord: async () => ({ models: [{ type: 'lora', name: 'harbor_lights' }] }),
  }))
  prompt_id = String((await track.invoke('create_prompt', { prompt_text: 'a' }))['prompt_id'])
  const post = await track.invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/1' })
  post_id = String(post['post_id'])
})
afterAll(() => track.close())

const anAsset = async (more: object = {}): Promise<JsonObject> => {
  files += 1
  path = join(track.dir, `file-${files}.png`)
  writeFileSync(path, aPng())
  return track.invoke('create_asset', { asset_url: path, asset_type: 'image', asset_source: 'generated', ...more })
}
beforeEach(async () => {
  track.clock.advance(1_000)
  asset = await anAsset({ metadata: { a: 1 }, on_behalf_of: 'night_ferry' })
})

const update = (input: object, call = {}) =>
  track.invoke('update_asset', { asset_id: asset['asset_id'], ...input }, call)
const stored = async (): Promise<unknown> => {
  const { input_prompt, output_prompt, post, ...found } = (
    await track.invoke('find_asset', { asset_id: asset['asset_id'] })
  )['asset'] as JsonObject
  return found
}
const audits = async (): Promise<JsonObject[]> =>
  (await track.invoke('list_events', { table: 'assets', row_id: asset['asset_id'] }))['items'] as JsonObject[]

describe('update_asset', () => {
  test('changes what is given and keeps the rest', async () => {
    track.clock.advance(5_000)
    const actor = aTokenActor('bot-7', 'track:write')
    const after = await update({ post_id, input_prompt_id: prompt_id, metadata: { b: 2 } }, { actor })
    expect(after).toEqual({
      ...asset,
      post_id,
      input_prompt_id: prompt_id,
      metadata: { b: 2 },
      updated_by: 'bot-7',
      updated_at: new Date(track.clock.now()).toISOString(),
    })
    expect(await stored()).toEqual(after)
    const [change] = await audits()
    expect(change).toMatchObject({ op: 'update_asset', actor: 'bot-7', before: asset, after })
  })

  test('undefined keeps as well', async () => {
    expect(
      await update({ post_id: undefined, metadata: undefined, title: undefined }).catch((error) => error),
    ).toMatchObject({
      code: 'invalid_input',
    })
    expect(await update({ post_id: undefined, metadata: undefined })).toEqual(asset)
  })

  test('null clears', async () => {
    await update({
      post_id,
      input_prompt_id: prompt_id,
      output_prompt_id: prompt_id,
      input_asset_ids: [asset['asset_id']],
      civitai_url: `https://civitai.com/images/${files}`,
    })
    const cleared = await update({
      post_id: null,
      input_prompt_id: null,
      output_prompt_id: null,
      input_asset_ids: null,
      civitai_id: null,
      civitai_url: null,
      metadata: null,
      on_behalf_of: null,
    })
    const nothing = {
      post_id: null,
      input_prompt_id: null,
      output_prompt_id: null,
      input_asset_ids: [],
      civitai_id: null,
      civitai_url: null,
    }
    expect(cleared).toEqual({ ...asset, ...nothing, metadata: null, on_behalf_of: null })
    expect(await stored()).toEqual(cleared)
  })

  test('what asks for nothing writes nothing', async () => {
    track.clock.advance(5_000)
    expect(await update({})).toEqual(asset)
    expect((await audits()).length).toBe(1)
  })

  test.each([
    ['an address alone gives the number', { civitai_url: 'https://civitai.com/images/71' }, { civitai_id: '71' }],
    ['a number alone', { civitai_image_id: '72' }, { civitai_id: '72', civitai_url: null }],
    ['both', { civitai_id: '73', civitai_url: 'https://civitai.red/images/73' }, { civitai_id: '73' }],
  ])('%s', async (_, input, expected) => {
    expect(await update(input)).toMatchObject(expected)
  })

  test('a number that the stored address does not have needs its address too', async () => {
    await update({ civitai_url: 'https://civitai.com/images/74' })
    expect(await rejection(update({ civitai_id: '75' }))).toMatchObject({
      code: 'invalid_input',
      message: 'civitai_id and civitai_url must not disagree',
      hint: expect.stringContaining('image 74'),
    })
    expect(await update({ civitai_url: 'https://civitai.com/images/75' })).toMatchObject({ civitai_id: '75' })
    expect(await update({ civitai_url: null })).toMatchObject({ civitai_id: '75', civitai_url: null })
    expect(await rejection(update({ civitai_id: null, civitai_url: 'https://civitai.com/images/76' }))).toMatchObject({
      code: 'invalid_input',
    })
  })

  test('the number of another asset', async () => {
    const other = await anAsset({ civitai_id: '77' })
    expect(await rejection(update({ civitai_id: '77' }))).toMatchObject({
      code: 'conflict',
      existing: { asset_id: other['asset_id'] },
    })
    expect(await stored()).toEqual(asset)
  })

  test.each([
    [{ input_prompt_id: '999' }, 'input_prompt_id 999'],
    [{ output_prompt_id: '999' }, 'output_prompt_id 999'],
    [{ post_id: '999' }, 'post_id 999'],
    [{ input_asset_ids: ['999'] }, 'input_asset_ids 999'],
  ])('%p is no row: nothing changes', async (input, hint) => {
    expect(await rejection(update({ metadata: { changed: true }, ...input }))).toMatchObject({
      code: 'not_found',
      message: 'Record not found',
      hint: expect.stringContaining(hint),
    })
    expect(await stored()).toEqual(asset)
    expect((await audits()).length).toBe(1)
  })

  test('a missing asset', async () => {
    expect(await rejection(track.invoke('update_asset', { asset_id: '999', post_id: null }))).toMatchObject({
      code: 'not_found',
      message: 'Record not found',
      hint: expect.stringContaining('find_asset'),
    })
  })

  test('does not change the media', async () => {
    for (const field of ['asset_url', 'asset_type', 'asset_source', 'sha256sum']) {
      expect(await rejection(update({ [field]: 'x' }))).toMatchObject({
        code: 'invalid_input',
        message: `${field} is not a field of this operation`,
      })
    }
  })
})

describe('delete_asset', () => {
  test('answers the asset as it was, with everything that hung on it gone and the file left', async () => {
    const [image] = track.civitai.addPost('700', [{}])
    asset = await update({ civitai_id: String(image?.id), post_id })
    await track.invoke('sync_post_asset_stats', { civitai_post_id: '700' })
    expect(asset['models']).toHaveLength(1)
    expect(await track.invoke('delete_asset', { asset_id: asset['asset_id'] })).toEqual(asset)
    expect(await track.invoke('find_asset', { asset_id: asset['asset_id'] })).toEqual({ found: false })
    expect(await rejection(track.invoke('delete_asset', { asset_id: asset['asset_id'] }))).toMatchObject({
      code: 'not_found',
    })
    expect(await rejection(track.invoke('list_asset_stats', { asset_id: asset['asset_id'] }))).toMatchObject({
      code: 'not_found',
    })
    expect(existsSync(path)).toBe(true)
    expect((await audits())[0]).toMatchObject({ op: 'delete_asset', before: asset, after: null })
  })

  test('its bytes may be recorded again, and its id is never used again', async () => {
    await track.invoke('delete_asset', { asset_id: asset['asset_id'] })
    const again = await track.invoke('create_asset', { asset_url: path, asset_type: 'image', asset_source: 'upload' })
    expect(again['sha256sum']).toBe(String(asset['sha256sum']))
    expect(Number(again['asset_id'])).toBeGreaterThan(Number(asset['asset_id']))
  })

  test('an asset made from it still says so', async () => {
    const made = await anAsset({ input_asset_ids: [asset['asset_id']] })
    await track.invoke('delete_asset', { asset_id: asset['asset_id'] })
    const found = await track.invoke('find_asset', { asset_id: made['asset_id'] })
    expect(found).toMatchObject({ asset: { input_asset_ids: [asset['asset_id']] } })
  })
})
