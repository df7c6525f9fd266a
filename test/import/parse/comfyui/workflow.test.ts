import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../../../src/lib/json.ts'
import { type Box, link, linkObject, turn, workflow } from '../../../support/comfy-workflow.ts'

const loader = (id: number, more: Partial<Box> = {}): Box => ({
  id,
  type: 'CheckpointLoaderSimple',
  values: ['harborMix_v2.safetensors'],
  ...more,
})

describe('nodes', () => {
  test('keep their ids, places and classes', () => {
    const { graph } = turn(workflow([loader(7), { ...loader(0), id: 'left' }]))
    expect([...graph.keys()]).toEqual(['7', 'left'])
    expect(graph.get('left')).toEqual({
      id: 'left',
      className: 'CheckpointLoaderSimple',
      inputs: { ckpt_name: 'harborMix_v2.safetensors' },
      place: 'comfyui:workflow node left',
      active: true,
      declared: [],
    })
  })

  test.each([
    [undefined, true],
    [0, true],
    [1, true],
    [2, false],
    [3, true],
    [4, false],
    ['4', true],
  ])('mode %p: %p', (mode, active) => {
    const source = workflow([loader(1)])
    const [node] = source['nodes'] as JsonObject[]
    if (node !== undefined && mode !== undefined) node['mode'] = mode
    expect(turn(source).graph.get('1')?.active).toBe(active)
  })

  test('without an id, or with one that is there twice, are not lost', () => {
    const source = workflow([loader(1), loader(1, { values: ['b.safetensors'] }), { ...loader(0), id: null }])
    expect(turn(source).values('ckpt_name')).toEqual([
      '1: harborMix_v2.safetensors',
      '1#2: b.safetensors',
      '?3: harborMix_v2.safetensors',
    ])
  })

  test('with a long id or control characters in it are cut and cleaned where they are shown', () => {
    const { graph } = turn(workflow([{ ...loader(0), id: `a\n${'b'.repeat(5000)}` }]))
    const [node] = [...graph.values()]
    expect(node?.id).toHaveLength(100)
    expect(node?.place).toBe(`comfyui:workflow node a?${'b'.repeat(98)}`)
  })

  test('that are remarks or hand things on are left out', () => {
    const types = ['Note', 'MarkdownNote', 'Reroute', 'Reroute (rgthree)', 'PrimitiveNode', 'SetNode', 'GetNode']
    const { graph } = turn(workflow(types.map((type, id) => ({ id, type, values: ['a.safetensors'] }))))
    expect(graph.size).toBe(0)
  })
})

