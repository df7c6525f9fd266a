import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAudit } from '../../src/db/audit.ts'
import type { Generation } from '../../src/import/generation.ts'
import { mergeMentions } from '../../src/import/merge.ts'
import { createImportRecorder } from '../../src/import/record.ts'
import { toRecordedPrompt } from '../../src/import/recorded-prompt.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { createPromptFinder } from '../../src/track/extracted-prompt.ts'
import { createModelLinker } from '../../src/track/link-models.ts'
import type { MediaRecord } from '../../src/track/media-record.ts'
import { anMp4 } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { aCall, openTrack, type Track } from '../support/track.ts'

const GENERATION: Generation = { prompt: 'a harbor at dusk', negative_prompt: 'rain', steps: 28, seed: 7 }
const { prompt: TEXT, ...REST } = GENERATION

let track: Track
/** What create_asset reads in the media. */
let inside: MediaRecord
let calls: string[]
let picture: string

beforeEach(async () => {
  track = await openTrack(() => ({ readMediaRecord: async () => inside }))
  inside = { models: [{ type: 'lora', name: 'harbor_lights' }] }
  calls = []
  picture = join(track.dir, 'picture.png')
  copyFileSync(join(import.meta.dir, '../../fixtures/pictures/harbor.png'), picture)
})
afterEach(() => track.close())

/** The prompt of `generation` as `app.ts` hands it to the ledger. */
const insideMedia = (generation: Generation): void => {
  const prompt = toRecordedPrompt(generation)
  inside = { ...inside, ...(prompt === undefined ? {} : { prompt }) }
}

type Invoke = (name: string, input: JsonObject) => Promise<JsonObject>

function record(
  generation: Generation,
  url: string | undefined,
  {
    type = 'image',
    around = (invoke) => invoke,
    needed = [],
    civitaiUrl,
  }: {
    type?: 'image' | 'video'
    around?: (invoke: Invoke) => Invoke
    needed?: readonly string[]
    civitaiUrl?: string
  } = {},
) {
  const recorder = createImportRecorder({
    invoke(name, input, { actor, signal }) {
      calls.push(name)
      return around((which, what) => track.invoke(which, what, { actor, signal }))(name, input)
    },
    findPrompt: createPromptFinder(track.db),
    linkModels: async (assetId, needed, { actor }) => {
      const models = needed.map(({ type, reference: name }) => ({ type, name }))
      await createModelLinker({ db: track.db, audit: createAudit(track.db), clock: track.clock })(
        assetId,
        models,
        aCall({ actor }),
      )
    },
  })
  const media = url === undefined ? undefined : { url, type, civitaiUrl }
  const { dependencies } = mergeMentions(needed.map((name) => ({ type: 'lora', name, evidence: ['test:x'] })))
  const signal = new AbortController().signal
  return recorder({ generation, dependencies, media, actor: OWNER, signal, jobId: 'imp_1' })
}
const prompts = async (): Promise<JsonObject[]> => (await track.invoke('list_prompts', {}))['prompts'] as JsonObject[]
const asset = async (): Promise<JsonObject> =>
  (await track.invoke('find_asset', { asset_id: '1' }))['asset'] as JsonObject

