import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { novelai } from '../../../src/import/parse/novelai.ts'
import { ask, HOSTILE } from './parser-answer.ts'

const comment = {
  prompt: 'a pier',
  uc: 'fog',
  steps: 28,
  scale: 5.5,
  seed: 4_000_000_000,
  sampler: 'k_euler_ancestral',
  noise_schedule: 'karras',
  width: 832,
  height: 1216,
  signed_hash: 'abc=',
}
const file = (more: object = {}) => ({
  Title: 'a title',
  Description: 'a pier at dusk',
  Software: 'NovelAI',
  Source: 'NovelAI Diffusion V4.5 4BDE2A90',
  Comment: JSON.stringify(comment),
  ...more,
})

test('a hosted model, and no hash', () => {
  const { dependencies, trust, warnings, confidence } = ask(novelai, file())
  expect(dependencies).toHaveLength(1)
  expect(dependencies[0]).toMatchObject({
    type: 'checkpoint',
    name: 'NovelAI Diffusion V4.5',
    reference: 'NovelAI Diffusion V4.5',
    written: [],
    hashes: [],
    status: 'skipped',
    reason: "It runs on NovelAI's servers: no file is needed",
    evidence: ['novelai:Source'],
  })
  expect({ trust, warnings, confidence }).toEqual({ trust: TRUST.native, warnings: [], confidence: 1 })
})

test.each([
  ['Stable Diffusion XL C1E1DE52', 'Stable Diffusion XL'],
  ['NovelAI Diffusion V3', 'NovelAI Diffusion V3'],
  ['', 'NovelAI Diffusion'],
  ['C1E1DE52', 'C1E1DE52'],
])('source %j is model %s', (Source, name) => {
  expect(ask(novelai, file({ Source })).dependencies.map((each) => each.name)).toEqual([name])
})

describe('how the picture was made', () => {
  const generation = {
    prompt: 'a pier',
    negative_prompt: 'fog',
    seed: 4_000_000_000,
    steps: 28,
    sampler: 'k_euler_ancestral',
    scheduler: 'karras',
    cfg_scale: 5.5,
    width: 832,
    height: 1216,
    software: 'NovelAI',
    version: 'NovelAI Diffusion V4.5 4BDE2A90',
  }

  test('by its comment, whether it is text or JSON', () => {
    expect(ask(novelai, file()).generation).toEqual(generation)
    expect(ask(novelai, file({ Comment: comment })).generation).toEqual(generation)
  })

  test('by the captions of version 4, those of its figures too', () => {
    const caption = (base_caption: string, ...figures: string[]) => ({
      caption: { base_caption, char_captions: figures.map((char_caption) => ({ char_caption, centers: [] })) },
    })
    const Comment = {
      ...comment,
      v4_prompt: caption('a harbor', 'a fisher', ''),
      v4_negative_prompt: caption('', 'a hat'),
    }
    expect(ask(novelai, file({ Comment })).generation).toEqual({
      ...generation,
      prompt: 'a harbor | a fisher',
      negative_prompt: 'a hat',
    })
  })

  test('by the description where the comment is damaged', () => {
    const { generation: made, warnings } = ask(novelai, file({ Comment: '{"prompt": "a' }))
    expect(made).toEqual({ prompt: 'a pier at dusk', software: 'NovelAI', version: generation.version })
    expect(warnings).toEqual(['novelai:Comment: this is not JSON, or it is cut off'])
  })
})

describe('known by its shape', () => {
  const rows: readonly (readonly [name: string, value: unknown, confidence: number])[] = [
    ['software', { Software: ' NovelAI ', Comment: '{}' }, 1],
    ['source', { Source: 'NovelAI Diffusion V4 00000000' }, 0.95],
    ['a comment alone', comment, 0.9],
    ['captions alone', { v4_prompt: { caption: {} } }, 0.9],
    ['Draw Things', { c: 'a', uc: 'b', model: 'm.ckpt' }, 0],
    ['other software', { Software: 'GIMP', Comment: 'Created' }, 0],
  ]
  test.each(rows)('%s', (_, value, confidence) => {
    expect(ask(novelai, value).confidence).toBe(confidence)
  })

  test('a comment alone is read', () => {
    const { generation, dependencies } = ask(novelai, comment)
    expect(generation).toMatchObject({ prompt: 'a pier', steps: 28, software: 'NovelAI' })
    expect(dependencies[0]).toMatchObject({ name: 'NovelAI Diffusion', evidence: ['novelai:Comment'] })
  })
})

test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('hostile: %s', (_, value) => {
  expect(ask(novelai, value)).toMatchObject({ confidence: 0, generation: { software: 'NovelAI' } })
})
