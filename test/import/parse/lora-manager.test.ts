import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { infotext } from '../../../src/import/parse/infotext.ts'
import { loraManager } from '../../../src/import/parse/lora-manager.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const HASH = 'ab'.repeat(32)
const recipe = {
  id: '00000000-0000-4000-8000-000000000000',
  file_path: 'C:/recipes/pier.webp',
  title: 'Pier',
  base_model: 'SDXL 1.0',
  loras: [
    {
      file_name: 'ink_wash_style',
      hash: HASH,
      strength: 0.8,
      modelVersionId: 34,
      modelName: 'Ink Wash',
      modelVersionName: 'v1',
      isDeleted: true,
      exclude: false,
    },
    { file_name: '', hash: '', strength: '0.5', modelVersionId: 56, modelName: 'Night Fog' },
    { file_name: 'paper-lantern', strength: 1, exclude: true },
    { file_name: 'glass-rain', strength: 0 },
    { modelName: 'no more than a title' },
  ],
  checkpoint: {
    type: 'checkpoint',
    id: 78,
    modelId: 7,
    name: 'Harbor Mix',
    file_name: 'harborMix_v2',
    hash: HASH.replace('ab', 'cd'),
  },
  gen_params: {
    prompt: 'a pier <lora:ink_wash_style:0.8>',
    negative_prompt: 'fog <lora:paper-lantern:0.2>',
    scheduler: 'karras',
    steps: 20,
    sampler: 'Euler a',
    guidance: 7,
    seed: 42,
    size: '832x1216',
    clip_skip: '2',
  },
  source_path: 'https://civitai.com/images/1',
  fingerprint: 'x',
}
const needs = [
  `lora ink_wash_style sha256:${HASH} @34 0.8`,
  'lora Night Fog @56 0.5',
  'lora paper-lantern 0.2',
  'lora glass-rain 0 (off)',
  `checkpoint harborMix_v2 sha256:${HASH.replace('ab', 'cd')} 7@78`,
]

test('a recipe', () => {
  const { dependencies, generation, trust, confidence, warnings } = ask(loraManager, recipe)
  expect(dependencies.map(brief)).toEqual(needs)
  expect(dependencies[0]?.evidence).toEqual(['lora_manager:recipe', 'lora_manager:gen_params.prompt'])
  expect({ trust, confidence, warnings }).toEqual({ trust: TRUST.native, confidence: 0.97, warnings: [] })
  expect(generation).toEqual({
    prompt: 'a pier <lora:ink_wash_style:0.8>',
    negative_prompt: 'fog <lora:paper-lantern:0.2>',
    seed: 42,
    steps: 20,
    sampler: 'Euler a',
    scheduler: 'karras',
    cfg_scale: 7,
    width: 832,
    height: 1216,
    clip_skip: 2,
  })
})

test('a scale of its own goes before a guidance', () => {
  const made = { cfg_scale: 5, guidance: 3 }
  expect(ask(loraManager, { loras: [], gen_params: made }).generation).toEqual({ cfg_scale: 5 })
})

test('a checkpoint by its title and its id', () => {
  const { dependencies } = ask(loraManager, { loras: [], checkpoint: { id: 78, name: 'Harbor Mix', version: 'v2' } })
  expect(dependencies.map(brief)).toEqual(['checkpoint Harbor Mix @78'])
})

test('the same in an infotext', () => {
  const excluded = needs.map((need) => need.replace('lantern 0.2', 'lantern 1 (off)'))
  const { dependencies } = ask(
    infotext,
    `a\nSteps: 20, Seed: 1, Sampler: x\n \nRecipe metadata: ${JSON.stringify(recipe)}`,
  )
  expect(dependencies.map(brief)).toEqual(excluded)
})

describe('known by its shape', () => {
  const rows: readonly (readonly [name: string, value: unknown, confidence: number])[] = [
    ['LoRAs with versions', { loras: [{ modelVersionName: 'v1' }], source_path: '', title: '' }, 0.97],
    ['LoRAs with names of files', { loras: [{ file_name: 'a' }] }, 0.85],
    ['a checkpoint alone', { loras: [], checkpoint: { modelVersionId: 1 }, gen_params: {}, title: 't' }, 0.97],
    ['a recipe without models', { loras: [], title: 't', base_model: 'b', gen_params: {}, fingerprint: '' }, 0.9],
    ['LoRAs of InvokeAI', { loras: [{ model: {}, weight: 1 }] }, 0],
    ['LoRAs of Fooocus', { loras: [['a', 0.5]], base_model: 'm' }, 0],
    ['LoRAs of RuinedFooocus', { loras: [{ name: 'a', weight: 1 }], software: 'RuinedFooocus' }, 0],
  ]
  test.each(rows)('%s', (_, value, confidence) => {
    expect(ask(loraManager, value).confidence).toBe(confidence)
  })
})

test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('hostile: %s', (_, value) => {
  expect(ask(loraManager, value)).toMatchObject({ confidence: 0, dependencies: [] })
})
