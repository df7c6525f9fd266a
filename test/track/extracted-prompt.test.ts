import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import type { TrackDeps } from '../../src/track/deps.ts'
import type { MediaRecord } from '../../src/track/media-record.ts'
import { anMp4, aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

const TEXT = 'a harbor at dusk, <lora:harbor_lights:0.8>'
const REST = { negative_prompt: 'rain', steps: 28, seed: 7 }

let track: Track
let found: MediaRecord['prompt']
/** The digest of the LoRA that every picture names. */
const LORA = '1bc2f60b89e61c6c67884f71d89207447c83850d4df01125ba3e69f654781e81'

async function open(change: (deps: TrackDeps) => Partial<TrackDeps> = () => ({})): Promise<Track> {
  return openTrack((deps) => ({
    readMediaRecord: async () => ({
      models: [{ type: 'lora', name: 'harbor_lights', sha256: LORA }],
      ...(found === undefined ? {} : { prompt: found }),
    }),
    ...change(deps),
  }))
}
beforeEach(async () => {
  found = { text: TEXT, metadata: REST }
  track = await open()
})
afterEach(() => track.close())

let files = 0
function create(more: JsonObject = {}, call = {}, bytes?: Uint8Array): Promise<JsonObject> {
  files += 1
  const asset_url = track.civitai.serve(`${files}.bin`, bytes ?? (more['asset_type'] === 'video' ? anMp4() : aPng()))
  return track.invoke('create_asset', { asset_url, asset_type: 'image', asset_source: 'generated', ...more }, call)
}
const prompts = async (): Promise<JsonObject[]> => (await track.invoke('list_prompts', {}))['prompts'] as JsonObject[]

describe('the prompt inside generated media', () => {
  test('is recorded and linked, with its trail', async () => {
    const actor = aTokenActor('bot-7', 'track:write')
    const asset = await create({ on_behalf_of: 'night_ferry' }, { actor })
    const [prompt] = await prompts()
    expect(prompt).toEqual({
      prompt_id: '1',
      prompt_text: TEXT,
      llm_model_provider: null,
      llm_model: null,
      purpose: 'image_generation',
      metadata: REST,
      created_by: 'bot-7',
      updated_by: 'bot-7',
      on_behalf_of: 'night_ferry',
      created_at: '2026-08-01T12:00:00.000Z',
      updated_at: '2026-08-01T12:00:00.000Z',
    })
    expect(asset).toMatchObject({ input_prompt_id: '1', output_prompt_id: null })
    expect((await track.invoke('list_events', {}))['items']).toEqual([
      expect.objectContaining({ op: 'create_asset', table: 'assets', row_id: '1', actor: 'bot-7', after: asset }),
      expect.objectContaining({
        op: 'create_asset',
        table: 'prompts',
        row_id: '1',
        actor: 'bot-7',
        before: null,
        after: prompt ?? null,
      }),
    ])
  })

  test('of a video', async () => {
    expect(await create({ asset_type: 'video' })).toMatchObject({ input_prompt_id: '1' })
    expect(await prompts()).toMatchObject([{ purpose: 'video_generation' }])
  })

  test('is what the posts of its model show', async () => {
    const { post_id = null } = await track.invoke('create_civitai_post', {
      civitai_url: 'https://civitai.com/posts/11',
      title: 'Dusk',
    })
    await track.invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/12' })
    await create({ post_id })
    const shown = { models: [{ name: 'harbor_lights', sha256: LORA }], input_prompt: { prompt_text: TEXT } }
    expect(await track.invoke('find_asset', { uses: LORA })).toMatchObject({
      asset: { ...shown, post: { civitai_url: 'https://civitai.com/posts/11', title: 'Dusk' } },
    })
    expect(await track.invoke('list_civitai_posts', { uses: LORA, include_details: true })).toMatchObject({
      count: 1,
      posts: [{ title: 'Dusk', assets: [shown] }],
    })
  })

  test.each<[string, JsonObject]>([
    ['extract is false', { extract: false }],
    ['the media came from elsewhere', { asset_source: 'upload' }],
  ])('is left alone where %s', async (_, more) => {
    const { input_prompt_id, models } = await create(more)
    expect(input_prompt_id).toBeNull()
    expect(models).toHaveLength(more['extract'] === false ? 0 : 1)
    expect(await prompts()).toEqual([])
  })

  test('gives way to the one that is named', async () => {
    const { prompt_id = null } = await track.invoke('create_prompt', { prompt_text: 'my own words' })
    expect(await create({ input_prompt_id: prompt_id })).toMatchObject({ input_prompt_id: prompt_id })
    expect(await prompts()).toHaveLength(1)
    expect(await create({ output_prompt_id: prompt_id })).toMatchObject({
      input_prompt_id: '2',
      output_prompt_id: prompt_id,
    })
  })

  test('of media without one', async () => {
    found = undefined
    expect(await create()).toMatchObject({ input_prompt_id: null, models: [{ name: 'harbor_lights' }] })
    expect(await prompts()).toEqual([])
  })
})

describe('a prompt that is recorded already', () => {
  const long = 'x'.repeat(79)

  test.each<[string, JsonObject | null]>([
    [TEXT, REST],
    [TEXT, null],
    ['🌃'.repeat(200), { seed: '18446744073709551615' }],
    [`${long}🌃 and more`, { negative_prompt: '🌫️'.repeat(100) }],
    ['it\'s 100% "quoted" \\ _ ? :x', { a: '%' }],
    ['\n\t lines\r\n', null],
  ])('is linked, case %#', async (text, metadata) => {
    const { prompt_id } = await track.invoke('create_prompt', {
      prompt_text: text,
      ...(metadata === null ? {} : { metadata }),
    })
    found = { text, metadata }
    expect(await create()).toMatchObject({ input_prompt_id: prompt_id ?? null })
    expect(await create()).toMatchObject({ input_prompt_id: prompt_id ?? null })
    expect(await prompts()).toHaveLength(1)
    expect((await track.invoke('list_events', { table: 'prompts' }))['count']).toBe(1)
  })

  test('the oldest of several', async () => {
    for (let copy = 0; copy < 3; copy += 1) {
      await track.invoke('create_prompt', { prompt_text: TEXT, metadata: REST })
    }
    expect(await create()).toMatchObject({ input_prompt_id: '1' })
  })

  test.each<[string, string, JsonObject | null]>([
    ['another seed', TEXT, { ...REST, seed: 8 }],
    ['another first field', TEXT, { ...REST, negative_prompt: 'fog' }],
    ['no metadata', TEXT, null],
    ['another case', TEXT.toUpperCase(), REST],
    ['a blank at its end', `${TEXT} `, REST],
    ['only its beginning', TEXT.slice(0, -1), REST],
    ['another end of a long one', `${long}🌃b`, REST],
  ])('is another with %s', async (_, text, metadata) => {
    await create()
    found = { text: `${long}🌃a`, metadata: REST }
    await create()
    found = { text, metadata }
    expect(await create()).toMatchObject({ input_prompt_id: '3' })
    expect((await prompts())[0]).toMatchObject({ prompt_text: text, metadata })
  })

  test('twenty pictures at once share it', async () => {
    const assets = await Promise.all(Array.from({ length: 20 }, () => create()))
    expect(new Set(assets.map(({ input_prompt_id }) => input_prompt_id))).toEqual(new Set(['1']))
    expect(await prompts()).toHaveLength(1)
  })
})

describe('there is never a prompt without its asset', () => {
  test('the same bytes again, twenty at once and later', async () => {
    const bytes = aPng()
    let asked = 0
    await track.close()
    track = await open(() => ({
      readMediaRecord: async () => ({ models: [], prompt: { text: `words ${asked++}`, metadata: null } }),
    }))
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => create({}, {}, bytes)))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await rejection(create({}, {}, bytes))).toMatchObject({ code: 'conflict' })
    expect(await prompts()).toHaveLength(1)
  })

  test('a write that fails after it', async () => {
    await track.close()
    track = await open(({ audit }) => ({
      audit: {
        ...audit,
        record: (entry) => (entry.table === 'assets' ? Promise.reject(new Error('no')) : audit.record(entry)),
      },
    }))
    expect(await rejection(create())).toMatchObject({ message: 'no' })
    expect(await prompts()).toEqual([])
    expect(await track.invoke('list_events', {})).toMatchObject({ count: 0 })
  })
})

