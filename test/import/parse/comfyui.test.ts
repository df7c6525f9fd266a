import { describe, expect, test } from 'bun:test'
import { parsePrompt } from '../../../src/import/parse/detect.ts'

const read = (value: unknown) =>
  parsePrompt({ texts: [{ place: 'text', key: '', text: JSON.stringify(value) }], format: 'comfyui' })

const brief = (value: unknown): string[] =>
  read(value).dependencies.map(({ type, reference, weight, active, status }) =>
    [type, reference, weight, active ? undefined : '(off)', active && status === 'skipped' ? '(skipped)' : undefined]
      .filter((part) => part !== undefined)
      .join(' '),
  )

const node = (class_type: string, inputs: Record<string, unknown>): unknown => ({ class_type, inputs })

test('why a VAE is no file is told apart', () => {
  const reason = (vae_name: string) => read({ 1: node('VAELoader', { vae_name }) }).dependencies[0]?.reason
  expect(reason('taesd')).toBe('It stands for an encoder and a decoder in models/vae_approx: no file is called so')
  expect(reason('pixel_space')).toBe('It is built into the UI: no file is needed')
})

test('a VAE that stands for two files names them, with where they are from', () => {
  const place = 'comfyui:prompt node 1 vae_name'
  expect(read({ 1: node('VAELoader', { vae_name: 'taesdxl' }) }).dependencies.slice(1)).toMatchObject(
    ['taesdxl_encoder.pth', 'taesdxl_decoder.pth'].map((filename) => ({
      type: 'vae',
      filename,
      folder: 'vae_approx',
      urls: [`https://github.com/madebyollin/taesd/raw/main/${filename}`],
      active: true,
      // The loader does not offer it where they are missing.
      optional: false,
      status: 'pending',
      evidence: [place, `${place} (it stands for this file)`],
    })),
  )
  const unused = {
    1: node('VAELoader', { vae_name: 'taesd' }),
    2: node('SaveImage', { images: ['3', 0] }),
    3: node('X', {}),
  }
  expect(read(unused).dependencies.map(({ active, status }) => [active, status])).toEqual([
    [false, 'skipped'],
    [false, 'skipped'],
    [false, 'skipped'],
  ])
})

