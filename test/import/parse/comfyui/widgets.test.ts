import { describe, expect, test } from 'bun:test'
import type { NodeCatalog } from '../../../../src/import/parse/comfyui/node-catalog.ts'
import type { JsonObject, JsonValue } from '../../../../src/lib/json.ts'
import { type Box, turn, workflow } from '../../../support/comfy-workflow.ts'

const catalogOf = (classes: Readonly<Record<string, readonly string[]>>): NodeCatalog => ({
  classes: new Map(Object.entries(classes).map(([name, widgets]) => [name, { widgets, models: new Map() }])),
})

const inputsOf = (box: Omit<Box, 'id'>, comfyNodes?: NodeCatalog): JsonObject =>
  turn(workflow([{ id: 1, ...box }]), { comfyNodes }).inputs('1')

const names = (...widgets: string[]): Record<string, JsonValue> =>
  Object.fromEntries(widgets.map((name) => [name, null]))

describe('names of widgets come from', () => {
  test.each<[string, Omit<Box, 'id'>, JsonObject]>([
    [
      "the node's own inputs",
      { type: 'Unknown', widgets: names('file', 'strength'), values: ['a.pt', 0.5] },
      { file: 'a.pt', strength: 0.5 },
    ],
    [
      "the node's own inputs rather than the table",
      { type: 'VAELoader', widgets: names('file'), values: ['a.pt'] },
      { file: 'a.pt' },
    ],
    [
      'the table where the inputs are not all',
      { type: 'LoraLoader', widgets: names('strength_model'), values: ['a.pt', 0.5, 1] },
      { lora_name: 'a.pt', strength_model: 0.5, strength_clip: 1 },
    ],
    [
      'the table where there are none',
      { type: 'DualCLIPLoader', values: ['l.pt', 't.pt', 'flux', 'default'] },
      { clip_name1: 'l.pt', clip_name2: 't.pt', type: 'flux', device: 'default' },
    ],
    [
      'the table for a file from before a widget was added',
      { type: 'DualCLIPLoader', values: ['l.pt', 't.pt', 'flux'] },
      { clip_name1: 'l.pt', clip_name2: 't.pt', type: 'flux' },
    ],
    [
      'the table, and numbers for what it does not know',
      { type: 'WanVideoModelLoader', values: ['w.safetensors', 'bf16', 'disabled'] },
      { model: 'w.safetensors', widget_2: 'bf16', widget_3: 'disabled' },
    ],
    [
      'numbers where nothing is known',
      { type: 'Unknown', values: ['a.pt', null, 5, 'x'] },
      { widget_1: 'a.pt', widget_3: 5, widget_4: 'x' },
    ],
    [
      'numbers where the inputs are not all',
      { type: 'Unknown', widgets: names('x'), values: ['a.pt', 5] },
      { widget_1: 'a.pt', widget_2: 5 },
    ],
    [
      'numbers where the values cannot mean what the table says',
      { type: 'LoraLoader', values: ['all', 'a.pt', 1, 1] },
      { widget_1: 'all', widget_2: 'a.pt', widget_3: 1, widget_4: 1 },
    ],
    [
      'numbers where a name would be a number',
      { type: 'VAELoader', values: [3, 'a.pt'] },
      { widget_1: 3, widget_2: 'a.pt' },
    ],
    [
      'an object',
      { type: 'VHS_Combine', values: { model: 'e.pth', frame_rate: 8 } },
      { model: 'e.pth', frame_rate: 8 },
    ],
    [
      'the named values that newer editors write',
      { type: 'Unknown', values: ['old.pt'], named: { file: 'a.pt', seed: 5, control_after_generate: 'fixed' } },
      { file: 'a.pt', seed: 5 },
    ],
    [
      "the node's own inputs for a file with fewer values",
      { type: 'Unknown', widgets: names('file', 'strength'), values: ['a.pt'] },
      { file: 'a.pt' },
    ],
    ['nothing where there is nothing', { type: 'VAEDecode' }, {}],
  ])('%s', (_, box, inputs) => {
    expect(inputsOf(box)).toEqual(inputs)
  })

  test.each<[string, Record<string, readonly string[]>, Omit<Box, 'id'>, JsonObject]>([
    [
      'the running ComfyUI',
      { Unknown: ['file', 'strength'] },
      { type: 'Unknown', values: ['a.pt', 0.5] },
      { file: 'a.pt', strength: 0.5 },
    ],
    [
      'the running ComfyUI rather than the table',
      { VAELoader: ['vae_name', 'precision'] },
      { type: 'VAELoader', values: ['a.pt', 'bf16'] },
      { vae_name: 'a.pt', precision: 'bf16' },
    ],
    [
      'the table, if the running ComfyUI has another version of the node',
      { LoraLoader: ['strength_model', 'lora_name', 'strength_clip'] },
      { type: 'LoraLoader', values: ['a.pt', 1, 1] },
      { lora_name: 'a.pt', strength_model: 1, strength_clip: 1 },
    ],
    [
      "the running ComfyUI, with a seed's second widget",
      { Sampler: ['noise', 'control_after_generate', 'file'] },
      { type: 'Sampler', values: [5, 'fixed', 'a.pt'] },
      { noise: 5, file: 'a.pt' },
    ],
    [
      "the running ComfyUI, with a gap behind a seed's second widget",
      { Sampler: ['seed', 'control_after_generate', 'x', 'file'] },
      { type: 'Sampler', values: [5, 'fixed', null, 'a.pt'] },
      { seed: 5, file: 'a.pt' },
    ],
    [
      "the running ComfyUI, for a file without the seed's second widget",
      { Sampler: ['noise', 'control_after_generate', 'file'] },
      { type: 'Sampler', values: [5, 'a.pt'] },
      { noise: 5, file: 'a.pt' },
    ],
  ])('%s', (_, classes, box, inputs) => {
    expect(inputsOf(box, catalogOf(classes))).toEqual(inputs)
  })
})