describe('links', () => {
  const sampler = (more: Partial<Box> = {}): Box => ({
    id: 9,
    type: 'KSampler',
    sockets: { model: 1 },
    types: { model: 'MODEL' },
    values: [5, 'randomize', 20, 7, 'euler', 'normal', 1],
    ...more,
  })

  test.each([
    ['a list', link(1, 4, 2, 9, 0)],
    ['a list of texts', link('1', '4', 2, '9', 0)],
    ['an object', linkObject(1, 4, 2, 9, 0)],
  ])('written as %s', (_, written) => {
    const source = workflow([loader(4), sampler()], { links: [written] })
    expect(turn(source).inputs('9')['model']).toEqual(['4', 2])
  })

  test('in an object by their ids', () => {
    const source = workflow([loader(4), sampler()], { links: { 1: linkObject(1, 4, 2, 9, 0) } })
    expect(turn(source).inputs('9')['model']).toEqual(['4', 2])
  })

  test.each([
    ['to a node that is not there', [link(1, 5, 0, 9, 0)]],
    ['that are not there', []],
    ['that are damaged', [[1], null, 'x', { id: 1 }, [1, {}, 0, 9, 0]]],
  ])('%s leave the input empty', (_, links) => {
    expect(turn(workflow([loader(4), sampler()], { links })).inputs('9')).not.toHaveProperty('model')
  })

  test('take the place of the old value of a widget', () => {
    const source = workflow(
      [loader(4, { widgets: { ckpt_name: 1 } }), { id: 5, type: 'PrimitiveString', values: ['b.safetensors'] }],
      { links: [link(1, 5, 0, 4, 0)] },
    )
    expect(turn(source).inputs('4')).toEqual({ ckpt_name: ['5', 0] })
    expect(turn(source).inputs('5')).toEqual({ value: 'b.safetensors' })
  })

  test('count under the name of the widget', () => {
    const source = workflow([loader(4, { widgets: { file: 1 } }), loader(5)], { links: [link(1, 5, 0, 4, 0)] })
    const [node] = source['nodes'] as { inputs: JsonObject[] }[]
    if (node?.inputs[0] !== undefined) node.inputs[0]['widget'] = { name: 'ckpt_name' }
    expect(turn(source).inputs('4')).toEqual({ ckpt_name: ['5', 0] })
  })

  test('from a PrimitiveNode bring its value', () => {
    const source = workflow(
      [
        loader(4, { widgets: { ckpt_name: 1 } }),
        sampler({ sockets: {}, widgets: { seed: 2 } }),
        { id: 5, type: 'PrimitiveNode', values: ['b.safetensors', 'fixed', ''] },
        { id: 6, type: 'PrimitiveNode', values: [42, 'fixed'] },
      ],
      { links: [link(1, 5, 0, 4, 0), link(2, 6, 0, 9, 0)] },
    )
    expect(turn(source).inputs('4')).toEqual({ ckpt_name: 'b.safetensors' })
    expect(turn(source).inputs('9')).toMatchObject({ seed: 42, steps: 20 })
  })

  test('go through reroutes, and through constants by their names', () => {
    const source = workflow(
      [
        loader(4),
        { id: 1, type: 'Reroute', sockets: { '': 1 } },
        { id: 2, type: 'SetNode', sockets: { MODEL: 2 }, values: ['main'] },
        { id: 3, type: 'GetNode', values: ['main'] },
        sampler({ sockets: { model: 3 } }),
        sampler({ id: 10, sockets: { model: 4 } }),
        { id: 5, type: 'GetNode', values: ['other'] },
        sampler({ id: 11, sockets: { model: 5 } }),
      ],
      {
        links: [
          link(1, 4, 0, 1, 0),
          link(2, 1, 0, 2, 0),
          link(3, 3, 0, 9, 0),
          link(4, 2, 0, 10, 0),
          link(5, 5, 0, 11, 0),
        ],
      },
    )
    const turned = turn(source)
    expect(['9', '10', '11'].map((id) => turned.inputs(id)['model'])).toEqual([['4', 0], ['4', 0], undefined])
  })

  test('around in a circle end', () => {
    const source = workflow(
      [
        { id: 1, type: 'Reroute', sockets: { '': 1 } },
        { id: 2, type: 'Reroute', sockets: { '': 2 } },
        { id: 3, type: 'SetNode', sockets: { x: 4 }, values: ['x'] },
        { id: 4, type: 'GetNode', values: ['x'] },
        sampler({ sockets: { model: 3, positive: 5 } }),
      ],
      {
        links: [
          link(1, 2, 0, 1, 0),
          link(2, 1, 0, 2, 0),
          link(3, 1, 0, 9, 0),
          link(4, 4, 0, 3, 0),
          link(5, 4, 0, 9, 1),
        ],
      },
    )
    expect(turn(source).inputs('9')).toEqual({
      seed: 5,
      steps: 20,
      cfg: 7,
      sampler_name: 'euler',
      scheduler: 'normal',
      denoise: 1,
    })
  })

  test('of old files keep a type of 0, and a slot as text', () => {
    const source = workflow([loader(4), sampler()], { links: [[1, 4, '2', 9, '0', 0]] })
    const [, node] = source['nodes'] as { inputs: JsonObject[] }[]
    if (node?.inputs[0] !== undefined) node.inputs[0]['type'] = 0
    expect(turn(source).inputs('9')['model']).toEqual(['4', 2])
  })
})

