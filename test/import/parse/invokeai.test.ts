import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TRUST } from '../../../src/import/mention.ts'
import { invokeai } from '../../../src/import/parse/invokeai.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const HEX = 'ab'.repeat(32)
const model = (name: string, type: string, base = 'sdxl', hash?: string) => ({
  key: 'f2c8d1b0-0000-4000-8000-000000000000',
  ...(hash === undefined ? {} : { hash }),
  name,
  base,
  type,
  submodel_type: null,
})
const needs = (value: unknown, key = 'invokeai_metadata'): string[] => ask(invokeai, value, key).dependencies.map(brief)

describe('metadata', () => {
  test('of version 4', () => {
    const { dependencies, generation, trust, warnings } = ask(
      invokeai,
      {
        app_version: '5.9.1',
        generation_mode: 'sdxl_txt2img',
        positive_prompt: 'a pier, <soft-hands>',
        negative_prompt: 'fog <mud>',
        seed: 42,
        steps: 30,
        scheduler: 'dpmpp_2m_k',
        cfg_scale: 6.5,
        width: 832,
        height: 1216,
        clip_skip: 2,
        model: model('harborMix_v2', 'main', 'sdxl', `blake3:${HEX}`),
        refiner_model: model('harborRefiner', 'main', 'sdxl-refiner'),
        vae: model('harbor.vae', 'vae'),
        loras: [
          { model: model('ink_wash_style', 'lora'), weight: 0.8 },
          { lora: model('night-fog', 'lora'), weight: 0 },
        ],
        controlnets: [{ control_model: model('lines', 'controlnet'), control_weight: 0.5 }],
        ipAdapters: [{ ip_adapter_model: model('faces', 'ip_adapter'), clip_vision_model: 'ViT-H', weight: 0.4 }],
        t2iAdapters: [{ t2i_adapter_model: model('sketch', 't2i_adapter'), weight: 1 }],
        upscale_model: model('4x-glass', 'spandrel_image_to_image', 'any'),
      },
      'invokeai_metadata',
    )
    expect(dependencies.map(brief)).toEqual([
      `checkpoint harborMix_v2 blake3:${HEX}`,
      'checkpoint harborRefiner',
      'vae harbor.vae',
      'lora ink_wash_style 0.8',
      'lora night-fog 0 (off)',
      'controlnet lines 0.5',
      'ipadapter faces 0.4',
      'controlnet sketch 1',
      'upscaler 4x-glass',
      'embedding soft-hands (optional)',
      'embedding mud (optional)',
    ])
    expect(dependencies[0]).toMatchObject({
      hashes: [{ algorithm: 'blake3', value: HEX, source: 'invokeai:model' }],
      evidence: ['invokeai:model'],
    })
    expect({ trust, warnings }).toEqual({ trust: TRUST.native, warnings: [] })
    expect(generation).toEqual({
      prompt: 'a pier, <soft-hands>',
      negative_prompt: 'fog <mud>',
      seed: 42,
      steps: 30,
      scheduler: 'dpmpp_2m_k',
      cfg_scale: 6.5,
      width: 832,
      height: 1216,
      clip_skip: 2,
      software: 'InvokeAI',
      version: '5.9.1',
    })
  })

  test('of version 3, whose fields tell the kind', () => {
    const old = (model_name: string, more: object = {}) => ({ model_name, base_model: 'sd-1', ...more })
    expect(
      needs({
        positive_prompt: 'a',
        model: old('harborMix_v2', { model_type: 'main' }),
        refiner_model: old('harborRefiner'),
        vae: old('harbor.vae'),
        loras: [{ lora: old('ink_wash_style'), weight: 0.8 }],
        controlnets: [{ control_model: old('lines'), control_weight: 0.5 }],
        ipAdapters: [{ ip_adapter_model: old('faces'), image_encoder_model: old('eyes'), weight: [0.4, 0.5] }],
        t2iAdapters: [{ t2i_adapter_model: old('sketch'), weight: 1 }],
      }),
    ).toEqual([
      'checkpoint harborMix_v2',
      'checkpoint harborRefiner',
      'vae harbor.vae',
      'lora ink_wash_style 0.8',
      'controlnet lines 0.5',
      'ipadapter faces',
      'clip_vision eyes',
      'controlnet sketch 1',
    ])
  })

  const kinds: readonly (readonly [kind: string, type: string])[] = [
    ['main', 'checkpoint high'],
    ['onnx', 'checkpoint high'],
    ['vae', 'vae high'],
    ['lora', 'lora high'],
    ['control_lora', 'lora high'],
    ['controlnet', 'controlnet high'],
    ['t2i_adapter', 'controlnet high'],
    ['ip_adapter', 'ipadapter high'],
    ['embedding', 'embedding high'],
    ['clip_vision', 'clip_vision high'],
    ['siglip', 'clip_vision high'],
    ['clip_embed', 'text_encoder high'],
    ['t5_encoder', 'text_encoder high'],
    ['new_encoder', 'text_encoder high'],
    ['flux_redux', 'style_model high'],
    ['spandrel_image_to_image', 'upscaler high'],
    ['newest', 'other low'],
  ]
  test.each(kinds)('of kind %s', (kind, type) => {
    for (const value of [model('m', kind), { model_name: 'm', base_model: 'sdxl', model_type: kind }]) {
      const { dependencies } = ask(invokeai, { anything: value }, 'invokeai_metadata')
      expect(dependencies.map((each) => `${each.type} ${each.type_confidence}`)).toEqual([type])
    }
  })

  const fields: readonly (readonly [field: string, type: string])[] = [
    ['model', 'checkpoint high'],
    ['refiner_model', 'checkpoint high'],
    ['unet', 'checkpoint high'],
    ['vae', 'vae high'],
    ['vae_model', 'vae high'],
    ['lora', 'lora high'],
    ['control_model', 'controlnet high'],
    ['t2i_adapter_model', 'controlnet high'],
    ['ip_adapter_model', 'ipadapter high'],
    ['image_encoder_model', 'clip_vision high'],
    ['clip_vision_model', 'clip_vision high'],
    ['t5_encoder', 'text_encoder high'],
    ['qwen3_encoder_model', 'text_encoder high'],
    ['clip_embed_model', 'text_encoder high'],
    ['upscale_model', 'upscaler high'],
    ['anything', 'other low'],
  ]
  test.each(fields)('of a kind that only the field %s tells', (field, type) => {
    const { dependencies } = ask(invokeai, { [field]: { model_name: 'm', base_model: 'sdxl' } }, 'invokeai_metadata')
    expect(dependencies.map((each) => `${each.type} ${each.type_confidence}`)).toEqual([type])
  })

  test.each([
    [{ name: 'm', base: 'sdxl' }],
    [{ name: 'm', type: 'main' }],
    [{ name: '', base: 'sdxl', type: 'main' }],
    [{ model_name: 'm', model_type: 'main' }],
    [{ model_name: 5, base_model: 'sdxl' }],
  ])('%j is no model', (value) => {
    expect(needs({ model: value })).toEqual([])
  })

  test('of families with parts of their own', () => {
    expect(
      needs({
        model: model('glass-rain', 'main', 'flux'),
        guidance: 3.5,
        t5_encoder: model('t5', 't5_encoder', 'any'),
        clip_embed_model: model('clip', 'clip_embed', 'any'),
        negative_style_prompt: '<grey>',
        positive_style_prompt: '<brush>',
        qwen3_encoder: model('q', 'qwen3_encoder', 'any'),
        mistral_encoder: model('m', 'mistral_encoder', 'any'),
        control_lora: { lora: model('edges', 'control_lora', 'flux'), weight: 0.7 },
        redux: model('r', 'flux_redux', 'flux'),
        siglip: model('s', 'siglip', 'any'),
        upscaler: model('u', 'something_new', 'any'),
      }),
    ).toEqual([
      'diffusion_model glass-rain',
      'text_encoder t5',
      'text_encoder clip',
      'text_encoder q',
      'text_encoder m',
      'lora edges 0.7',
      'style_model r',
      'clip_vision s',
      'other u',
      'embedding brush (optional)',
      'embedding grey (optional)',
    ])
  })

  test('with the guidance of families that have no other', () => {
    expect(ask(invokeai, { guidance: 3.5 }, 'invokeai_metadata').generation.cfg_scale).toBe(3.5)
  })

  test('of models that run elsewhere', () => {
    const { dependencies } = ask(invokeai, { model: model('Imagen', 'main', 'imagen4') }, 'invokeai_metadata')
    expect(dependencies[0]).toMatchObject({
      status: 'skipped',
      reason: 'It runs on the servers of its maker: no file is needed',
    })
  })

  test('in layers of the canvas and in reference images, with what switches them off', () => {
    expect(
      needs({
        canvas_v2_metadata: {
          controlLayers: [
            {
              isEnabled: true,
              controlAdapter: { type: 'controlnet', model: model('lines', 'controlnet'), weight: 0.75 },
            },
            { isEnabled: false, controlAdapter: { model: model('depth', 'controlnet'), weight: 1 } },
          ],
          regionalGuidance: [
            { isEnabled: true, referenceImages: [{ ipAdapter: { model: model('faces', 'ip_adapter'), weight: 1 } }] },
          ],
        },
        ref_images: [
          {
            id: 'a',
            isEnabled: true,
            config: { type: 'ip_adapter', model: model('style', 'ip_adapter'), weight: 0.3 },
          },
          { id: 'b', isEnabled: false, config: { type: 'flux_redux', model: model('redux', 'flux_redux') } },
        ],
      }),
    ).toEqual([
      'controlnet lines 0.75',
      'controlnet depth 1 (off)',
      'ipadapter faces 1',
      'ipadapter style 0.3',
      'style_model redux (off)',
    ])
  })

  const hashes: readonly (readonly [hash: string, evidence: string | undefined, warning: string | undefined])[] = [
    [`blake3:${HEX}`, `blake3 ${HEX}`, undefined],
    [`BLAKE3_SINGLE:${HEX.toUpperCase()}`, `blake3 ${HEX}`, undefined],
    [`sha256:${HEX}`, `sha256 ${HEX}`, undefined],
    [HEX, `sha256 ${HEX}`, undefined],
    [`md5:${HEX.slice(32)}`, undefined, 'invokeai:model: this is not a hash of a known kind'],
    [`random:${HEX}`, undefined, 'invokeai:model: this id of a model is random and no hash of its file'],
  ]
  test.each(hashes)('hash %s', (hash, evidence, warning) => {
    const { dependencies, warnings } = ask(invokeai, { model: model('m', 'main', 'sdxl', hash) }, 'invokeai_metadata')
    expect(dependencies[0]?.hashes.map(({ algorithm, value }) => `${algorithm} ${value}`)).toEqual(
      evidence === undefined ? [] : [evidence],
    )
    expect(warnings).toEqual(warning === undefined ? [] : [warning])
  })

  test('a model by the id of its installation is told as a warning', () => {
    const loras = [{ lora: { key: 'x' }, weight: 1 }, { lora: { name: 'y' } }, { other: { key: 'z' } }]
    const value = { model: { key: 'x' }, control_model: { key: 'x', name: null }, loras, key: 'k', seed: 1 }
    const { dependencies, warnings } = ask(invokeai, value, 'invokeai_metadata')
    expect(dependencies).toEqual([])
    expect(warnings).toEqual([
      'invokeai:model: a model is named by an id of its installation only',
      'invokeai:loras: a model is named by an id of its installation only',
    ])
  })

  test('only what is switched off, or has a weight, has a vote', () => {
    const value = {
      model: model('m', 'main'),
      loras: [{ model: model('a', 'lora') }, { model: model('b', 'lora'), weight: 1, is_enabled: false }],
      vaes: [{ vae: model('c', 'vae'), enabled: false, weight: 1 }],
      faces: {
        isEnabled: false,
        inner: [{ isEnabled: true, adapter: { model: model('d', 'ip_adapter'), weight: 1 } }],
      },
    }
    const { mentions } = ask(invokeai, value, 'invokeai_metadata')
    expect(mentions.map(({ name, active, weight }) => [name, active, weight])).toEqual([
      ['m', undefined, undefined],
      ['a', undefined, undefined],
      ['b', false, 1],
      ['c', false, undefined],
      ['d', false, 1],
    ])
  })
})

