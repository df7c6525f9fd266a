import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { a1111Api } from '../../../src/import/parse/a1111-api.ts'
import { type Answer, ask, brief, formatOf, HOSTILE } from './parser-answer.ts'

const read = (value: unknown): Answer => ask(a1111Api, value)
const needs = (value: unknown): string[] => read(value).dependencies.map(brief)

const SHA = 'cd'.repeat(32)

describe('requests', () => {
  test('a whole one', () => {
    const { dependencies, generation, confidence, trust, warnings } = read({
      prompt: 'a pier <lora:ink_wash_style:0.8>',
      negative_prompt: 'blurry <lora:night-fog:-0.5>',
      hr_prompt: '<lora:glass-rain:1>',
      hr_negative_prompt: '<hypernet:dim:0.5>',
      seed: -1,
      steps: 20,
      sampler_name: 'Euler',
      scheduler: 'Karras',
      cfg_scale: 7,
      width: 512,
      height: 768,
      enable_hr: true,
      hr_upscaler: '4x-UltraSharp',
      hr_checkpoint_name: 'Use same checkpoint',
      hr_additional_modules: ['Use same choices'],
      refiner_checkpoint: 'r.safetensors [7440042bbd]',
      override_settings: {
        sd_model_checkpoint: 'm.safetensors [1a2b3c4d5e]',
        sd_vae: 'Automatic',
        forge_additional_modules: ['/models/ae.safetensors', 'C:\\te\\clip_l.safetensors', 7],
        sd_hypernetwork: 'None',
        CLIP_stop_at_last_layers: 2,
      },
      alwayson_scripts: {
        ControlNet: {
          args: [
            { enabled: false, module: 'canny', model: 'c [d14c016b]', weight: 1 },
            { model: 'None' },
            { model: 'depth', weight: 0.4 },
          ],
        },
        ADetailer: {
          args: [
            true,
            false,
            {
              ad_model: 'face_yolov8n.pt',
              ad_prompt: '<lora:paper-lantern:1>',
              ad_use_vae: false,
              ad_vae: 'x.pt',
              ad_use_checkpoint: true,
              ad_checkpoint: 'own.safetensors [1a2b3c4d5e]',
              ad_controlnet_model: 'control_v11p_sd15_inpaint [ebff9138]',
            },
            { ad_model: 'mediapipe_face_full', ad_controlnet_model: 'Passthrough' },
            { ad_model: 'hand.pt', ad_tab_enable: false },
          ],
        },
      },
    })
    expect(dependencies.map(brief)).toEqual([
      'checkpoint m auto_v2:1a2b3c4d5e',
      'vae ae',
      'text_encoder clip_l',
      'checkpoint r auto_v2:7440042bbd',
      'lora ink_wash_style 0.8',
      'lora night-fog -0.5',
      'lora glass-rain 1',
      'hypernetwork dim 0.5',
      'upscaler 4x-UltraSharp',
      'controlnet c auto_v1:d14c016b 1 (off)',
      'controlnet depth 0.4',
      'detector face_yolov8n',
      'lora paper-lantern 1',
      'checkpoint own auto_v2:1a2b3c4d5e',
      'vae x (off)',
      'controlnet control_v11p_sd15_inpaint auto_v1:ebff9138',
      'detector mediapipe_face_full (skipped)',
      'detector hand (off)',
    ])
    expect(dependencies.map(({ evidence }) => evidence[0])).toEqual([
      'a1111:override_settings.sd_model_checkpoint',
      'a1111:override_settings.forge_additional_modules',
      'a1111:override_settings.forge_additional_modules',
      'a1111:refiner_checkpoint',
      'a1111:prompt',
      'a1111:negative_prompt',
      'a1111:hr_prompt',
      'a1111:hr_negative_prompt',
      'a1111:hr_upscaler',
      'a1111:alwayson_scripts.controlnet',
      'a1111:alwayson_scripts.controlnet',
      'a1111:alwayson_scripts.ADetailer',
      'a1111:alwayson_scripts.ADetailer',
      'a1111:alwayson_scripts.ADetailer',
      'a1111:alwayson_scripts.ADetailer',
      'a1111:alwayson_scripts.ADetailer',
      'a1111:alwayson_scripts.ADetailer',
      'a1111:alwayson_scripts.ADetailer',
    ])
    expect(dependencies[1]).toMatchObject({ written: ['/models/ae.safetensors'], filename: 'ae.safetensors' })
    expect(generation).toEqual({
      prompt: 'a pier <lora:ink_wash_style:0.8>',
      negative_prompt: 'blurry <lora:night-fog:-0.5>',
      steps: 20,
      sampler: 'Euler',
      scheduler: 'Karras',
      cfg_scale: 7,
      width: 512,
      height: 768,
      clip_skip: 2,
    })
    expect([confidence, trust, warnings]).toEqual([0.95, TRUST.native, []])
  })

  const rows: readonly (readonly [name: string, request: object, needs: string[]])[] = [
    [
      'the checkpoint beside the settings, as in the RFC',
      {
        sd_model_checkpoint: 'model.safetensors',
        prompt: 'a pier, <lora:style:1.0>',
        override_settings: { sd_vae: 'vae.safetensors' },
      },
      ['vae vae', 'checkpoint model', 'lora style 1'],
    ],
    [
      'a checkpoint by its short hash alone',
      { prompt: 'x', override_settings: { sd_model_checkpoint: '1A2B3C4D5E' } },
      ['checkpoint - auto_v2:1a2b3c4d5e'],
    ],
    [
      'by the hash of 2022',
      { prompt: 'x', override_settings: { sd_model_checkpoint: '45dee52b' } },
      ['checkpoint - auto_v1:45dee52b'],
    ],
    ['by the whole hash', { prompt: 'x', sd_model_checkpoint: SHA }, [`checkpoint - sha256:${SHA}`]],
    [
      'a second pass that is off',
      {
        prompt: 'x',
        sampler_name: 'e',
        enable_hr: false,
        hr_upscaler: '4x',
        hr_checkpoint_name: 'other.safetensors [1a2b3c4d5e]',
        hr_additional_modules: ['ae.safetensors'],
        hr_prompt: '<lora:a:1>',
      },
      ['checkpoint other auto_v2:1a2b3c4d5e (off)', 'vae ae (off)', 'upscaler 4x (off)'],
    ],
    [
      'a second pass with a model of its own',
      {
        prompt: 'x',
        hr_checkpoint_name: 'other.safetensors [1a2b3c4d5e]',
        hr_additional_modules: ['/m/t5xxl_fp16.safetensors'],
      },
      ['checkpoint other auto_v2:1a2b3c4d5e', 'text_encoder t5xxl_fp16'],
    ],
    ['an upscaler that is built in', { prompt: 'x', hr_upscaler: 'Latent' }, ['upscaler Latent (skipped)']],
    [
      'scripts in any case, ADetailer switched off as a whole',
      {
        prompt: 'x',
        alwayson_scripts: {
          controlnet: { args: [{ model: 'c' }] },
          adetailer: { args: [false, { ad_model: 'face.pt', ad_prompt: '<lora:a:1>', ad_vae: 'v.pt' }] },
        },
      },
      ['controlnet c', 'detector face (off)', 'vae v (off)'],
    ],
    [
      'the refiner as a script',
      { prompt: 'x', alwayson_scripts: { Refiner: { args: [true, 'r.safetensors [7440042bbd]', 0.8] } } },
      ['checkpoint r auto_v2:7440042bbd'],
    ],
    [
      'a refiner that is off',
      { prompt: 'x', alwayson_scripts: { refiner: { args: [false, 'r', 0.8] } } },
      ['checkpoint r (off)'],
    ],
    [
      'files among the arguments of other scripts',
      {
        prompt: 'x',
        alwayson_scripts: { Other: { args: [1, 'words', 'f.safetensors [1a2b3c4d5e]', null, '<lora:a:1>'] } },
      },
      ['other f auto_v2:1a2b3c4d5e', 'lora a 1'],
    ],
    [
      'an upscaling script',
      { prompt: 'x', script_name: 'SD upscale', script_args: ['<p>note</p>', 64, 'R-ESRGAN 4x+', '2'] },
      ['upscaler R-ESRGAN 4x+ (optional)'],
    ],
    [
      'another script',
      { prompt: 'x', script_name: 'X/Y/Z plot', script_args: [1, 'a.ckpt', ['b'], '20-30'] },
      ['other a'],
    ],
    [
      'face restoration',
      { prompt: 'x', restore_faces: true, face_restoration_model: 'CodeFormer', steps: 1, sampler_name: 'e' },
      ['other CodeFormer (optional)'],
    ],
    [
      'face restoration that is off',
      { prompt: 'x', restore_faces: false, face_restoration_model: 'CodeFormer', sampler_name: 'e' },
      [],
    ],
    [
      'an infotext inside',
      { prompt: 'x', infotext: `a pier <lora:a:0.5>\nSteps: 5, Sampler: e, Seed: 3, Model hash: 1a2b3c4d5e, Model: m` },
      ['checkpoint m auto_v2:1a2b3c4d5e', 'lora a 0.5'],
    ],
  ]
  test.each(rows)('%s', (_, request, expected) => {
    const answer = read(request)
    expect(answer.dependencies.map(brief)).toEqual(expected)
    expect(answer.confidence).toBeGreaterThanOrEqual(0.7)
  })

  test('what a script only looks like is a guess', () => {
    const { dependencies } = read({ prompt: 'x', script_name: 'Ultimate SD upscale', script_args: ['4x_a', 'b'] })
    expect(dependencies.map(({ type, type_confidence }) => [type, type_confidence])).toEqual([
      ['upscaler', 'low'],
      ['upscaler', 'low'],
    ])
  })

  test('an infotext inside says what the request leaves out', () => {
    const infotext = 'a pier\nSteps: 5, Sampler: Euler a, Seed: 3, Version: v1.10.1'
    expect(read({ prompt: 'a ship', steps: 9, infotext }).generation).toEqual({
      prompt: 'a ship',
      steps: 9,
      sampler: 'Euler a',
      seed: 3,
      software: 'A1111',
      version: 'v1.10.1',
    })
  })
})

