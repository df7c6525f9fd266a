import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { fooocus } from '../../../src/import/parse/fooocus.ts'
import { fooocusMre } from '../../../src/import/parse/fooocus-mre.ts'
import { ruinedFooocus } from '../../../src/import/parse/ruined-fooocus.ts'
import { type Answer, ask, brief, formatOf, HOSTILE } from './parser-answer.ts'

const SHA = 'ef'.repeat(32)

const record = {
  adm_guidance: '(1.5, 0.8, 0.3)',
  base_model: 'harborMix_v2',
  base_model_hash: '1a2b3c4d5e',
  full_negative_prompt: ['blurry', 'dim'],
  full_prompt: ['a pier', 'cinematic'],
  guidance_scale: 4,
  lora_combined_1: 'ink_wash_style : 0.5',
  lora_combined_2: 'night-fog : 0',
  loras: [
    ['ink_wash_style', 0.5, '0123456789'],
    ['night-fog', 0, 'e3b0c44298'],
  ],
  metadata_scheme: 'fooocus',
  negative_prompt: 'blurry',
  performance: 'Speed',
  prompt: 'a pier, (embedding:soft-hands:1.1)',
  refiner_model: 'None',
  resolution: '(1152, 896)',
  sampler: 'dpmpp_2m_sde_gpu',
  scheduler: 'karras',
  seed: '3864674281',
  sharpness: 2,
  steps: 30,
  styles: "['Fooocus V2', 'Harbor Light']",
  vae: 'Default (model)',
  version: 'Fooocus v2.5.5',
}

const generation = {
  prompt: 'a pier, (embedding:soft-hands:1.1)',
  negative_prompt: 'blurry',
  seed: 3864674281,
  steps: 30,
  sampler: 'dpmpp_2m_sde_gpu',
  scheduler: 'karras',
  cfg_scale: 4,
  width: 1152,
  height: 896,
  software: 'Fooocus',
  version: 'v2.5.5',
}

