import { describe, expect, test } from 'bun:test'
import { comfyuiWorkflow } from '../../../../src/import/parse/comfyui/workflow-parser.ts'
import type { JsonValue } from '../../../../src/lib/json.ts'
import { type Box, link, workflow } from '../../../support/comfy-workflow.ts'
import { brief } from './graphs.ts'

const parse = (boxes: readonly Box[], links: readonly JsonValue[] = []) => {
  const source = workflow(boxes, { links: [...links] })
  return comfyuiWorkflow.parse({ place: 'text', key: '', text: '', json: () => source }, {})
}
const says = (type: string, values: JsonValue): string[] => parse([{ id: 1, type, values }]).mentions.map(brief)

const EFFICIENT = ['nearest-exact', '4x-mist.pth', 1.5, true, 5, null, 12, 0.5, 1]

describe('values without names', () => {
  test.each<[string, JsonValue[], string[]]>([
    // Texts and lists
    ['LoraTagLoader', ['mist <lora:ink:0.4>'], ['lora ink 0.4']],
    ['Load LoRA Tag', ['<lora:ink:0>'], ['lora ink 0 (off)']],
    ['LoRA Text Loader (LoraManager)', ['<lora:ink:0.3:0.1>'], ['lora ink 0.3']],
    ['WanVideo Lora Select (LoraManager)', [false, true, '<lora:ink:0.3>'], ['lora ink 0.3']],
    ['WanVideo Lora Select (LoraManager)', [false, '<lora:ink:0.3>'], ['lora ink 0.3']],
    ['WanVideoLoraSelectFromText', [false, true, '<lora:ink:0.3>'], ['lora ink 0.3']],
    [
      'WildcardEncode //Inspire',
      ['mean', 'comfy++', '<lora:template:1>', 'fog <lora:ink:0.6>', 'populate', 'Select', 'Select', 5, 'fixed'],
      ['lora ink 0.6'],
    ],
    ['WildcardEncode //Inspire', ['<lora:template:1>', 'fog <lora:ink:0.6>', true], ['lora ink 0.6']],
    ['ImpactWildcardProcessor', ['<lora:template:1>', '<lora:ink:0.6>', true], []],
    ['SwarmLoraLoader', ['ink,sub/fog', '0.5,0'], ['lora ink 0.5', 'lora sub/fog 0 (off)']],
    ['CivitaiModelSelector', ['urn:air:sdxl:lora:civitai:11@22'], ['lora urn:air:sdxl:lora:civitai:11@22']],
    [
      'CivitaiLoraLoader',
      ['[{"air":"urn:air:sdxl:lora:civitai:11@22","strength":0.4},{"air":"urn:air:x:lora:civitai:1@3","on":false}]'],
      ['lora urn:air:sdxl:lora:civitai:11@22 0.4', 'lora urn:air:x:lora:civitai:1@3 (off)'],
    ],
    [
      'easy a1111Loader',
      ['a.pt', 'Baked VAE', -2, 'None', 1, 1, '512 x 512', 512, 512, '<lora:ink:0.2>', '', 1, false],
      ['checkpoint a.pt', 'lora ink 0.2'],
    ],
    // Stacks with switches, counts and weights
    ['easy loraStack', [false, 'simple', 1, 'a.pt', 0.3, 1, 1], ['lora a.pt 0.3 (off)']],
    ['easy loraStack', [true, 'simple', 1, 'a.pt', 0.6, 1, 1, 'b.pt', 1, 1, 1], ['lora a.pt 0.6', 'lora b.pt 1 (off)']],
    ['easy loraStack', [true, 'advanced', 1, 'a.pt', 0.6, 0.2, 0.9], ['lora a.pt 0.2']],
    [
      'CR Random LoRA Stack',
      ['Off', 1, 'On', 'a.pt', 'On', 1, 0.7, 1, 'b.pt', 'Off', 1, 1, 1],
      ['lora a.pt 0.7', 'lora b.pt 1 (off)'],
    ],
    ['CR Random Weight LoRA', [1, 'Off', 'a.pt', 'Off', 0, 0.9, 1], ['lora a.pt 0.9 (off)']],
    ['NunchakuFluxLoraStack', ['a.pt', 0.4, 'b.pt', 0, 'None', 1], ['lora a.pt 0.4', 'lora b.pt 0 (off)']],
    ['NunchakuFluxLoraStack', [2, 'a.pt', 0.4, 'b.pt', 0], ['lora a.pt 0.4', 'lora b.pt 0 (off)']],
    ['HunyuanVideoLoraLoader', ['a.pt', 0, 'all'], ['lora a.pt 0 (off)']],
    ['WanVideoLoraSelectByName', ['a.pt', 0.3, false, true], ['lora a.pt 0.3']],
    [
      'LoraLoaderBlockWeight //Inspire',
      ['All', 'a.pt', 0.4, 1, false, 5, 'fixed', 4, 4, 'Preset', '1,0,1', true],
      ['lora a.pt 0.4 (off)'],
    ],
    ['LoraLoaderBlockWeight //Inspire', ['a.pt', 0.4, 1, false, 'Preset', '1,0,1'], ['lora a.pt 0.4']],
    [
      'easy controlnetStack',
      [true, 'simple', 1, 'a.pt', 1, 0, 1, 1, 'b.pt', 1, 0, 1, 1],
      ['controlnet a.pt', 'controlnet b.pt (off)'],
    ],
    // Names that are no file names
    [
      'DownloadAndLoadFlorence2Model',
      ['lanternworks/eyes', 'fp16', 'sdpa'],
      ['other lanternworks/eyes (optional) in LLM'],
    ],
    ['IPAdapterInsightFaceLoader', ['CPU', 'buffalo_l'], ['other buffalo_l (optional) in insightface']],
    ['IPAdapterInsightFaceLoader', ['CUDA'], []],
    // Buttons behind seeds
    [
      'HighRes-Fix Script',
      ['both', '(use same)', ...EFFICIENT, true, 'lines.pth', 1, 'none', false],
      ['upscaler 4x-mist.pth', 'controlnet lines.pth'],
    ],
    [
      'HighRes-Fix Script',
      ['latent', 'hires.pt', ...EFFICIENT, false, 'lines.pth', 1, 'none', false],
      ['checkpoint hires.pt', 'upscaler 4x-mist.pth (off)', 'controlnet lines.pth (off)'],
    ],
    [
      'Tiled Upscaler Script',
      [1.5, 512, 'random', 30, 5, null, 0.4, false, 'tile.pth', 1],
      ['controlnet tile.pth (off)'],
    ],
  ])('of %s: %j', (type, values, expected) => {
    expect(says(type, values)).toEqual(expected)
  })
})

