import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { anMp4, aPng } from './build.ts'
import type { FakeCivitai } from './fake-civitai.ts'

/** Where a playbook is played: one surface, an empty ledger behind it, and a Civitai that it asks. */
export interface World {
  /** Calls an operation; rejects with an error or problem that has `code`. */
  invoke(name: string, input: JsonObject): Promise<JsonObject>
  readonly civitai: FakeCivitai
  /** A folder that the server may read. */
  readonly dir: string
}

export interface Playbook {
  readonly name: string
  play(world: World): Promise<void>
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A field that must be a text. */
function textOf(answer: JsonObject, field: string): string {
  const value = answer[field]
  assert.equal(typeof value, 'string', `${field} must be a text`)
  return value as string
}

const objects = (value: JsonValue | undefined): JsonObject[] => {
  assert.ok(Array.isArray(value), 'must be a list')
  return value as JsonObject[]
}

function objectOf(value: JsonValue | undefined): JsonObject {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), 'must be an object')
  return value
}

async function put(world: World, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(world.dir, name)
  await writeFile(path, bytes)
  return path
}

/** The one post with this number, with its assets. */
async function detailsOf(world: World, civitaiId: string): Promise<JsonObject> {
  const { posts } = await world.invoke('list_civitai_posts', { civitai_id: civitaiId, include_details: true })
  const [post, ...others] = objects(posts)
  assert.ok(post !== undefined && others.length === 0, 'one post')
  return post
}

const standard: Playbook = {
  name: 'standard end-to-end flow',
  async play(world) {
    const { invoke } = world
    const bytes = aPng()
    const path = await put(world, 'mountain.png', bytes)
    const { sha256sum, size_bytes } = await invoke('calculate_sha256', { path })
    assert.equal(sha256sum, sha256(bytes))
    assert.equal(size_bytes, bytes.length)
    assert.deepEqual(await invoke('find_asset', { sha256sum }), { found: false })
    const prompt = await invoke('create_prompt', {
      prompt_text: 'A serene mountain landscape at sunset',
      llm_model_provider: 'openai',
      llm_model: 'dall-e-3',
      purpose: 'image_generation',
    })
    const prompt_id = textOf(prompt, 'prompt_id')
    const asset = await invoke('create_asset', {
      asset_url: path,
      asset_type: 'image',
      asset_source: 'generated',
      input_prompt_id: prompt_id,
    })
    assert.equal(asset['sha256sum'], sha256sum)
    const asset_id = textOf(asset, 'asset_id')
    const post = await invoke('create_civitai_post', {
      civitai_id: '23602354',
      civitai_url: 'https://civitai.com/posts/23602354',
      status: 'published',
      title: 'Sunset Mountain Landscape',
      metadata: { views: 0, tags: ['landscape'] },
    })
    const linked = await invoke('update_asset', { asset_id, post_id: textOf(post, 'post_id') })
    assert.equal(linked['post_id'], post['post_id'])
    assert.equal(linked['input_prompt_id'], prompt_id)
    const found = await invoke('find_asset', { sha256sum })
    assert.equal(found['found'], true)
    assert.equal(objectOf(found['asset'])['asset_id'], asset_id)
    const [shown] = objects((await detailsOf(world, '23602354'))['assets'])
    assert.equal(objectOf(shown?.['input_prompt'])['prompt_text'], 'A serene mountain landscape at sunset')
    assert.equal(shown?.['output_prompt'], null)
  },
}

const withoutPrompt: Playbook = {
  name: 'asset and post without a prompt',
  async play(world) {
    const { invoke, civitai } = world
    const asset_url = civitai.serve('clip.mp4', anMp4())
    const asset = await invoke('create_asset', { asset_url, asset_type: 'video', asset_source: 'upload' })
    const asset_id = textOf(asset, 'asset_id')
    const post = await invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/23602355' })
    assert.equal(post['civitai_id'], '23602355')
    assert.equal(post['status'], 'published')
    await invoke('update_asset', { asset_id, post_id: textOf(post, 'post_id') })
    const [shown] = objects((await detailsOf(world, '23602355'))['assets'])
    assert.equal(shown?.['asset_id'], asset_id)
    const apart = await invoke('update_asset', { asset_id, post_id: null })
    assert.equal(apart['post_id'], null)
    assert.deepEqual((await detailsOf(world, '23602355'))['assets'], [])
  },
}

