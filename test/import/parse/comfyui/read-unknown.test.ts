import { describe, expect, test } from 'bun:test'
import type { DependencyType } from '../../../../src/import/dependency.ts'
import type { DeclaredModel } from '../../../../src/import/parse/comfyui/graph.ts'
import { guessType } from '../../../../src/import/parse/comfyui/guess-type.ts'
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

const guesses: readonly (readonly [input: string, className: string, type: DependencyType])[] = [
  ['clip_name', 'MistLoader', 'text_encoder'],
  ['clip_name', 'CLIPVisionThing', 'clip_vision'],
  ['text_encoder_1', 'X', 'text_encoder'],
  ['t5_name', 'X', 'text_encoder'],
  ['clip_vision', 'X', 'clip_vision'],
  ['unet', 'X', 'diffusion_model'],
  ['model_name', 'X', 'diffusion_model'],
  ['model_name', 'SomeUpscaler', 'upscaler'],
  ['model_name', 'SomethingSAMLoader', 'detector'],
  ['model_name', 'SAM2ModelLoader', 'detector'],
  ['model_name', 'SamplerThing', 'diffusion_model'],
  ['bbox_model', 'X', 'detector'],
  ['yolo_file', 'X', 'detector'],
  ['control_net', 'X', 'controlnet'],
  ['ipadapter_file', 'X', 'ipadapter'],
  ['motion_model', 'X', 'motion_module'],
  ['style_model', 'X', 'style_model'],
  ['hypernet', 'X', 'hypernetwork'],
  ['ckpt_name', 'X', 'checkpoint'],
  ['ckpt_name', 'DepthThingPreprocessor', 'other'],
  ['ckpt_name', 'Mist VFI', 'other'],
  ['ckpt_name', 'MistSegmentation', 'detector'],
  ['file', 'X', 'other'],
  ['instantid_file', 'X', 'ipadapter'],
  ['pulid_file', 'X', 'ipadapter'],
  ['vaefile', 'X', 'vae'],
  ['wanvae', 'X', 'vae'],
  ['autoencoder', 'X', 'vae'],
  ['esrgan', 'X', 'upscaler'],
  ['swinir', 'X', 'upscaler'],
  ['animatediff', 'X', 'motion_module'],
  ['segment_anything', 'X', 'detector'],
  ['segm', 'X', 'detector'],
  ['face_detector', 'X', 'detector'],
  ['ultralytics', 'X', 'detector'],
  ['dino', 'X', 'detector'],
  ['llm_name', 'X', 'text_encoder'],
  ['gemma', 'X', 'text_encoder'],
  ['chatglm', 'X', 'text_encoder'],
  ['umt5', 'X', 'text_encoder'],
  ['longclip', 'X', 'text_encoder'],
  ['clipfile', 'X', 'text_encoder'],
  ['diffusion', 'X', 'diffusion_model'],
  ['gguf', 'X', 'diffusion_model'],
  ['dit', 'X', 'diffusion_model'],
  ['transformer', 'X', 'diffusion_model'],
  ['textual_inversion', 'X', 'embedding'],
  ['lycoris', 'X', 'lora'],
  ['t2i_adapter', 'X', 'controlnet'],
  ['model_patch', 'X', 'controlnet'],
  ['image_encoder', 'X', 'clip_vision'],
  ['base_model', 'X', 'diffusion_model'],
  ['refiner_model_path', 'X', 'diffusion_model'],
  ['model', 'MistVAE', 'vae'],
  ...'preprocessor annotator depth vfi interpolation rife restorer caption audio whisper gligen photo_maker'
    .split(' ')
    .map((word) => ['model', `Mist ${word}`, 'other'] as const),
  ...'preprocessor annotator vfi interpolation depth restorer caption'
    .split(' ')
    .map((word) => ['ckpt_name', `Mist ${word}`, 'other'] as const),
  ['ckpt_name', 'Mist Detector', 'detector'],
]
test.each(guesses)('%s of %s is a %s', (input, className, type) => {
  expect(guessType(input, className)).toBe(type)
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
  test('names inputs of models, with their types, extension or not', () => {
    const graph = graphOf({
      1: node('Mist', { thing: 'soft', other: 'plain' }),
      2: node('Lora Mist', { file: ['3', 0], strength: 0.5 }),
      3: node('PrimitiveString', { value: 'ink' }),
      4: node('CLIPLoader', { clip_name: 'c.pt', more: 'v' }),
    })
    expect(say(graph, catalog).mentions.map(brief)).toEqual([
      'style_model soft',
      'lora ink 0.5',
      'text_encoder c.pt',
      'vae v',
    ])
  })
})