describe('the word behind a seed', () => {
  const sampled = { seed: 5, steps: 20, cfg: 7, sampler_name: 'euler', scheduler: 'normal', denoise: 1 }
  test.each<[string, JsonValue[]]>([
    ['is no value', [5, 'randomize', 20, 7, 'euler', 'normal', 1]],
    ['need not be there', [5, 20, 7, 'euler', 'normal', 1]],
  ])('%s', (_, values) => {
    expect(inputsOf({ type: 'KSampler', values })).toEqual(sampled)
  })

  test('is left out behind other numbers where there is a value too many', () => {
    expect(inputsOf({ type: 'Unknown', widgets: names('start', 'file'), values: [1, 'increment', 'a.pt'] })).toEqual({
      start: 1,
      file: 'a.pt',
    })
    expect(inputsOf({ type: 'PrimitiveInt', values: [1, 'fixed'] })).toEqual({ value: 1 })
  })

  test('may be the null of a button', () => {
    expect(inputsOf({ type: 'KSampler', values: [5, null, 20, 7, 'euler', 'normal', 1] })).toEqual(sampled)
    const old = [5, null, 20, 7, 'euler', 'normal', 1]
    expect(inputsOf({ type: 'KSampler (Efficient)', values: old })).toEqual(sampled)
    // A gap where there is no value too many
    const x = { type: 'Unknown', widgets: names('seed', 'x', 'file') }
    expect(inputsOf({ ...x, values: [5, null, 'a.pt'] })).toEqual({ seed: 5, file: 'a.pt' })
    expect(inputsOf({ ...x, values: [5, null, 'y', 'a.pt'] })).toEqual({ seed: 5, x: 'y', file: 'a.pt' })
    const same = { type: 'Unknown', widgets: names('use_same_seed', 'x', 'y') }
    expect(inputsOf({ ...same, values: [true, null, 'b', 'c'] })).toEqual({
      widget_1: true,
      widget_3: 'b',
      widget_4: 'c',
    })
  })

  test('is a value where it has a place of its own', () => {
    expect(inputsOf({ type: 'Unknown', widgets: names('count', 'mode'), values: [1, 'fixed'] })).toEqual({
      count: 1,
      mode: 'fixed',
    })
  })
})