describe('graph', () => {
  const graph = {
    id: 'g',
    nodes: {
      loader: { id: 'loader', type: 'sdxl_model_loader', model: model('harborMix_v2', 'main') },
      pick: { id: 'pick', type: 'lora_selector', lora: model('ink_wash_style', 'lora'), weight: 0.8 },
      wired: { id: 'wired', type: 'vae_loader', vae_model: model('old.vae', 'vae') },
      text: { id: 'text', type: 'compel', prompt: 'a <soft-hands>', style: '<brush>', positive_prompt: '<sea>' },
      more: { id: 'more', type: 'x', negative_prompt: '<mud>', model_name: 'y.pth', label: '<no>' },
      big: { id: 'big', type: 'esrgan', model_name: 'RealESRGAN_x4plus.pth' },
      meta: { id: 'meta', type: 'core_metadata', model: model('harborMix_v2', 'main'), loras: [] },
    },
    edges: [{ source: { node_id: 'a', field: 'b' }, destination: { node_id: 'wired', field: 'vae_model' } }],
  }

  test('names what was executed, without values that are wired', () => {
    const { dependencies, trust, generation, confidence } = ask(invokeai, graph, 'invokeai_graph')
    expect(dependencies.map(brief)).toEqual([
      'checkpoint harborMix_v2',
      'lora ink_wash_style 0.8',
      'embedding soft-hands (optional)',
      'embedding brush (optional)',
      'embedding sea (optional)',
      'embedding mud (optional)',
      'upscaler RealESRGAN_x4plus (optional)',
    ])
    expect(dependencies[0]?.evidence).toEqual(['invokeai:graph node loader', 'invokeai:graph node meta'])
    expect({ trust, generation, confidence }).toEqual({
      trust: TRUST.executed,
      generation: { software: 'InvokeAI' },
      confidence: 1,
    })
  })

  test('of version 3', () => {
    const nodes = {
      a: { id: 'a', type: 'main_model_loader', model: { model_name: 'm', base_model: 'sd-1', model_type: 'main' } },
      b: { id: 'b', type: 'lora_loader', lora: { model_name: 'l', base_model: 'sd-1' }, weight: 0.75 },
    }
    expect(needs({ nodes, edges: [] }, 'invokeai_graph')).toEqual(['checkpoint m', 'lora l 0.75'])
  })
})

