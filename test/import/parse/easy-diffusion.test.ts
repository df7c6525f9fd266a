import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { listOf } from '../../../src/import/parse/easy-diffusion/list.ts'
import { easyDiffusion } from '../../../src/import/parse/easy-diffusion.ts'
import { joinKeys } from '../../../src/import/parse/join-keys.ts'
import { type Answer, ask, brief, formatOf, HOSTILE } from './parser-answer.ts'

const read = (value: unknown): Answer => ask(easyDiffusion, value)
const needs = (more: object): string[] => read({ use_stable_diffusion_model: 'None', ...more }).dependencies.map(brief)

const record = {
  prompt: 'a pier, soft-hands',
  negative_prompt: 'blurry',
  seed: 42,
  use_stable_diffusion_model: 'D:\\Easy\\models\\stable-diffusion\\harborMix_v2.safetensors',
  clip_skip: false,
  use_vae_model: 'vae-ft-mse',
  sampler_name: 'euler_a',
  scheduler_name: 'karras',
  width: 512,
  height: 768,
  num_inference_steps: 25,
  guidance_scale: 7.5,
  use_lora_model: ['ink_wash_style', 'night-fog'],
  lora_alpha: [0.5, 0],
  use_controlnet_model: 'control_canny',
  control_filter_to_apply: 'canny',
  use_embeddings_model: ['D:\\Easy\\models\\embeddings\\soft-hands.pt'],
  use_face_correction: 'GFPGANv1.4',
  use_upscale: 'RealESRGAN_x4plus',
  upscale_amount: 4,
}

const expected = [
  'checkpoint harborMix_v2',
  'vae vae-ft-mse',
  'lora ink_wash_style 0.5',
  'lora night-fog 0 (off)',
  'controlnet control_canny',
  'embedding soft-hands',
  'upscaler RealESRGAN_x4plus (optional)',
  'other GFPGANv1.4 (optional)',
]

const generation = {
  prompt: 'a pier, soft-hands',
  negative_prompt: 'blurry',
  seed: 42,
  steps: 25,
  sampler: 'euler_a',
  scheduler: 'karras',
  cfg_scale: 7.5,
  width: 512,
  height: 768,
  software: 'Easy Diffusion',
}

describe('records', () => {
  test('as JSON', () => {
    const answer = read(record)
    expect(answer.dependencies.map(brief)).toEqual(expected)
    expect(answer.generation).toEqual(generation)
    expect(formatOf(record)).toBe('easydiffusion')
    expect([answer.confidence, answer.trust, answer.warnings]).toEqual([0.98, TRUST.native, []])
    expect(answer.dependencies[0]).toMatchObject({
      written: [record.use_stable_diffusion_model],
      filename: 'harborMix_v2.safetensors',
      evidence: ['easydiffusion:use_stable_diffusion_model'],
    })
  })

  test('as a task that its UI saved', () => {
    expect(read({ numOutputsTotal: 1, seed: 42, reqBody: record }).generation).toEqual(generation)
    expect(read({ numOutputsTotal: 1, seed: 42, reqBody: record }).confidence).toBe(0.98)
  })

  test('as chunks of a PNG, in which Python has written its own lists', () => {
    const chunks = Object.entries(record).map(([key, value]) => ({
      place: `png:tEXt:${key}`,
      key,
      text: Array.isArray(value) ? `[${value.map((item) => pythonLiteral(item)).join(', ')}]` : pythonText(value),
    }))
    const [joined] = joinKeys(chunks)
    const answer = read(joined?.text)
    expect(answer.dependencies.map(brief)).toEqual(expected)
    expect(answer.generation).toEqual(generation)
  })

  const rows: readonly (readonly [name: string, record: object, needs: string[]])[] = [
    ['one LoRA', { use_lora_model: 'a', lora_alpha: 0.4 }, ['lora a 0.4']],
    ['one LoRA whose name has a comma', { use_lora_model: 'a, b', lora_alpha: '0.4' }, ['lora a, b 0.4']],
    ['LoRAs with a gap', { use_lora_model: ['a', null, 'b'], lora_alpha: [1, 2, 3] }, ['lora a 1', 'lora b 3']],
    ['fewer strengths than LoRAs', { use_lora_model: ['a', 'b'], lora_alpha: [0.2] }, ['lora a 0.2', 'lora b']],
    ['a hypernetwork', { use_hypernetwork_model: 'h', hypernetwork_strength: 0.3 }, ['hypernetwork h 0.3']],
    ['text encoders', { use_text_encoder_model: ['t5xxl', 'clip_l'] }, ['text_encoder t5xxl', 'text_encoder clip_l']],
    ['nothing', { use_vae_model: null, use_lora_model: 'None', use_upscale: false, use_face_correction: 'None' }, []],
    ['the latent upscaler', { use_upscale: 'latent_upscaler' }, ['upscaler latent_upscaler (optional)']],
    ['an upscaler that is off, as text', { use_upscale: 'None', use_face_correction: 'False' }, []],
  ]
  test.each(rows)('%s', (_, more, list) => {
    expect(needs(more)).toEqual(list)
  })
})

