import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TRUST } from '../../../src/import/mention.ts'
import { drawThings } from '../../../src/import/parse/draw-things.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const first = {
  c: 'a pier <lora:night-fog:0.5>',
  uc: 'fog',
  model: 'harbormix_v2_f16.ckpt',
  lora: [
    { model: 'ink_wash_style_lora_f16.ckpt', weight: 0.8 },
    { model: 'paper-lantern_lora_f16.ckpt', weight: 0 },
  ],
  control: [{ file: 'controlnet_lines_1.x_v1.1_f16.ckpt', weight: 0.5 }],
  upscaler: '4x_glass_f16.ckpt',
  refiner: 'harbor_refiner_q6p_q8p.ckpt',
  seed: 42,
  steps: 20,
  sampler: 'DPM++ 2M Karras',
  scale: 6.5,
  size: '832x1216',
}
const second = {
  model: 'harbormix_v3_q8p.ckpt',
  loras: [{ file: 'ink_wash_style_lora_f16.ckpt', weight: 0.7, mode: 'all' }],
  controls: [
    { file: 'controlnet_lines_f16.ckpt', weight: 1 },
    { file: 'ip_adapter_faces_f16.ckpt', weight: 0.4 },
  ],
  upscaler: null,
  refinerModel: 'harbor_refiner_svd.ckpt',
  faceRestoration: 'restore_f16.ckpt',
  guidanceScale: 4,
  width: 512,
  height: 768,
  seed: 7,
  steps: 8,
  sampler: 0,
  clipSkip: 2,
}

test('the first version, whose prompts have no tags', () => {
  const { dependencies, generation, trust, confidence } = ask(drawThings, first)
  expect(dependencies.map(brief)).toEqual([
    'checkpoint harbormix_v2_f16',
    'checkpoint harbor_refiner_q6p_q8p',
    'upscaler 4x_glass_f16',
    'lora ink_wash_style_lora_f16 0.8',
    'lora paper-lantern_lora_f16 0 (off)',
    'controlnet controlnet_lines_1.x_v1.1_f16 0.5',
  ])
  expect(dependencies[3]).toMatchObject({
    filename: 'ink_wash_style_lora_f16.ckpt',
    written: ['ink_wash_style_lora_f16.ckpt', 'ink_wash_style'],
    hashes: [],
    evidence: ['drawthings:lora'],
  })
  expect({ trust, confidence }).toEqual({ trust: TRUST.native, confidence: 0.95 })
  expect(generation).toEqual({
    prompt: 'a pier <lora:night-fog:0.5>',
    negative_prompt: 'fog',
    seed: 42,
    steps: 20,
    sampler: 'DPM++ 2M Karras',
    cfg_scale: 6.5,
    width: 832,
    height: 1216,
    software: 'Draw Things',
  })
})

test('the second version decides where both are there', () => {
  const { dependencies, generation, confidence } = ask(drawThings, { ...first, v2: second })
  expect(dependencies.map(brief)).toEqual([
    'checkpoint harbormix_v3_q8p',
    'checkpoint harbor_refiner_svd',
    'other restore_f16',
    'lora ink_wash_style_lora_f16 0.7',
    'controlnet controlnet_lines_f16 1',
    'ipadapter ip_adapter_faces_f16 0.4',
  ])
  expect(dependencies[0]?.evidence).toEqual(['drawthings:v2.model'])
  expect({ confidence, seed: generation.seed, width: generation.width }).toEqual({
    confidence: 0.97,
    seed: 42,
    width: 832,
  })
})

test('other names of the same fields', () => {
  const { dependencies, mentions } = ask(drawThings, {
    c: '',
    uc: '',
    model: 'a.ckpt',
    refiner_model: 'b.ckpt',
    lora: [{ file: 'c.ckpt' }, {}],
    control: [{ file: 'd.ckpt', weight: 0 }],
    clip_skip: 1,
  })
  expect(dependencies.map(brief)).toEqual(['checkpoint a', 'checkpoint b', 'lora c', 'controlnet d 0 (off)'])
  expect(mentions.map(({ active }) => active)).toEqual([undefined, undefined, undefined, false])
  expect(ask(drawThings, { clip_skip: 1 }).generation.clip_skip).toBe(1)
})

test('the second version alone', () => {
  expect(ask(drawThings, { v2: second }).generation).toEqual({
    seed: 7,
    steps: 8,
    cfg_scale: 4,
    width: 512,
    height: 768,
    clip_skip: 2,
    software: 'Draw Things',
  })
})

describe('the names that converted files have elsewhere', () => {
  test.each([
    ['harbormix_v2_f16.ckpt', ['harbormix_v2_f16.ckpt', 'harbormix_v2']],
    ['harbormix_q6p_q8p.ckpt', ['harbormix_q6p_q8p.ckpt', 'harbormix']],
    ['ink_lora_f16.ckpt', ['ink_lora_f16.ckpt', 'ink']],
    ['ink_lora_f16_svd.ckpt', ['ink_lora_f16_svd.ckpt', 'ink']],
    ['sd_xl_1.0_f16.ckpt', ['sd_xl_1.0_f16.ckpt', 'sd_xl_1.0']],
    ['plain.ckpt', ['plain.ckpt']],
    ['_f16.ckpt', ['_f16.ckpt']],
    ['harbormix_f16.safetensors', ['harbormix_f16.safetensors']],
  ])('%s', (model, written) => {
    expect(ask(drawThings, { c: '', uc: '', model }).dependencies[0]?.written).toEqual(written)
  })
})

describe('known by its shape', () => {
  const rows: readonly (readonly [name: string, value: unknown, confidence: number])[] = [
    ['a LoRA that was converted', { model: 'a', lora: [{ model: 'x.ckpt', weight: 1 }] }, 0.8],
    ['a LoRA of others', { model: 'a', lora: [{ model: 'x.safetensors' }] }, 0],
    ['a model with one prompt', { c: 'a', model: 'x.ckpt' }, 0],
    ['no model', { c: 'a', uc: 'b' }, 0],
    ['a model that is an object', { c: 'a', uc: 'b', model: {} }, 0],
  ]
  test.each(rows)('%s', (_, value, confidence) => {
    expect(ask(drawThings, value).confidence).toBe(confidence)
  })
})

describe('hostile input', () => {
  test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('%s', (_, value) => {
    expect(ask(drawThings, value)).toMatchObject({ confidence: 0, dependencies: [] })
  })

  test('any values', () => {
    const fields = fc.constantFrom('model', 'lora', 'control', 'v2', 'upscaler', 'c', 'size')
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), (value) => {
        expect(ask(drawThings, value).generation.software).toBe('Draw Things')
      }),
    )
    expect(ask(drawThings, { model: '_f16'.repeat(100_000).concat('.ckpt'), c: '', uc: '' }).confidence).toBe(0.95)
  })
})