test('a dump of the options', () => {
  const { dependencies, confidence, generation } = read({
    samples_save: true,
    sd_model_checkpoint: 'sub/m.safetensors [1a2b3c4d5e]',
    sd_checkpoint_hash: SHA,
    sd_vae: 'v.safetensors',
    sd_lora: 'None',
    sd_hypernetwork: 'None',
    forge_additional_modules: [],
    face_restoration_model: 'CodeFormer',
    CLIP_stop_at_last_layers: 1,
  })
  expect(dependencies.map(brief)).toEqual([`checkpoint m auto_v2:1a2b3c4d5e sha256:${SHA}`, 'vae v'])
  expect(generation).toEqual({ clip_skip: 1 })
  expect(confidence).toBeGreaterThanOrEqual(0.9)
})

describe('responses', () => {
  const infotext =
    'a pier <lora:ink_wash_style:0.8>\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 42, Size: 512x512, Model hash: 1a2b3c4d5e, Model: m, Lora hashes: "ink_wash_style: 0123456789ab", Version: v1.10.1'
  const info = {
    prompt: 'a pier <lora:ink_wash_style:0.8>',
    all_prompts: ['a pier <lora:ink_wash_style:0.8>', 'a pier <lora:night-fog:0.4>'],
    negative_prompt: 'blurry',
    seed: 42,
    width: 512,
    height: 512,
    sampler_name: 'Euler a',
    cfg_scale: 7,
    steps: 20,
    sd_model_name: 'm',
    sd_model_hash: '1a2b3c4d5e',
    sd_vae_name: 'v.safetensors',
    sd_vae_hash: '63aeecb90f',
    clip_skip: 2,
    extra_generation_params: {
      'Schedule type': 'Karras',
      'Lora hashes': 'ink_wash_style: 0123456789ab',
      'Hires upscaler': '4x_a',
      'ControlNet 0': 'Module: canny, Model: c [d14c016b], Weight: 1',
      'Hires upscale': 2,
      nothing: null,
    },
    infotexts: [infotext, infotext],
    version: 'v1.10.1',
  }
  const parameters = {
    prompt: 'a pier',
    seed: -1,
    sampler_name: null,
    override_settings: { sd_model_checkpoint: 'm.safetensors' },
    hr_checkpoint_name: null,
    alwayson_scripts: {},
  }
  const expected = [
    'checkpoint m auto_v2:1a2b3c4d5e',
    'vae v auto_v2:63aeecb90f',
    'lora ink_wash_style auto_v3:0123456789ab 0.8',
    'lora night-fog 0.4',
    'controlnet c auto_v1:d14c016b 1',
    'upscaler 4x_a',
  ]
  const generation = {
    prompt: info.prompt,
    negative_prompt: 'blurry',
    seed: 42,
    steps: 20,
    sampler: 'Euler a',
    scheduler: 'Karras',
    cfg_scale: 7,
    width: 512,
    height: 512,
    clip_skip: 2,
    software: 'A1111',
    version: 'v1.10.1',
  }

  test('the request, the infotexts and what is said beside them are one', () => {
    const answer = read({ images: ['AAAA'], parameters, info: JSON.stringify(info) })
    expect(answer.dependencies.map(brief)).toEqual(expected)
    expect(answer.generation).toEqual(generation)
    expect(answer.confidence).toBe(0.95)
    expect(formatOf({ parameters, info: JSON.stringify(info) })).toBe('a1111')
    expect(answer.dependencies[0]?.evidence).toEqual([
      'a1111:override_settings.sd_model_checkpoint',
      'a1111:info.sd_model_name',
      'a1111:info.sd_model_hash',
      'infotext:Model',
      'infotext:Model hash',
    ])
    expect(answer.dependencies[1]?.evidence).toEqual(['a1111:info.sd_vae_name', 'a1111:info.sd_vae_hash'])
  })

  test.each([
    ['info that is no string', { parameters, info }],
    ['info without the request', { info: JSON.stringify(info) }],
    ['info by itself', info],
  ])('%s', (_, value) => {
    const answer = read(value)
    expect(answer.dependencies.map(brief)).toEqual(expected)
    expect(answer.generation).toEqual(generation)
    expect(answer.confidence).toBe(0.95)
  })

  test('info without infotexts is enough', () => {
    const { infotexts: _, ...rest } = info
    expect(needs({ info: JSON.stringify(rest) })).toEqual(expected)
  })

  test('what png-info answers', () => {
    const answer = read({ info: infotext, items: {}, parameters: {} })
    expect(answer.dependencies.map(brief)).toEqual([
      'checkpoint m auto_v2:1a2b3c4d5e',
      'lora ink_wash_style auto_v3:0123456789ab 0.8',
    ])
    expect(answer.generation).toMatchObject({ prompt: info.prompt, seed: 42, software: 'A1111' })
    expect(answer.confidence).toBe(0.9)
  })

  test('a warning that all pictures of a batch share is told once', () => {
    const bad = `${infotext}, VAE hash: e3b0c44298`
    expect(read({ info: JSON.stringify({ infotexts: [bad, `b ${bad}`] }) }).warnings).toEqual([
      'infotext:VAE hash: this is the hash of an empty file and says nothing',
    ])
  })

  test('many infotexts end', () => {
    const infotexts = Array.from(
      { length: 5000 },
      (_, at) => `p ${at} <lora:l${at}:1>\nSteps: 1, Seed: 1, Model: m${at}`,
    )
    expect(needs({ info: JSON.stringify({ infotexts }) }).length).toBeLessThanOrEqual(200)
  })
})

test('is not sure of what others write', () => {
  const confidence = (value: unknown): number => read(value).confidence
  expect(formatOf({ prompt: 'x', sampler_name: 'e' })).toBe('a1111')
  expect(confidence({ prompt: 'x', steps: 4 })).toBe(0)
  expect(confidence({ info: 'words', parameters: {} })).toBe(0)
  expect(confidence({ sampler_name: 'x' })).toBe(0.3)
  expect(confidence({ sd_model_checkpoint: 'x', sd_vae: 'y' })).toBe(0.9)
})

test('stumbles over nothing', () => {
  const deep = { alwayson_scripts: { controlnet: { args: { model: 'x' } }, adetailer: null }, script_args: 'x' }
  const odd = {
    prompt: 7,
    override_settings: ['x'],
    forge_additional_modules: { a: 1 },
    infotext: 3,
    info: '{"infotexts": 5, "sd_model_name": {}, "extra_generation_params": ["x"], "all_prompts": {}}',
  }
  for (const value of [...HOSTILE, deep, odd, { ...odd, ...deep }, { info: '{"infotexts": [null, 5, ""]}' }]) {
    expect(read(value).dependencies.every(({ type }) => typeof type === 'string')).toBe(true)
  }
})
