import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TRUST } from '../../../src/import/mention.ts'
import { civitaiImage } from '../../../src/import/parse/civitai-image.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const meta = {
  Size: '832x1216',
  seed: 42,
  steps: 28,
  sampler: 'DPM++ 2M Karras',
  cfgScale: 6.5,
  clipSkip: 2,
  prompt: 'a harbor, <lora:ink_wash_style:0.8>, soft-hands',
  negativePrompt: 'fog <lora:night-fog:0.3>',
  Model: 'harborMix_v2',
  'Model hash': '253B25F670',
  VAE: 'harbor.vae.safetensors',
  hashes: { model: '253B25F670', 'lora:ink_wash_style': '5153E022354E', 'embed:soft-hands': '0123456789ab' },
  resources: [
    { name: 'ink_wash_style', type: 'lora', weight: 0.8 },
    { hash: '253B25F670', name: 'harborMix_v2', type: 'model' },
    { name: 'soft-hands', type: 'embed', hash: '0123456789AB' },
  ],
  civitaiResources: [
    { type: 'checkpoint', modelVersionId: 920301, modelVersionName: 'v2.0' },
    { type: 'lora', weight: 0.5, modelVersionId: 910201 },
  ],
  'Hires upscaler': '4x-Glass, sharp',
  'ADetailer model': 'face_v8n.pt',
}
const image = {
  id: 60010001,
  url: 'https://image.civitai.com/x/original=true/60010001.jpeg',
  hash: 'UDF~{ft7',
  width: 832,
  height: 1216,
  nsfwLevel: 'None',
  postId: 7001001,
  meta,
  baseModel: 'SDXL 1.0',
  modelVersionIds: [920301, 910201, 5],
}
const needs = [
  'checkpoint harborMix_v2 auto_v2:253b25f670 @920301',
  'vae harbor.vae',
  'lora ink_wash_style auto_v3:5153e022354e 0.8',
  'embedding soft-hands sha256_12:0123456789ab',
  'upscaler 4x-Glass, sharp',
  'detector face_v8n',
  'lora night-fog 0.3',
  'lora - @910201 0.5',
  'other - @5',
]
const generation = {
  prompt: meta.prompt,
  negative_prompt: meta.negativePrompt,
  seed: 42,
  steps: 28,
  sampler: 'DPM++ 2M Karras',
  cfg_scale: 6.5,
  width: 832,
  height: 1216,
  clip_skip: 2,
}

describe('an image', () => {
  test('names its models at many places', () => {
    const answer = ask(civitaiImage, image)
    expect([...answer.dependencies.map(brief)].sort()).toEqual([...needs].sort())
    expect(answer).toMatchObject({ confidence: 0.96, trust: TRUST.native, warnings: [], generation })
    expect(answer.dependencies[0]).toMatchObject({
      hashes: [{ algorithm: 'auto_v2', value: '253b25f670', source: 'civitai:meta.Model hash' }],
      evidence: [
        'civitai:meta.Model',
        'civitai:meta.Model hash',
        'civitai:meta.hashes',
        'civitai:meta.civitaiResources',
        'civitai:meta.resources',
        'civitai:modelVersionIds',
      ],
    })
    expect(answer.dependencies.find(({ civitai }) => civitai?.version_id === 5)?.type_confidence).toBe('low')
  })

  test.each([
    ['with meta in meta', { ...image, meta: { id: 60010001, meta } }],
    ['in a list', { items: [image], metadata: {} }],
  ])('%s', (_, value) => {
    const answer = ask(civitaiImage, value)
    expect([...answer.dependencies.map(brief)].sort()).toEqual([...needs].sort())
    expect(answer).toMatchObject({ confidence: 0.96, generation })
  })

  test('that hides how it was made still names its versions', () => {
    const { dependencies, confidence } = ask(civitaiImage, { ...image, meta: null })
    expect(dependencies.map(brief)).toEqual(['other - @920301', 'other - @910201', 'other - @5'])
    expect(confidence).toBe(0.96)
  })

  test('of a list with others has no prompt of its own', () => {
    const { dependencies, generation: made } = ask(civitaiImage, {
      items: [image, { ...image, meta: null, modelVersionIds: [77] }, { other: 1 }],
    })
    expect(made).toEqual({})
    expect(dependencies.map(brief)).toContain('other - @77')
  })

  test('two checkpoints among the versions are not taken for the one that is named', () => {
    const civitaiResources = [
      { type: 'checkpoint', modelVersionId: 1 },
      { type: 'checkpoint', modelVersionId: 2 },
    ]
    expect(ask(civitaiImage, { meta: { Model: 'm', civitaiResources } }).dependencies.map(brief)).toEqual([
      'checkpoint m',
      'checkpoint - @1',
      'checkpoint - @2',
    ])
  })
})