test('workflow', () => {
  const node = (id: string, inputs: object) => ({ id, type: 'invocation', data: { id, type: 't', inputs } })
  const workflow = {
    name: 'w',
    nodes: [
      node('1', { model: { name: 'model', label: '', value: model('harborMix_v2', 'main') } }),
      node('2', { lora: { value: model('ink_wash_style', 'lora') }, weight: { value: 0.8 } }),
      node('3', { vae_model: { value: model('old.vae', 'vae') }, prompt: { value: 'a' } }),
      { id: '4', type: 'notes', data: { notes: 'n' } },
    ],
    edges: [{ source: '9', sourceHandle: 'vae', target: '3', targetHandle: 'vae_model', type: 'default' }],
    exposedFields: [{ nodeId: '1', fieldName: 'model' }],
    meta: { version: '3.0.0', category: 'user' },
  }
  const { dependencies, trust, confidence } = ask(invokeai, workflow, 'invokeai_workflow')
  expect(dependencies.map(brief)).toEqual(['checkpoint harborMix_v2', 'lora ink_wash_style 0.8'])
  expect(dependencies[1]?.evidence).toEqual(['invokeai:workflow node 2'])
  expect({ trust, confidence }).toEqual({ trust: TRUST.editor, confidence: 1 })
})

describe('older generations', () => {
  const old = (value: object) => ask(invokeai, value, 'sd-metadata')

  test('sd-metadata before, with the places of all that it says', () => {
    const { dependencies } = old({
      model_id: 'sd-harbor-0',
      images: [{ prompt: 'a <soft-hands>', postprocessing: [{ type: 'CodeFormer' }] }],
    })
    expect(dependencies.map((each) => [brief(each), ...each.evidence])).toEqual([
      ['checkpoint sd-harbor-0', 'invokeai:sd-metadata'],
      ['other CodeFormer (optional)', 'invokeai:sd-metadata postprocessing'],
      ['embedding soft-hands (optional)', 'invokeai:sd-metadata prompt'],
    ])
  })

  test('sd-metadata by a hash alone, or by nothing', () => {
    expect(old({ model_hash: HEX, image: {} }).dependencies.map(brief)).toEqual([`checkpoint - sha256:${HEX}`])
    expect(old({ model_hash: HEX, image: {} }).dependencies[0]?.hashes[0]?.source).toBe(
      'invokeai:sd-metadata model_hash',
    )
    expect(old({ image: {} }).dependencies).toEqual([])
  })

  test('a Dream that names models', () => {
    const { dependencies } = ask(invokeai, '"<soft-hands> withLora(a, -0.5)" -s 5', 'Dream')
    expect(dependencies.map((each) => [brief(each), ...each.evidence])).toEqual([
      ['embedding soft-hands (optional)', 'invokeai:Dream prompt'],
      ['lora a -0.5', 'invokeai:Dream prompt'],
    ])
  })

  test('sd-metadata', () => {
    const { dependencies, generation } = ask(
      invokeai,
      {
        model: 'stable diffusion',
        model_weights: 'sd-harbor-1',
        model_hash: HEX,
        app_id: 'invoke-ai/InvokeAI',
        app_version: '2.3.0',
        image: {
          prompt: [
            { prompt: 'a pier withLora(ink_wash_style,0.8)', weight: 1 },
            { prompt: '<soft-hands> withLora(night-fog)', weight: 0.5 },
          ],
          steps: 50,
          cfg_scale: 7.5,
          seed: 42,
          width: 512,
          height: 768,
          sampler: 'k_lms',
          postprocessing: [{ type: 'gfpgan', strength: 0.8 }, { type: 'esrgan', scale: 2 }, { type: 'embiggen' }],
        },
      },
      'sd-metadata',
    )
    expect(dependencies.map(brief)).toEqual([
      `checkpoint sd-harbor-1 sha256:${HEX}`,
      'other GFPGAN (optional)',
      'upscaler RealESRGAN (optional)',
      'embedding soft-hands (optional)',
      'lora ink_wash_style 0.8',
      'lora night-fog 1',
    ])
    expect(generation).toEqual({
      prompt: 'a pier withLora(ink_wash_style,0.8) <soft-hands> withLora(night-fog)',
      seed: 42,
      steps: 50,
      sampler: 'k_lms',
      cfg_scale: 7.5,
      width: 512,
      height: 768,
      software: 'InvokeAI',
      version: '2.3.0',
    })
  })

  test.each([
    ['"a \\"pier\\" [fog]" -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms'],
    ['a \\"pier\\" [fog] -s50 -S42 -W512 -H768 -C7.5 -A k_lms'],
  ])('Dream: %s', (text) => {
    const { dependencies, generation, confidence } = ask(invokeai, text, 'Dream')
    expect(dependencies).toEqual([])
    expect(confidence).toBe(0.9)
    expect(generation).toEqual({
      prompt: 'a \\"pier\\" [fog]',
      seed: 42,
      steps: 50,
      sampler: 'k_lms',
      cfg_scale: 7.5,
      width: 512,
      height: 768,
      software: 'InvokeAI',
    })
  })

  test('Dream without its options is a prompt', () => {
    expect(ask(invokeai, 'a pier - at dusk', 'Dream').generation).toEqual({
      prompt: 'a pier - at dusk',
      software: 'InvokeAI',
    })
  })
})

