import { describe, expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../../src/lib/json.ts'
import { type Box, box, link, turn, workflow } from '../../../support/comfy-workflow.ts'

/** A checkpoint, a LoRA on it and a sampler: six, three and seven values. */
const INSIDE: readonly Box[] = [
  { id: null, type: 'CheckpointLoaderSimple', outputs: ['MODEL', 'CLIP', 'VAE'], values: ['inner.safetensors'] },
  {
    id: null,
    type: 'LoraLoader',
    sockets: { model: null, clip: null },
    outputs: ['MODEL', 'CLIP'],
    values: ['inner.pt', 1, 1],
  },
  {
    id: null,
    type: 'KSampler',
    sockets: { model: null, positive: null },
    outputs: ['LATENT'],
    values: [1, 'fixed', 20, 7, 'euler', 'normal', 1],
  },
]
const LINKS: readonly JsonValue[][] = [
  [0, 0, 1, 0, 4, 'MODEL'],
  [0, 1, 1, 1, 4, 'CLIP'],
  [1, 0, 2, 0, 5, 'MODEL'],
]
const SAMPLER: readonly JsonValue[] = [9, 'randomize', 30, 5, 'ddim', 'karras', 0.5]

const group = (nodes: readonly Box[], links: readonly JsonValue[][], more: JsonObject = {}): JsonObject => ({
  nodes: nodes.map(box),
  links: [...links],
  ...more,
})

const withGroup = (definition: JsonObject, host: Partial<Box>, others: readonly Box[] = [], links: JsonValue[] = []) =>
  turn(
    workflow([{ id: 5, type: 'workflow>Base', ...host }, ...others], {
      extra: { groupNodes: { Base: definition } },
      links,
    }),
  )

const BASE = group(INSIDE, LINKS)

describe('group nodes', () => {
  test.each(['workflow>Base', 'workflow/Base'])('%s has the values of its nodes, which win', (type) => {
    const turned = withGroup(BASE, { type, values: ['outer.safetensors', 'outer.pt', 0.5, 0.25, ...SAMPLER] })
    expect([...turned.graph.keys()]).toEqual(['5:0', '5:1', '5:2'])
    expect(turned.inputs('5:0')).toEqual({ ckpt_name: 'outer.safetensors' })
    expect(turned.inputs('5:1')).toEqual({
      lora_name: 'outer.pt',
      strength_model: 0.5,
      strength_clip: 0.25,
      model: ['5:0', 0],
      clip: ['5:0', 1],
    })
    expect(turned.inputs('5:2')).toEqual({
      seed: 9,
      steps: 30,
      cfg: 5,
      sampler_name: 'ddim',
      scheduler: 'karras',
      denoise: 0.5,
      model: ['5:1', 0],
    })
    expect(turned.warnings).toEqual([])
  })

  test('may have buttons behind seeds', () => {
    const sampler: Box = { id: null, type: 'KSampler (Efficient)', values: [1, null, 20, 7, 'euler', 'normal', 1] }
    const vae: Box = { id: null, type: 'VAELoader', values: ['inner.safetensors'] }
    const turned = withGroup(group([sampler, vae], []), {
      values: [9, null, 30, 5, 'ddim', 'karras', 0.5, 'outer.safetensors'],
    })
    expect(turned.inputs('5:0')).toMatchObject({ seed: 9, steps: 30, denoise: 0.5 })
    expect(turned.inputs('5:1')).toEqual({ vae_name: 'outer.safetensors' })
    // A value that is missing is none.
    const gap = group([{ id: null, type: 'Mist', values: { seed: 1, x: null, y: 'a' } }], [])
    expect(withGroup(gap, { values: [9, null, 'b'] }).inputs('5:0')).toEqual({ seed: 9, y: 'b' })
  })

  test('whose values do not match in number give up to their files', () => {
    expect(withGroup(BASE, { values: [1, 'outer.safetensors', 'outer.pt'] }).inputs('5:1')).toMatchObject({
      lora_name: 'outer.pt',
      strength_model: 1,
    })
    expect(withGroup(BASE, { values: ['outer.safetensors'] }).values('ckpt_name')).toEqual(['5:0: inner.safetensors'])
    expect(withGroup(BASE, {}).values('ckpt_name')).toEqual(['5:0: inner.safetensors'])
  })

  test('have values under names', () => {
    const turned = withGroup(BASE, { values: { ckpt_name: 'outer.safetensors', lora_name: 'outer.pt' } })
    expect(turned.values('ckpt_name')).toEqual(['5:0: outer.safetensors'])
    expect(turned.values('lora_name')).toEqual(['5:1: outer.pt'])
    const two: Box[] = ['a.pt', 'b.pt'].map((name) => ({ id: null, type: 'VAELoader', values: [name] }))
    expect(withGroup(group(two, []), { named: { vae_name: 'c.pt' } }).values('vae_name')).toEqual([
      '5:0: c.pt',
      '5:1: b.pt',
    ])
  })

  test('leave out widgets that a link inside takes the place of', () => {
    const nodes: Box[] = [
      { id: null, type: 'PrimitiveNode', outputs: ['COMBO'], values: ['inner.pt', 'fixed'] },
      { id: null, type: 'VAELoader', widgets: { vae_name: null }, values: ['older.pt'] },
      { id: null, type: 'UNETLoader', values: ['inner.safetensors', 'default'] },
    ]
    const turned = withGroup(group(nodes, [[0, 0, 1, 0, 3, 'COMBO']]), {
      values: ['outer.pt', 'fixed', 'outer.safetensors', 'fp8'],
    })
    expect(turned.inputs('5:1')).toEqual({ vae_name: 'outer.pt' })
    expect(turned.inputs('5:2')).toEqual({ unet_name: 'outer.safetensors', weight_dtype: 'fp8' })
    expect(turned.graph.has('5:0')).toBe(false)
  })

  test('of newer editors show widgets that are inputs', () => {
    const nodes: Box[] = [
      { id: null, type: 'PrimitiveNode', outputs: ['COMBO'], values: ['inner.pt', 'fixed'] },
      { id: null, type: 'VAELoader', widgets: { vae_name: null }, values: ['older.pt'] },
      { id: null, type: 'UNETLoader', widgets: { unet_name: null }, values: ['inner.safetensors', 'default'] },
    ]
    const turned = withGroup(group(nodes, [[0, 0, 1, 0, 3, 'COMBO']]), {
      values: ['outer.pt', 'fixed', 'outer.safetensors', 'fp8'],
    })
    expect(turned.inputs('5:2')).toEqual({ unet_name: 'outer.safetensors', weight_dtype: 'fp8' })
  })

  test('of older editors do not show widgets that are inputs', () => {
    const nodes: Box[] = [
      { id: null, type: 'VAELoader', widgets: { vae_name: null }, values: ['inner.pt'] },
      { id: null, type: 'UNETLoader', values: ['inner.safetensors', 'default'] },
    ]
    const turned = withGroup(
      group(nodes, []),
      { widgets: { vae_name: 1 }, values: ['outer.safetensors', 'fp8'] },
      [{ id: 6, type: 'PrimitiveString', values: ['linked.pt'] }],
      [link(1, 6, 0, 5, 0)],
    )
    expect(turned.inputs('5:0')).toEqual({ vae_name: ['6', 0] })
    expect(turned.inputs('5:1')).toEqual({ unet_name: 'outer.safetensors', weight_dtype: 'fp8' })
  })

  test.each<[string, JsonObject, number, JsonValue | undefined]>([
    ['the first output that nothing inside uses', {}, 0, ['5:0', 2]],
    ['the next', {}, 1, ['5:1', 1]],
    ['the last', {}, 2, ['5:2', 0]],
    ['one that goes outside as well', { external: [[0, 0, 'MODEL']] }, 0, ['5:0', 0]],
    ['one that is shown', { config: { 0: { output: { 1: { visible: true } } } } }, 0, ['5:0', 1]],
    ['not one that is hidden', { config: { 0: { output: { 2: { visible: false } } } } }, 0, ['5:1', 1]],
    ['none that is not there', {}, 3, undefined],
  ])('hand out %s', (_, more, slot, source) => {
    const end: Box = { id: 6, type: 'Thing', sockets: { in: 1 } }
    expect(withGroup(group(INSIDE, LINKS, more), {}, [end], [link(1, 5, slot, 6, 0)]).inputs('6')['in']).toEqual(source)
  })

  test('take in what is wired to them', () => {
    const text: Box = { id: 6, type: 'CLIPTextEncode', values: ['a boat'] }
    const turned = withGroup(BASE, { sockets: { positive: 1 } }, [text], [link(1, 6, 0, 5, 0)])
    expect(turned.inputs('5:2')['positive']).toEqual(['6', 0])
  })

  test('take in sockets before widgets that are inputs', () => {
    const nodes: Box[] = [
      { id: null, type: 'VAELoader', widgets: { vae_name: null }, values: ['inner.pt'] },
      { id: null, type: 'KSampler', sockets: { model: null } },
    ]
    const turned = withGroup(
      group(nodes, []),
      { sockets: { model: 1 }, widgets: { vae_name: 2 } },
      [
        { id: 6, type: 'UNETLoader' },
        { id: 7, type: 'PrimitiveString' },
      ],
      [link(1, 6, 0, 5, 0), link(2, 7, 0, 5, 1)],
    )
    expect([turned.inputs('5:0'), turned.inputs('5:1')]).toEqual([{ vae_name: ['7', 0] }, { model: ['6', 0] }])
  })

  test.each([2, 4])('are off as a whole in mode %i', (mode) => {
    const turned = withGroup(BASE, { mode })
    expect([...turned.graph.values()].map(({ active }) => active)).toEqual([false, false, false])
  })

  test('can stand in each other, but not in themselves', () => {
    const outer = group(
      [
        { id: null, type: 'workflow>Inner' },
        { id: null, type: 'workflow>Outer' },
      ],
      [],
    )
    const inner = group([{ id: null, type: 'VAELoader', values: ['v.pt'] }], [])
    const turned = turn(
      workflow([{ id: 5, type: 'workflow>Outer' }], { extra: { groupNodes: { Outer: outer, Inner: inner } } }),
    )
    expect(turned.values('vae_name')).toEqual(['5:0:0: v.pt'])
    expect(turned.warnings).toEqual([
      ['comfyui:workflow node 5:1', 'this subgraph contains itself and is left out there'],
    ])
  })

  test('that are not there are told, and their files kept', () => {
    const turned = turn(workflow([{ id: 5, type: 'workflow>Gone', values: ['a.safetensors'] }]))
    expect(turned.inputs('5')).toEqual({ widget_1: 'a.safetensors' })
    expect(turned.warnings).toHaveLength(1)
  })

  test.each<[string, JsonValue]>([
    ['text', 'x'],
    ['nothing inside', {}],
    [
      'wrong types inside',
      {
        nodes: [5, { inputs: 5, outputs: [1] }],
        links: [5, [], ['a', 0, {}, 0]],
        external: [5, [{ toString: 5 }, { valueOf: 5 }]],
      },
    ],
  ])('with %s as their inside do no harm', (_, inside) => {
    const source = workflow([{ id: 5, type: 'workflow>Base' }], { extra: { groupNodes: { Base: inside } } })
    expect(() => turn(source)).not.toThrow()
  })
})