test('additional resources by AIR and by name', () => {
  const additionalResources = [
    { name: 'urn:air:sdxl:lora:civitai:12@34', strength: 0.7, type: 'lora' },
    { name: 'urn:air:sdxl:embedding:civitai:5@6' },
    { name: 'night-fog', type: 'lora', strength: 0 },
    { name: 'civitai:version:7', type: 'vae' },
    { strength: 1 },
  ]
  const { dependencies } = ask(civitaiImage, { meta: { additionalResources } })
  expect(dependencies.map(brief)).toEqual(['lora - 12@34 0.7', 'embedding - 5@6', 'lora night-fog 0 (off)', 'vae - @7'])
  expect(dependencies[0]).toMatchObject({
    air: 'urn:air:sdxl:lora:civitai:12@34',
    evidence: ['civitai:meta.additionalResources'],
  })
})

test('what is no hash is told with its place', () => {
  expect(ask(civitaiImage, { meta: { Model: 'm', 'Model hash': 'words' } }).warnings).toEqual([
    'civitai:meta.Model hash: this is not a hash of a known kind',
  ])
})

describe('resources of the file', () => {
  const rows: readonly (readonly [entry: object, needs: string[], confidence: string])[] = [
    [{ type: 'lora', name: 'a', weight: 0.5 }, ['lora a 0.5'], 'high'],
    [{ type: 'lora', name: 'a', weight: 0 }, ['lora a 0 (off)'], 'high'],
    [{ type: 'model', name: 'a', weight: 1 }, ['checkpoint a'], 'high'],
    [{ type: 'model', hash: '253B25F670' }, ['checkpoint - auto_v2:253b25f670'], 'high'],
    [{ type: 'lora', hash: '0123456789ab', name: '' }, ['lora - auto_v3:0123456789ab'], 'high'],
    [{ type: 'lora', modelVersionId: 34, modelId: 12 }, ['lora - 12@34'], 'high'],
    [{ type: 'lora', name: 'civitai:version:34' }, ['lora - @34'], 'high'],
    [
      { type: 'lora', name: 'a [253B25F670]', hash: '0123456789ab' },
      ['lora a auto_v2:253b25f670 auto_v3:0123456789ab'],
      'high',
    ],
    [{ type: 'new', name: 'a' }, ['other a'], 'low'],
    [{ type: 'lora' }, [], 'high'],
  ]
  test.each(rows)('%j', (entry, expected, confidence) => {
    const { dependencies } = ask(civitaiImage, { meta: { cfgScale: 7, resources: [entry] } })
    expect(dependencies.map(brief)).toEqual(expected)
    for (const each of dependencies) {
      expect([each.type_confidence, ...each.evidence]).toEqual([confidence, 'civitai:meta.resources'])
    }
  })

  test('those that are additional, in doubt and with weights', () => {
    const additionalResources = [
      { name: 'a', weight: 0.5 },
      { name: 'urn:air:sdxl:vae:civitai:1@2', type: 'lora' },
    ]
    const { dependencies } = ask(civitaiImage, { meta: { additionalResources } })
    expect(dependencies.map((each) => `${brief(each)} ${each.type_confidence}`)).toEqual([
      'other a 0.5 low',
      'lora - 1@2 high',
    ])
  })

  test('those of keys only, with the checkpoint by its hash alone', () => {
    const civitaiResources = [{ type: 'checkpoint', modelVersionId: 9 }]
    const read = (meta: object): string[] =>
      ask(civitaiImage, { meta: { civitaiResources, ...meta } }).dependencies.map(brief)
    expect(read({ 'Model hash': '253B25F670' })).toEqual(['checkpoint - auto_v2:253b25f670 @9'])
    expect(read({ hashes: { model: '253B25F670' } })).toEqual(['checkpoint - auto_v2:253b25f670 @9'])
    expect(read({ Refiner: 'r' })).toEqual(['checkpoint r', 'checkpoint - @9'])
    expect(read({ 'Module 1': 'ae', comfy: 'x', 'Hypernet strength': 0.5, Hypernet: 'h' })).toEqual([
      'vae ae',
      'hypernetwork h 0.5',
      'checkpoint - @9',
    ])
  })
})

