import { describe, expect, test } from 'bun:test'
import type { DependencyType } from '../../../../src/import/dependency.ts'
import type { NodeCatalog } from '../../../../src/import/parse/comfyui/node-catalog.ts'
import { brief, graphOf, node, oneSays, say, withNode } from './graphs.ts'

describe('a node of an unknown class', () => {
  const rows: readonly (readonly [name: string, className: string, inputs: Record<string, unknown>, says: string[]])[] =
    [
      [
        'type by the input',
        'Mist',
        { lora_file: 'a.pt', my_vae: 'b.safetensors' },
        ['lora? a.pt', 'vae? b.safetensors'],
      ],
      ['type by the class', 'Mist Lora Loader', { file: 'a.safetensors', mode: 'fast' }, ['lora? a.safetensors']],
      ['no type', 'Mist', { file: 'a.gguf' }, ['other? a.gguf']],
      [
        'all extensions',
        'Mist',
        { a: 'a.sft', b: 'b.CKPT', c: 'c.engine', d: 'd.nf4' },
        ['other? a.sft', 'other? b.CKPT', 'other? c.engine', 'other? d.nf4'],
      ],
      [
        'inputs that always name one',
        'Mist',
        { ckpt_name: 'a', lora_name_2: 'b', vae_name: 'c', control_net_name: 'd' },
        ['checkpoint? a', 'lora? b', 'vae? c', 'controlnet? d'],
      ],
      ['an embedding', 'Embedding Picker', { embedding: 'soft-hands', text: 'mist' }, ['embedding? soft-hands']],
      [
        'an AIR, which says the type',
        'Mist',
        { thing: 'urn:air:sdxl:vae:civitai:1@2' },
        ['vae urn:air:sdxl:vae:civitai:1@2'],
      ],
      [
        'an AIR of no known type',
        'Mist',
        { thing: 'urn:air:x:workflow:civitai:1@2' },
        ['other? urn:air:x:workflow:civitai:1@2'],
      ],
      [
        'strengths and switches',
        'Mist Lora Stack',
        {
          lora_name_1: 'a.pt',
          weight_1: 0.4,
          lora_name_2: 'b.pt',
          strength_2: 1,
          enabled_2: false,
          lora_name_3: 'c.pt',
          model_str_3: 0,
          clip_str_3: 0,
        },
        ['lora? a.pt 0.4', 'lora? b.pt 1 (off)', 'lora? c.pt 0 (off)'],
      ],
      ['slots of objects', 'Mist', { slot: { on: false, lora: 'a.pt', strength: 1 } }, ['lora a.pt 1 (off)']],
      ['TensorArt', 'Mist', { ckpt_name: 'EMS-1-EMS.safetensors' }, ['checkpoint? EMS-1-EMS.safetensors (skipped)']],
      [
        'names as they are',
        'Mist',
        { lora: '../../x.pt', model_name: 'C:\\x\\y.pt' },
        ['lora? ../../x.pt', 'diffusion_model? C:\\x\\y.pt'],
      ],
      [
        'no names',
        'KSampler',
        {
          sampler_name: 'euler',
          scheduler: 'normal',
          upscale_method: 'lanczos',
          text: 'see\nx.pt',
          n: 5,
          list: ['x.pt'],
        },
        [],
      ],
      ['other files', 'Mist', { image: 'x.bin', filename_prefix: 'y.pt', config_name: 'v1-inference.yaml' }, []],
      [
        'sentinels',
        'Mist',
        {
          ckpt_name: 'None',
          lora_name: 'none',
          vae_name: 'Baked VAE',
          control_net_name: 'undefined',
          x_ckpt_name: '(use same)',
          y_ckpt_name: '[None]',
          lora_name_1: '',
        },
        [],
      ],
    ]
  test.each(rows)('%s', (_, className, inputs, says) => {
    expect(oneSays(className, inputs)).toEqual(says)
  })

  test.each([
    'LoadImage',
    'LoadImageMask',
    'Load Mask',
    'LoadLatent',
    'VHS_LoadVideo',
    'LoadAudio',
    'Load3D',
    'Note',
    'MarkdownNote',
    'Note Plus (mtb)',
  ])('%s names none', (className) => {
    expect(oneSays(className, { image: 'x.bin', file: 'x.safetensors', text: 'embedding:x' })).toEqual([])
  })

  test.each(['LoadVideoLoraFromUrlOrPath', 'LoadVideoModel', 'LoadAudioEncoder'])('%s may name one', (className) => {
    expect(oneSays(className, { file: 'x.pt' })).toHaveLength(1)
  })

  const STRENGTHS = 'strength_model strength lora_strength lora_wt model_str model_weight weight lora_model_strength'
  test.each(STRENGTHS.split(' '))('%s is the strength of a LoRA', (input) => {
    expect(oneSays('Mist', { lora_file: 'a.pt', [input]: 0 })).toEqual(['lora? a.pt 0 (off)'])
  })
  const CLIP_STRENGTHS = 'strength_clip clip_str clip_weight lora_clip_strength clip_strength'
  test.each(CLIP_STRENGTHS.split(' '))('%s is its strength on the text', (input) => {
    const inputs = { lora_file: 'a.pt', strength: 0 }
    expect(oneSays('Mist', { ...inputs, [input]: 1 })).toEqual(['lora? a.pt 0'])
    expect(oneSays('Mist', { ...inputs, [input]: 0 })).toEqual(['lora? a.pt 0 (off)'])
  })
  test.each('switch enabled enable on toggle active'.split(' '))('%s switches it', (input) => {
    for (const off of [false, 'Off', 'off', 'False', 'false']) {
      expect(oneSays('Mist', { lora_file: 'a.pt', [input]: off })).toEqual(['lora? a.pt (off)'])
    }
    for (const on of [true, 'On', 'true', 0, null]) {
      expect(oneSays('Mist', { lora_file: 'a.pt', [input]: on })).toEqual(['lora? a.pt'])
    }
  })
  test.each(['Primitive', 'String', 'Text', 'Constant', 'Selector', 'Picker'])('a %s may hold the name', (word) => {
    for (const input of ['value', 'string']) {
      const graph = graphOf({ 1: node('Mist', { unet: ['2', 0] }), 2: node(`Mist ${word}`, { [input]: 'a.pt' }) })
      expect(say(graph).mentions[0]).toMatchObject({ type: 'diffusion_model', name: 'a.pt' })
    }
  })

  test('a text that is held is no name', () => {
    const graph = graphOf({
      1: node('Mist', { lora_name: ['2', 0], vae: ['3', 0] }),
      2: node('Text', { value: 'plain' }),
      3: node('Mist', { value: 'a.pt' }),
    })
    expect(say(graph).mentions.map(brief)).toEqual(['other? a.pt'])
  })

  test('a name that is held by another node belongs to the one that takes it', () => {
    const graph = graphOf({
      1: node('Mist', { unet_file: ['2', 0], seed: ['3', 0] }),
      2: node('PrimitiveString', { value: 'a.gguf' }),
      3: node('PrimitiveInt', { value: 5 }),
    })
    expect(say(graph).mentions.map(brief)).toEqual(['diffusion_model? a.gguf', 'other? a.gguf'])
  })

  test('values of the editor without a name are of the one type that the class loads', () => {
    expect(oneSays('WanVideoModelLoader', { widget_1: 'a.pth', widget_x: 'b.pth' })).toEqual([
      'diffusion_model? a.pth',
      'other? b.pth',
    ])
    expect(oneSays('Efficient Loader', { widget_1: 'a.pth' })).toEqual(['other? a.pth'])
  })
})

