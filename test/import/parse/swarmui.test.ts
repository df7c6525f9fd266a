import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TRUST } from '../../../src/import/mention.ts'
import { parsePrompt } from '../../../src/import/parse/detect.ts'
import { swarmui } from '../../../src/import/parse/swarmui.ts'
import { ask } from './parser-answer.ts'

const read = (value: unknown) =>
  parsePrompt({
    texts: [{ place: 'png:tEXt:parameters', key: 'parameters', text: JSON.stringify(value) }],
    format: 'auto',
  })

const brief = (params: unknown, more: object = {}): string[] =>
  read({ sui_image_params: params, ...more }).dependencies.map(({ type, reference, hashes, weight, active }) =>
    [type, reference, hashes[0]?.algorithm, weight, active ? undefined : '(off)']
      .filter((part) => part !== undefined)
      .join(' '),
  )

const TENSORS = `0x${'ab'.repeat(32)}`
const OTHER = TENSORS.replaceAll('ab', 'cd')

describe('parameters', () => {
  const rows: readonly (readonly [name: string, params: object, needs: string[]])[] = [
    ['a model', { model: 'sub/m' }, ['checkpoint sub/m']],
    ['LoRAs as lists', { loras: ['style/a', 'b'], loraweights: ['0.8', '0'] }, ['lora style/a 0.8', 'lora b 0 (off)']],
    ['LoRAs in one string', { loras: 'a,b', loraweights: '0.33,0.3' }, ['lora a 0.33', 'lora b 0.3']],
    ['LoRAs as JSON in a string', { loras: '["a, b","c"]', loraweights: '[0.5,-1]' }, ['lora a, b 0.5', 'lora c -1']],
    ['a comma in a name', { loras: ['a, b'], loraweights: [0.5] }, ['lora a, b 0.5']],
    ['a LoRA for the text only', { loras: ['a'], loraweights: ['0'], loratencweights: ['1'] }, ['lora a 0']],
    ['a LoRA for nothing', { loras: ['a'], loraweights: ['0'], loratencweights: ['0'] }, ['lora a 0 (off)']],
    ['missing weights', { loras: ['a', 'b'], loraweights: ['', '0.5', '0.7'] }, ['lora a 1', 'lora b 0.5']],
    ['empty places', { loras: 'a,,b', loraweights: '0.1,0.2,0.3' }, ['lora a 0.1', 'lora b 0.3']],
    ['a LoRA of two sections', { loras: ['a', 'a'], loraweights: ['0', '0.4'] }, ['lora a 0.4']],
    [
      'none at all',
      {
        model: 'm',
        vae: 'None',
        refinervae: 'Automatic',
        automaticvae: true,
        refinermodel: '(Use Base)',
        segmentmodel: '(Use Refiner)',
        controlnetmodel: '(None)',
        usestylemodel: 'None',
        gligenmodel: '',
      },
      ['checkpoint m'],
    ],
    [
      'further models',
      {
        model: 'm',
        refinermodel: 'r',
        segmentmodel: 's',
        regionalobjectinpaintingmodel: 'o',
        negativemodel: 'n',
        videomodel: 'v1',
        videoswapmodel: 'v2',
        videoextendmodel: 'v3',
        videoextendswapmodel: 'v4',
        vae: 'a1',
        refinervae: 'a2',
        pixeldecodermodel: 'p',
        seedvrmodel: 'sv',
        gligenmodel: 'g',
        usestylemodel: 'redux.safetensors',
        yolomodelinternal: 'y.pt',
      },
      [
        'checkpoint m',
        'checkpoint r',
        'checkpoint s',
        'checkpoint o',
        'checkpoint n',
        'diffusion_model v1',
        'diffusion_model v2',
        'diffusion_model v3',
        'diffusion_model v4',
        'vae a1',
        'vae a2',
        'other p',
        'other sv',
        'other g',
        'style_model redux.safetensors',
        'detector y.pt',
      ],
    ],
    [
      'encoders',
      {
        cliplmodel: 'a',
        clipgmodel: 'b',
        txxlmodel: 'c',
        llavamodel: 'd',
        llamamodel: 'e',
        qwenmodel: 'f',
        mistralmodel: 'g',
        gemmamodel: 'h',
        gptossmodel: 'i',
        clipvisionmodel: 'j',
        revisionmodel: 'k',
      },
      [...'abcdefghi'].map((name) => `text_encoder ${name}`).concat('clip_vision j', 'clip_vision k'),
    ],
    [
      'ControlNets with their strengths',
      {
        controlnetmodel: 'a',
        controlnetstrength: 0.5,
        controlnettwomodel: 'b',
        controlnettwostrength: '0',
        controlnetthreemodel: 'c',
        controlnetthreestrength: 2,
      },
      ['controlnet a 0.5', 'controlnet b 0 (off)', 'controlnet c 2'],
    ],
    ['upscalers that are files', { refinerupscalemethod: 'model-4x_foo.pth' }, ['upscaler 4x_foo.pth']],
    ['upscalers of latents', { seedvrupscalemethod: 'latentmodel-up.safetensors' }, ['upscaler up.safetensors']],
    ['upscalers that are none', { refinerupscalemethod: 'pixel-lanczos', seedvrupscalemethod: 'latent-bislerp' }, []],
    [
      'an upscaler without upscaling',
      { refinerupscalemethod: 'model-4x_foo.pth', refinerupscale: '1' },
      ['upscaler 4x_foo.pth (off)'],
    ],
    ['an adapter', { useipadapter: 'file:x.safetensors', ipadapterweight: 0.6 }, ['ipadapter x.safetensors 0.6']],
    ['an adapter by preset', { useipadapter: 'faceid' }, []],
    [
      'references',
      { model: 'civitai:version:12', vae: 'urn:air:sdxl:vae:civitai:1@2' },
      ['checkpoint civitai:version:12', 'vae civitai:version:2'],
    ],
    ['a list of models', { controlnetmodel: ['a', 'b'] }, ['controlnet a', 'controlnet b']],
    ['numbers where names belong', { model: 5, loras: [1, null, {}], vae: {} }, ['lora 1 1']],
    [
      'names that are no paths',
      { model: '../../x', loras: ['C:\\x.safetensors'] },
      ['checkpoint ../../x', 'lora C:\\x.safetensors 1'],
    ],
  ]
  test.each(rows)('%s', (_, params, needs) => {
    expect(brief(params)).toEqual(needs)
  })
})

