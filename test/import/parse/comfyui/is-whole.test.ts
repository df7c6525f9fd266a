import { describe, expect, test } from 'bun:test'
import { isWhole } from '../../../../src/import/parse/comfyui/is-whole.ts'
import type { NodeCatalog } from '../../../../src/import/parse/comfyui/node-catalog.ts'
import { parsePrompt } from '../../../../src/import/parse/detect.ts'
import { graphOf, node } from './graphs.ts'

const BASE = {
  1: node('CheckpointLoaderSimple', { ckpt_name: 'harbor.safetensors' }),
  2: node('CLIPTextEncode', { clip: ['1', 1], text: 'a pier <lora:ink:0.5>' }),
  3: node('KSampler', { model: ['1', 0], positive: ['2', 0], seed: 1, sampler_name: 'euler' }),
  4: node('VAEDecode', { samples: ['3', 0], vae: ['1', 2] }),
  5: node('SaveImage', { images: ['4', 0], filename_prefix: 'x' }),
  6: node('LoadImage', { image: 'a.png' }),
  7: node('PrimitiveString', { value: 'words' }),
}

describe('a graph with', () => {
  const rows: readonly (readonly [what: string, added: unknown, whole: boolean])[] = [
    ['classes of ComfyUI', node('ImageScale', { upscale_method: 'area' }), true],
    ['a known loader of LoRAs', node('Lora Loader Stack (rgthree)', { lora_01: 'a.pt' }), true],
    ['a loader that reads tags', node('LoraTagLoader', { text: '<lora:a:1>' }), true],
    ['a loader that reads tags of a text', node('LoraTagLoader', { text: ['7', 0] }), true],
    ['a loader that reads tags of who knows what', node('LoraTagLoader', { text: ['6', 0] }), false],
    ['a loader whose name comes from a node that is not there', node('LoraLoader', { lora_name: ['77', 0] }), false],
    ['a saver', node('Image Saver', { modelname: 'x', positive: 'a <lora:a:1>' }), true],
    ['a note', node('Note', { text: '<b>' }), true],
    ['a node that has only numbers', node('Seed (mist)', { seed: 5, image: ['4', 0], on: true, none: null }), true],
    ['an unknown class with words', node('Mist', { text: 'ink' }), false],
    ['an unknown class with an object', node('Mist', { slot: { a: 1 } }), false],
    ['an unknown class with a list', node('Mist', { names: ['a', 'b', 'c'] }), false],
    ['an unknown class that gets words', node('Mist', { x: ['7', 0] }), false],
    ['an unknown class that chooses by itself', node('Random LoRA', { seed: 5 }), false],
    ['an unknown class that applies something', node('HyperSD Apply', { model: ['1', 0], steps: 8 }), false],
    ['an unknown class that applies something, in one word', node('MistApplier', { model: ['1', 0] }), false],
    ['an unknown class that makes a stack', node('Some Stack', { seed: 5 }), false],
    ['tags where nobody knows who reads them', node('PrimitiveStringMultiline', { value: '<LoRA:a:1>' }), false],
    ['tags for a loader of other things', node('Efficient Loader', { positive: 'a <lora:a:1>' }), false],
    ['an encoder that only begins like that of ComfyUI', node('CLIPTextEncode Mist', { text: 'a' }), false],
  ]
  test.each(rows)('%s: whole? %p %p', (_, added, whole) => {
    expect(isWhole(graphOf({ ...BASE, 9: added }), {})).toBe(whole)
  })

  test.each([
    ['a stack of LoRAs', { 9: node('Lora Loader (LoraManager)', { lora_stack: ['8', 0] }) }, false],
    ['another stack', { 9: node('Lora Loader (LoraManager)', { optional_lora_stack_2: ['8', 0] }) }, false],
    [
      'a stack by way of others',
      {
        9: node('Lora Loader (LoraManager)', { lora_stack: ['10', 0] }),
        10: node('Reroute', { '': ['11', 0] }),
        11: node('ComfySwitchNode', { switch: true, on_true: ['8', 0], on_false: ['10', 0] }),
      },
      false,
    ],
    ['a picture', { 9: node('SaveImage', { images: ['8', 0] }) }, true],
  ] as const)('an unknown class with numbers only that feeds %s: whole? %#', (_, more, whole) => {
    const graph = graphOf({ ...BASE, 8: node('Mist', { seed: 5 }), ...more })
    const comfyNodes: NodeCatalog = { classes: new Map([['Mist', { widgets: ['seed'], models: new Map() }]]) }
    expect([isWhole(graph, {}), isWhole(graph, { comfyNodes })]).toEqual([whole, whole])
    const menus: NodeCatalog = { classes: new Map([['Mist', { widgets: ['x'], models: new Map([['x', 'lora']]) }]]) }
    expect(isWhole(graph, { comfyNodes: menus })).toBe(true)
  })

  test('a class that the ComfyUI knows, tags excepted', () => {
    const comfyNodes: NodeCatalog = { classes: new Map([['Mist', { widgets: [], models: new Map() }]]) }
    const whole = (text: string) => isWhole(graphOf({ ...BASE, 9: node('Mist', { text }) }), { comfyNodes })
    expect([whole('ink'), whole('<lora:ink:1>')]).toEqual([true, false])
  })

  test.each([
    ['LoraByName', 'lora', true],
    ['LoraByName', undefined, false],
    ['Wildcard Prompt', undefined, false],
  ] as const)('%s, which the ComfyUI knows with a menu of %p: whole? %p', (name, menu, whole) => {
    const models = new Map(menu === undefined ? [] : [['name', menu] as const])
    const comfyNodes: NodeCatalog = { classes: new Map([[name, { widgets: ['name'], models }]]) }
    expect(isWhole(graphOf({ ...BASE, 9: node(name, { name: 'ink', strength: 0.5 }) }), { comfyNodes })).toBe(whole)
  })
})