describe('values that tell their names', () => {
  const row = (lora: JsonValue, on = true): JsonObject => ({ on, lora, strength: 0.8, strengthTwo: null })

  test('rows of a LoRA loader', () => {
    const values = [{}, { type: 'PowerLoraLoaderHeaderWidget' }, row('a.pt'), row('b.pt', false), row(null), {}, '']
    expect(inputsOf({ type: 'Power Lora Loader (rgthree)', values })).toEqual({
      widget_1: {},
      widget_2: { type: 'PowerLoraLoaderHeaderWidget' },
      lora_1: row('a.pt'),
      lora_2: row('b.pt', false),
      lora_3: row(null),
      widget_6: {},
      widget_7: '',
    })
  })

  test('a list of LoRAs, wrapped as an executed graph has lists', () => {
    const list = [{ name: 'ink_wash_style', strength: 0.7, active: true }]
    const loras = { __value__: list }
    const text = '<lora:ink_wash_style:0.7>'
    expect(inputsOf({ type: 'Lora Loader (LoraManager)', values: [text, list] })).toEqual({ text, loras })
    expect(inputsOf({ type: 'Unknown', values: [list, text] })).toEqual({ loras, widget_2: text })
  })

  test('other lists and objects stay as they are', () => {
    const picture = { content: 'a.safetensors', image: 'a.png' }
    expect(inputsOf({ type: 'CheckpointLoader|pysssss', values: [picture] })).toEqual({ ckpt_name: picture })
    expect(inputsOf({ type: 'Unknown', values: [['x', 0]] })).toEqual({ widget_1: { __value__: ['x', 0] } })
  })
})

test.each<[string, JsonValue[], JsonObject]>([
  [
    'Efficient Loader',
    ['a.pt', 'Baked VAE', -1, 'b.pt', 0.5, 0.6, 'boats', 'fog', 'none', 'comfy', 512, 768, 1],
    { ckpt_name: 'a.pt', vae_name: 'Baked VAE', lora_name: 'b.pt', lora_model_strength: 0.5, empty_latent_height: 768 },
  ],
  [
    'Eff. Loader SDXL',
    ['a.pt', -2, 'r.pt', -2, 6, 2, 'v.pt', 'boats', 'fog', 'none', 'comfy', 1024, 1024, 1],
    { base_ckpt_name: 'a.pt', refiner_ckpt_name: 'r.pt', vae_name: 'v.pt', positive: 'boats' },
  ],
  [
    'HighRes-Fix Script',
    ['both', 'h.pt', 'nearest', 'p.pth', 1.5, true, 5, 'fixed', 12, 0.5, 1, true, 'c.pt', 1, 'none', false],
    { hires_ckpt_name: 'h.pt', pixel_upscaler: 'p.pth', control_net_name: 'c.pt', upscale_type: 'both' },
  ],
  [
    'LoRA Stacker',
    ['simple', 2, 'a.pt', 0.5, 1, 1, 'b.pt', 0.6, 1, 1, 'c.pt', 1, 1, 1],
    { lora_count: 2, lora_name_1: 'a.pt', lora_wt_1: 0.5, lora_name_2: 'b.pt', lora_name_3: 'c.pt' },
  ],
  [
    'CR LoRA Stack',
    ['On', 'a.pt', 0.5, 1, 'Off', 'b.pt', 1, 1, 'Off', 'None', 1, 1],
    { switch_1: 'On', lora_name_1: 'a.pt', model_weight_1: 0.5, switch_2: 'Off', lora_name_3: 'None' },
  ],
  ['Lora Loader Stack (rgthree)', ['a.pt', 0.5, 'None', 1], { lora_01: 'a.pt', strength_01: 0.5, lora_02: 'None' }],
  ['WanVideoLoraSelectMulti', ['a.pt', 0.5, 'none', 1], { lora_0: 'a.pt', strength_0: 0.5, lora_1: 'none' }],
  ['KSamplerAdvanced', ['enable', 5, 'fixed', 20, 7, 'euler'], { noise_seed: 5, steps: 20, sampler_name: 'euler' }],
])('the table knows %s', (type, values, inputs) => {
  expect(inputsOf({ type, values })).toMatchObject(inputs)
})
