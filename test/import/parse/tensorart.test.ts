import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TRUST } from '../../../src/import/mention.ts'
import { tensorArt } from '../../../src/import/parse/tensorart.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const HASH = 'AB'.repeat(32)
const base = {
  label: 'Harbor Mix - v2',
  type: 'BASE_MODEL',
  modelId: '1234567',
  modelFileId: '7654321',
  modelFileName: 'harborMix_v2',
  baseModel: 'Illustrious',
  hash: HASH,
}
const data = {
  baseModel: base,
  models: [
    {
      label: 'Ink',
      type: 'LORA',
      modelId: '1',
      modelFileName: 'ink_wash_style',
      hash: HASH.replace('AB', 'CD'),
      weight: 0.8,
    },
    { label: 'Hands', type: 'EMBEDDING', modelFileName: 'soft-hands', hash: '', weight: 1 },
    { label: 'Lines', type: 'CONTROLNET', modelFileName: 'lines.safetensors', weight: 0 },
  ],
  sdVae: 'Automatic',
  upscaler: 'R-ESRGAN 4x+',
  prompt: 'a pier <lora:night-fog:0.5>',
  negativePrompt: 'fog',
  width: 832,
  height: '1216',
  samplerName: 'Euler a',
  steps: 25,
  cfgScale: 7,
  seed: '42',
  clipSkip: 2,
}
const hex = HASH.toLowerCase()

test('models by their names and their SHA-256, and never by its own numbers', () => {
  const { dependencies, generation, trust, confidence, warnings } = ask(tensorArt, data, 'generation_data')
  expect(dependencies.map(brief)).toEqual([
    `checkpoint harborMix_v2 sha256:${hex}`,
    `lora ink_wash_style sha256:${hex.replace('ab', 'cd')} 0.8`,
    'embedding soft-hands 1',
    'controlnet lines 0 (off)',
    'upscaler R-ESRGAN 4x+ (optional)',
    'lora night-fog 0.5',
  ])
  expect(dependencies[0]).toMatchObject({ sha256: hex, reference: `sha256:${hex}`, evidence: ['tensorart:baseModel'] })
  expect(dependencies.map(({ civitai }) => civitai)).toEqual(Array(6).fill(undefined))
  expect({ trust, confidence, warnings }).toEqual({ trust: TRUST.native, confidence: 1, warnings: [] })
  expect(generation).toEqual({
    prompt: 'a pier <lora:night-fog:0.5>',
    negative_prompt: 'fog',
    seed: 42,
    steps: 25,
    sampler: 'Euler a',
    cfg_scale: 7,
    width: 832,
    height: 1216,
    clip_skip: 2,
    software: 'TensorArt',
  })
})

const needs = (value: object): string[] => ask(tensorArt, value, 'generation_data').dependencies.map(brief)