const pythonText = (value: unknown): string =>
  value === null ? 'None' : typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)

const pythonLiteral = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\')}'` : pythonText(value)

describe('texts', () => {
  const text = `Prompt: a pier, soft-hands
Negative Prompt: blurry
Seed: 42
Stable Diffusion model: harborMix_v2
Clip Skip: False
ControlNet model: control_canny
VAE model: vae-ft-mse
Sampler: euler_a
Width: 512
Height: 768
Steps: 25
Guidance Scale: 7.5
LoRA model: ink_wash_style, night-fog
LoRA Strength: 0.5, 0
Hypernetwork model: None
Embedding models: soft-hands
Use Face Correction: GFPGANv1.4
Use Upscaling: RealESRGAN_x4plus
Upscale By: 4
`

  test.each([
    ['as it is', text],
    ['with Windows line breaks', text.replaceAll('\n', '\r\n')],
    ['with labels in another case', text.replace('Stable Diffusion model', 'Stable diffusion Model')],
    ['with the prompt alone on the first line', text.replace('Prompt: ', '')],
  ])('%s', (_, written) => {
    const answer = read(written)
    expect(answer.dependencies.map(brief)).toEqual(expected)
    const { scheduler: _scheduler, ...rest } = generation
    expect(answer.generation).toEqual(rest)
    expect(formatOf(written)).toBe('easydiffusion')
    expect([answer.confidence, answer.trust]).toEqual([0.97, TRUST.native])
  })

  test('prompts may have several lines', () => {
    const answer = read(
      'Prompt: a pier\nat dusk: red\nNegative Prompt: blurry\ndim\nSteps: 5\nmore\nStable Diffusion model: m',
    )
    expect(answer.generation).toMatchObject({
      prompt: 'a pier\nat dusk: red',
      negative_prompt: 'blurry\ndim',
      steps: 5,
    })
  })

  test('an infotext is none of its texts', () => {
    expect(read('a pier\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Seed: 1, Model: m').confidence).toBe(0)
    expect(read('Prompt: x\nSeed: 1\nSteps: 5').confidence).toBe(0)
    expect(formatOf('Prompt: x\nSteps: 5')).toBe('a1111')
  })
})

test.each([
  [['a', 1, null, {}], false, ['a', '1', '', '']],
  ["['a', \"b's\", 'c\\\\d', 'e, f']", false, ['a', "b's", 'c\\d', 'e, f']],
  ['[0.5, 1]', false, ['0.5', '1']],
  ["['a', None]", false, ['a', 'None']],
  ["['unclosed, b]", false, ["'unclosed", 'b']],
  ['[]', false, []],
  ['a, b', true, ['a', 'b']],
  ['a, b', false, ['a, b']],
  ['', true, []],
  [undefined, true, []],
])('the list %j', (value, commas, items) => {
  expect(listOf(value, commas)).toEqual(items)
})

test('stumbles over nothing', () => {
  const odd = [
    { use_stable_diffusion_model: {}, use_lora_model: { a: 1 }, lora_alpha: 'x', reqBody: 5 },
    { use_stable_diffusion_model: 'm', use_lora_model: `[${"'a',".repeat(200_000)}]` },
    { use_stable_diffusion_model: 'm', use_lora_model: `[${"'a\\".repeat(200_000)}]` },
    { use_stable_diffusion_model: 'm', use_lora_model: `[${' '.repeat(500_000)}x]` },
    `${'Prompt: x\n'.repeat(100_000)}Stable Diffusion model: m`,
    'Stable Diffusion model: m\nSteps: 5\nSeed: x\n'.repeat(50_000),
  ]
  for (const value of [...HOSTILE, ...odd]) expect(read(value).dependencies.length).toBeLessThanOrEqual(1000)
  expect(easyDiffusion.format).toBe('easydiffusion')
})
