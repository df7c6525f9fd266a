import { afterEach, beforeEach, expect, test } from 'bun:test'
import { createAudit } from '../../src/db/audit.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import type { AssetModel } from '../../src/track/asset-models.ts'
import { createModelLinker } from '../../src/track/link-models.ts'
import { aPng } from '../support/build.ts'
import { aCall, openTrack, type Track } from '../support/track.ts'

const SHA256 = 'c4c9c74d60698d6f74b9e53dbe976ecd8c6fa05cb1fd013af5c0d63154725398'
const OTHER = `d${SHA256.slice(1)}`

let track: Track
let models: Partial<AssetModel>[] = []
let here: Readonly<Record<string, readonly { stem: string; types: readonly string[] }[]>> = {}
beforeEach(async () => {
  here = {}
  track = await openTrack(() => ({
    readMediaRecord: async () => ({ models }),
    findNames: async (hash) => here[hash] ?? [],
  }))
})
afterEach(() => track.close())

async function record(...made: Partial<AssetModel>[]): Promise<void> {
  models = made
  const asset_url = track.civitai.serve('1.png', aPng())
  const post = { civitai_url: 'https://civitai.com/posts/7', title: 'harbor' }
  const { post_id = null } = await track.invoke('create_civitai_post', post)
  await track.invoke('create_asset', { asset_url, asset_type: 'image', asset_source: 'generated', post_id })
}
const isFound = async (uses: string): Promise<unknown> => (await track.invoke('find_asset', { uses }))['found']
const linked = async (): Promise<unknown> =>
  ((await track.invoke('find_asset', { asset_id: '1' }))['asset'] as JsonObject)['models']
const link = (...found: Partial<AssetModel>[]): Promise<void> =>
  createModelLinker({ db: track.db, audit: createAudit(track.db), clock: track.clock })('1', found, aCall())
const updates = async (): Promise<number> => {
  const { items } = await track.invoke('list_events', { table: 'assets', row_id: '1' })
  return (items as JsonObject[]).filter(({ op }) => op === 'update_asset').length
}

test('a model that is known by its name alone is found by the digest of the file that has it', async () => {
  await record({ type: 'lora', name: 'ink' })
  expect(await isFound(SHA256)).toBe(false)
  here = { [SHA256]: [{ stem: 'ink', types: ['lora'] }], [OTHER]: [{ stem: 'fog', types: ['lora'] }] }
  expect(await isFound(SHA256)).toBe(true)
  expect(await isFound(OTHER)).toBe(false)
  expect(await track.invoke('list_civitai_posts', { uses: SHA256 })).toMatchObject({ count: 1 })
})

test.each<[string, Partial<AssetModel>]>([
  ['of another type', { type: 'embedding', name: 'ink' }],
  ['with a digest of its own', { type: 'lora', name: 'ink', auto_v3: '0123456789ab' }],
  ['of a version', { type: 'lora', name: 'ink', civitai_version_id: 9 }],
])('one %s is not', async (_, model) => {
  await record(model)
  here = { [SHA256]: [{ stem: 'ink', types: ['lora'] }] }
  expect(await isFound(SHA256)).toBe(false)
})

test('what an import finds out of linked models is added to them, and changes nothing else', async () => {
  const old = { type: 'lora', name: 'fog', weight: 0.5, sha256: OTHER, auto_v2: OTHER.slice(0, 10) }
  await record({ type: 'lora', name: 'ink', weight: 0.4 }, old)
  await link(
    { type: 'lora', name: 'ink', weight: 1, sha256: SHA256 },
    { ...old, sha256: SHA256 },
    { type: 'vae', name: 'x' },
  )
  expect(await linked()).toMatchObject([{ name: 'ink', weight: 0.4, sha256: SHA256 }, old])
  expect(await linked()).toHaveLength(2)
  expect(await isFound(SHA256)).toBe(true)
  expect(await updates()).toBe(1)
  await link({ type: 'lora', name: 'ink', sha256: SHA256 })
  expect(await updates()).toBe(1)
})

test.each<[string, Partial<AssetModel>]>([
  ['auto_v2', { auto_v2: OTHER.slice(0, 10) }],
  ['auto_v3', { auto_v3: '0123456789ab' }],
  ['version', { civitai_version_id: 2 }],
])('a model whose %s is another one keeps what it has', async (_, ids) => {
  await record({ type: 'lora', name: 'ink', ...ids })
  await link({ type: 'lora', name: 'ink', sha256: SHA256, tensor_sha256: SHA256, civitai_version_id: 1 })
  expect(await linked()).toMatchObject([{ sha256: null, ...ids }])
})
