import { expect, test } from 'bun:test'
import { parsePrompt } from '../../../src/import/parse/detect.ts'

const read = (value: unknown) =>
  parsePrompt({ texts: [{ place: 'text', key: '', text: JSON.stringify(value) }], format: 'auto' })

test('a whole request', () => {
  const { format, dependencies, generation } = read({
    prompt: 'a cat <lora:a:0.8>',
    negative_prompt: 'dog',
    hr_prompt: '<lora:b:1>',
    seed: -1,
    steps: 20,
    sampler_name: 'Euler',
    cfg_scale: 7,
    width: 512,
    height: 768,
    enable_hr: true,
    hr_upscaler: '4x-UltraSharp',
    hr_checkpoint_name: 'Use same checkpoint',
    refiner_checkpoint: 'r.safetensors [7440042bbd]',
    override_settings: {
      sd_model_checkpoint: 'm.safetensors [1a2b3c4d5e]',
      sd_vae: 'Automatic',
      forge_additional_modules: ['/models/ae.safetensors'],
      CLIP_stop_at_last_layers: 2,
    },
    alwayson_scripts: {
      ControlNet: { args: [{ enabled: false, model: 'c [d14c016b]', weight: 1 }, { model: 'None' }] },
      ADetailer: {
        args: [
          true,
          false,
          { ad_model: 'face_yolov8n.pt', ad_prompt: '<lora:f:1>', ad_use_vae: false, ad_vae: 'x.pt' },
        ],
      },
    },
  })
  expect(format).toBe('a1111')
  expect(dependencies.map(({ type, name, hashes, active }) => [type, name, hashes[0]?.value, active])).toEqual([
    ['checkpoint', 'm', '1a2b3c4d5e', true],
    ['vae', 'ae', undefined, true],
    ['checkpoint', 'r', '7440042bbd', true],
    ['lora', 'a', undefined, true],
    ['lora', 'b', undefined, true],
    ['upscaler', '4x-UltraSharp', undefined, true],
    ['controlnet', 'c', 'd14c016b', false],
    ['detector', 'face_yolov8n', undefined, true],
    ['lora', 'f', undefined, true],
  ])
  expect(generation).toEqual({
    prompt: 'a cat <lora:a:0.8>',
    negative_prompt: 'dog',
    steps: 20,
    sampler: 'Euler',
    cfg_scale: 7,
    width: 512,
    height: 768,
    clip_skip: 2,
  })
})

test('a checkpoint by its hash alone', () => {
  const [only] = read({ prompt: 'x', override_settings: { sd_model_checkpoint: '1A2B3C4D5E' } }).dependencies
  expect(only).toMatchObject({
    type: 'checkpoint',
    written: [],
    hashes: [{ algorithm: 'auto_v2', value: '1a2b3c4d5e' }],
  })
})

test('an upscaler counts only when the second pass is on', () => {
  expect(read({ prompt: 'x', sampler_name: 'e', hr_upscaler: '4x', enable_hr: false }).dependencies).toEqual([])
})
