import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import type { MediaRecord } from '../../src/track/media-record.ts'
import { assetsTable } from '../../src/track/table.ts'
import { aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

/** Media are recorded once and read again when somebody asks for it: by update_asset with extract. */

const LORA = '1bc2f60b89e61c6c67884f71d89207447c83850d4df01125ba3e69f654781e81'
const NAMED: MediaRecord = { models: [{ type: 'lora', name: 'harbor_lights' }] }
const KNOWN: MediaRecord = {
  models: [{ type: 'lora', name: 'harbor_lights', sha256: LORA }],
  prompt: { text: 'a harbor at dusk', metadata: { seed: 7 } },
}

let track: Track
/** What the metadata of the media say; undefined is what nobody can read. */
let found: MediaRecord | undefined
let path = ''
beforeEach(async () => {
  found = KNOWN
  track = await openTrack(() => ({
    async readMediaRecord() {
      if (found === undefined) throw new Error('odd metadata')
      return found
    },
  }))
  path = join(track.dir, 'out.png')
  writeFileSync(path, aPng({ seed: 1 }))
})
afterEach(() => track.close())

async function create(more: JsonObject = {}): Promise<JsonObject> {
  const asset = await track.invoke('create_asset', {
    ...{ asset_url: path, asset_type: 'image', asset_source: 'generated', ...more },
  })
  track.clock.advance(1_000)
  return asset
}
const update = (input: JsonObject, call = {}) => track.invoke('update_asset', { asset_id: '1', ...input }, call)
const stored = async (): Promise<unknown> => (await track.invoke('find_asset', { asset_id: '1' }))['asset']
const audits = async (): Promise<JsonObject[]> => (await track.invoke('list_events', {}))['items'] as JsonObject[]
const prompts = async (): Promise<unknown> => (await track.invoke('list_prompts', {}))['prompts']

test('an asset that was recorded without extract gets what create_asset would have given it', async () => {
  const before = await create({ extract: false })
  expect(before).toMatchObject({ models: [], input_prompt_id: null })
  const after = await update({ extract: true })
  expect(after['updated_at']).not.toBe(String(before['updated_at']))
  expect(await stored()).toMatchObject(after)
  expect(await audits()).toMatchObject([
    { op: 'update_asset', table: 'assets', row_id: '1', before, after },
    { op: 'update_asset', table: 'prompts', row_id: '1', before: null },
    { op: 'create_asset', table: 'assets', row_id: '1' },
  ])

  await track.invoke('delete_asset', { asset_id: '1' })
  const { models, input_prompt_id } = await create()
  expect(after).toMatchObject({ models, input_prompt_id })
})

test('models that are known better now take the place of those that were linked', async () => {
  found = NAMED
  await create()
  found = KNOWN
  expect(await update({ extract: true })).toMatchObject({ models: [{ name: 'harbor_lights', sha256: LORA }] })
  expect(await track.invoke('find_asset', { uses: LORA })).toMatchObject({ asset: { models: [{ sha256: LORA }] } })
})

test.each<[string, MediaRecord | undefined]>([
  ['say nothing', { models: [] }],
  ['cannot be read', undefined],
])('what was linked stays where the media %s', async (_, now) => {
  const before = await create()
  found = now
  expect(await update({ extract: true })).toEqual(before)
})

test.each<[string, JsonObject]>([
  ['left out', {}],
  ['false', { extract: false }],
])('nothing is read where extract is %s', async (_, more) => {
  const before = await create({ extract: false })
  rmSync(path)
  expect(await update({ ...more, metadata: { a: 1 } })).toMatchObject({ models: before['models'], metadata: { a: 1 } })
  expect(await prompts()).toEqual([])
})

test('what is the same already leaves no trail', async () => {
  const before = await create()
  expect(await update({ extract: true })).toEqual(before)
  expect(await audits()).toHaveLength(2)
})

describe('the prompt', () => {
  test('that is linked stays', async () => {
    const { prompt_id = null } = await track.invoke('create_prompt', { prompt_text: 'my own words' })
    await create({ extract: false, input_prompt_id: prompt_id })
    expect(await update({ extract: true })).toMatchObject({ input_prompt_id: prompt_id, models: [{ sha256: LORA }] })
  })
  test('that is given in the same call wins', async () => {
    const { prompt_id = null } = await track.invoke('create_prompt', { prompt_text: 'my own words' })
    await create({ extract: false })
    expect(await update({ extract: true, input_prompt_id: prompt_id })).toMatchObject({ input_prompt_id: prompt_id })
    expect(await prompts()).toHaveLength(1)
  })
  test('that is cleared in the same call gives way to the one in the media', async () => {
    const { prompt_id = null } = await track.invoke('create_prompt', { prompt_text: 'my own words' })
    await create({ extract: false, input_prompt_id: prompt_id })
    expect(await update({ extract: true, input_prompt_id: null })).toMatchObject({ input_prompt_id: '2' })
  })
  test('of media that came from elsewhere is left alone', async () => {
    await create({ extract: false, asset_source: 'upload' })
    expect(await update({ extract: true })).toMatchObject({ input_prompt_id: null, models: [{ sha256: LORA }] })
    expect(await prompts()).toEqual([])
  })
  test('is recorded for whom the asset is', async () => {
    await create({ extract: false, on_behalf_of: 'night_ferry' })
    await update({ extract: true }, { actor: aTokenActor('bot-7', 'track:write') })
    expect(await prompts()).toMatchObject([{ created_by: 'bot-7', on_behalf_of: 'night_ferry' }])
  })
})

describe('changes nothing', () => {
  const refuses = async (error: object, input: JsonObject = {}, call = {}): Promise<void> => {
    const before = await stored()
    expect(await rejection(update({ extract: true, metadata: { a: 1 }, ...input }, call))).toMatchObject(error)
    expect(await stored()).toEqual(before)
    expect(await prompts()).toEqual([])
  }
  beforeEach(async () => {
    await create({ extract: false })
  })

  test('where other bytes are there now', async () => {
    writeFileSync(path, aPng({ seed: 2 }))
    await refuses({ code: 'checksum_mismatch', hint: expect.stringContaining('create_asset') })
  })
  test('where the media are gone', async () => {
    rmSync(path)
    await refuses({ code: 'not_found' })
  })
  test('where the caller may not read them', async () => {
    const outside = join(track.dir, '../elsewhere.png')
    await track.db.write((tx) => tx.update(assetsTable).set({ assetUrl: outside }))
    await refuses({ code: 'forbidden' }, {}, { actor: aTokenActor('bot-7', 'track:write') })
  })
  test('where another field is wrong, which is known before the media are read', async () => {
    rmSync(path)
    await refuses({ code: 'not_found', hint: expect.stringContaining('post_id 999') }, { post_id: '999' })
  })
})
