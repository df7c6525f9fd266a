import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import type { AssetModel } from '../../src/track/asset-models.ts'
import { aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { openTrack, type Track } from '../support/track.ts'

const SHA256 = '253b25f67050233c94f7814c79f06b8929d2760afd858c7355c213946e92b225'
const AIR = 'urn:air:sdxl:lora:civitai:900100@910201'
const LORA: Partial<AssetModel> = { type: 'lora', air: AIR, civitai_model_id: 900_100, civitai_version_id: 910_201 }

/** Posts by their titles, oldest first, each with what its assets were made with. */
const POSTS: Readonly<Record<string, Partial<AssetModel>[][]>> = {
  both: [[{ type: 'checkpoint', sha256: SHA256 }, LORA]],
  lora: [[], [LORA], [LORA]],
  checkpoint: [[{ type: 'checkpoint', auto_v2: SHA256.slice(0, 10) }]],
  other: [[{ type: 'lora', civitai_version_id: 1 }]],
  empty: [],
}

let track: Track
let models: Partial<AssetModel>[] = []
beforeAll(async () => {
  track = await openTrack(() => ({ readMediaRecord: async () => ({ models }) }))
  let number = 0
  const anAsset = async (more: JsonObject): Promise<void> => {
    number += 1
    const asset_url = track.civitai.serve(`${number}.png`, aPng())
    await track.invoke('create_asset', { asset_url, asset_type: 'image', asset_source: 'generated', ...more })
  }
  for (const [title, assets] of Object.entries(POSTS)) {
    track.clock.advance(60_000)
    const civitai_url = `https://civitai.com/posts/${++number}`
    const status = title === 'both' ? 'pending' : 'published'
    const { post_id = null } = await track.invoke('create_civitai_post', { civitai_url, title, status })
    for (const made of assets) {
      models = made
      await anAsset({ post_id })
    }
  }
  models = [LORA]
  await anAsset({})
})
afterAll(() => track.close())

const list = (input: object) => track.invoke('list_civitai_posts', input)
const titlesOf = (answer: JsonObject): unknown[] => (answer['posts'] as JsonObject[]).map(({ title }) => title)

test.each<[object, string[]]>([
  [{ uses: AIR }, ['lora', 'both']],
  [{ uses: '910201' }, ['lora', 'both']],
  [{ uses: 'civitai:900100' }, ['lora', 'both']],
  [{ uses: 'https://civitai.com/models/900100?modelVersionId=910201' }, ['lora', 'both']],
  [{ uses: 'https://civitai.red/api/download/models/1' }, ['other']],
  [{ uses: SHA256 }, ['checkpoint', 'both']],
  [{ uses: SHA256.slice(0, 10) }, ['checkpoint', 'both']],
  [{ uses: 'f'.repeat(64) }, []],
  [{ uses: AIR, status: 'pending' }, ['both']],
  [{ uses: AIR, id: '2' }, ['lora']],
  [{ uses: AIR, id: '3' }, []],
])('%p', async (input, titles) => {
  const answer = await list(input)
  expect(titlesOf(answer)).toEqual(titles)
  expect(answer).toMatchObject({ count: titles.length })
})

test('a page at a time, each post with all its assets', async () => {
  expect(await list({ uses: AIR, limit: 1, offset: 1 })).toMatchObject({ count: 2, posts: [{ title: 'both' }] })
  const { posts } = await list({ uses: AIR, include_details: true })
  expect((posts as { assets: JsonObject[] }[]).map(({ assets }) => assets.length)).toEqual([3, 1])
})

test.each(['', 'harbor lights', '-5'])('%p is refused', async (uses) => {
  expect(await rejection(list({ uses }))).toMatchObject({ code: 'invalid_input' })
})

test('find_asset tells the post of each asset that used it', async () => {
  const { assets, count } = await track.invoke('find_asset', { uses: AIR })
  const titles = (assets as JsonObject[]).map(({ post }) => (post as JsonObject | null)?.['title'])
  expect(titles).toEqual([undefined, 'lora', 'lora', 'both'])
  expect(count).toBe(4)
})
