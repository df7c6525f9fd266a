import { describe, expect, test } from 'bun:test'
import { linkAt } from '../../../../src/import/parse/comfyui/links.ts'
import { brief, graphOf, node, oneSays, say } from './graphs.ts'

const NOT_NAMED = 'its model is named by another node in a way that is not understood'
const loader = node('CheckpointLoaderSimple', { ckpt_name: ['30:10', 0] })
const A = 'harbor/mix_v2.safetensors'

describe('a checkpoint whose name comes from', () => {
  const rows: readonly (readonly [name: string, source: unknown, value: string, input: string])[] = [
    ['a primitive', node('PrimitiveString', { value: A }), A, 'value'],
    ['a string', node('String Literal', { string: A }), A, 'string'],
    ['a text', node('Text Multiline', { text: A }), A, 'text'],
    ['a selector', node('Checkpoint Selector', { ckpt_name: A }), A, 'ckpt_name'],
    ['a menu with pictures', node('Some Menu', { ckpt_name: { content: A } }), A, 'ckpt_name'],
    ['a node with one file', node('KJ Menu', { label: 'x', file: A, count: 3 }), A, 'file'],
    ['a switch of ComfyUI', node('ComfySwitchNode', { switch: false, on_true: 'x.pt', on_false: A }), A, 'on_false'],
  ]
  test.each(rows)('%s', (_, source, value, input) => {
    const { mentions, warnings } = say(graphOf({ loader, '30:10': source }))
    expect(warnings).toEqual([])
    expect(mentions[0]).toMatchObject({ type: 'checkpoint', name: value, active: true })
    expect(mentions[0]?.evidence).toEqual([
      'comfyui:prompt node loader ckpt_name',
      `comfyui:prompt node 30:10 ${input}`,
    ])
    expect(mentions.filter(({ type }) => type === 'other')).toEqual([])
  })
})

test('the way that a switch does not let through names nothing', () => {
  const branches = { on_true: 'a.pt', on_false: 'b.pt' }
  expect(oneSays('ComfySwitchNode', { switch: true, ...branches })).toEqual(['other? a.pt'])
  expect(oneSays('ComfySwitchNode', { switch: false, ...branches })).toEqual(['other? b.pt'])
  expect(oneSays('ComfySwitchNode', { switch: ['9', 0], ...branches })).toEqual(['other? a.pt', 'other? b.pt'])
})

test('reroutes and several steps are followed, to the node that has the name', () => {
  const graph = graphOf({
    loader,
    '30:10': node('Reroute (rgthree)', { '': ['2', 0] }),
    2: node('StringPass', { string: ['3', 0] }),
    3: node('PrimitiveString', { value: A }),
  })
  const { mentions } = say(graph)
  expect(mentions.map(brief)).toEqual([`checkpoint ${A}`])
  expect(mentions[0]?.evidence[1]).toBe('comfyui:prompt node 3 value')
})

test.each(['value', 'string', 'text', 'Value', 'Text', 'String', 'int', 'float', 'number', 'air', 'seed', 'name'])(
  'a node that holds its one value as `%s` hands it on, before any file of its own',
  (input) => {
    const graph = graphOf({ loader, '30:10': node('Mist', { other: 'other.pt', [input]: 'plain', count: 3 }) })
    expect(say(graph).mentions[0]).toMatchObject({ type: 'checkpoint', name: 'plain' })
  },
)

test.each(['Reroute', 'Any Switch (rgthree)', 'GetNode', 'Mist Bus', 'Anything Everywhere'])(
  'a %s hands on the one thing that is wired to it',
  (className) => {
    const graph = graphOf({
      loader,
      '30:10': node(className, { x: ['2', 0], label: 'y' }),
      2: node('Text', { text: A }),
    })
    expect(say(graph).mentions.map(brief)).toEqual([`checkpoint ${A}`])
  },
)

test('a node that makes something of two hands nothing on', () => {
  const both = { x: ['2', 0], y: ['2', 0] }
  for (const source of [node('Reroute', both), node('Mist', { x: ['2', 0] }), node('Mist', { switch: true, x: 1 })]) {
    const graph = graphOf({ loader, '30:10': source, 2: node('Text', { text: A }) })
    expect(say(graph).warnings).toHaveLength(1)
  }
})

