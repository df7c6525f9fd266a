import { describe, expect, test } from 'bun:test'
import { comfyuiGraph } from '../../../../src/import/parse/comfyui/graph-parser.ts'
import { ask, brief } from '../parser-answer.ts'
import { node } from './graphs.ts'

const MODEL = 'urn:air:sdxl:checkpoint:civitai:827184@2514310'
const LORA = 'urn:air:sdxl:lora:civitai:11@22'
const graph = {
  'resource-stack': node('CheckpointLoaderSimple', { ckpt_name: MODEL }),
  2: node('LoraLoader', { lora_name: LORA, strength_model: 0.8, model: ['resource-stack', 0] }),
  3: node('CLIPTextEncode', { text: 'of the graph', clip: ['2', 1] }),
  4: node('KSampler', { model: ['2', 0], positive: ['3', 0], seed: 1, steps: 9, cfg: 2, sampler_name: 'euler' }),
  5: node('SaveImage', { images: ['4', 0] }),
}
const metadata = {
  prompt: 'harbor in fog',
  negativePrompt: 'people',
  steps: 25,
  cfgScale: 5.5,
  sampler: 'Euler a',
  seed: 42,
  baseModel: 'SDXL',
  resources: [
    { modelVersionId: 2514310, strength: 1 },
    { modelVersionId: 22, strength: 0.8 },
    { modelVersionId: 33, strength: 0.4, type: 'lora' },
    { modelVersionId: 44, strength: 0 },
    { modelVersionId: 'x' },
    null,
  ],
}

describe("a job of Civitai's generator", () => {
  const { dependencies, generation, warnings } = ask(comfyuiGraph, {
    ...graph,
    extra: { airs: [MODEL, LORA, 'urn:air:other:upscaler:civitai:5@6', 7, 'no address'] },
    extraMetadata: JSON.stringify(metadata),
  })

  test('names its models in three places, and each once', () => {
    expect(dependencies.map(brief)).toEqual([
      'lora - 11@22 0.8',
      'checkpoint - 827184@2514310',
      'upscaler - 5@6',
      'lora - @33 0.4',
      'other - @44 0 (off)',
    ])
    expect(dependencies[1]?.evidence).toEqual([
      'comfyui:prompt node resource-stack ckpt_name',
      'comfyui:extra airs',
      'comfyui:extraMetadata resources',
    ])
    expect(warnings).toEqual([])
  })

  test('says what its user asked for, and the graph the rest', () => {
    expect(generation).toEqual({
      prompt: 'harbor in fog',
      negative_prompt: 'people',
      seed: 42,
      steps: 25,
      sampler: 'Euler a',
      cfg_scale: 5.5,
      software: 'ComfyUI',
    })
  })
})

test('older jobs have lists by type, and metadata that may be an object', () => {
  const { mentions, generation } = ask(comfyuiGraph, {
    1: node('EmptyLatentImage', { width: 64, height: 64 }),
    extra: { ckpt_airs: ['1@2'], lora_airs: ['3@4', MODEL], embedding_airs: ['5@6', '7'] },
    extraMetadata: { prompt: 'mist' },
  })
  expect(
    mentions.map(({ type, civitai, evidence }) => [type, civitai?.model_id, civitai?.version_id, evidence[0]]),
  ).toEqual([
    ['checkpoint', 1, 2, 'comfyui:extra ckpt_airs'],
    ['lora', 3, 4, 'comfyui:extra lora_airs'],
    ['checkpoint', 827184, 2514310, 'comfyui:extra lora_airs'],
    ['embedding', 5, 6, 'comfyui:extra embedding_airs'],
    ['embedding', 7, undefined, 'comfyui:extra embedding_airs'],
  ])
  expect(mentions.map(({ air }) => air)).toEqual([undefined, undefined, MODEL, undefined, undefined])
  expect(generation.prompt).toBe('mist')
})

test('metadata may tell the size and the layers that were left out, and the types of what the graph does not know', () => {
  const { mentions, generation } = ask(comfyuiGraph, {
    1: node('EmptyLatentImage', { width: 64, height: 64 }),
    extra: { airs: ['12@13'] },
    extraMetadata: {
      width: 832,
      height: '1216',
      clipSkip: 2,
      resources: [
        { modelVersionId: 1, strength: 0.5, type: 'embed' },
        { modelVersionId: 2, strength: 0.5, type: 'hypernet' },
        { modelVersionId: 3, strength: 0.5, type: 'checkpoint' },
        { modelVersionId: 4, strength: 1 },
        { modelVersionId: 5, strength: 0.5 },
      ],
    },
  })
  expect(mentions.map(({ type, civitai, weight }) => [type, civitai?.version_id, weight])).toEqual([
    ['other', 13, undefined],
    ['embedding', 1, 0.5],
    ['hypernetwork', 2, 0.5],
    ['checkpoint', 3, undefined],
    ['other', 4, undefined],
    ['other', 5, 0.5],
  ])
  expect(generation).toEqual({ width: 832, height: 1216, clip_skip: 2, software: 'ComfyUI' })
})

test.each([null, 7, '{', '[]', { resources: 'x' }, { resources: [[]] }])('metadata may be %p', (extraMetadata) => {
  expect(ask(comfyuiGraph, { ...graph, extra: extraMetadata, extraMetadata }).generation.prompt).toBe('of the graph')
})