describe('Fooocus', () => {
  const read = (value: unknown): Answer => ask(fooocus, value, 'parameters')
  const needs = (more: object): string[] => read({ base_model: 'm', ...more }).dependencies.map(brief)

  test('a whole record', () => {
    const answer = read(record)
    expect(answer.dependencies.map(brief)).toEqual([
      'checkpoint harborMix_v2 auto_v2:1a2b3c4d5e',
      'lora ink_wash_style auto_v2:0123456789 0.5',
      'lora night-fog 0 (off)',
      'embedding soft-hands',
    ])
    expect(answer.dependencies.map(({ evidence }) => evidence)).toEqual([
      ['fooocus:base_model', 'fooocus:base_model_hash'],
      ['fooocus:loras', 'fooocus:lora_combined_1'],
      ['fooocus:loras', 'fooocus:lora_combined_2'],
      ['fooocus:prompt'],
    ])
    expect(answer.generation).toEqual(generation)
    expect([answer.confidence, answer.trust, formatOf(record)]).toEqual([1, TRUST.native, 'fooocus'])
    expect(answer.warnings).toEqual(['fooocus:loras: this is the hash of an empty file and says nothing'])
  })

  const rows: readonly (readonly [name: string, record: object, needs: string[]])[] = [
    [
      'a refiner',
      { refiner_model: 'r.safetensors', refiner_model_hash: '7440042bbd' },
      ['checkpoint m', 'checkpoint r auto_v2:7440042bbd'],
    ],
    ['a VAE', { vae: 'v.safetensors' }, ['checkpoint m', 'vae v']],
    ['Lightning', { performance: 'Lightning' }, ['checkpoint m', 'lora sdxl_lightning_4step_lora (optional)']],
    ['Extreme Speed', { performance: 'Extreme Speed' }, ['checkpoint m', 'lora sdxl_lcm_lora (optional)']],
    ['Hyper-SD', { performance: 'Hyper-SD' }, ['checkpoint m', 'lora sdxl_hyper_sd_4step_lora (optional)']],
    ['Quality', { performance: 'Quality' }, ['checkpoint m']],
    [
      'an accelerator that is listed as well',
      { performance: 'Extreme Speed', loras: [['sdxl_lcm_lora', 1, '0123456789']] },
      ['checkpoint m', 'lora sdxl_lcm_lora auto_v2:0123456789 1 (optional)'],
    ],
    [
      'an accelerator that was chosen by hand',
      { performance: 'Speed', loras: [['sdxl_lcm_lora', 1, '0123456789']] },
      ['checkpoint m', 'lora sdxl_lcm_lora auto_v2:0123456789 1'],
    ],
    [
      'LoRAs with their switch',
      { lora_combined_1: 'True : a.safetensors : 0.3', lora_combined_12: 'False : b : 1', lora_combined_3: 'None : 1' },
      ['checkpoint m', 'lora a 0.3', 'lora b 1 (off)'],
    ],
    [
      'a switch in a list',
      {
        loras: [
          [false, 'a', 0.3],
          [true, 'b', 1],
        ],
      },
      ['checkpoint m', 'lora a 0.3 (off)', 'lora b 1'],
    ],
    ['a name with colons', { lora_combined_1: 'a : b : 0.3' }, ['checkpoint m', 'lora a : b 0.3']],
    [
      'tags of the prompt',
      { prompt: 'x <lora:a:0.4>', negative_prompt: '<lora:b:1>' },
      ['checkpoint m', 'lora a 0.4', 'lora b 1'],
    ],
    ['lists that are none', { loras: 'x', lora_combined_1: 5 }, ['checkpoint m']],
  ]
  test.each(rows)('%s', (_, more, expected) => {
    expect(needs(more)).toEqual(expected)
  })

  test('the labels of its log', () => {
    const answer = read({
      Prompt: 'a pier',
      'Negative Prompt': 'blurry',
      Performance: 'Extreme Speed',
      Resolution: '(1152, 896)',
      Sharpness: 2,
      'Guidance Scale': 4,
      'Base Model': 'harborMix_v2.safetensors',
      'Refiner Model': 'None',
      Sampler: 'euler',
      Scheduler: 'karras',
      Seed: '12',
      'LoRA 1': 'ink_wash_style.safetensors : 0.1',
      Version: 'v2.1.865',
    })
    expect(answer.dependencies.map(brief)).toEqual([
      'checkpoint harborMix_v2',
      'lora ink_wash_style 0.1',
      'lora sdxl_lcm_lora (optional)',
    ])
    expect(answer.generation).toEqual({
      prompt: 'a pier',
      negative_prompt: 'blurry',
      seed: 12,
      sampler: 'euler',
      scheduler: 'karras',
      cfg_scale: 4,
      width: 1152,
      height: 896,
      software: 'Fooocus',
      version: 'v2.1.865',
    })
    expect(answer.confidence).toBe(0.9)
  })

  test.each([
    ['(832, 1216)', [832, 1216]],
    ["('832', '1216')", [832, 1216]],
    ['832×1216', [832, 1216]],
    ['832*1216', [832, 1216]],
    ['wide', [undefined, undefined]],
  ])('the size %s', (resolution, size) => {
    const { width, height } = read({ base_model: 'm', resolution }).generation
    expect([width, height] as unknown[]).toEqual(size)
  })

  test('is sure by what is its own, and leaves a recipe of others alone', () => {
    const { metadata_scheme: _, ...unnamed } = record
    expect(read(unnamed).confidence).toBe(0.95)
    expect(read({ base_model: 'SDXL', loras: [{ file_name: 'x' }], title: 'pier' }).confidence).toBe(0)
    expect(read({ ...record, software: 'Fooocus 2.0.93 MRE' }).confidence).toBe(0)
    expect(read({ 'Base Model': 'm' }).confidence).toBe(0)
  })
})

