import { describe, expect, test } from 'bun:test'
import { brief, graphOf, node, oneSays, say, withNode } from './graphs.ts'

describe('a value of the editor without a name', () => {
  test.each<[string, string, Record<string, unknown>, string[]]>([
    [
      'with tags',
      'Mist Detailer',
      { widget_3: 'fog <lora:ink:0.5> <lora:sub/paper lantern:0:0.2>' },
      ['lora? ink 0.5', 'lora? sub/paper lantern 0'],
    ],
    ['with a tag of weight 0', 'Mist', { widget_1: '<lora:ink:0>' }, ['lora? ink 0 (off)']],
    ['with an embedding', 'Mist', { widget_1: 'fog, embedding:soft' }, ['embedding soft (optional)']],
    [
      'with addresses in it',
      'Mist',
      { widget_2: '[{"air":"urn:air:sdxl:lora:civitai:1@2"},{"air":"urn:air:sdxl:thing:civitai:3@4"}]' },
      ['lora urn:air:sdxl:lora:civitai:1@2', 'other? urn:air:sdxl:thing:civitai:3@4'],
    ],
    ['that only shows', 'Mist Show Text', { widget_1: '<lora:ink:0.5> urn:air:sdxl:lora:civitai:1@2' }, []],
    ['and one with a name', 'Mist', { text: '<lora:ink:0.5>' }, []],
  ])('%s', (_, className, inputs, says) => {
    expect(oneSays(className, inputs)).toEqual(says)
  })

  test('with a damaged tag', () => {
    const { mentions, warnings } = say(graphOf({ 1: node('Mist', { widget_2: 'fog <lora:ink' }) }))
    expect(mentions).toEqual([])
    expect(warnings).toEqual([
      'comfyui:prompt node 1 widget_2: its <lora:…> tags are damaged: what they name is left out',
    ])
  })

  test('that another node takes over belongs to that one', () => {
    const graph = graphOf({
      1: node('LoraLoader', { lora_name: ['2', 0] }),
      2: node('Mist Picker', { widget_1: 'urn:air:sdxl:lora:civitai:1@2', widget_2: 'a.pt' }),
    })
    expect(say(graph).mentions.map(brief)).toEqual(['lora a.pt', 'lora urn:air:sdxl:lora:civitai:1@2'])
  })
})

test('LoRAs in a text that comes from an unknown node', () => {
  const graph = graphOf({
    1: node('LoraTagLoader', { text: ['2', 0] }),
    2: node('Mist Words', { widget_1: '<lora:ink:0.5>' }),
  })
  const { mentions, warnings } = say(graph)
  expect(mentions.map(brief)).toEqual(['lora? ink 0.5'])
  expect(warnings).toEqual([
    'comfyui:prompt node 1 text: its text comes from another node in a way that is not understood: ' +
      'LoRAs that it names may be missing',
  ])
})

describe('a loader whose values are in an unknown order', () => {
  const NOT_IN_ORDER = 'the order of its values is not known here: a model that one of them names may be missing'
  const warningsOf = (className: string, inputs: Record<string, unknown>): string[] => [
    ...say(graphOf({ 1: node(className, inputs) })).warnings,
  ]

  test.each<[string, number, Record<string, unknown>]>([
    ['DownloadAndLoadFlorence2Model', 2, { widget_1: 0.5, widget_2: 'lanternworks/eyes' }],
    ['LoraTagLoader', 1, { widget_1: 'ink' }],
    ['SwarmLoraLoader', 1, { widget_1: 'ink' }],
    ['Mist LoRA Loader', 1, { widget_1: 'ink', widget_2: 1 }],
    ['Load Mist Model', 2, { widget_1: 'CPU', widget_2: 'mist-large' }],
    ['Checkpoint Picker', 1, { widget_1: 'harbor mix' }],
  ])('%s is told', (className, at, inputs) => {
    expect(warningsOf(className, inputs)).toEqual([`comfyui:prompt node 1 widget_${at}: ${NOT_IN_ORDER}`])
  })

  test.each<[string, Record<string, unknown>]>([
    ['Mist LoRA Loader', { widget_1: 'ink.safetensors', widget_2: 'fast' }],
    ['Mist LoRA Loader', { widget_1: 'None', widget_2: 'CUDA', widget_3: 'enable', widget_4: 'bf16', widget_5: '' }],
    ['Mist LoRA Loader', { widget_1: 'see\nthis', widget_2: 5, widget_3: { a: 1 }, widget_4: '1,0,1' }],
    ['Mist LoRA Loader', { style: 'ink' }],
    ['Mist LoRA Writer', { widget_1: 'ink' }],
    ['Mist Loader', { widget_1: 'ink' }],
    ['WanVideoModelLoader', { model: 'None', widget_2: 'quick' }],
    ['Efficient Loader', { ckpt_name: 'None', widget_9: 'words' }],
  ])('%s with %o is not', (className, inputs) => {
    expect(warningsOf(className, inputs)).toEqual([])
  })

  test('nor one that is muted', () => {
    const graph = withNode(graphOf({ 1: node('Mist LoRA Loader', { widget_1: 'ink' }) }), '1', { active: false })
    expect(say(graph).warnings).toEqual([])
  })
})
