import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { stabilityMatrix } from '../../../src/import/parse/stability-matrix.ts'
import { type Answer, ask, brief, formatOf, HOSTILE } from './parser-answer.ts'

const read = (value: unknown, key = ''): Answer => ask(stabilityMatrix, value, key)

const SHA = 'ab'.repeat(32)

describe('what a picture was made with', () => {
  const parameters = {
    PositivePrompt: 'a pier <lora:ink_wash_style:0.8> <lyco:night-fog:1> <embedding:soft-hands>',
    NegativePrompt: 'blurry <embedding:dim:0.9>',
    Steps: 30,
    Sampler: 'DPM++ 2M Karras',
    CfgScale: 5,
    Seed: 42,
    Height: 1216,
    Width: 832,
    ModelHash: SHA.toUpperCase(),
    ModelName: 'harborMix_v2.safetensors',
    ModelVersionId: 290640,
    ExtraNetworkModelVersionIds: [333590, '12', 0, null],
    FrameCount: 0,
  }

  test('all of it', () => {
    const answer = read(parameters, 'parameters-json')
    expect(answer.dependencies.map(brief)).toEqual([
      `checkpoint harborMix_v2 sha256:${SHA} @290640`,
      'lora ink_wash_style 0.8',
      'lora night-fog 1',
      'embedding soft-hands',
      'embedding dim',
      'lora - @333590',
      'lora - @12',
    ])
    expect(answer.dependencies.map(({ evidence }) => evidence)).toEqual([
      ['stabilitymatrix:ModelName', 'stabilitymatrix:ModelHash', 'stabilitymatrix:ModelVersionId'],
      ['stabilitymatrix:PositivePrompt'],
      ['stabilitymatrix:PositivePrompt'],
      ['stabilitymatrix:PositivePrompt'],
      ['stabilitymatrix:NegativePrompt'],
      ['stabilitymatrix:ExtraNetworkModelVersionIds'],
      ['stabilitymatrix:ExtraNetworkModelVersionIds'],
    ])
    expect(answer.generation).toEqual({
      prompt: parameters.PositivePrompt,
      negative_prompt: parameters.NegativePrompt,
      seed: 42,
      steps: 30,
      sampler: 'DPM++ 2M Karras',
      cfg_scale: 5,
      width: 832,
      height: 1216,
      software: 'StabilityMatrix',
    })
    expect(formatOf(parameters, 'parameters-json')).toBe('stabilitymatrix')
    expect([answer.confidence, answer.trust, answer.warnings]).toEqual([0.95, TRUST.native, []])
  })

  test('little of it', () => {
    expect(read({ ModelHash: SHA, ModelName: null, ModelVersionId: null }).dependencies.map(brief)).toEqual([
      `checkpoint - sha256:${SHA}`,
    ])
    expect(read({ ModelName: null, Seed: 1 }).dependencies).toEqual([])
    expect(read({ ModelName: 'm', PositivePrompt: 'x' }, 'parameters-json').confidence).toBe(0.9)
    expect(read({ ModelName: 'm', PositivePrompt: 'x' }).confidence).toBe(0)
  })
})