describe('prompts', () => {
  const rows: readonly (readonly [prompt: string, needs: string[]])[] = [
    [
      '<lora:a:0.5> <embed:e> <embedding:sub/f.safetensors>',
      ['lora a 0.5', 'embedding e', 'embedding sub/f.safetensors'],
    ],
    ['<segment:yolo-face_v8m-seg_60.pt:0.6>', ['detector face_v8m-seg_60.pt']],
    ['<segment:yolo-face.pt-1,0.8,0.25//cid=11> better', ['detector face.pt']],
    ['<segment:yolo-fruit.pt:0,apple,2:,0.8,0.25>', ['detector fruit.pt']],
    ['<segment:yolo-face.pt | yolo-hair-2 | fingers//cid=12>', ['detector face.pt', 'detector hair']],
    ['<segment:face> <segment:yolo-> <base//cid=5> <refiner> <video>', []],
    ['<clear:yolo-face.pt>', ['detector face.pt']],
    ['<region:0,0,0.5,0.5,0.8//cid=11> a boat <object:yolo-face.pt>', []],
    ['<random:a,b> <wildcard:animals> <param[model]:x>', []],
  ]
  test.each(rows)('%s', (prompt, needs) => {
    expect(brief({ prompt })).toEqual(needs)
    expect(brief({ negativeprompt: prompt })).toEqual(needs)
  })

  test('what was not chosen is not needed', () => {
    const original = 'a <random:<lora:x>|<embed:y>> cat'
    const extra = { original_prompt: original, used_embeddings: ['soft-hands'], prompted_loras: ['x'] }
    expect(brief({ prompt: 'a cat', original_prompt: original }, { sui_extra_data: extra })).toEqual([
      'embedding soft-hands',
    ])
  })
})