describe('Fooocus-MRE', () => {
  const read = (value: unknown): Answer => ask(fooocusMre, value, 'Comment')

  test('a whole record', () => {
    const mre = {
      prompt: 'a pier <lora:glass-rain:1>',
      negative_prompt: 'blurry',
      real_prompt: 'a pier, cinematic',
      seed: 12,
      width: 1152,
      height: 896,
      sampler: 'dpmpp_3m_sde_gpu',
      scheduler: 'karras',
      performance: 'Speed',
      steps: 30,
      cfg: 7,
      base_clip_skip: -2,
      base_model: 'harborMix_v2.safetensors',
      refiner_model: 'harborRefiner.safetensors',
      l1: 'ink_wash_style.safetensors',
      w1: 0.5,
      l2: 'None',
      w2: 0.5,
      l3: 'night-fog.safetensors',
      w3: 0,
      control_lora_canny: true,
      canny_model: 'control-lora-canny-rank128.safetensors',
      canny_strength: 0.7,
      control_lora_depth: false,
      depth_model: 'control-lora-depth-rank128.safetensors',
      software: 'Fooocus 2.0.93 MRE',
    }
    const answer = read(mre)
    expect(formatOf(mre, 'Comment')).toBe('fooocus_mre')
    expect(answer.dependencies.map(brief)).toEqual([
      'checkpoint harborMix_v2',
      'checkpoint harborRefiner',
      'lora ink_wash_style 0.5',
      'lora night-fog 0 (off)',
      'lora glass-rain 1',
      'controlnet control-lora-canny-rank128 0.7',
      'controlnet control-lora-depth-rank128 (off)',
    ])
    expect(answer.generation).toEqual({
      prompt: 'a pier <lora:glass-rain:1>',
      negative_prompt: 'blurry',
      seed: 12,
      steps: 30,
      sampler: 'dpmpp_3m_sde_gpu',
      scheduler: 'karras',
      cfg_scale: 7,
      width: 1152,
      height: 896,
      clip_skip: 2,
      software: 'Fooocus-MRE',
      version: '2.0.93',
    })
    expect([answer.confidence, answer.trust]).toEqual([0.97, TRUST.native])
    expect(answer.dependencies[2]?.evidence).toEqual(['fooocus_mre:l1'])
  })

  test('pairs of names and weights, and a file beside the title', () => {
    const answer = read({
      base_model: 'Harbor Mix',
      base_model_file: 'harborMix_v2.safetensors',
      refiner_model: 'None',
      loras: [['ink_wash_style.safetensors', 0.5]],
      software: 'Fooocus 2.0.78.5 MRE',
    })
    expect(answer.dependencies.map(brief)).toEqual(['checkpoint harborMix_v2', 'lora ink_wash_style 0.5'])
  })

  test('its older names', () => {
    const answer = read({
      base_model_name: 'm.ckpt',
      sampler_name: 'euler',
      p_txt: 'a pier',
      software: 'Fooocus 1.0.51',
    })
    expect(answer.dependencies.map(brief)).toEqual(['checkpoint m'])
    expect(answer.generation).toEqual({ prompt: 'a pier', sampler: 'euler', software: 'Fooocus', version: '1.0.51' })
    expect(answer.confidence).toBe(0.97)
  })

  test('is not what another program signed', () => {
    expect(read({ base_model: 'm', software: 'RuinedFooocus' }).confidence).toBe(0)
    expect(read({ base_model: 'm' }).confidence).toBe(0)
    expect(read({ software: 'Fooocus 2.0.93 MRE' }).confidence).toBe(0)
  })
})