describe('API graph', () => {
  const strengths: readonly (readonly [
    className: string,
    inputs: Record<string, unknown>,
    weight: number,
    clip: number | undefined,
  ])[] = [
    ['LoraLoader', { lora_name: 'b.pt', strength_model: 0.8, strength_clip: 0.5 }, 0.8, 0.5],
    ['LoraLoader', { lora_name: 'b.pt', strength_model: 0.8, strength_clip: 0.8 }, 0.8, undefined],
    ['LoraLoader', { lora_name: 'b.pt', strength_model: 0, strength_clip: 0.5 }, 0, 0.5],
    ['LoraLoaderModelOnly', { lora_name: 'b.pt', strength_model: 0.8 }, 0.8, undefined],
    ['Mist', { lora_name: 'b.pt', lora_model_strength: 0.8, lora_clip_strength: 0.5 }, 0.8, 0.5],
    ['Mist', { lora_1: { on: true, lora: 'b.pt', strength: 0.8, strengthTwo: 0.5 } }, 0.8, 0.5],
    ['Mist', { lora_1: { on: true, lora: 'b.pt', strength: 0.8, strengthTwo: null } }, 0.8, undefined],
    ['Mist', { loras: [{ name: 'b', strength: '0.8', clipStrength: 0.5, active: true }] }, 0.8, 0.5],
    ['LoraTagLoader', { text: '<lora:b:0.8:0.5>' }, 0.8, 0.5],
  ]
  test.each(strengths)('a %s of %j has both strengths', (className, inputs, weight, clip) => {
    const [only] = read({ 1: node(className, inputs) }).dependencies
    expect([only?.weight, only?.clip_weight, only?.unet_weight, only?.active]).toEqual([weight, clip, undefined, true])
  })

  const rows: readonly (readonly [name: string, node: unknown, needs: string[]])[] = [
    ['a checkpoint', node('CheckpointLoaderSimple', { ckpt_name: 'a.safetensors' }), ['checkpoint a.safetensors']],
    ['a name without extension', node('CheckpointLoader', { ckpt_name: 'a' }), ['checkpoint a']],
    [
      'a LoRA with its strength',
      node('LoraLoader', { lora_name: 'sub\\b.safetensors', strength_model: 0.7, strength_clip: 1 }),
      ['lora sub\\b.safetensors 0.7'],
    ],
    [
      'a LoRA without strength',
      node('LoraLoader', { lora_name: 'b.pt', strength_model: 0, strength_clip: 0 }),
      ['lora b.pt 0 (off)'],
    ],
    [
      'a LoRA for the text only',
      node('LoraLoader', { lora_name: 'b.pt', strength_model: 0, strength_clip: 1 }),
      ['lora b.pt 0'],
    ],
    ['a diffusion model', node('UNETLoader', { unet_name: 'u.safetensors' }), ['diffusion_model u.safetensors']],
    [
      'two encoders',
      node('DualCLIPLoader', { clip_name1: 'l.st', clip_name2: 't.st', type: 'flux' }),
      ['text_encoder l.st', 'text_encoder t.st'],
    ],
    ['clip vision', node('CLIPVisionLoader', { clip_name: 'v.safetensors' }), ['clip_vision v.safetensors']],
    [
      'a VAE of the program',
      node('VAELoader', { vae_name: 'taesd' }),
      ['vae taesd (skipped)', 'vae taesd_encoder.pth', 'vae taesd_decoder.pth'],
    ],
    [
      'no VAE',
      node('Efficient Loader', { ckpt_name: 'a.pt', vae_name: 'Baked VAE', lora_name: 'None' }),
      ['checkpoint a.pt'],
    ],
    ['a ControlNet', node('ControlNetLoader', { control_net_name: 'c.pth' }), ['controlnet c.pth']],
    ['an upscaler', node('UpscaleModelLoader', { model_name: '4x.pth' }), ['upscaler 4x.pth']],
    ['an unknown loader', node('Some Lora Thing', { file: 'x.safetensors', mode: 'fast' }), ['lora x.safetensors']],
    ['an unknown node', node('Thing', { file: 'x.gguf' }), ['other x.gguf']],
    [
      "rgthree's slots",
      node('Power Lora Loader (rgthree)', {
        lora_1: { on: true, lora: 'a.pt', strength: 0.8 },
        lora_2: { on: false, lora: 'b.pt', strength: 1 },
        lora_3: { on: true, lora: 'None', strength: 1 },
      }),
      ['lora a.pt 0.8', 'lora b.pt 1 (off)'],
    ],
    ['stacks', node('LoRA Stacker', { lora_name_1: 'a.pt', lora_wt_1: 0.3, lora_name_2: 'None' }), ['lora a.pt 0.3']],
    [
      'what a saver says',
      node('Image Saver', { modelname: 'claimed.safetensors' }),
      ['checkpoint claimed.safetensors'],
    ],
    [
      'a loader of a saver',
      node('Checkpoint Loader with Name (Image Saver)', { ckpt_name: 'a.pt' }),
      ['checkpoint a.pt'],
    ],
    ['a picture', node('LoadImage', { image: 'x.bin' }), []],
    ['an embedding', node('CLIPTextEncode', { text: 'x, (embedding:sub/hands:1.2) y' }), ['embedding sub/hands']],
    ['an AIR', node('LoraLoader', { lora_name: 'urn:air:sdxl:lora:civitai:1@2' }), ['lora civitai:version:2']],
  ]
  test.each(rows)('%s', (_, made, needs) => {
    expect(brief({ '4:1': made })).toEqual(needs)
  })

  test('a name may come from another node', () => {
    const graph = {
      loader: node('CheckpointLoaderSimple', { ckpt_name: ['30:10', 0] }),
      '30:10': node('PrimitiveString', { value: 'a.safetensors' }),
      loop: node('CheckpointLoaderSimple', { ckpt_name: ['loop', 0] }),
    }
    expect(brief(graph)).toEqual(['checkpoint a.safetensors'])
  })

  test('says where it stands, and how the picture was made', () => {
    const found = read({
      1: node('CheckpointLoaderSimple', { ckpt_name: 'a.pt' }),
      2: node('CLIPTextEncode', { text: 'a cat', clip: ['1', 1] }),
      3: node('ConditioningCombine', { conditioning_1: ['5', 0] }),
      4: node('EmptyLatentImage', { width: 512, height: 768 }),
      5: node('CLIPTextEncode', { text: ['6', 0] }),
      6: node('Text', { string: 'dog' }),
      7: node('KSampler', {
        seed: 5,
        steps: 20,
        cfg: 7,
        sampler_name: 'euler',
        scheduler: 'normal',
        positive: ['2', 0],
        negative: ['3', 0],
        latent_image: ['4', 0],
      }),
      extra: { airs: [] },
    })
    expect(found.dependencies[0]?.evidence).toEqual(['comfyui:prompt node 1 ckpt_name'])
    expect(found.generation).toEqual({
      prompt: 'a cat',
      negative_prompt: 'dog',
      seed: 5,
      steps: 20,
      sampler: 'euler',
      scheduler: 'normal',
      cfg_scale: 7,
      width: 512,
      height: 768,
      software: 'ComfyUI',
    })
  })

  test('seeds of 64 bits keep all their digits, and NaN is no reason to give up', () => {
    const text =
      '{"1":{"class_type":"KSampler","inputs":{"noise_seed":18446744073709551615,"positive":["1",0],"cfg":NaN}}}'
    const { generation } = parsePrompt({ texts: [{ place: 't', key: '', text }], format: 'auto' })
    expect(generation.seed).toBe('18446744073709551615')
  })
})

describe('editor workflow', () => {
  const workflow = (...nodes: unknown[]): unknown => ({ nodes, links: [], version: 0.4 })
  test('every file among the widgets, with what is muted or bypassed marked', () => {
    const made = workflow(
      { id: 1, type: 'CheckpointLoaderSimple', mode: 0, widgets_values: ['a.safetensors'] },
      { id: 2, type: 'LoraLoader', mode: 4, widgets_values: ['b.safetensors', 1, 1] },
      { id: 3, type: 'DualCLIPLoader', mode: 0, widgets_values: ['l.safetensors', 't.safetensors', 'flux'] },
      {
        id: 4,
        type: 'Power Lora Loader (rgthree)',
        widgets_values: [{}, { on: true, lora: 'c.pt', strength: 1 }, { on: false, lora: 'd.pt' }],
      },
      { id: 5, type: 'VHS', widgets_values: { model: 'e.pth', frame_rate: 8 } },
      { id: 6, type: 'SaveImage', widgets_values: ['x.safetensors'] },
    )
    expect(brief(made)).toEqual([
      'checkpoint a.safetensors',
      'lora b.safetensors 1 (off)',
      'text_encoder l.safetensors',
      'text_encoder t.safetensors',
      'lora c.pt 1',
      'lora d.pt (off)',
      'diffusion_model e.pth',
    ])
  })
})