describe('what a running ComfyUI says', () => {
  const catalog: NodeCatalog = {
    classes: new Map([
      ['Mist', { widgets: ['thing'], models: new Map<string, DependencyType>([['thing', 'style_model']]) }],
      ['Lora Mist', { widgets: ['file'], models: new Map<string, DependencyType>([['file', 'lora']]) }],
      [
        'CLIPLoader',
        {
          widgets: ['clip_name'],
          models: new Map<string, DependencyType>([
            ['clip_name', 'vae'],
            ['more', 'vae'],
          ]),
        },
      ],
    ]),
  }
  test('names inputs of models, extension or not; their types are told by words only', () => {
    const graph = graphOf({
      1: node('Mist', { thing: 'soft', other: 'plain' }),
      2: node('Lora Mist', { file: ['3', 0], strength: 0.5 }),
      3: node('PrimitiveString', { value: 'ink' }),
      4: node('CLIPLoader', { clip_name: 'c.pt', more: 'v' }),
    })
    expect(say(graph, catalog).mentions.map(brief)).toEqual([
      'style_model? soft',
      'lora? ink 0.5',
      'text_encoder c.pt',
      'vae? v',
    ])
  })
})

test('nodes that are muted or bypassed are listed as switched off', () => {
  const graph = graphOf({
    1: node('CheckpointLoaderSimple', { ckpt_name: 'a.pt' }),
    2: node('LoraLoader', { lora_name: 'b.pt', strength_model: 1 }),
    3: node('CLIPTextEncode', { text: 'embedding:c' }),
    4: node('Image Saver', { modelname: 'd.pt' }),
  })
  const off = ['1', '2', '3', '4'].reduce((all, id) => withNode(all, id, { active: false }), graph)
  expect(say(off).mentions.map(brief)).toEqual([
    'checkpoint a.pt (off)',
    'lora b.pt 1 (off)',
    'embedding c (off) (optional)',
    'checkpoint d.pt (off) (claim)',
  ])
})