describe('links at nodes that are switched off', () => {
  const lora = (mode: number): Box => ({
    id: 2,
    type: 'LoraLoader',
    mode,
    sockets: { clip: 2, model: 1 },
    types: { model: 'MODEL', clip: 'CLIP' },
    outputs: ['MODEL', 'CLIP', 'LATENT'],
    values: ['b.safetensors', 1, 1],
  })
  const end = (type: string, mode = 0): Box => ({ id: 3, type: 'Thing', mode, sockets: { in: 3 }, types: { in: type } })
  const made = (mode: number, slot: number, type: string, endMode = 0): JsonObject =>
    workflow([loader(1), lora(mode), end(type, endMode)], {
      links: [link(1, 1, 0, 2, 1), link(2, 1, 1, 2, 0), link(3, 2, slot, 3, 0)],
    })

  test.each([
    ['the model', 0, 'MODEL', ['1', 0]],
    ['the text encoder', 1, 'CLIP', ['1', 1]],
    ['one of several types', 0, 'VAE,model', ['1', 0]],
    ['anything: the input of the same number', 1, '*', ['1', 0]],
    ['a latent: there is no input for it', 2, 'LATENT', undefined],
  ])('bypass hands on %s', (_, slot, type, source) => {
    expect(turn(made(4, slot, type)).inputs('3')['in']).toEqual(source)
  })

  test('bypass prefers the input of the very type to one that takes anything', () => {
    const node: Box = { ...lora(4), types: { model: '*', clip: 'CLIP' }, outputs: ['*', '*', 'CLIP'] }
    const source = workflow([loader(1), { ...node, sockets: { model: 1, clip: 2 } }, end('CLIP')], {
      links: [link(1, 1, 0, 2, 0), link(2, 1, 1, 2, 1), link(3, 2, 2, 3, 0)],
    })
    expect(turn(source).inputs('3')).toEqual({ in: ['1', 1] })
  })

  test('mute cuts them, and the old value of the widget with them', () => {
    expect(turn(made(2, 0, 'MODEL')).inputs('3')).toEqual({})
    const source = workflow(
      [
        loader(4, { widgets: { ckpt_name: 1 } }),
        { id: 5, type: 'PrimitiveString', mode: 2, values: ['b.safetensors'] },
      ],
      { links: [link(1, 5, 0, 4, 0)] },
    )
    expect(turn(source).inputs('4')).toEqual({})
  })

  test('to a node that is off itself they stay as they are', () => {
    expect(turn(made(2, 0, 'MODEL', 4)).inputs('3')).toEqual({ in: ['2', 0] })
    expect(turn(made(4, 0, 'MODEL', 2)).inputs('3')).toEqual({ in: ['2', 0] })
  })
})

describe('declared models', () => {
  const page = 'https://huggingface.co/lanternworks/harbor/blob/main/v2/harborMix_v2.safetensors'
  const file = 'https://huggingface.co/lanternworks/harbor/resolve/main/v2/harborMix_v2.safetensors'

  test('of a node stay with it, the page of a file as the file', () => {
    const models = [
      {
        name: 'harborMix_v2.safetensors',
        url: page,
        directory: 'checkpoints',
        hash: 'ab'.repeat(32),
        hash_type: 'SHA256',
      },
      { name: 'x.pt', url: 'ftp://x/x.pt' },
      { url: page },
      'x',
    ]
    const { graph, declared } = turn(workflow([loader(1, { properties: { models } })]))
    expect(graph.get('1')?.declared).toEqual([
      {
        name: 'harborMix_v2.safetensors',
        url: file,
        directory: 'checkpoints',
        hash: 'ab'.repeat(32),
        hashType: 'SHA256',
      },
      { name: 'x.pt' },
    ])
    expect(declared).toEqual([])
  })

  test('of the workflow go to the nodes that name them, over links as well', () => {
    const source = workflow(
      [
        loader(1),
        loader(2, { values: ['boats\\HarborMix_v2.safetensors'] }),
        loader(3, { values: ['c.safetensors'] }),
        loader(4, { widgets: { ckpt_name: 1 } }),
        { id: 5, type: 'PrimitiveString', values: ['harborMix_v2.safetensors'] },
      ],
      { models: [{ name: 'harborMix_v2.safetensors', url: page }], links: [link(1, 5, 0, 4, 0)] },
    )
    const { graph, declared } = turn(source)
    expect(declared).toEqual([{ name: 'harborMix_v2.safetensors', url: file }])
    expect([...graph.values()].map((node) => node.declared.length)).toEqual([1, 1, 0, 1, 1])
  })

  test.each([
    ['an address', `See ${file}.`, file],
    ['a page', page, file],
    ['an address with an end', `<${file}?download=true>`, `${file}?download=true`],
    [
      'a link with the name of the file',
      '- [harborMix_v2.safetensors](https://civitai.com/api/download/models/12)',
      'https://civitai.com/api/download/models/12',
    ],
    ['a link in bold', `**[this](${file})**`, file],
    ['a name in capitals', file.replace('harborMix_v2', 'HARBORMIX_V2'), file.replace('harborMix_v2', 'HARBORMIX_V2')],
    ['another file', 'https://huggingface.co/x/y/resolve/main/other.safetensors', undefined],
    ['another scheme', 'file:///harborMix_v2.safetensors', undefined],
    ['no file', 'https://example.org/', undefined],
  ])('a note with %s', (_, text, url) => {
    const { graph, declared } = turn(workflow([loader(1), { id: 2, type: 'MarkdownNote', values: [text] }]))
    const hint = url === undefined ? [] : [{ name: 'harborMix_v2.safetensors', url, isHint: true }]
    expect(graph.get('1')?.declared).toEqual(hint)
    expect(declared).toEqual(hint)
  })

  test('of two addresses for one file the first counts', () => {
    const text = `${file} and https://example.org/harborMix_v2.safetensors`
    expect(turn(workflow([loader(1), { id: 2, type: 'Note', values: [text] }])).declared).toEqual([
      { name: 'harborMix_v2.safetensors', url: file, isHint: true },
    ])
  })

  test('a note has no say where the workflow has an address', () => {
    const note: Box = { id: 2, type: 'Note', values: ['https://example.org/harborMix_v2.safetensors'] }
    const models = [{ name: 'harborMix_v2.safetensors', url: file }]
    expect(turn(workflow([loader(1), note], { models })).graph.get('1')?.declared).toEqual(
      [models[0]].flatMap((m) => m ?? []),
    )
    expect(turn(workflow([loader(1, { properties: { models } }), note])).graph.get('1')?.declared).toHaveLength(1)
  })
})