describe('further fields', () => {
  const rows: readonly (readonly [name: string, value: object, needs: string[]])[] = [
    [
      'a name of its servers',
      { baseModel: { ...base, modelFileName: 'EMS-1401459-EMS' } },
      [`checkpoint EMS-1401459-EMS sha256:${hex}`],
    ],
    ['a title alone', { baseModel: { label: 'Harbor Mix' } }, ['checkpoint Harbor Mix']],
    ['nothing that tells a model', { baseModel: { modelId: '5' } }, []],
    ['a VAE by name', { sdVae: 'harbor.vae.safetensors' }, ['vae harbor.vae']],
    ['a VAE as a model', { sdVae: { modelFileName: 'harbor.vae', hash: HASH } }, [`vae harbor.vae sha256:${hex}`]],
    ['an upscaler that is not used', { enableHr: false, hrUpscaler: '4x-Glass' }, ['upscaler 4x-Glass (off)']],
    ['an upscaler that is used', { enableHr: true, hrUpscaler: '4x-Glass' }, ['upscaler 4x-Glass']],
    ['a built-in upscaler', { hrUpscaler: 'Latent' }, ['upscaler Latent (skipped)']],
    [
      'detectors',
      { adetailer: { args: [{ adModel: 'face.pt' }, { ad_model: 'mediapipe_face_full' }, true] } },
      ['detector face', 'detector mediapipe_face_full (skipped)'],
    ],
    ['ControlNets', { controlnet: { args: [{ model: 'lines [d14c016b]' }] } }, ['controlnet lines auto_v1:d14c016b']],
    ['a VAE of another field', { vae: 'harbor.vae' }, ['vae harbor.vae']],
    ['an upscaler with a name of its own', { upscaler: { name: '4x-Glass' } }, ['upscaler 4x-Glass']],
    ['no upscaler', { upscaler: '' }, []],
    [
      'kinds in other words',
      {
        models: [
          { type: 'TEXTUAL_INVERSION', label: 'a' },
          { type: 'CONTROL_NET', label: 'b' },
          { type: 'IP_ADAPTER', label: 'c' },
          { type: 'BASE_MODEL', label: 'd', weight: 1 },
          { type: 'LYCORIS', label: 'e' },
        ],
        negativePrompt: '<lora:f:1>',
      },
      ['embedding a', 'controlnet b', 'ipadapter c', 'checkpoint d', 'lora e', 'lora f 1'],
    ],
    ['a kind that is new', { models: [{ type: 'NEW', modelFileName: 'x' }] }, ['other x']],
    [
      'the empty hash',
      { baseModel: { ...base, hash: 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855' } },
      ['checkpoint harborMix_v2'],
    ],
  ]
  test.each(rows)('%s', (_, value, expected) => {
    expect(needs(value)).toEqual(expected)
  })

  test('each has its place, and a kind that is new is in doubt', () => {
    const value = {
      models: [
        { type: 'NEW', modelFileName: 'a' },
        { type: 'LORA', modelFileName: 'b', hash: 'words' },
      ],
      sdVae: 'c',
      upscaler: 'd',
      adetailer: { args: [{ adModel: 'e' }] },
      controlnet: { args: [{ model: 'f [01234567]' }] },
      negativePrompt: '<lora:g:1>',
    }
    const { dependencies, warnings } = ask(tensorArt, value, 'generation_data')
    expect(dependencies.map(({ name, type_confidence, evidence }) => [name, type_confidence, ...evidence])).toEqual([
      ['a', 'low', 'tensorart:models'],
      ['b', 'high', 'tensorart:models'],
      ['c', 'high', 'tensorart:sdVae'],
      ['d', 'high', 'tensorart:upscaler'],
      ['e', 'high', 'tensorart:adetailer'],
      ['f', 'high', 'tensorart:controlnet'],
      ['g', 'high', 'tensorart:negativePrompt'],
    ])
    expect(dependencies[5]?.hashes[0]?.source).toBe('tensorart:controlnet')
    expect(warnings).toEqual(['tensorart:models: this is not a hash of a known kind'])
  })

  test('a seed of -1 is none', () => {
    expect(ask(tensorArt, { seed: '-1', ksamplerName: 'euler', schedule: 'normal', guidance: 3.5 }).generation).toEqual(
      {
        sampler: 'euler',
        scheduler: 'normal',
        cfg_scale: 3.5,
        software: 'TensorArt',
      },
    )
  })
})

test('what ends in a NUL and is JSON before it only', () => {
  expect(ask(tensorArt, '{"baseModel": \0', 'generation_data').confidence).toBe(0)
  expect(ask(tensorArt, '{"scheduler": "karras"}', 'generation_data').generation.scheduler).toBe('karras')
})

test('NULs behind the JSON', () => {
  const { confidence, dependencies } = ask(tensorArt, `${JSON.stringify({ baseModel: base })}\0\0\0`, 'generation_data')
  expect(confidence).toBe(1)
  expect(dependencies.map(brief)).toEqual([`checkpoint harborMix_v2 sha256:${hex}`])
})

describe('known by its shape', () => {
  test.each([
    ['the base model', { baseModel: base }, 0.95],
    ['the base model by its name', { baseModel: { modelFileName: 'x' } }, 0.95],
    ['the base model by its number', { baseModel: { modelFileId: '1' } }, 0.95],
    ['a family in its place', { baseModel: 'SDXL 1.0', meta: {} }, 0],
  ] as const)('%s', (_, value, confidence) => {
    expect(ask(tensorArt, value).confidence).toBe(confidence)
  })
})

describe('hostile input', () => {
  test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('%s', (_, value) => {
    expect(ask(tensorArt, value, '')).toMatchObject({ confidence: 0, dependencies: [] })
    expect(ask(tensorArt, value, 'generation_data').dependencies).toEqual([])
  })

  test('any values', () => {
    const fields = fc.constantFrom('baseModel', 'models', 'sdVae', 'upscaler', 'adetailer', 'controlnet', 'prompt')
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), (value) => {
        expect(ask(tensorArt, value, 'generation_data').generation.software).toBe('TensorArt')
      }),
    )
  })
})