describe('projects', () => {
  const module = (type: string, enabled: boolean, ...cards: object[]) => ({
    $type: type,
    IsEnabled: enabled,
    $values: cards,
  })
  const network = (name: string, weight: number, enabled = true) => ({
    $type: 'ExtraNetwork',
    SelectedModelName: name,
    IsModelWeightEnabled: enabled,
    ModelWeight: weight,
    ClipWeight: 1,
  })
  const upscaler = (Name: string, Type: string) => ({ $type: 'Upscaler', Scale: 2, SelectedUpscaler: { Name, Type } })

  const state = {
    Model: {
      SelectedModelName: 'sdxl\\harborMix_v2.safetensors',
      SelectedRefinerName: '@none',
      SelectedVaeName: 'harbor.vae.safetensors',
      SelectedClip1Name: 'clip_l.safetensors',
      SelectedClip2Name: '@none',
      ClipSkip: 2,
      IsClipSkipEnabled: true,
      IsVaeSelectionEnabled: true,
      IsRefinerSelectionEnabled: false,
      IsClipModelSelectionEnabled: false,
      IsExtraNetworksEnabled: true,
      ModelLoader: 'Default',
      ExtraNetworks: {
        $values: [
          module('LoraModule', true, network('styles\\ink_wash_style.safetensors', 0.8)),
          module('LoraModule', false, network('night-fog.safetensors', 0.5)),
          module('LoraModule', true, network('glass-rain.safetensors', 0.5, false)),
        ],
      },
    },
    Sampler: {
      Steps: 30,
      CfgScale: 5,
      Width: 832,
      Height: 1216,
      SelectedSampler: { Name: 'dpmpp_2m' },
      SelectedScheduler: { Name: 'karras' },
      Modules: {
        $values: [
          module('ControlNetModule', true, {
            $type: 'ControlNet',
            SelectedModel: { RemoteName: 'control_canny.safetensors' },
            SelectedPreprocessor: { Value: 'canny' },
            Strength: 0.6,
          }),
        ],
      },
    },
    Prompt: { Prompt: 'a pier <lora:paper-lantern:0.4>', NegativePrompt: 'blurry' },
    Seed: { Seed: '42', IsRandomizeEnabled: true },
    Modules: {
      $values: [
        module('HiresFixModule', true, upscaler('nearest-exact', 'Latent')),
        module('UpscalerModule', false, upscaler('4x-UltraSharp.pth', 'ESRGAN')),
        module('FaceDetailerModule', true, {
          $type: 'FaceDetailer',
          BboxModel: { Local: { RelativePath: 'bbox/face_yolov8m.pt' } },
          SegmModel: null,
          SamModel: 'sam_vit_b.pth',
          DetailerPrompt: { Prompt: '<lora:copper-sky:1>' },
        }),
      ],
    },
  }
  const project = { $schema: 'x', Version: 4, ProjectType: 'TextToImage', State: state }
  const needs = (changed: object): string[] =>
    read({ ProjectType: 'TextToImage', State: changed }).dependencies.map(brief)

  test('all of one', () => {
    const answer = read(project, 'smproj')
    expect(answer.dependencies.map(brief)).toEqual([
      'checkpoint harborMix_v2',
      'vae harbor.vae',
      'text_encoder clip_l (off)',
      'lora ink_wash_style 0.8',
      'lora night-fog 0.5 (off)',
      'lora glass-rain 1',
      'controlnet control_canny 0.6',
      'lora paper-lantern 0.4',
      'upscaler nearest-exact (skipped)',
      'upscaler 4x-UltraSharp (off)',
      'detector face_yolov8m',
      'detector sam_vit_b',
      'lora copper-sky 1',
    ])
    expect(answer.dependencies[0]).toMatchObject({
      written: ['sdxl\\harborMix_v2.safetensors'],
      evidence: ['stabilitymatrix:SelectedModelName'],
    })
    expect(answer.generation).toEqual({
      prompt: 'a pier <lora:paper-lantern:0.4>',
      negative_prompt: 'blurry',
      seed: 42,
      steps: 30,
      sampler: 'dpmpp_2m',
      scheduler: 'karras',
      cfg_scale: 5,
      width: 832,
      height: 1216,
      clip_skip: 2,
      software: 'StabilityMatrix',
    })
    expect(formatOf(project, 'ImageDescription')).toBe('stabilitymatrix')
    expect([answer.confidence, answer.trust, answer.warnings]).toEqual([1, TRUST.editor, []])
  })

  const rows: readonly (readonly [name: string, state: object, needs: string[]])[] = [
    [
      'the sentinels',
      { Model: { SelectedModelName: null, SelectedVaeName: '@default', SelectedRefinerName: '@none' } },
      [],
    ],
    [
      'a refiner that is on',
      { Model: { SelectedRefinerName: 'r.safetensors', IsRefinerSelectionEnabled: true } },
      ['checkpoint r'],
    ],
    ['a VAE that is off', { Model: { SelectedVaeName: 'v.pt', IsVaeSelectionEnabled: false } }, ['vae v (off)']],
    [
      'networks that are off as a whole',
      { Model: { IsExtraNetworksEnabled: false, ExtraNetworks: { $values: [network('a', 1)] } } },
      ['lora a 1 (off)'],
    ],
    ['a network of weight 0', { Model: { ExtraNetworks: { $values: [network('a', 0)] } } }, ['lora a 0 (off)']],
    [
      'a diffusion model with its text encoders',
      {
        Model: {
          SelectedModelName: 'u.gguf',
          ModelLoader: 'Unet',
          SelectedClip1Name: 'c1',
          SelectedClip4Name: 'c4',
          IsClipModelSelectionEnabled: true,
        },
      },
      ['diffusion_model u', 'text_encoder c1', 'text_encoder c4'],
    ],
    [
      'a diffusion model under a name of its own',
      { Model: { SelectedUnetName: 'u.safetensors' } },
      ['diffusion_model u'],
    ],
    [
      'models of a video project',
      { Model: { SelectedClipModelName: 'umt5', SelectedClipVisionName: 'cv.safetensors' } },
      ['text_encoder umt5', 'clip_vision cv'],
    ],
    [
      'what the program knows of a file',
      {
        Model: {
          SelectedModel: {
            Local: {
              RelativePath: 'm.safetensors',
              ConnectedModelInfo: { ModelId: 5, VersionId: 6, Hashes: { SHA256: SHA.toUpperCase() } },
            },
          },
        },
      },
      [`checkpoint m sha256:${SHA} 5@6`],
    ],
    [
      'modules inside of modules that are off',
      { Modules: { $values: [module('A', false, module('B', true, upscaler('4x.pth', 'ESRGAN')))] } },
      ['upscaler 4x (off)'],
    ],
    ['prompts of a module that is off', { M: { IsEnabled: false, P: { Prompt: '<lora:a:1>' } } }, []],
    ['no upscaler', { U: { SelectedUpscaler: { Name: 'None', Type: 'None' } } }, []],
  ]
  test.each(rows)('%s', (_, changed, expected) => {
    expect(needs(changed)).toEqual(expected)
  })

  test('a project of too many cards is read in part', () => {
    const cards = Array.from({ length: 30_000 }, (_, at) => ({ SelectedModelName: `m${at % 10}` }))
    const answer = read({ ProjectType: 'x', State: { cards } })
    expect(answer.dependencies).toHaveLength(10)
    expect(answer.warnings).toContain('stabilitymatrix: cards after the first 20000 are left out')
  })
})

test('stumbles over nothing', () => {
  const odd = [
    { ProjectType: 5, State: null },
    { ProjectType: 5, State: ['x', { Model: [] }] },
    {
      ProjectType: 5,
      State: { Model: { SelectedModelName: {}, SelectedUpscaler: [], ExtraNetworks: 'x' }, Prompt: [] },
    },
    { ModelName: {}, ModelHash: 5, ExtraNetworkModelVersionIds: {}, PositivePrompt: [] },
    JSON.parse('{"ProjectType":1,"State":{"__proto__":{"SelectedModelName":"m"},"constructor":{"IsEnabled":false}}}'),
  ]
  for (const value of [...HOSTILE, ...odd]) expect(read(value).confidence).toBeLessThanOrEqual(1)
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(stabilityMatrix.format).toBe('stabilitymatrix')
})