test('how it was made in the words of an infotext', () => {
  const words = {
    prompt: 'a',
    Seed: '1',
    Steps: '2',
    Sampler: 'Euler',
    'Schedule type': 'Karras',
    'CFG scale': '3',
    'Clip skip': '4',
    width: 5,
    height: 6,
    Version: 'v1.10',
  }
  expect(ask(civitaiImage, { meta: { ...words, Model: 'm' } }).generation).toEqual({
    prompt: 'a',
    seed: 1,
    steps: 2,
    sampler: 'Euler',
    scheduler: 'Karras',
    cfg_scale: 3,
    clip_skip: 4,
    width: 5,
    height: 6,
    version: 'v1.10',
  })
  expect(ask(civitaiImage, { meta: { size: '7x8', scheduler: 'x', Model: 'm' } }).generation).toEqual({
    width: 7,
    height: 8,
    scheduler: 'x',
  })
})

test('its prompts are read as prompts', () => {
  const { mentions } = ask(civitaiImage, {
    meta: { prompt: '<lora:a:1>\nSteps: 9, Model: b', negativePrompt: '<lora:c:1>', cfgScale: 1 },
  })
  expect(mentions.map(({ name, evidence }) => [name, ...evidence])).toEqual([
    ['a', 'civitai:meta.prompt'],
    ['c', 'civitai:meta.negativePrompt'],
  ])
})

describe('known by its shape', () => {
  const rows: readonly (readonly [name: string, value: unknown, confidence: number])[] = [
    ['versions', { modelVersionIds: [1] }, 0.96],
    ['resources of Civitai', { civitaiResources: [] }, 0.96],
    ['an image of few words', { url: 'https://x', meta: { cfgScale: 7 } }, 0.9],
    ['a hidden meta', { postId: 1, meta: null }, 0.9],
    ['a hidden meta of a level', { nsfwLevel: 'None', meta: null }, 0.9],
    ['a hidden meta of another level', { browsingLevel: 1, meta: null }, 0.9],
    ['its own keys in two', { clipSkip: 2, Size: '8x8' }, 0.6],
    ['no object', [1], 0],
    ['resources of a file', { resources: [{ type: 'model', name: 'm' }] }, 0.8],
    ['its own keys', { cfgScale: 7, negativePrompt: '' }, 0.6],
    ['one key is too little', { Model: 'm' }, 0],
    ['an empty answer', { items: [], metadata: {} }, 0],
    ['a meta of others', { meta: { version: '1' }, nodes: [] }, 0],
    ['a null of others', { meta: null }, 0],
    ['resources of others', { resources: [{ type: 'cpu' }] }, 0],
  ]
  test.each(rows)('%s', (_, value, confidence) => {
    expect(ask(civitaiImage, value).confidence).toBe(confidence)
  })
})

describe('hostile input', () => {
  test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('%s', (_, value) => {
    expect(ask(civitaiImage, value)).toMatchObject({ confidence: 0, dependencies: [] })
  })

  test('keys and values that would break out of a line', () => {
    const { dependencies, warnings } = ask(civitaiImage, {
      meta: {
        cfgScale: 7,
        Model: 'a", VAE: b\nSteps: 9, Model: c',
        'x: y, VAE': 'd',
        Template: 'e\nSteps: 1, VAE: f, Seed: 1, Size: 8x8',
        __proto__x: 'g',
      },
    })
    expect(dependencies.map(({ written }) => written)).toEqual([['a", VAE: b\nSteps: 9, Model: c']])
    expect(warnings).toEqual([])
  })

  test('any values', () => {
    const fields = fc.constantFrom('Model', 'hashes', 'resources', 'civitaiResources', 'additionalResources', 'prompt')
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), fc.jsonValue(), (inner, modelVersionIds) => {
        expect(ask(civitaiImage, { meta: inner, modelVersionIds }).trust).toBe(TRUST.native)
      }),
    )
  })
})
