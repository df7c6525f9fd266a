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
    ['tags where nobody knows who reads them', node('PrimitiveStringMultiline', { value: '<LoRA:a:1>' }), false],
    ['tags for a loader of other things', node('Efficient Loader', { positive: 'a <lora:a:1>' }), false],
    ['an encoder that only begins like that of ComfyUI', node('CLIPTextEncode Mist', { text: 'a' }), false],
  ]
  test.each(rows)('%s: whole? %p %p', (_, added, whole) => {
    expect(isWhole(graphOf({ ...BASE, 9: added }), {})).toBe(whole)
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
})