const MIST = node('PrimitiveString', { value: 'mist' })
const sampler = (model: string) => node('KSampler', { model: [model, 0], seed: 1 })
const hands = (className: string) => node(className, { model: ['1', 0], text: 'words' })

describe('what a saver claims beside it', () => {
  const INFOTEXT =
    'a pier <lora:ink:0.5>\nSteps: 4, Sampler: euler, CFG scale: 1, Seed: 1, Size: 8x8, Model: mist, VAE: fog, ' +
    'TI hashes: "hands: 0123456789ab", Version: ComfyUI'
  const claimed = (graph: unknown) =>
    parsePrompt({
      texts: [
        { place: 'png:tEXt:prompt', key: 'prompt', text: JSON.stringify(graph) },
        { place: 'png:tEXt:parameters', key: 'parameters', text: INFOTEXT },
      ],
      format: 'auto',
    }).dependencies.map(({ name, active, evidence }) => [name, active, evidence[0]?.includes('(only claimed') === true])

  test('is not in use where the graph is known', () => {
    expect(claimed(BASE)).toEqual([
      ['harbor', true, false],
      ['mist', false, false],
      ['fog', false, false],
      ['ink', false, false],
      ['hands', false, false],
    ])
  })
  test('is in use where the graph loads it by words of its texts', () => {
    const more = {
      8: node('CLIPTextEncode', { clip: ['9', 1], text: 'embedding:hands' }),
      9: node('LoraTagLoader', { model: ['1', 0], clip: ['1', 1], text: 'a pier <lora:ink:0.5>' }),
      10: node('KSampler', { model: ['9', 0], positive: ['8', 0] }),
      11: node('PreviewImage', { images: ['10', 0] }),
    }
    expect(claimed({ ...BASE, ...more }).filter(([, active]) => active)).toEqual([
      ['harbor', true, false],
      ['hands', true, false],
      ['ink', true, false],
    ])
  })
  test.each([
    ['a node is not known', { 9: node('Mist', { text: 'ink' }), 10: node('PreviewImage', { images: ['9', 0] }) }],
    [
      'a name is not known',
      { 9: node('VAELoader', { vae_name: ['6', 0] }), 10: node('PreviewAny', { source: ['9', 0] }) },
    ],
  ])('stands where %s, but for the main model', (_, more) => {
    expect(claimed({ ...BASE, ...more })).toContainEqual(['mist', false, false])
    for (const name of ['fog', 'ink', 'hands']) expect(claimed({ ...BASE, ...more })).toContainEqual([name, true, true])
  })

  describe('is in use beside another main model where', () => {
    const shown = (id: string) => ({ 19: node('PreviewAny', { source: [id, 0] }) })
    test.each([
      ['an unknown loader names it', { 9: node('MyBaseLoader', { model_id: 'mist' }), ...shown('9') }, true],
      [
        'words of an unknown class only contain it',
        { 9: node('Words', { text: 'sub/Mist.safetensors x, Mist' }), ...shown('9') },
        false,
      ],
      ['an unknown class spells it', { 9: node('Words', { which: 'sub/MIST' }), ...shown('9') }, true],
      ['an unknown class gets its name', { 9: node('Words', { which: ['8', 0] }), 8: MIST, ...shown('9') }, true],
      ['an unknown loader may load it', { 9: node('MyBaseLoader', { model_id: 'base' }), ...shown('9') }, true],
      ['an unknown class picks one', { 9: node('Random Checkpoint', { seed: 5 }), ...shown('9') }, true],
      [
        'the main model comes from who knows where',
        { 9: node('Words', { id: 'b' }), 10: sampler('9'), ...shown('10') },
        true,
      ],
      [
        'a known loader gets its name from who knows where',
        { 9: node('Words', { id: 'b' }), 10: node('UNETLoader', { unet_name: ['9', 0] }), ...shown('10') },
        true,
      ],
      ['an unknown class hands one on', { 9: hands('Words'), 10: sampler('9'), ...shown('10') }, false],
      ['an unknown class changes one', { 9: hands('Model Words'), 10: sampler('9'), ...shown('10') }, false],
      ['an unknown loader loads LoRAs', { 9: node('MyLoraLoader', { id: 'b' }), ...shown('9') }, false],
      ['an unknown loader loads upscalers', { 9: node('Upscale Model Getter', { id: 'b' }), ...shown('9') }, false],
      ['nothing is unknown', { 9: node('PrimitiveString', { value: 'mist' }), ...shown('9') }, false],
    ] as const)('%s: %#', (_, more, isInUse) => {
      expect(claimed({ ...BASE, ...more })).toContainEqual(['mist', isInUse, isInUse])
    })
  })
})