describe('media', () => {
  test('with their prompt inside are one call, so that a crash leaves nothing half-recorded', async () => {
    insideMedia(GENERATION)
    expect(await record(GENERATION, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(calls).toEqual(['create_asset'])
    expect(await asset()).toMatchObject({
      asset_url: picture,
      asset_source: 'generated',
      models: [{ name: 'harbor_lights' }],
      input_prompt: { prompt_text: TEXT, purpose: 'image_generation', metadata: REST },
    })
  })

  test('imported again record nothing', async () => {
    insideMedia(GENERATION)
    await record(GENERATION, picture)
    calls = []
    expect(await record(GENERATION, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(calls).toEqual(['create_asset', 'find_asset'])
  })

  test('whose prompt was found elsewhere, or in a forced format, are linked with it once', async () => {
    expect(await record(GENERATION, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(calls).toEqual(['create_asset', 'create_prompt', 'update_asset'])
    expect(await asset()).toMatchObject({ input_prompt: { prompt_text: TEXT, metadata: REST } })
    expect(await record({ prompt: 'other words' }, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(await prompts()).toHaveLength(1)
  })

  test('recorded without reading them get the prompt that an import finds', async () => {
    const input = { asset_url: picture, asset_type: 'image', asset_source: 'generated', extract: false }
    await track.invoke('create_asset', input)
    expect(await record(GENERATION, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(await asset()).toMatchObject({ input_prompt: { prompt_text: TEXT } })
  })

  test('without models of their own get those that an import finds, and others keep theirs', async () => {
    inside = { models: [] }
    await record(GENERATION, picture, { needed: ['glass-rain'] })
    expect(await asset()).toMatchObject({ models: [{ type: 'lora', name: 'glass-rain' }] })
    await record(GENERATION, picture, { needed: ['night-fog'] })
    expect(await asset()).toMatchObject({ models: [{ name: 'glass-rain' }] })
    const { items } = await track.invoke('list_events', { table: 'assets', row_id: '1' })
    expect(items).toContainEqual(expect.objectContaining({ op: 'update_asset', actor: 'local' }))
  })

  test('of a page on Civitai are known by their number there', async () => {
    const civitaiUrl = 'https://civitai.com/images/77'
    await record(GENERATION, picture, { civitaiUrl })
    expect(await asset()).toMatchObject({ civitai_id: '77', civitai_url: civitaiUrl })
    expect(await record(GENERATION, picture, { civitaiUrl })).toEqual({ asset_id: '1', prompt_id: '1' })
  })

  test('keep the prompt that they have', async () => {
    const { prompt_id = null } = await track.invoke('create_prompt', { prompt_text: 'my own words' })
    const input = { asset_url: picture, asset_type: 'image', asset_source: 'generated', input_prompt_id: prompt_id }
    await track.invoke('create_asset', input)
    expect(await record(GENERATION, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(await prompts()).toHaveLength(1)
  })

  test('without any prompt', async () => {
    expect(await record({ steps: 28 }, picture)).toEqual({ asset_id: '1' })
    expect(await record({ prompt: ' \0' }, picture)).toEqual({ asset_id: '1' })
    expect(await prompts()).toEqual([])
  })

  test('that are videos', async () => {
    const video = join(track.dir, 'tide.mp4')
    writeFileSync(video, anMp4())
    await record(GENERATION, video, { type: 'video' })
    expect(await prompts()).toMatchObject([{ purpose: 'video_generation' }])
    expect(await asset()).toMatchObject({ asset_type: 'video' })
  })

  test('imported several times at once are one asset with one prompt, and none of the imports fails', async () => {
    insideMedia(GENERATION)
    const recorded = await Promise.all(Array.from({ length: 5 }, () => record(GENERATION, picture)))
    expect(recorded).toEqual(Array(5).fill({ asset_id: '1', prompt_id: '1' }))
    expect(calls.filter((name) => name === 'create_asset').length).toBeGreaterThan(1)
    expect(calls).not.toContain('create_prompt')
    expect(await prompts()).toHaveLength(1)
  })

  test('that nobody can record say why', async () => {
    const missing = join(track.dir, 'missing.png')
    expect(await rejection(record(GENERATION, missing))).toMatchObject({ code: 'not_found' })
    expect(await rejection(record(GENERATION, picture, { type: 'video' }))).toMatchObject({ code: 'invalid_input' })
    expect(await prompts()).toEqual([])
  })

  test('whose asset was deleted a moment after the conflict', async () => {
    insideMedia(GENERATION)
    const around = (invoke: Invoke): Invoke => {
      return async (name, input) => {
        if (name !== 'create_asset') return invoke(name, input)
        await invoke(name, input)
        return invoke(name, input).catch(async (error: unknown) => {
          await track.invoke('delete_asset', { asset_id: '1' })
          throw error
        })
      }
    }
    expect(await rejection(record(GENERATION, picture, { around }))).toMatchObject({ code: 'conflict' })
  })
})

describe('text', () => {
  test('is a prompt alone', async () => {
    expect(await record(GENERATION, undefined)).toEqual({ prompt_id: '1' })
    expect(calls).toEqual(['create_prompt'])
    expect(await prompts()).toMatchObject([{ prompt_text: TEXT, purpose: 'image_generation', metadata: REST }])
  })

  test('imported again is the prompt that is there, and other metadata make another', async () => {
    await record(GENERATION, undefined)
    expect(await record(GENERATION, undefined)).toEqual({ prompt_id: '1' })
    expect(await record({ ...GENERATION, seed: 8 }, undefined)).toEqual({ prompt_id: '2' })
    expect(await record(GENERATION, picture)).toEqual({ asset_id: '1', prompt_id: '1' })
    expect(await prompts()).toHaveLength(2)
  })

  test('without a prompt records nothing', async () => {
    expect(await record({ seed: 1 }, undefined)).toEqual({})
    expect(calls).toEqual([])
  })

  test.each<[string, Generation, object | undefined]>([
    ['nothing beside the words', { prompt: 'a' }, { prompt_text: 'a', metadata: null }],
    [
      'what no text may hold',
      { prompt: 'a\0b\ud83c', software: 'Comfy\0UI' },
      { prompt_text: 'ab\ufffd', metadata: { software: 'ComfyUI' } },
    ],
    ['as many words as may be', { prompt: 'x'.repeat(1_000_000) }, { metadata: null }],
    ['too many', { prompt: 'x'.repeat(1_000_001) }, undefined],
    [
      'as much else as may be',
      { prompt: 'a', negative_prompt: 'x'.repeat(2 ** 20 - 22) },
      { metadata: { negative_prompt: 'x'.repeat(2 ** 20 - 22) } },
    ],
    ['too much else', { prompt: 'a', negative_prompt: 'x'.repeat(2 ** 20 - 21) }, { metadata: null }],
  ])('with %s is what create_prompt takes', async (_, generation, expected) => {
    expect(await record(generation, undefined)).toEqual(expected === undefined ? {} : { prompt_id: '1' })
    expect(await prompts()).toMatchObject(expected === undefined ? [] : [expected])
  })
})