test('the sampler of Efficiency Nodes', () => {
  const loader = ['a.pt', 'Baked VAE', -2, 'None', 1, 1, 'a harbor', 'fog', 'none', 'comfy', 640, 832, 1]
  const { generation } = parse(
    [
      { id: 1, type: 'Efficient Loader', values: loader, outputs: ['MODEL', 'CONDITIONING', 'CONDITIONING', 'LATENT'] },
      {
        id: 2,
        type: 'KSampler (Efficient)',
        sockets: { model: 1, positive: 2, negative: 3, latent_image: 4 },
        values: [777, null, 22, 6.5, 'euler', 'karras', 1, 'auto', 'true'],
      },
    ],
    [link(1, 1, 0, 2, 0), link(2, 1, 1, 2, 1), link(3, 1, 2, 2, 2), link(4, 1, 3, 2, 3)],
  )
  expect(generation).toEqual({
    prompt: 'a harbor',
    negative_prompt: 'fog',
    seed: 777,
    steps: 22,
    sampler: 'euler',
    scheduler: 'karras',
    cfg_scale: 6.5,
    width: 640,
    height: 832,
    software: 'ComfyUI',
  })
})

test.each<[string, JsonValue[], string]>([
  ['Power Prompt (rgthree)', ['<lora:ink:1>'], 'Its node loads nothing while nothing is wired to its opt_model'],
  ['easy loraStack', [true, 'simple', 0, 'a.pt', 1], 'Its node uses no more slots than its num_loras says: 0'],
  ['easy loraStack', [false, 'simple', 1, 'a.pt', 1], 'Its node does not load it: toggle is false'],
  ['CR Load LoRA', ['Off', 'a.pt', 1, 1], 'Its node does not load it: switch is Off'],
])('why %s %j loads nothing', (type, values, reason) => {
  expect(parse([{ id: 1, type, values }]).mentions).toMatchObject([{ active: false, skip: reason }])
  // Of a muted node there is no more to say.
  expect(parse([{ id: 1, type, values, mode: 2 }]).mentions[0]).not.toHaveProperty('skip')
})
