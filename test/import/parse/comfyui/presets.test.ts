import { describe, expect, test } from 'bun:test'
import { brief, graphOf, node, say } from './graphs.ts'

const read = (className: string, preset: string, model?: string, more: Record<string, unknown> = {}) =>
  say(
    graphOf({
      ...(model === undefined ? {} : { 1: node('CheckpointLoaderSimple', { ckpt_name: model }) }),
      2: node('LoraLoader', { model: ['1', 0] }),
      3: node(className, { preset, model: ['2', 0], ...more }),
    }),
  ).mentions.filter(({ type }) => type !== 'checkpoint')

const XL = 'harborXL_v2.safetensors'
const SD15 = 'harbor-sd15.safetensors'
const H = 'clip_vision CLIP-ViT-H-14-laion2B-s32B-b79K.safetensors (optional)'
const G = 'clip_vision CLIP-ViT-bigG-14-laion2B-39B-b160k.safetensors (optional)'
const adapter = (file: string): string => `ipadapter ${file} (optional)`
const lora = (file: string): string => `lora ${file} (optional)`

describe('a preset stands for its files', () => {
  const rows: readonly (readonly [preset: string, model: string, files: string[]])[] = [
    ['LIGHT - SD1.5 only (low strength)', XL, [adapter('ip-adapter_sd15_light_v11.bin'), H]],
    ['STANDARD (medium strength)', SD15, [adapter('ip-adapter_sd15.safetensors'), H]],
    ['STANDARD (medium strength)', XL, [adapter('ip-adapter_sdxl_vit-h.safetensors'), H]],
    ['VIT-G (medium strength)', SD15, [adapter('ip-adapter_sd15_vit-G.safetensors'), G]],
    ['VIT-G (medium strength)', XL, [adapter('ip-adapter_sdxl.safetensors'), G]],
    ['PLUS (high strength)', SD15, [adapter('ip-adapter-plus_sd15.safetensors'), H]],
    ['PLUS (high strength)', XL, [adapter('ip-adapter-plus_sdxl_vit-h.safetensors'), H]],
    ['PLUS FACE (portraits)', SD15, [adapter('ip-adapter-plus-face_sd15.safetensors'), H]],
    ['PLUS FACE (portraits)', XL, [adapter('ip-adapter-plus-face_sdxl_vit-h.safetensors'), H]],
    ['FULL FACE - SD1.5 only (portraits stronger)', SD15, [adapter('ip-adapter-full-face_sd15.safetensors'), H]],
    ['FACEID', XL, [adapter('ip-adapter-faceid_sdxl.bin'), H, lora('ip-adapter-faceid_sdxl_lora.safetensors')]],
    ['FACEID', SD15, [adapter('ip-adapter-faceid_sd15.bin'), H, lora('ip-adapter-faceid_sd15_lora.safetensors')]],
    [
      'FACEID PLUS - SD1.5 only',
      SD15,
      [adapter('ip-adapter-faceid-plus_sd15.bin'), H, lora('ip-adapter-faceid-plus_sd15_lora.safetensors')],
    ],
    [
      'FACEID PLUS V2',
      XL,
      [adapter('ip-adapter-faceid-plusv2_sdxl.bin'), H, lora('ip-adapter-faceid-plusv2_sdxl_lora.safetensors')],
    ],
    [
      'FACEID PLUS V2',
      SD15,
      [adapter('ip-adapter-faceid-plusv2_sd15.bin'), H, lora('ip-adapter-faceid-plusv2_sd15_lora.safetensors')],
    ],
    ['FACEID PORTRAIT (style transfer)', SD15, [adapter('ip-adapter-faceid-portrait-v11_sd15.bin'), H]],
    ['FACEID PORTRAIT (style transfer)', XL, [adapter('ip-adapter-faceid-portrait_sdxl.bin'), H]],
    ['FACEID PORTRAIT UNNORM - SDXL only (strong)', XL, [adapter('ip-adapter-faceid-portrait_sdxl_unnorm.bin'), H]],
    ['Composition', SD15, [adapter('ip_plus_composition_sd15.safetensors'), H]],
    ['Composition', XL, [adapter('ip_plus_composition_sdxl.safetensors'), H]],
    ['something new', XL, []],
  ]
  test.each(rows)('%s for %s', (preset, model, files) => {
    expect(read('IPAdapterUnifiedLoader', preset, model).map(brief)).toEqual(files)
  })
})

test('both files where the model does not tell its kind, or is not there', () => {
  const both = [adapter('ip-adapter-plus_sd15.safetensors'), adapter('ip-adapter-plus_sdxl_vit-h.safetensors'), H]
  expect(read('IPAdapterUnifiedLoader', 'PLUS (high strength)', 'harbor.pt').map(brief)).toEqual(both)
  expect(read('IPAdapterUnifiedLoader', 'PLUS (high strength)').map(brief)).toEqual(both)
})

test.each([
  ['harbor_xl.pt', 1],
  ['xl/harbor.pt', 2],
  ['harborPony.pt', 1],
  ['illustriousHarbor.pt', 1],
  ['noobHarbor.pt', 1],
  ['harbor-v1-5.pt', 1],
  ['harbor_sd1.5.pt', 1],
  ['sd_15.pt', 1],
])('%s tells its kind: %i file', (model, files) => {
  const mentions = read('IPAdapterUnifiedLoader', 'PLUS (high strength)', model)
  expect(mentions.filter(({ type }) => type === 'ipadapter')).toHaveLength(files)
})

test('the model may be one without text encoders', () => {
  const graph = graphOf({
    1: node('UNETLoader', { unet_name: 'harborXL.pt' }),
    3: node('IPAdapterUnifiedLoader', { preset: ['4', 0], model: ['1', 0], lora_strength: 1 }),
    4: node('PrimitiveString', { value: 'STANDARD (medium strength)' }),
  })
  expect(say(graph).mentions.map(brief)).toEqual([
    'diffusion_model harborXL.pt',
    adapter('ip-adapter_sdxl_vit-h.safetensors'),
    H,
  ])
})

test('the LoRA of a face has a strength, and the evidence says that a preset means it', () => {
  const mentions = read('IPAdapterUnifiedLoaderFaceID', 'FACEID', XL, { lora_strength: 0 })
  expect(mentions[2]).toEqual({
    type: 'lora',
    name: 'ip-adapter-faceid_sdxl_lora.safetensors',
    weight: 0,
    active: false,
    optional: true,
    evidence: ['comfyui:prompt node 3 preset', 'comfyui:prompt node 3 preset (it stands for this file)'],
  })
  expect(read('IPAdapterUnifiedLoaderCommunity', 'Composition', XL)).toHaveLength(2)
  expect(read('IPAdapter', 'FACEID', XL)).toEqual([])
})
