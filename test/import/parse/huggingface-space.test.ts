import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { huggingfaceSpace } from '../../../src/import/parse/huggingface-space.ts'
import { type Answer, ask, brief, formatOf, HOSTILE } from './parser-answer.ts'

const read = (value: unknown): Answer => ask(huggingfaceSpace, value, 'parameters')

const SHA = 'bd'.repeat(32)

const record = {
  prompt: 'a pier',
  negative_prompt: 'blurry',
  resolution: '832 x 1216',
  guidance_scale: 5,
  num_inference_steps: 28,
  seed: 42,
  sampler: 'Euler a',
  sdxl_style: '(None)',
  use_upscaler: { upscale_method: 'nearest-exact', upscaler_strength: 0.55, upscale_by: 1.5 },
  Model: 'Harbor Mix 4.0',
  'Model hash': SHA.toUpperCase(),
}

test('a whole record', () => {
  const answer = read(record)
  expect(answer.dependencies.map(brief)).toEqual([`checkpoint Harbor Mix 4.0 sha256:${SHA}`])
  expect(answer.dependencies[0]).toMatchObject({
    reference: `sha256:${SHA}`,
    written: [],
    evidence: ['huggingface:Model', 'huggingface:Model hash'],
  })
  expect(answer.generation).toEqual({
    prompt: 'a pier',
    negative_prompt: 'blurry',
    seed: 42,
    steps: 28,
    sampler: 'Euler a',
    cfg_scale: 5,
    width: 832,
    height: 1216,
    software: 'Hugging Face Space',
  })
  expect(formatOf(record)).toBe('huggingface_space')
  expect([answer.confidence, answer.trust, answer.warnings]).toEqual([0.95, TRUST.native, []])
})

describe('the model may be', () => {
  const rows: readonly (readonly [model: string, found: object])[] = [
    ['Harbor Mix 4.0', { reference: 'Harbor Mix 4.0', name: 'Harbor Mix 4.0', written: [], urls: [] }],
    [
      'harbor-lab/harbor-xl-4.0',
      { reference: 'harbor-lab/harbor-xl-4.0', urls: ['https://huggingface.co/harbor-lab/harbor-xl-4.0'], written: [] },
    ],
    [
      'https://huggingface.co/harbor-lab/harbor-xl/blob/main/harbor-xl.safetensors',
      {
        name: 'harbor-xl',
        filename: 'harbor-xl.safetensors',
        urls: ['https://huggingface.co/harbor-lab/harbor-xl/resolve/main/harbor-xl.safetensors'],
      },
    ],
    [
      'https://huggingface.co/harbor-lab/harbor-xl',
      { urls: ['https://huggingface.co/harbor-lab/harbor-xl'], written: [] },
    ],
    [
      'urn:air:sdxl:checkpoint:civitai:827184@2514310',
      {
        air: 'urn:air:sdxl:checkpoint:civitai:827184@2514310',
        civitai: { model_id: 827184, version_id: 2514310 },
        reference: 'civitai:version:2514310',
      },
    ],
    ['models/harbor.safetensors', { name: 'harbor', filename: 'harbor.safetensors', urls: [] }],
  ]
  test.each(rows)('%s', (model, found) => {
    const { dependencies } = read({ ...record, Model: model, 'Model hash': undefined })
    expect(dependencies).toHaveLength(1)
    expect(dependencies[0]).toMatchObject({ type: 'checkpoint', active: true, ...found })
  })
})

test('is sure by what is its own, and leaves the images of others alone', () => {
  const confidence = (value: unknown): number => read(value).confidence
  expect(confidence({ prompt: 'x', Model: 'm', 'Model hash': SHA })).toBe(0.9)
  expect(confidence({ prompt: 'x', Model: 'm', 'Model hash': SHA, cfgScale: 7 })).toBe(0)
  expect(confidence({ prompt: 'x', Model: 'm', 'Model hash': SHA, resources: [] })).toBe(0)
  expect(confidence({ prompt: 'x', Model: 'm' })).toBe(0)
  expect(confidence({ Model: 'm', 'Model hash': SHA })).toBe(0)
})

test('stumbles over nothing', () => {
  const odd = [
    { prompt: 5, Model: '', 'Model hash': 5, resolution: [], num_inference_steps: 'NaN' },
    { prompt: 'x', Model: 'a/b/../../../c', 'Model hash': 'e3b0c44298fc' },
    { prompt: 'x', Model: `${'a'.repeat(200_000)}/`, 'Model hash': 'x' },
  ]
  for (const value of [...HOSTILE, ...odd]) expect(read(value).confidence).toBeLessThanOrEqual(1)
  expect(read({ prompt: 'x', 'Model hash': SHA }).dependencies.map(brief)).toEqual([`checkpoint - sha256:${SHA}`])
  expect(huggingfaceSpace.format).toBe('huggingface_space')
})