describe('sui_models', () => {
  test('digests are of the tensors and join the names, whose extension may be missing', () => {
    const models = [
      { name: 'sub/m.safetensors', param: 'model', hash: TENSORS },
      { name: 'a.safetensors', param: 'loras', hash: null },
      { name: 'e.safetensors', param: 'used_embeddings', hash: OTHER },
    ]
    const more = { sui_models: models, sui_extra_data: { used_embeddings: ['e'] } }
    expect(brief({ model: 'sub/m', loras: ['a'] }, more)).toEqual([
      'checkpoint sub/m tensor_sha256',
      'lora a 1',
      'embedding e tensor_sha256',
    ])
    const [first] = read({ sui_image_params: { model: 'sub/m' }, ...more }).dependencies
    expect(first).toMatchObject({
      filename: 'm.safetensors',
      written: ['sub/m', 'sub/m.safetensors'],
      hashes: [{ algorithm: 'tensor_sha256', value: 'ab'.repeat(32), source: 'swarmui:sui_models' }],
      evidence: ['swarmui:model', 'swarmui:sui_models model'],
    })
  })

  test('the only entry of a parameter is of its value, however it is spelled', () => {
    const entry = (name: string, param = 'model') => ({ name, param, hash: TENSORS })
    const say = (model: string, ...models: unknown[]) => brief({ model }, { sui_models: models })
    expect(say('dir/m', entry('elsewhere/x.safetensors'))).toEqual(['checkpoint dir/m tensor_sha256'])
    expect(say('dir/m', entry('x'), entry('y'))).toEqual([
      'checkpoint dir/m',
      'checkpoint x tensor_sha256',
      'checkpoint y tensor_sha256',
    ])
    expect(say('civitai:version:5', entry('x'))).toHaveLength(2)
    for (const model of ['(Use Base)', 'Automatic', 'None']) expect(say(model, entry('x'))).toHaveLength(1)
    expect(brief({ loras: ['a'] }, { sui_models: [entry('b', 'loras')] })).toEqual(['lora a 1', 'lora b tensor_sha256'])
    const beside = (name: string) => read({ sui_image_params: { model: 'dir/m' }, sui_models: [entry(name)] })
    expect(beside('elsewhere/M.safetensors')).toMatchObject({
      dependencies: [{ name: 'm', filename: 'M.safetensors', written: ['dir/m', 'elsewhere/M.safetensors'] }],
      warnings: [],
    })
    const other = beside('elsewhere/x.safetensors')
    expect(other).toMatchObject({
      dependencies: [{ name: 'm', written: ['dir/m'], evidence: ['swarmui:model', 'swarmui:sui_models model'] }],
      warnings: [{ place: 'swarmui:sui_models model' }],
    })
    expect(other.dependencies[0]).not.toHaveProperty('filename')
  })

  const rows: readonly (readonly [hash: string | null, algorithm: string | undefined, warnings: number])[] = [
    [TENSORS, 'tensor_sha256', 0],
    [TENSORS.slice(2).toUpperCase(), 'tensor_sha256', 0],
    [TENSORS.replace('0x', 'sha256:'), 'sha256', 0],
    ['sha256:abc123def456', 'sha256_12', 0],
    ['0x0123456789ab', 'auto_v3', 0],
    [null, undefined, 0],
    ['sha256:abc123...', undefined, 1],
    ['0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', undefined, 1],
  ]
  test.each(rows)('hash %s', (hash, algorithm, warnings) => {
    const parsed = read({ sui_image_params: { model: 'm' }, sui_models: [{ name: 'm', param: 'model', hash }] })
    expect(parsed.dependencies.map(({ hashes }) => hashes[0]?.algorithm)).toEqual([algorithm as never])
    expect(parsed.warnings.map(({ place }) => place)).toEqual(Array(warnings).fill('swarmui:sui_models'))
  })

  test('alone they name models too, those of unknown parameters with a doubtful type', () => {
    const models = [
      { name: 'a', param: 'controlnettwomodel' },
      { name: 'b', param: 'someloramodel' },
      { name: 'c', param: 'editcontrolnetmodel' },
      { name: 'd', param: 'editvae' },
      { name: 'e', param: 'editmodel' },
      { name: '(Use Base)', param: 'refinermodel' },
      { name: 'f', param: 'loras' },
      { name: 'g', param: 'used_embeddings' },
      { name: 'sha256:words', param: 'vae' },
    ]
    const { dependencies, confidence, warnings } = read({ sui_models: models })
    expect(confidence).toBe(0.9)
    expect(warnings.map(({ place }) => place)).toEqual(['swarmui:sui_models'])
    expect(dependencies.map(({ type, name, type_confidence }) => `${type} ${name} ${type_confidence}`)).toEqual([
      'controlnet a high',
      'lora b low',
      'controlnet c low',
      'vae d low',
      'other e low',
      'lora f high',
      'embedding g high',
      'vae undefined high',
    ])
  })
})

test('parameters that nothing asked for are switched off', () => {
  const params = { model: 'm', vae: 'v', loras: ['a'], controlnetmodel: 'c', refinerupscalemethod: 'model-u.pth' }
  const unused = (...names: string[]) => ({ sui_extra_data: { unused_parameters: names } })
  expect(brief(params, unused('vae', 'loras', 'controlnetmodel', 'refinerupscalemethod', 'seed'))).toEqual([
    'checkpoint m',
    'vae v (off)',
    'controlnet c (off)',
    'lora a 1 (off)',
    'upscaler u.pth (off)',
  ])
  expect(brief(params, unused('model', 'vae'))).toEqual([
    'checkpoint m',
    'vae v',
    'controlnet c',
    'lora a 1',
    'upscaler u.pth',
  ])
})