const assetsFirst: Playbook = {
  name: 'assets first, then post',
  async play(world) {
    const { invoke, civitai } = world
    const images = civitai.addPost('23683656', [{}, {}, { type: 'video', bytes: anMp4() }])
    const ids = new Map<string, string>()
    for (const { id, type: asset_type, bytes } of images) {
      const path = await put(world, `first-${id}`, bytes)
      const asset = await invoke('create_asset', { asset_url: path, asset_type, asset_source: 'generated' })
      ids.set(textOf(asset, 'sha256sum'), textOf(asset, 'asset_id'))
    }
    const post = await invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/23683656' })
    const live = await invoke('fetch_civitai_post_assets', { post_id: '23683656', limit: 2 })
    assert.equal(live['asset_count'], 2)
    const rest = await invoke('fetch_civitai_post_assets', { post_id: '23683656', limit: 2, page: 2 })
    assert.equal(rest['asset_count'], 1)
    for (const item of [...objects(live['assets']), ...objects(rest['assets'])]) {
      const { sha256sum } = await invoke('calculate_sha256', { path: textOf(item, 'asset_url') })
      const asset_id = ids.get(String(sha256sum))
      assert.ok(asset_id !== undefined, 'what the post shows is what was recorded')
      await invoke('update_asset', {
        asset_id,
        post_id: textOf(post, 'post_id'),
        civitai_image_id: textOf(item, 'civitai_image_id'),
        civitai_url: textOf(item, 'civitai_url'),
        metadata: { engagement_stats: item['engagement_stats'] ?? null },
      })
    }
    const assets = objects((await detailsOf(world, '23683656'))['assets'])
    assert.equal(assets.length, 3)
    assert.ok(assets.every(({ civitai_id, civitai_url }) => civitai_url === `https://civitai.com/images/${civitai_id}`))
    const synced = await invoke('sync_post_asset_stats', { civitai_post_id: '23683656' })
    assert.equal(synced['synced_count'], 3)
    const { items } = await invoke('list_asset_stats', { asset_id: textOf(assets[0] ?? {}, 'asset_id') })
    assert.equal(objects(items)[0]?.['like'], 37)
  },
}

const matchLocal: Playbook = {
  name: 'match local media to a Civitai URL',
  async play(world) {
    const { invoke, civitai } = world
    const [mine, other] = [aPng(), aPng()]
    const [image] = civitai.addPost('23604280', [{ bytes: mine }, {}])
    const path = await put(world, 'mine.png', mine)
    const stranger = await put(world, 'stranger.png', other)
    const { sha256sum } = await invoke('calculate_sha256', { path })
    const { assets } = await invoke('fetch_civitai_post_assets', { post_id: '23604280' })
    const hashes = await Promise.all(
      objects(assets).map(
        async (item) => (await invoke('calculate_sha256', { path: textOf(item, 'asset_url') }))['sha256sum'],
      ),
    )
    assert.deepEqual(
      hashes.map((hash) => hash === sha256sum),
      [true, false],
    )
    const asset = await invoke('create_asset', { asset_url: path, asset_type: 'image', asset_source: 'generated' })
    const matched = await invoke('match_post_media', {
      civitai_post_id: '23604280',
      paths: [path, stranger],
      apply: true,
    })
    const [match, ...more] = objects(matched['matches'])
    assert.equal(more.length, 0)
    assert.equal(match?.['path'], path)
    assert.equal(match?.['asset_id'], asset['asset_id'])
    assert.equal(match?.['civitai_image_id'], String(image?.id))
    assert.deepEqual(
      objects(matched['unmatched']).map((item) => item['path']),
      [stranger],
    )
    const found = await invoke('find_asset', { civitai_url: `https://civitai.com/images/${image?.id}` })
    assert.equal(objectOf(found['asset'])['asset_id'], asset['asset_id'])
  },
}

const multiAsset: Playbook = {
  name: 'multi-asset post',
  async play(world) {
    const { invoke, civitai } = world
    const images = civitai.addPost('23604281', [{}, {}, { type: 'video', bytes: anMp4() }])
    const known = await put(world, 'known.png', images[0]?.bytes ?? aPng())
    const before = await invoke('create_asset', { asset_url: known, asset_type: 'image', asset_source: 'generated' })
    const post = await invoke('create_civitai_post', {
      civitai_id: '23604281',
      civitai_url: 'https://civitai.com/posts/23604281',
    })
    const post_id = textOf(post, 'post_id')
    const { assets } = await invoke('fetch_civitai_post_assets', { post_id: '23604281' })
    for (const item of objects(assets)) {
      const { sha256sum } = await invoke('calculate_sha256', { path: textOf(item, 'asset_url') })
      const names = { civitai_id: textOf(item, 'civitai_image_id'), civitai_url: textOf(item, 'civitai_url') }
      const found = await invoke('find_asset', { sha256sum: String(sha256sum) })
      if (found['found'] === true) {
        const asset_id = textOf(objectOf(found['asset']), 'asset_id')
        assert.equal(asset_id, before['asset_id'])
        await invoke('update_asset', { asset_id, post_id, ...names })
        continue
      }
      await invoke('create_asset', {
        asset_url: textOf(item, 'asset_url'),
        asset_type: textOf(item, 'type'),
        asset_source: 'upload',
        post_id,
        metadata: { engagement_stats: item['engagement_stats'] ?? null },
        ...names,
      })
    }
    const recorded = objects((await detailsOf(world, '23604281'))['assets'])
    assert.deepEqual(
      recorded.map(({ civitai_id }) => civitai_id),
      images.map(({ id }) => String(id)),
    )
    assert.deepEqual(
      recorded.map(({ sha256sum }) => sha256sum),
      images.map(({ bytes }) => sha256(bytes)),
    )
    await assert.rejects(
      invoke('create_asset', { asset_url: known, asset_type: 'image', asset_source: 'upload' }),
      (error: { code?: unknown; existing?: unknown }) => {
        assert.equal(error.code, 'conflict')
        assert.deepEqual(error.existing, { asset_id: before['asset_id'] })
        return true
      },
    )
  },
}

/** The four playbooks of the recording guide and its example of a post with several images. */
export const PLAYBOOKS: readonly Playbook[] = [standard, withoutPrompt, assetsFirst, matchLocal, multiAsset]
