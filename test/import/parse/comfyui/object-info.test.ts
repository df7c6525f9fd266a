import { describe, expect, test } from 'bun:test'
import { isAppError } from '../../../../src/errors.ts'
import { readObjectInfo, toNodeCatalog } from '../../../../src/import/parse/comfyui/object-info.ts'
import type { JsonObject } from '../../../../src/lib/json.ts'

const classOf = (className: string, described: JsonObject) =>
  readObjectInfo(JSON.stringify({ [className]: described })).classes[className]

const widgetsOf = (required: JsonObject, optional: JsonObject = {}): readonly string[] | undefined =>
  classOf('Thing', { input: { required, optional } })?.widgets

const modelsOf = (className: string, input: JsonObject): object | undefined =>
  classOf(className, { input: { required: input } })?.models

describe('widgets', () => {
  test('are menus, numbers, texts and switches; other types are sockets', () => {
    const inputs = {
      model: ['MODEL'],
      seed_count: ['INT', { default: 1 }],
      cfg: ['FLOAT', {}],
      text: ['STRING', { multiline: true }],
      tiled: ['BOOLEAN'],
      mode: [['a', 'b']],
      other: ['COMBO', { options: ['a'] }],
      latent: ['LATENT', {}],
      any: ['*'],
      wrong: 'INT',
      none: null,
    }
    expect(widgetsOf(inputs)).toEqual(['seed_count', 'cfg', 'text', 'tiled', 'mode', 'other'])
  })

  test('are not what has to be wired', () => {
    expect(widgetsOf({ a: ['INT', { forceInput: true }], b: ['INT', { forceInput: false }] })).toEqual(['b'])
    expect(widgetsOf({ a: ['FANCY', { widgetType: 'STRING' }], b: ['FANCY', {}] })).toEqual(['a'])
  })

  test('have a second one behind a seed', () => {
    const inputs = {
      seed: ['INT'],
      noise_seed: ['INT', {}],
      seeded: ['INT', {}],
      start: ['INT', { control_after_generate: true }],
      pick: [['a'], { control_after_generate: 'fixed' }],
    }
    const control = 'control_after_generate'
    expect(widgetsOf(inputs)).toEqual([
      'seed',
      control,
      'noise_seed',
      control,
      'seeded',
      'start',
      control,
      'pick',
      control,
    ])
    expect(widgetsOf({ seed: ['INT', { control_after_generate: false }] })).toEqual(['seed'])
    expect(widgetsOf({ seed: ['STRING'] })).toEqual(['seed'])
  })

  test('have a button behind those that take uploads', () => {
    expect(widgetsOf({ image: [['a.png'], { image_upload: true }] }, { scale: ['INT'] })).toEqual([
      'image',
      'upload',
      'scale',
    ])
  })

  test('come in the order that ComfyUI gives, first those that are required', () => {
    const described = {
      input: { required: { 2: ['INT'], b: ['INT'], 1: ['INT'] }, optional: { c: ['INT'] }, hidden: { d: ['INT'] } },
      input_order: { required: ['b', '2', '1'], optional: ['c'] },
    }
    expect(classOf('Thing', described)?.widgets).toEqual(['b', '2', '1', 'c'])
    expect(classOf('Thing', { input: { required: { z: ['INT'], a: ['INT'] } } })?.widgets).toEqual(['z', 'a'])
  })
})

describe('models', () => {
  test.each<[string, string, JsonObject, object]>([
    ['a menu of files', 'Any Lora Box', { file: [['a.safetensors', 'sub/b.pt', 'None']] }, { file: 'lora' }],
    ['a menu of the newer kind', 'Any', { vae: ['COMBO', { options: ['a.pt'] }] }, { vae: 'vae' }],
    ['a menu of files and words', 'VAELoader', { vae_name: [['a.pt', 'b.pt', 'taesd']] }, { vae_name: 'vae' }],
    ['a menu of few files', 'Any', { lora: [['a.pt', 'fast', 'slow']] }, {}],
    ['a menu of words', 'Any Lora Box', { mode: [['fast', 'slow']] }, {}],
    [
      'an empty menu that is named so',
      'Any',
      { lora_name: [[]], ckpt_name: [['None']] },
      { lora_name: 'lora', ckpt_name: 'checkpoint' },
    ],
    ['an empty menu that is not', 'Any', { preset: [[]] }, {}],
    [
      'a menu that is filled from elsewhere',
      'Any',
      { control_net_name: ['COMBO', { remote: { route: '/x' } }] },
      { control_net_name: 'controlnet' },
    ],
    [
      'a known class with an empty menu',
      'WanVideoModelLoader',
      { model: [[]], quantization: [['none']] },
      { model: 'diffusion_model' },
    ],
    [
      'a known class with repositories',
      'DownloadAndLoadFlorence2Model',
      { model: [['lanternworks/eyes']] },
      { model: 'other' },
    ],
    [
      'a menu with pictures',
      'CheckpointLoader|pysssss',
      { ckpt_name: [[{ content: 'a.safetensors', image: null }]] },
      { ckpt_name: 'checkpoint' },
    ],
    ['a text', 'Any', { lora_name: ['STRING', {}] }, {}],
  ])('%s', (_, className, input, models) => {
    expect(modelsOf(className, input)).toEqual(models)
  })
})

test('the answer goes between threads, and becomes maps', () => {
  const text = JSON.stringify({ A: { input: { required: { ckpt_name: [['a.pt']] } } }, B: { input: {} } })
  const data = structuredClone(readObjectInfo(text.replace('"B"', '"__proto__"')))
  const { classes } = toNodeCatalog(data)
  expect([...classes.keys()]).toEqual(['A', '__proto__'])
  expect(classes.get('A')).toEqual({ widgets: ['ckpt_name'], models: new Map([['ckpt_name', 'checkpoint']]) })
})

test('NaN and Infinity, which Python writes, are no reason to give up', () => {
  const text = '{"A":{"input":{"required":{"cfg":["FLOAT",{"max":Infinity,"default":NaN}]}}}}'
  expect(readObjectInfo(text).classes['A']?.widgets).toEqual(['cfg'])
})

test('a ComfyUI without nodes has none', () => {
  expect(readObjectInfo('{}')).toEqual({ classes: {} })
})

test.each(['', '<html></html>', '[]', '"x"', '{"error":"no"}', '{"A":', '{"A":{"input":5}}', 'null'])(
  '%p is no list of nodes',
  (text) => {
    let thrown: unknown
    try {
      readObjectInfo(text)
    } catch (error) {
      thrown = error
    }
    expect(isAppError(thrown) && thrown.code).toBe('upstream_unavailable')
  },
)

test('a node that is not described is passed over', () => {
  expect(Object.keys(readObjectInfo('{"A":5,"B":{"input":{"required":5}},"C":{}}').classes)).toEqual(['B'])
})