describe('known by its shape', () => {
  const rows: readonly (readonly [name: string, value: unknown, confidence: number])[] = [
    ['metadata', { positive_prompt: 'a', model: model('m', 'main') }, 0.9],
    ['metadata of version 3', { positive_prompt: 'a', model: { model_name: 'm', base_model: 'sd-1' } }, 0.9],
    ['a graph', { nodes: { a: { id: 'a', type: 't' } }, edges: [] }, 0.97],
    ['a workflow', { nodes: [{ data: { inputs: { a: {} } } }], edges: [] }, 0.97],
    ['sd-metadata', { model_weights: 'm', image: {} }, 0.95],
    ['a command line', '"a pier" -s 50 -S 42 -W 512', 0.6],
    ['a workflow of ComfyUI', { nodes: [{ id: 1, type: 't', widgets_values: [] }], links: [] }, 0],
    ['a graph of ComfyUI', { 1: { class_type: 't', inputs: {} } }, 0],
    ['a mode', { positive_prompt: 'a', generation_mode: 'txt2img' }, 0.9],
    ['a mode without a prompt', { generation_mode: 'txt2img' }, 0],
    ['weights without an image', { model_weights: 'm' }, 0],
    ['nodes without edges', { nodes: { a: { id: 'a', type: 't' } } }, 0],
    ['other JSON', { positive_prompt: 'a' }, 0],
    ['prose', 'a pier', 0],
  ]
  test.each(rows)('%s', (_, value, confidence) => {
    expect(ask(invokeai, value).confidence).toBe(confidence)
  })

  test('whatever the key is', () => {
    const nodes = { a: { id: 'a', type: 't', model: model('m', 'main') } }
    const inputs = { model: { value: model('m', 'main') } }
    const shapes: readonly (readonly [value: unknown, trust: number])[] = [
      [{ nodes, edges: [] }, TRUST.executed],
      [{ nodes: [{ id: 'a', data: { inputs } }], edges: [] }, TRUST.editor],
      [{ model_weights: 'm', image: {} }, TRUST.native],
      [{ model: model('m', 'main') }, TRUST.native],
    ]
    for (const [value, trust] of shapes) {
      for (const key of ['', 'invokeai_metadata']) {
        const answer = ask(invokeai, value, key)
        expect({ needs: answer.dependencies.map(brief), trust: answer.trust }).toEqual({
          needs: ['checkpoint m'],
          trust,
        })
      }
    }
    const dream = ask(invokeai, '"a" -s 5 -S 6')
    expect({ ...dream.generation, trust: dream.trust }).toEqual({
      prompt: 'a',
      steps: 5,
      seed: 6,
      software: 'InvokeAI',
      trust: TRUST.native,
    })
  })

  test('damaged JSON is not', () => {
    expect(ask(invokeai, '{"model": {', 'invokeai_metadata').confidence).toBe(0)
  })
})