describe('odd words', () => {
  test('lose what no text may hold', async () => {
    found = {
      text: 'a\0 har\ud83dbor \ud83c\udf03\0',
      metadata: { 'so\0ft': 'Co\0mfy\udc00UI', list: [{ deep: '\0' }], seed: 1, none: null },
    }
    await create()
    expect(await prompts()).toMatchObject([
      {
        prompt_text: 'a har\ufffdbor 🌃',
        metadata: { soft: 'Comfy\ufffdUI', list: [{ deep: '' }], seed: 1, none: null },
      },
    ])
  })

  test.each([
    ['none', ''],
    ['blanks alone', ' \n\t'],
    ['NUL characters alone', '\0\0'],
    ['a character too many', 'x'.repeat(1_000_001)],
  ])('%s: the asset is recorded without', async (_, text) => {
    found = { text, metadata: REST }
    expect(await create()).toMatchObject({ input_prompt_id: null, models: [{ name: 'harbor_lights' }] })
    expect(await prompts()).toEqual([])
  })

  const nested = (levels: number): JsonObject => (levels === 1 ? {} : { a: nested(levels - 1) })
  test.each<[string, JsonObject, boolean]>([
    ['of 1 MiB', { a: 'x'.repeat(2 ** 20 - 8) }, true],
    ['of a byte more', { a: 'x'.repeat(2 ** 20 - 7) }, false],
    ['of more bytes than letters', { a: 'ä'.repeat(2 ** 19) }, false],
    ['without a field', {}, false],
    ['as deep as an input may be', nested(63), true],
    ['a level deeper', nested(64), false],
    ['endlessly deep', nested(5_000), false],
  ])('metadata %s', async (_, metadata, kept) => {
    found = { text: 'x'.repeat(1_000_000), metadata }
    expect(await create()).toMatchObject({ input_prompt_id: '1' })
    const { metadata: shown, prompt_text } = await track.invoke('get_prompt', { prompt_id: '1' })
    expect(String(prompt_text)).toHaveLength(1_000_000)
    expect(shown).toEqual(kept ? metadata : null)
  })
})