describe('declared models', () => {
  const URL = 'https://huggingface.co/org/repo/resolve/main/a.safetensors'
  const declare = (className: string, inputs: Record<string, unknown>, declared: readonly DeclaredModel[]) =>
    say(withNode(graphOf({ 1: node(className, inputs) }), '1', { declared }))

  test('add address, folder and hash to the model that is selected', () => {
    const sha = 'ab'.repeat(32)
    const { mentions } = declare('VAELoader', { vae_name: 'sub\\a.safetensors' }, [
      { name: 'b.safetensors', url: 'https://host.example/b.safetensors' },
      { name: 'sub/a.safetensors', url: URL, directory: 'vae', hash: sha, hashType: 'SHA256' },
    ])
    expect(mentions).toEqual([
      {
        type: 'vae',
        name: 'sub\\a.safetensors',
        urls: [URL],
        hashes: [{ algorithm: 'sha256', value: sha, source: 'comfyui:prompt node 1 vae_name' }],
        folder: 'vae',
        active: true,
        evidence: ['comfyui:prompt node 1 vae_name'],
      },
    ])
  })

  test("Civitai's address brings the version", () => {
    const url = 'https://civitai.com/api/download/models/910201'
    const { mentions } = declare('LoraLoader', { lora_name: 'a.pt' }, [{ name: 'a.pt', url }])
    expect(mentions[0]).toMatchObject({ name: 'a.pt', civitai: { version_id: 910201 }, urls: [url] })
  })

  test.each([
    ['another name', 'VAELoader', 'vae_name', { name: 'A.safetensors', directory: 'vae' }],
    ['another folder', 'VAELoader', 'vae_name', { name: 'a.safetensors', directory: 'loras' }],
    ['a folder of its own', 'VAELoader', 'vae_name', { name: 'sub/a.safetensors' }],
  ])('%s is out of date', (_, className, input, declared) => {
    const { mentions } = declare(className, { [input]: 'a.safetensors' }, [{ ...declared, url: URL }])
    expect(mentions.map(({ urls, folder }) => [urls, folder])).toEqual([[undefined, undefined]])
  })

  test('the folder tells the type of a guess, and of a name without extension', () => {
    const declared = [
      { name: 'a.safetensors', directory: 'text_encoders/qwen' },
      { name: 'plain', directory: 'loras' },
      { name: 'c.safetensors', directory: 'strange' },
    ]
    const { mentions } = declare('Mist', { x: 'a.safetensors', y: 'plain', z: 'c.safetensors' }, declared)
    expect(mentions.map(brief)).toEqual([
      'text_encoder a.safetensors in text_encoders/qwen',
      'lora plain in loras',
      'other? c.safetensors in strange',
    ])
  })

  test('the folder of a guess counts more than its words', () => {
    const { mentions } = declare('Mist Lora', { x: 'a.pt' }, [{ name: 'a.pt', directory: 'vae/sub' }])
    expect(mentions.map(brief)).toEqual(['vae a.pt in vae/sub'])
  })

  test('types without a folder of their own agree with any', () => {
    const { mentions } = declare('GLIGENLoader', { gligen_name: 'a.pt' }, [
      { name: 'a.pt', directory: 'loras', url: URL },
    ])
    expect(mentions[0]).toMatchObject({ type: 'other', folder: 'loras', urls: [URL] })
    const other = declare('VAELoader', { vae_name: 'a.pt' }, [{ name: 'a.pt', directory: 'gligen', url: URL }])
    expect(other.mentions[0]).toMatchObject({ type: 'vae', folder: 'gligen', urls: [URL] })
  })

  test('a hash may come without its kind', () => {
    const { mentions } = declare('VAELoader', { vae_name: 'a.pt' }, [{ name: 'a.pt', hash: 'ABCDEF0123' }])
    expect(mentions[0]?.hashes).toEqual([
      { algorithm: 'auto_v2', value: 'abcdef0123', source: 'comfyui:prompt node 1 vae_name' },
    ])
  })

  test('a hash of an unknown kind is told', () => {
    const { mentions, warnings } = declare('VAELoader', { vae_name: 'a.pt' }, [
      { name: 'a.pt', hash: 'xyz', hashType: 'md5' },
    ])
    expect(mentions.map(brief)).toEqual(['vae a.pt'])
    expect(warnings).toEqual(['comfyui:prompt node 1 vae_name: this is not a hash of a known kind'])
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