test('a parameter that tells no strength has no vote on whether its model is on', () => {
  const json = { model: 'm', controlnetmodel: 'c', controlnetstrength: 1, useipadapter: 'file:a.bin' }
  const { mentions, trust } = ask(swarmui, { sui_image_params: json, sui_extra_data: { used_embeddings: 'e, f' } })
  expect(trust).toBe(TRUST.native)
  expect(mentions.map(({ type, active, evidence }) => [type, active, ...evidence])).toEqual([
    ['checkpoint', undefined, 'swarmui:model'],
    ['controlnet', true, 'swarmui:controlnetmodel'],
    ['ipadapter', undefined, 'swarmui:useipadapter'],
    ['embedding', undefined, 'swarmui:used_embeddings'],
    ['embedding', undefined, 'swarmui:used_embeddings'],
  ])
})

test('strengths on the text encoder are told where they differ', () => {
  const told = (params: object) =>
    read({ sui_image_params: params }).dependencies.map(
      ({ name, weight, unet_weight, clip_weight, active }) => [name, weight, unet_weight, clip_weight, active] as const,
    )
  expect(
    told({ loras: ['a', 'b', 'c', 'd'], loraweights: ['0.8', '1', '0', '0.5'], loratencweights: ['0.5', '1', '1'] }),
  ).toEqual([
    ['a', 0.8, undefined, 0.5, true],
    ['b', 1, undefined, undefined, true],
    ['c', 0, undefined, 1, true],
    ['d', 0.5, undefined, undefined, true],
  ])
  expect(told({ prompt: '<lora:a:0.4:0.2> <lora:b:0:0.5> <lora:c:0:0>' })).toEqual([
    ['a', 0.4, undefined, 0.2, true],
    ['b', 0, undefined, 0.5, true],
    ['c', 0, undefined, undefined, false],
  ])
})

test('a LoRA that counts in one section only says so', () => {
  const params = { loras: ['a', 'b', 'c'], lorasectionconfinement: ['0', '5', '-1'] }
  expect(read({ sui_image_params: params }).dependencies.map(({ evidence }) => evidence)).toEqual([
    ['swarmui:loras'],
    ['swarmui:loras', 'swarmui:lorasectionconfinement 5'],
    ['swarmui:loras'],
  ])
})

describe('how the picture was made', () => {
  test('as its parameters say', () => {
    const params = {
      prompt: 'a',
      negativeprompt: 'b',
      seed: 1,
      steps: '20',
      sampler: 'euler',
      scheduler: 'karras',
      cfgscale: 7,
      width: 8,
      height: 16,
      clipstopatlayer: -2,
      swarm_version: '0.9',
    }
    expect(read({ sui_image_params: params }).generation).toEqual({
      prompt: 'a',
      negative_prompt: 'b',
      seed: 1,
      steps: 20,
      sampler: 'euler',
      scheduler: 'karras',
      cfg_scale: 7,
      width: 8,
      height: 16,
      clip_skip: 2,
      software: 'SwarmUI',
      version: '0.9',
    })
  })

  test.each([
    [
      { width: 512, height: 512, rawresolution: '832x1216' },
      { width: 832, height: 1216 },
    ],
    [
      { width: 512, height: 512, altresolutionheightmultiplier: '1.5' },
      { width: 512, height: 768 },
    ],
    [
      { comfyuisampler: 'ddim', comfyuischeduler: 'normal' },
      { sampler: 'ddim', scheduler: 'normal' },
    ],
  ])('%j', (params, generation) => {
    expect(read({ sui_image_params: params }).generation).toEqual({ ...generation, software: 'SwarmUI' })
  })
})

describe('hostile input', () => {
  test('own keys of any name, long names and deep nesting', () => {
    const text = `{"sui_image_params":{"__proto__":{"model":"x"},"model":"${'n'.repeat(5000)}","vae":"a\\u0000b","loras":${'['.repeat(500)}${']'.repeat(500)}}}`
    const { dependencies } = parsePrompt({ texts: [{ place: 'p', key: 'parameters', text }], format: 'auto' })
    expect(dependencies.map(({ type, written }) => [type, written[0]?.length])).toEqual([
      ['checkpoint', 5000],
      ['vae', 3],
    ])
  })

  test('any values', () => {
    const keys = fc.constantFrom(
      'model',
      'vae',
      'loras',
      'loraweights',
      'prompt',
      'useipadapter',
      'refinerupscalemethod',
    )
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), fc.jsonValue(), (params, models) => {
        expect(read({ sui_image_params: { a: 1, ...params }, sui_models: models }).format).toBe('swarmui')
      }),
    )
  })

  test('a prompt of many tags', () => {
    const prompt = '<segment:yolo-a|'.repeat(100_000)
    expect(brief({ prompt: `${prompt}>` }).length).toBeLessThan(1001)
  })
})