describe('RuinedFooocus', () => {
  const read = (value: unknown): Answer => ask(ruinedFooocus, value, 'parameters')
  const needs = (more: object): string[] => read({ software: 'RuinedFooocus', ...more }).dependencies.map(brief)

  test('a whole record', () => {
    const ruined = {
      Prompt: 'a pier',
      Negative: 'blurry',
      steps: 30,
      cfg: 8.5,
      width: 1152,
      height: 896,
      seed: 18446744073709551615n.toString(),
      sampler_name: 'dpmpp_2m_sde_gpu',
      scheduler: 'karras',
      base_model_name: 'harborMix_v2.safetensors',
      base_model_hash: SHA.toUpperCase(),
      loras: [
        ['0123456789', '0.5 - ink_wash_style.safetensors'],
        [SHA.toUpperCase(), '-1 - night - fog.safetensors'],
      ],
      start_step: 0,
      denoise: null,
      clip_skip: 1,
      software: 'RuinedFooocus',
    }
    const answer = read(ruined)
    expect(formatOf(ruined)).toBe('ruinedfooocus')
    expect(answer.dependencies.map(brief)).toEqual([
      `checkpoint harborMix_v2 sha256:${SHA}`,
      'lora ink_wash_style auto_v2:0123456789 0.5',
      `lora night - fog sha256:${SHA} -1`,
    ])
    expect(answer.generation).toEqual({
      prompt: 'a pier',
      negative_prompt: 'blurry',
      seed: '18446744073709551615',
      steps: 30,
      sampler: 'dpmpp_2m_sde_gpu',
      scheduler: 'karras',
      cfg_scale: 8.5,
      width: 1152,
      height: 896,
      clip_skip: 1,
      software: 'RuinedFooocus',
    })
    expect([answer.confidence, answer.trust]).toEqual([1, TRUST.native])
    expect(answer.dependencies[0]?.evidence).toEqual(['ruinedfooocus:base_model_name', 'ruinedfooocus:base_model_hash'])
  })

  const rows: readonly (readonly [name: string, record: object, needs: string[]])[] = [
    ['the oldest hashes', { base_model_name: 'm', base_model_hash: 'be9edd61' }, ['checkpoint m auto_v1:be9edd61']],
    [
      'LoRAs as objects',
      {
        loras: [
          { name: 'a.safetensors', weight: 0.3 },
          { name: 'b', weight: 0 },
        ],
      },
      ['lora a 0.3', 'lora b 0 (off)'],
    ],
    ['LoRAs in one string', { loras: 'Loras:<a.safetensors:0.5>,<b c.safetensors:1.0>' }, ['lora a 0.5', 'lora b c 1']],
    ['tags in one string', { loras: '<lora:a:0.5> <lora:b:1>' }, ['lora a 0.5', 'lora b 1']],
    ['no LoRAs', { loras: 'Loras:', refiner_model_name: 'None' }, []],
    ['a refiner', { refiner_model_name: 'r.safetensors' }, ['checkpoint r']],
  ]
  test.each(rows)('%s', (_, more, expected) => {
    expect(needs(more)).toEqual(expected)
  })
})

test.each([
  ['fooocus', fooocus],
  ['fooocus_mre', fooocusMre],
  ['ruinedfooocus', ruinedFooocus],
] as const)('%s stumbles over nothing', (format, parser) => {
  const odd = [
    { base_model: 7, loras: [null, [], [null], [[]], 'x', { name: 5 }, ['a', Number.NaN]], prompt: [1, 'x'] },
    { base_model: '../../etc/passwd', base_model_hash: {}, performance: [], resolution: '(1,2', software: 5 },
    { base_model: 'm'.repeat(5000), loras: `<${'a:'.repeat(200_000)}`, lora_combined_1: ' : '.repeat(200_000) },
    { base_model: 'm\u0000\u001b[2J', loras: Array.from({ length: 50_000 }, () => ['x', 1]) },
  ]
  for (const value of [...HOSTILE, ...odd]) expect(ask(parser, value).confidence).toBeLessThanOrEqual(1)
  expect(parser.format).toBe(format)
})
