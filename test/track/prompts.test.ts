import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
beforeAll(async () => {
  track = await openTrack()
})
afterAll(() => track.close())

describe('create_prompt', () => {
  test('answers the whole row, and get_prompt answers it again', async () => {
    const metadata = { steps: 28, nested: { list: [1, null, 'x'] }, constructor: 'kept', empty: {} }
    const prompt = await track.invoke('create_prompt', {
      prompt_text: 'A lighthouse — ünïcode 🌅',
      llm_model_provider: 'openai',
      llm_model: 'dall-e-3',
      purpose: 'image_generation',
      metadata,
      on_behalf_of: 'night_ferry',
    })
    expect(prompt).toEqual({
      prompt_id: expect.stringMatching(/^[1-9]\d*$/),
      prompt_text: 'A lighthouse — ünïcode 🌅',
      llm_model_provider: 'openai',
      llm_model: 'dall-e-3',
      purpose: 'image_generation',
      metadata,
      created_by: 'local',
      updated_by: 'local',
      on_behalf_of: 'night_ferry',
      created_at: '2026-08-01T12:00:00.000Z',
      updated_at: '2026-08-01T12:00:00.000Z',
    })
    expect(await track.invoke('get_prompt', { prompt_id: prompt['prompt_id'] })).toEqual(prompt)
  })

  test('shows what was left out as null, and the name of the token', async () => {
    const actor = aTokenActor('bot-7', 'track:write')
    expect(await track.invoke('create_prompt', { prompt_text: 'short' }, { actor })).toMatchObject({
      llm_model_provider: null,
      llm_model: null,
      purpose: null,
      metadata: null,
      on_behalf_of: null,
      created_by: 'bot-7',
    })
  })

  test('takes a million characters and not one more', async () => {
    const longest = await track.invoke('create_prompt', { prompt_text: 'x'.repeat(1_000_000) })
    expect(longest['prompt_text']).toHaveLength(1_000_000)
    expect(await rejection(track.invoke('create_prompt', { prompt_text: 'x'.repeat(1_000_001) }))).toMatchObject({
      code: 'invalid_input',
      message: 'prompt_text must have at most 1000000 characters or items',
    })
  })

  test('takes a mebibyte of metadata and not one byte more', async () => {
    const fitting = { text: 'x'.repeat(2 ** 20 - '{"text":""}'.length) }
    await track.invoke('create_prompt', { prompt_text: 'a', metadata: fitting })
    expect(
      await rejection(track.invoke('create_prompt', { prompt_text: 'a', metadata: { text: `${fitting.text}x` } })),
    ).toMatchObject({ code: 'invalid_input', message: 'metadata must have at most 1048576 bytes as JSON' })
  })

  test('a hundred at once are a hundred rows with ids of their own', async () => {
    const before = Number((await track.invoke('list_prompts', {}))['count'])
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, index) => track.invoke('create_prompt', { prompt_text: `many ${index}` })),
    )
    expect(new Set(made.map(({ prompt_id }) => prompt_id)).size).toBe(100)
    expect((await track.invoke('list_prompts', {}))['count']).toBe(before + 100)
  })
})

describe('get_prompt', () => {
  test('of a missing row', async () => {
    expect(await rejection(track.invoke('get_prompt', { prompt_id: '999999' }))).toMatchObject({
      code: 'not_found',
      message: 'Record not found',
      hint: expect.stringContaining('create_prompt'),
    })
  })

  test('of the largest id there can be', async () => {
    expect(await rejection(track.invoke('get_prompt', { prompt_id: '9007199254740991' }))).toMatchObject({
      code: 'not_found',
    })
    expect(await rejection(track.invoke('get_prompt', { prompt_id: '9007199254740992' }))).toMatchObject({
      code: 'invalid_input',
      message: 'prompt_id must be a valid integer ID',
    })
  })
})

describe('list_prompts', () => {
  const texts = async (input: object): Promise<unknown[]> => {
    const { prompts } = await track.invoke('list_prompts', input)
    return (prompts as { prompt_text: string }[]).map(({ prompt_text }) => prompt_text)
  }

  test('newest first, a page at a time', async () => {
    for (const text of ['needle one', 'needle two', 'needle three']) {
      track.clock.advance(1_000)
      await track.invoke('create_prompt', { prompt_text: text })
    }
    expect(await texts({ query: 'needle' })).toEqual(['needle three', 'needle two', 'needle one'])
    expect(await texts({ query: 'NEEDLE', limit: 1, offset: 1 })).toEqual(['needle two'])
    expect(await track.invoke('list_prompts', { query: 'needle', limit: 2 })).toMatchObject({
      count: 3,
      limit: 2,
      offset: 0,
    })
  })

  test('rows of one millisecond stand by their ids', async () => {
    for (const text of ['twin a', 'twin b', 'twin c']) await track.invoke('create_prompt', { prompt_text: text })
    expect(await texts({ query: 'twin' })).toEqual(['twin c', 'twin b', 'twin a'])
  })

  test.each(['100%', 'under_score', 'back\\slash', "it's; DROP TABLE prompts; --", '"quoted"'])(
    'finds %s as it stands',
    async (text) => {
      await track.invoke('create_prompt', { prompt_text: `odd ${text} end` })
      await track.invoke('create_prompt', { prompt_text: 'odd 100x underxscore backxslash its quoted end' })
      expect(await texts({ query: text })).toEqual([`odd ${text} end`])
    },
  )

  test('by who recorded it', async () => {
    const actor = aTokenActor('bot-8', 'track:write')
    await track.invoke('create_prompt', { prompt_text: 'by bot' }, { actor })
    expect(await texts({ created_by: 'bot-8' })).toEqual(['by bot'])
    expect(await texts({ created_by: 'bot' })).toEqual([])
  })
})
