import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import type { AssetModel } from '../../src/track/asset-models.ts'
import { anMp4, aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

const SHA256 = '253b25f67050233c94f7814c79f06b8929d2760afd858c7355c213946e92b225'
const TENSOR = '1bc2f60b89e61c6c67884f71d89207447c83850d4df01125ba3e69f654781e81'
const AIR = 'urn:air:sdxl:checkpoint:civitai:900100@910201'

/** What each asset was made with, by the asset's name. */
const made: Readonly<Record<string, Partial<AssetModel>[]>> = {
  full: [{ type: 'checkpoint', sha256: SHA256, tensor_sha256: TENSOR }],
  short: [{ type: 'lora', auto_v2: SHA256.slice(0, 10), auto_v3: TENSOR.slice(0, 12) }],
  air: [{ type: 'lora', air: AIR, civitai_model_id: 900_100, civitai_version_id: 910_201 }],
  old: [
    { type: 'checkpoint', auto_v1: '5c274187' },
    { type: 'lora', civitai_version_id: 12_345_678 },
  ],
  hub: [{ type: 'other', air: 'urn:air:qwen3:repository:huggingface:Org/Repo@main' }],
}

let track: Track
let next = ''
const assets = new Map<string, JsonObject>()
const idOf = (name: string): unknown => assets.get(name)?.['asset_id']

async function anAsset(name: string, more: JsonObject = {}, call = {}): Promise<void> {
  next = name
  track.clock.advance(60_000)
  const video = more['asset_type'] === 'video'
  const input = {
    asset_url: track.civitai.serve(name, video ? anMp4() : aPng()),
    asset_type: 'image',
    asset_source: 'generated',
  }
  assets.set(name, await track.invoke('create_asset', { ...input, ...more }, call))
}

beforeAll(async () => {
  track = await openTrack(() => ({ readMediaRecord: async () => ({ models: made[next] ?? [] }) }))
  for (const name of Object.keys(made)) await anAsset(name)
  const { post_id = null } = await track.invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/1' })
  await anAsset('posted', { post_id, civitai_url: 'https://civitai.com/images/5001' })
  await anAsset(
    'moving',
    { post_id, civitai_id: '5002', asset_type: 'video' },
    { actor: aTokenActor('bot-7', 'track:write') },
  )
})
afterAll(() => track.close())

const find = (input: object) => track.invoke('find_asset', input)
const namesOf = (found: unknown): string[] => {
  const ids = (found as JsonObject[]).map(({ asset_id }) => asset_id)
  return ids.map((id) => [...assets].find(([, asset]) => asset['asset_id'] === id)?.[0] ?? '?')
}
const foundBy = async (input: object): Promise<string[]> => {
  const { found, asset, assets: several } = await find(input)
  if (found === false) return []
  return namesOf(several ?? [asset])
}

describe('find_asset', () => {
  test('by digest, however it is spelled', async () => {
    const digest = String(assets.get('full')?.['sha256sum'])
    for (const sha256sum of [
      digest,
      digest.toUpperCase(),
      `sha256:${digest}`,
      `SHA256:${digest.toUpperCase()}`,
      `0x${digest}`,
    ]) {
      expect(await foundBy({ sha256sum })).toEqual(['full'])
    }
  })

  test('part of a digest, or none that is known, finds nothing', async () => {
    for (const sha256sum of ['abc123def456', String(assets.get('full')?.['sha256sum']).slice(0, 63), 'a'.repeat(64)]) {
      expect(await find({ sha256sum })).toEqual({ found: false })
    }
  })

  test('one match has the asset alone, with its prompts', async () => {
    const found = await find({ asset_id: idOf('full') })
    expect(found).toEqual({
      found: true,
      asset: { ...assets.get('full'), input_prompt: null, output_prompt: null, post: null },
    })
  })

  test('several have all, newest first', async () => {
    const { post_id } = assets.get('posted') ?? {}
    const found = await find({ post_id })
    expect(namesOf(found['assets'])).toEqual(['moving', 'posted'])
    expect(namesOf([found['asset']])).toEqual(['moving'])
    expect(found['count']).toBe(2)
  })

  test('with the post that each is in', async () => {
    const { post_id } = assets.get('posted') ?? {}
    const post = { post_id, civitai_id: '1', civitai_url: 'https://civitai.com/posts/1', title: null }
    expect((await find({ post_id }))['assets']).toEqual([
      expect.objectContaining({ asset_id: idOf('moving'), post }),
      expect.objectContaining({ asset_id: idOf('posted'), post }),
    ])
  })

  test.each([
    [{ civitai_id: '5001' }, ['posted']],
    [{ civitai_image_id: '5001' }, ['posted']],
    [{ civitai_url: 'https://civitai.com/images/5001' }, ['posted']],
    [{ civitai_url: 'https://www.civitai.red/images/5001?a=b' }, ['posted']],
    [{ civitai_url: 'https://civitai.com/images/5002' }, ['moving']],
    [{ civitai_url: 'https://civitai.com/posts/1' }, []],
    [{ civitai_url: 'no address' }, []],
    [{ civitai_id: '5001', civitai_url: 'https://civitai.com/images/5002' }, []],
    [{ post_id: '999' }, []],
    [{ asset_id: '999' }, []],
  ])('%p', async (input, expected) => {
    expect(await foundBy(input)).toEqual(expected)
  })

  test.each([
    [SHA256, ['short', 'full']],
    [SHA256.toUpperCase(), ['short', 'full']],
    [`sha256:${SHA256}`, ['short', 'full']],
    [TENSOR, ['short', 'full']],
    [`0x${TENSOR}`, ['short', 'full']],
    [SHA256.slice(0, 8), ['full']],
    [SHA256.slice(0, 10), ['short', 'full']],
    [SHA256.slice(0, 12), ['full']],
    [TENSOR.slice(0, 12), ['short', 'full']],
    ['5C274187', ['old']],
    [AIR, ['air']],
    ['civitai:900100@910201', ['air']],
    ['urn:air:sdxl:lora:civitai:900100@910201.safetensors', ['air']],
    ['urn:air:sdxl:lora:civitai:900100', ['air']],
    ['urn:air:sdxl:lora:civitai:900100@1', []],
    ['910201', ['air']],
    ['civitai:version:910201', ['air']],
    // Eight digits may be a version and may be a digest.
    ['12345678', ['old']],
    ['urn:air:qwen3:repository:huggingface:Org/Repo@main', ['hub']],
    ['https://civitai.com/models/900100?modelVersionId=910201', ['air']],
    ['https://civitai.red/models/900100/harbor-lights?modelVersionId=910201', ['air']],
    [' https://civitai.com/models/900100 ', ['air']],
    ['https://civitai.com/models/900100?modelVersionId=1', []],
    ['https://civitai.com/models/1', []],
    ['https://civitai.com/api/download/models/910201?type=Model&format=SafeTensor', ['air']],
    ['https://civitai.com/api/download/models/12345678', ['old']],
    ['f'.repeat(64), []],
    ['1', []],
  ])('uses %s', async (uses, expected) => {
    expect(await foundBy({ uses })).toEqual(expected)
  })

  test.each([
    ...['', 'harbor lights', '253b25f', 'g'.repeat(64), "' OR 1=1 --", '-5', '1.5'],
    'https://civitai.com/images/5001',
    'https://example.com/models/900100',
  ])('uses %p is refused', async (uses) => {
    expect(await rejection(find({ uses }))).toMatchObject({ code: 'invalid_input' })
  })

  test('criteria must all hold', async () => {
    const digest = assets.get('posted')?.['sha256sum']
    expect(await foundBy({ sha256sum: digest, civitai_id: '5001' })).toEqual(['posted'])
    expect(await foundBy({ sha256sum: digest, civitai_id: '5002' })).toEqual([])
    expect(await foundBy({ uses: SHA256, asset_id: idOf('full') })).toEqual(['full'])
  })

  test('needs one of them', async () => {
    for (const input of [{}, { asset_id: undefined }]) {
      expect(await rejection(find(input))).toMatchObject({
        code: 'invalid_input',
        message: 'find_asset needs at least one of asset_id, sha256sum, civitai_id, civitai_url, post_id, uses',
      })
    }
  })
})

describe('list_assets', () => {
  const list = (input: object) => track.invoke('list_assets', input)
  const newest = ['moving', 'posted', 'hub', 'old', 'air', 'short', 'full']
  const at = (name: string): unknown => assets.get(name)?.['created_at']

  test('newest first, a page at a time', async () => {
    const all = await list({})
    expect(namesOf(all['assets'])).toEqual(newest)
    expect(all).toMatchObject({ count: 7, limit: 50, offset: 0 })
    const page = await list({ limit: 2, offset: 1 })
    expect(namesOf(page['assets'])).toEqual(['posted', 'hub'])
    expect(page).toMatchObject({ count: 7, limit: 2, offset: 1 })
  })

  test('with their models', async () => {
    const [first] = (await list({ limit: 1, offset: 6 }))['assets'] as JsonObject[]
    expect(first).toEqual(assets.get('full'))
  })

  test('filtered', async () => {
    const { post_id } = assets.get('posted') ?? {}
    expect(namesOf((await list({ asset_type: 'video' }))['assets'])).toEqual(['moving'])
    expect(namesOf((await list({ post_id }))['assets'])).toEqual(['moving', 'posted'])
    expect(namesOf((await list({ created_by: 'bot-7' }))['assets'])).toEqual(['moving'])
    expect(namesOf((await list({ start_time: at('posted') }))['assets'])).toEqual(['moving', 'posted'])
    expect(namesOf((await list({ end_time: at('short') }))['assets'])).toEqual(['short', 'full'])
    expect(namesOf((await list({ start_time: at('air'), end_time: at('air') }))['assets'])).toEqual(['air'])
    expect(await list({ post_id, created_by: 'local', asset_type: 'video' })).toMatchObject({ assets: [], count: 0 })
  })
})