describe('hostile input', () => {
  test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('%s', (_, value) => {
    for (const key of ['', 'invokeai_metadata', 'invokeai_graph', 'invokeai_workflow', 'sd-metadata', 'Dream']) {
      expect(ask(invokeai, value, key).dependencies).toEqual([])
    }
  })

  test('own keys of any name, and names that are no paths', () => {
    const text = `{"__proto__":{"model":${JSON.stringify(model('../../x', 'main'))}},"nodes":{"__proto__":{"type":"t"}}}`
    expect(needs(text)).toEqual(['checkpoint x'])
  })

  test('models below twelve levels are left alone', () => {
    const nest = (levels: number): unknown =>
      levels === 0 ? { model: model('m', 'main') } : { inner: nest(levels - 1) }
    expect(needs(nest(10))).toEqual(['checkpoint m'])
    expect(needs(nest(13))).toEqual([])
  })

  test('any values', () => {
    const keys = fc.constantFrom('nodes', 'edges', 'model', 'name', 'base', 'type', 'loras', 'image', 'weight', 'hash')
    const value = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(keys, tie('tree')), fc.array(tie('tree'))),
    })).tree
    fc.assert(
      fc.property(value, fc.constantFrom('invokeai_metadata', 'invokeai_graph', 'sd-metadata'), (tree, key) => {
        expect(ask(invokeai, tree ?? null, key).trust).toBeGreaterThan(0)
      }),
    )
  })

  test('texts that would take long without care', () => {
    for (const piece of ['withLora(', '<a', '" -s 1 ', '" -s 1 x -S', ' -s ']) {
      const { dependencies } = ask(invokeai, piece.repeat(200_000), 'Dream')
      expect(dependencies.length).toBeLessThan(1001)
      expect(ask(invokeai, `"${piece.repeat(12_000)}`).confidence).toBeLessThan(1)
    }
  })
})