describe('hostile workflows', () => {
  test.each<[string, JsonObject]>([
    ['empty', {}],
    ['of wrong types', { nodes: 'x', links: 5, definitions: [], extra: 'x', models: {} }],
    [
      'of nodes of wrong types',
      { nodes: [null, 5, [], { id: {}, type: 5, inputs: {}, outputs: 'x', widgets_values: 'x', properties: [] }] },
    ],
    [
      'with slots of wrong types',
      { nodes: [{ id: 1, type: 'x', inputs: [null, { name: 5, type: [], link: {}, widget: 'x' }] }], links: [[[]]] },
    ],
    [
      'with objects that are no text where numbers stand',
      {
        nodes: [{ id: 1, type: 'x', inputs: [{ name: 'in', link: 1 }] }],
        links: [[1, 1, [{ toString: 5, valueOf: 5 }], 1, { toString: 5 }]],
      },
    ],
  ])('%s', (_, source) => {
    expect(turn(source).warnings).toEqual([])
  })

  test('names like __proto__ are plain names', () => {
    const source = JSON.parse(
      '{"nodes":[{"id":"__proto__","type":"__proto__","widgets_values":{"__proto__":"a.safetensors"}}],"links":{"__proto__":[1,1,0,1,0]},"extra":{"groupNodes":{"__proto__":{}}},"definitions":{"subgraphs":[{"id":"__proto__","nodes":[{"id":1,"type":"constructor","widgets_values":["b.safetensors"]}]}]}}',
    )
    const { graph } = turn(source)
    expect([...graph.keys()]).toEqual(['__proto__:1'])
    expect(Object.keys({})).toEqual([])
    expect(turn({ nodes: source.nodes }).inputs('__proto__')).toEqual(JSON.parse('{"__proto__":"a.safetensors"}'))
  })

  test('long chains and wide nodes end', () => {
    const count = 20_000
    const reroutes = Array.from({ length: count }, (_, id): Box => ({ id, type: 'Reroute', sockets: { '': id } }))
    const links = Array.from({ length: count }, (_, id) => link(id, id - 1, 0, id, 0))
    const slots = Object.fromEntries(Array.from({ length: count }, (_, at) => [`in${at}`, count + at]))
    const more = Array.from({ length: count }, (_, at) => link(count + at, at, 0, count, at))
    const source = workflow([...reroutes, { id: count, type: 'Wide', sockets: slots }], { links: [...links, ...more] })
    expect(turn(source).graph.size).toBe(1)
  })

  test('more values than a workflow has are left out', () => {
    const values = Array.from({ length: 9000 }, (_, at) => at)
    const turned = turn(workflow(Array.from({ length: 50 }, (_, id): Box => ({ id, type: 'Thing', values }))))
    expect(turned.graph.size).toBe(44)
    expect(turned.warnings).toEqual([
      ['comfyui:workflow', 'its nodes hold more than 400000 values; the rest is left out'],
    ])
    const wide = turn(workflow([{ id: 1, type: 'Thing', values: Array.from({ length: 10_001 }, (_, at) => at) }]))
    expect(Object.keys(wide.inputs('1'))).toHaveLength(10_000)
  })
})