describe('a name that another node joins', () => {
  const named = (className: string, inputs: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    say(graphOf({ loader, '30:10': node(className, inputs), ...more }))
  const rows: readonly (readonly [className: string, inputs: Record<string, unknown>, name: string])[] = [
    ['StringConcatenate', { string_a: 'harbor/', string_b: 'mix.pt', delimiter: '' }, 'harbor/mix.pt'],
    ['StringConcatenate', { string_a: 'harbor', string_b: 'mix.pt', delimiter: '/' }, 'harbor/mix.pt'],
    ['StringConcatenate', { string_b: '.pt', string_a: 'mix' }, 'mix.pt'],
    ['CR Text Concatenate', { text1: 'a', text2: ['t', 0], separator: '\\' }, 'a\\mix_v2'],
    [
      'JoinStringMulti',
      { inputcount: 3, string_10: 'c.pt', string_2: 'b', string_1: '', delimiter: ['d', 0] },
      '-b-c.pt',
    ],
    ['Text Concatenate', { text_a: ['j', 0], text_b: ['t', 0], delimiter: '_' }, 'x/y_mix_v2'],
  ]
  test.each(rows)('%s %j', (className, inputs, name) => {
    const { mentions, warnings } = named(className, inputs, {
      t: node('Text', { text: 'mix_v2' }),
      d: node('Text', { text: '-' }),
      j: node('JoinStrings', { string1: 'x', string2: 'y', delimiter: '/' }),
    })
    expect(mentions.map(brief)).toEqual([`checkpoint ${name}`])
    expect(warnings).toEqual([])
  })

  test('says where the last part stands', () => {
    const { mentions } = named('StringConcatenate', { string_a: 'harbor/', string_b: 'mix.pt', delimiter: '' })
    expect(mentions[0]?.evidence).toEqual([
      'comfyui:prompt node loader ckpt_name',
      'comfyui:prompt node 30:10 string_b',
    ])
  })

  test.each([
    ['a part is not known', { string_a: ['9', 0], string_b: 'mix.pt', delimiter: '' }],
    ['what is put in between is not known', { string_a: 'harbor', string_b: 'mix.pt', delimiter: 'slash' }],
    ['it joins itself', { string_a: ['30:10', 0], string_b: 'mix.pt', delimiter: '' }],
  ])('is left out with a warning where %s', (_, inputs) => {
    const { mentions, warnings } = named('StringConcatenate', inputs)
    expect(mentions.filter(({ type }) => type === 'checkpoint')).toEqual([])
    expect(warnings).toEqual([`comfyui:prompt node loader ckpt_name: ${NOT_NAMED}`])
  })

  test('twice and again is no text of a million parts', () => {
    const twice = (next: string) => node('StringConcatenate', { string_a: [next, 0], string_b: [next, 0] })
    const nodes = Array.from({ length: 40 }, (_, at) => [`s${at}`, twice(`s${at + 1}`)] as const)
    const graph = { ...Object.fromEntries(nodes), s40: node('Text', { text: 'mix.pt' }), '30:10': twice('s0'), loader }
    expect(say(graphOf(graph)).warnings).toEqual([`comfyui:prompt node loader ckpt_name: ${NOT_NAMED}`])
  })

  test('a long text that hundreds of nodes join is not kept by all of them', () => {
    const joins = Array.from({ length: 300 }, (_, at) => [
      [`join ${at}`, node('StringConcatenate', { string_a: ['t', 0], string_b: ['t', 0] })] as const,
      [`lora ${at}`, node('LoraTagLoader', { text: [`join ${at}`, 0] })] as const,
    ])
    const text = `<lora:ink:1>${'x'.repeat(45_000)}`
    const { mentions, warnings } = say(graphOf({ t: node('Text', { text }), ...Object.fromEntries(joins.flat()) }))
    expect([mentions.length, warnings.length]).toEqual([2 * 222, 78])
  })
})

test('circles, nodes that are not there and long ways end in a warning', () => {
  const chain = Object.fromEntries(
    Array.from({ length: 50 }, (_, at) => [`s${at}`, node('StringPass', { string: [`s${at + 1}`, 0] })]),
  )
  const graphs = [
    { loader, '30:10': node('Text', { text: ['30:10', 0] }) },
    { loader, '30:10': node('Text', { text: ['b', 0] }), b: node('Text', { text: ['30:10', 0] }) },
    { loader: node('CheckpointLoaderSimple', { ckpt_name: ['s0', 0] }), ...chain, s50: node('Text', { text: A }) },
    { loader, '30:10': node('VAEDecode', {}) },
  ]
  for (const each of graphs) {
    const { mentions, warnings } = say(graphOf(each))
    expect(mentions.filter(({ type }) => type === 'checkpoint')).toEqual([])
    expect(warnings).toEqual([`comfyui:prompt node loader ckpt_name: ${NOT_NAMED}`])
  }
})

test('a loaded model that comes in by `model` is not the name of one', () => {
  const graph = graphOf({
    1: node('CheckpointLoaderSimple', { ckpt_name: A }),
    2: node('DepthAnythingV2', { model: ['1', 0] }),
    3: node('WanVideoLoraSelect', { lora: ['1', 0], strength: 1 }),
    4: node('AnimateDiff Script', { motion_model: ['1', 0] }),
  })
  const { mentions, warnings } = say(graph)
  expect(mentions.map(brief)).toEqual([`checkpoint ${A}`])
  expect(warnings).toEqual([])
})

test('a strength and a switch may come over links too', () => {
  const graph = graphOf({
    1: node('LoraLoader', { lora_name: 'a.pt', strength_model: ['9', 0], strength_clip: ['9', 0] }),
    2: node('CR Load LoRA', { lora_name: 'b.pt', switch: ['8', 0], strength_model: ['7', 0], strength_clip: ['7', 0] }),
    3: node('LoraLoader', { lora_name: 'c.pt', strength_model: 0, strength_clip: ['6', 0] }),
    6: node('SomeMath', { a: 1 }),
    7: node('PrimitiveFloat', { value: 0.4 }),
    8: node('String', { string: 'Off' }),
    9: node('PrimitiveFloat', { value: 0 }),
  })
  expect(say(graph).mentions.map(brief)).toEqual(['lora a.pt 0 (off)', 'lora b.pt 0.4 (off)', 'lora c.pt 0'])
})

describe("Civitai's selector", () => {
  const AIR = 'urn:air:sdxl:checkpoint:civitai:827184@2514310'
  const CLIP = 'urn:air:sdxl:clip:civitai:827184@2514310+77'
  const selector = node('CivitaiModelSelector', {
    air: AIR,
    resources_json: JSON.stringify({ bySlot: { 2: CLIP }, all: [AIR, CLIP] }),
  })

  test('gives its model to loaders, and the further files that it names', () => {
    const graph = graphOf({
      1: node('CheckpointLoaderSimple', { ckpt_name: ['s', 1] }),
      2: node('CLIPLoader', { clip_name: ['s', 2] }),
      3: node('VAELoader', { vae_name: ['s', 3] }),
      s: selector,
    })
    const { mentions, warnings } = say(graph)
    expect(mentions).toEqual([
      {
        type: 'checkpoint',
        air: AIR,
        civitai: { model_id: 827184, version_id: 2514310 },
        active: true,
        evidence: ['comfyui:prompt node 1 ckpt_name', 'comfyui:prompt node s air'],
      },
      {
        type: 'text_encoder',
        air: CLIP,
        civitai: { model_id: 827184, version_id: 2514310 },
        active: true,
        evidence: ['comfyui:prompt node 2 clip_name', 'comfyui:prompt node s resources_json'],
      },
    ])
    expect(warnings).toEqual([`comfyui:prompt node 3 vae_name: ${NOT_NAMED}`])
  })

  test('stands for itself where no loader takes it', () => {
    const graph = graphOf({ s: selector, 2: node('Civitai Recipe', { model: ['s', 0] }) })
    const { mentions } = say(graph)
    expect(mentions.map(brief)).toEqual([`checkpoint ${AIR}`, `text_encoder ${CLIP}`])
    expect(mentions.map(({ evidence }) => evidence)).toEqual([
      ['comfyui:prompt node s air'],
      ['comfyui:prompt node s resources_json'],
    ])
    const strange = node('CivitaiModelSelector', {
      air: 'urn:air:x:workflow:civitai:1@2',
      resources_json: '{"all":[5]}',
    })
    expect(say(graphOf({ s: strange })).mentions.map(brief)).toEqual(['other urn:air:x:workflow:civitai:1@2'])
  })

  test('gives nothing more where a loader takes one of its files', () => {
    for (const slot of [0, 1, 2]) {
      const graph = graphOf({ s: selector, 2: node('CLIPLoader', { clip_name: ['s', slot] }) })
      expect(say(graph).mentions.map(brief)).toEqual([`text_encoder ${slot === 2 ? CLIP : AIR}`])
    }
    const bare = node('CivitaiModelSelector', { air: AIR, resources_json: '{"bySlot":{"2":""}}' })
    expect(say(graphOf({ s: bare, 2: node('CLIPLoader', { clip_name: ['s', 2] }) })).mentions.map(brief)).toEqual([
      `checkpoint ${AIR}`,
    ])
  })

  test('does not stumble over what is no JSON', () => {
    for (const resources_json of ['', '{', '[1]', '{"bySlot":[1],"all":{"a":1}}', 7]) {
      const graph = graphOf({ s: node('CivitaiModelSelector', { air: AIR, resources_json }) })
      expect(say(graph).mentions.map(brief)).toEqual([`checkpoint ${AIR}`])
    }
  })
})

test('only a pair of an id and a number is a link', () => {
  const graph = graphOf({ 1: node('A'), 2: node('B') })
  expect(linkAt(['1', 0], graph)?.node.className).toBe('A')
  expect(linkAt([2, 1], graph)).toMatchObject({ slot: 1, node: { className: 'B' } })
  for (const value of [['1'], ['1', '0'], ['1', 0, 0], ['3', 0], '1', null, [null, 0], ['__proto__', 0]]) {
    expect(linkAt(value, graph)).toBeUndefined()
  }
})
