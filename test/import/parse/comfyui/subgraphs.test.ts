import { describe, expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../../src/lib/json.ts'
import { type Box, box, link, linkObject, turn, uuid, workflow } from '../../../support/comfy-workflow.ts'

interface Definition {
  readonly id: string
  readonly nodes: readonly Box[]
  readonly links?: readonly JsonObject[]
  /** Names of inputs, with the links that go on from them. */
  readonly inputs?: readonly (readonly [name: string, ...links: number[]])[]
  readonly more?: JsonObject
}

const define = ({ id, nodes, links = [], inputs = [], more = {} }: Definition): JsonObject => ({
  id,
  name: 'Loaders',
  nodes: nodes.map(box),
  links: [...links],
  inputs: inputs.map(([name, ...linkIds]) => ({ name, linkIds, type: '*' })),
  ...more,
})

const withSubgraphs = (boxes: readonly Box[], definitions: readonly JsonObject[], rest: JsonObject = {}): JsonObject =>
  workflow(boxes, { definitions: { subgraphs: [...definitions] }, ...rest })

/** A checkpoint and a LoRA whose widgets are inputs of the subgraph, a sampler whose seed is one. */
const LOADERS = define({
  id: uuid(1),
  nodes: [
    { id: 10, type: 'CheckpointLoaderSimple', widgets: { ckpt_name: 1 }, values: ['old.safetensors'] },
    { id: 11, type: 'LoraLoader', sockets: { model: 3 }, widgets: { lora_name: 2 }, values: ['old-lora.pt', 0.5, 0.4] },
    { id: 12, type: 'KSampler', widgets: { seed: 4 }, values: [1, 'fixed', 20, 7, 'euler', 'normal', 1] },
  ],
  links: [
    linkObject(1, -10, 0, 10, 0),
    linkObject(2, -10, 2, 11, 1),
    linkObject(3, 10, 0, 11, 0),
    linkObject(4, -10, 3, 12, 0),
    linkObject(5, 11, 1, -20, 0),
  ],
  inputs: [['ckpt', 1], ['model'], ['lora_name', 2], ['seed', 4]],
})

const host = (more: Partial<Box> = {}): Box => ({ id: 30, type: uuid(1), ...more })

describe('the inside of a subgraph', () => {
  test('has ids of its own, and links from and to its walls', () => {
    const source = withSubgraphs(
      [host({ sockets: { model: null } }), { id: 31, type: 'Thing', sockets: { in: 1 } }],
      [LOADERS],
      { links: [link(1, 30, 0, 31, 0)] },
    )
    const turned = turn(source)
    expect([...turned.graph.keys()]).toEqual(['31', '30:10', '30:11', '30:12'])
    expect(turned.graph.get('30:11')).toMatchObject({
      place: 'comfyui:workflow node 30:11',
      inputs: { lora_name: 'old-lora.pt', strength_model: 0.5, strength_clip: 0.4, model: ['30:10', 0] },
    })
    expect(turned.inputs('31')).toEqual({ in: ['30:11', 1] })
    expect(turned.warnings).toEqual([])
  })

  test('used twice is there twice', () => {
    const turned = turn(
      withSubgraphs(
        [
          host({ widgets: { ckpt: null }, values: ['a.pt'] }),
          host({ id: 40, widgets: { ckpt: null }, values: ['b.pt'] }),
        ],
        [LOADERS],
      ),
    )
    expect(turned.values('ckpt_name')).toEqual(['30:10: a.pt', '40:10: b.pt'])
  })

  test.each([
    [2, 0],
    [4, 0],
    [0, 2],
    [0, 4],
  ])('is off as a whole with its box in mode %i, a node in mode %i', (mode, inner) => {
    const definition = define({
      id: uuid(1),
      nodes: [
        { id: 1, type: 'VAELoader', mode: inner, values: ['v.pt'] },
        { id: 2, type: uuid(2), mode: inner },
      ],
    })
    const deeper = define({ id: uuid(2), nodes: [{ id: 1, type: 'VAELoader', values: ['w.pt'] }] })
    const turned = turn(withSubgraphs([host({ mode }), host({ id: 31 })], [definition, deeper]))
    const [other1, other2] = inner === 0 ? ['', ''] : [' (off)', ' (off)']
    expect(turned.values('vae_name')).toEqual([
      '30:1: v.pt (off)',
      `31:1: v.pt${other1}`,
      '30:2:1: w.pt (off)',
      `31:2:1: w.pt${other2}`,
    ])
  })

  test('of one within another is found where its definition stands', () => {
    const inner = define({ id: uuid(2), nodes: [{ id: 5, type: 'VAELoader', values: ['v.pt'] }] })
    const outer = define({
      id: uuid(1),
      nodes: [{ id: 4, type: uuid(2) }],
      more: { definitions: { subgraphs: [inner] } },
    })
    expect(turn(withSubgraphs([host()], [outer])).values('vae_name')).toEqual(['30:4:5: v.pt'])
  })

  test('that is not there leaves the box as a node, and is told once', () => {
    const turned = turn(workflow([host({ values: ['a.safetensors'] }), host({ id: 31 })]))
    expect(turned.inputs('30')).toEqual({ widget_1: 'a.safetensors' })
    expect(turned.warnings).toEqual([['comfyui:workflow node 30', 'the subgraph of this node is not in the workflow']])
  })

  test('and the box itself may declare models', () => {
    const url = 'https://example.org/old.safetensors'
    const models = [{ name: 'old.safetensors', url }]
    const own = turn(withSubgraphs([host({ properties: { models } })], [LOADERS]))
    const inside = turn(withSubgraphs([host()], [{ ...LOADERS, models }]))
    for (const turned of [own, inside])
      expect(turned.graph.get('30:10')?.declared).toEqual([{ name: 'old.safetensors', url }])
  })

  test('is reached over links into the box, which win over its widgets', () => {
    const source = withSubgraphs(
      [
        host({ widgets: { ckpt: 1, lora_name: 2 }, values: ['a.pt', 'b.pt'] }),
        { id: 5, type: 'PrimitiveString', values: ['c.pt'] },
        { id: 6, type: 'PrimitiveNode', values: ['d.pt'] },
      ],
      [LOADERS],
      { links: [link(1, 5, 0, 30, 0), link(2, 6, 0, 30, 1)] },
    )
    expect(turn(source).inputs('30:10')).toEqual({ ckpt_name: ['5', 0] })
    expect(turn(source).inputs('30:11')['lora_name']).toBe('d.pt')
  })

  test('has several outputs', () => {
    const definition = define({
      id: uuid(1),
      nodes: [{ id: 1, type: 'CheckpointLoaderSimple' }],
      links: [linkObject(1, 1, 0, -20, 1), linkObject(2, 1, 2, -20, 0)],
    })
    const source = withSubgraphs([host(), { id: 31, type: 'Thing', sockets: { a: 1, b: 2 } }], [definition], {
      links: [link(1, 30, 0, 31, 0), link(2, 30, 1, 31, 1)],
    })
    expect(turn(source).inputs('31')).toEqual({ a: ['30:1', 2], b: ['30:1', 0] })
  })

  test.each([[[1]], [[]]])('tells by its inputs (%j) or by its links which of them are widgets', (linkIds) => {
    const definition = define({
      id: uuid(1),
      nodes: [
        { id: 1, type: 'KSampler', sockets: { model: 2 } },
        { id: 2, type: 'VAELoader', widgets: { vae_name: 1 }, values: ['old.pt'] },
      ],
      links: [linkObject(1, -10, 1, 2, 0), linkObject(2, -10, 0, 1, 0)],
      more: { inputs: [{ name: 'model' }, { name: 'vae', linkIds }] },
    })
    expect(turn(withSubgraphs([host({ values: ['new.pt'] })], [definition])).inputs('30:2')).toEqual({
      vae_name: 'new.pt',
    })
  })

  test('goes by the links that its inputs name where the links say something else', () => {
    const definition = define({
      id: uuid(1),
      nodes: [
        { id: 1, type: 'VAELoader', widgets: { vae_name: 1 }, values: ['old.pt'] },
        { id: 2, type: 'KSampler', widgets: { steps: 2 }, values: [1, 'fixed', 20, 7, 'euler', 'normal', 1] },
      ],
      links: [linkObject(1, -10, 0, 1, 0), linkObject(2, -10, 0, 2, 0)],
      more: {
        inputs: [
          { name: 'vae', linkIds: [1] },
          { name: 'steps', linkIds: [2] },
        ],
      },
    })
    expect(turn(withSubgraphs([host({ values: ['new.pt', 30] })], [definition])).inputs('30:2')['steps']).toBe(30)
  })

  test('a constant of the graph around it has its name inside as well', () => {
    const definition = define({
      id: uuid(1),
      nodes: [
        { id: 1, type: 'GetNode', values: ['main'] },
        { id: 2, type: 'Thing', sockets: { in: 1 } },
      ],
      links: [linkObject(1, 1, 0, 2, 0)],
    })
    const source = withSubgraphs(
      [host(), { id: 3, type: 'SetNode', sockets: { x: 7 }, values: ['main'] }, { id: 4, type: 'UNETLoader' }],
      [definition],
      { links: [link(7, 4, 0, 3, 0)] },
    )
    expect(turn(source).inputs('30:2')).toEqual({ in: ['4', 0] })
  })

  test('a bypassed box hands on what is wired to it', () => {
    const source = withSubgraphs(
      [
        host({ mode: 4, sockets: { model: 1 }, types: { model: 'MODEL' }, outputs: ['MODEL'] }),
        { id: 31, type: 'Thing', sockets: { in: 2 }, types: { in: 'MODEL' } },
        { id: 4, type: 'UNETLoader' },
      ],
      [LOADERS],
      { links: [link(1, 4, 0, 30, 0), link(2, 30, 0, 31, 0)] },
    )
    expect(turn(source).inputs('31')).toEqual({ in: ['4', 0] })
  })
})

describe('what the box says wins over the widgets inside', () => {
  const three = ['a.pt', 'b.pt', 7]
  const inside = (more: Partial<Box>): readonly JsonValue[] => {
    const turned = turn(withSubgraphs([host(more)], [LOADERS]))
    return [
      turned.inputs('30:10')['ckpt_name'] ?? null,
      turned.inputs('30:11')['lora_name'] ?? null,
      turned.inputs('30:12')['seed'] ?? null,
    ]
  }
  const promoted = { ckpt: null, lora_name: null, seed: null }

  test.each<[string, Partial<Box>]>([
    ['by the widgets among its inputs', { sockets: { model: null }, widgets: promoted, values: three }],
    ['by the inputs of the definition, where a saved picture left them out', { values: three }],
    ['with the word behind a seed', { widgets: promoted, values: ['a.pt', 'b.pt', 7, 'randomize'] }],
    ['by their names', { named: { lora_name: 'b.pt', seed: 7, ckpt: 'a.pt', other: 5 } }],
    ['by their names in an object', { values: { lora_name: 'b.pt', seed: 7, ckpt: 'a.pt' } }],
    [
      'by proxies in an order of their own',
      {
        widgets: promoted,
        values: [7, 'b.pt', 'a.pt'],
        properties: {
          proxyWidgets: [
            ['-1', 'seed'],
            ['11', 'lora_name'],
            ['-1', 'ckpt'],
          ],
        },
      },
    ],
    [
      'by proxies in a string',
      { values: [7, 'b.pt', 'a.pt'], properties: { proxyWidgets: '[["-1","seed"],["11","lora_name"],["-1","ckpt"]]' } },
    ],
    [
      'by the proxies of inlets alone, where a version keeps no values for the others',
      {
        values: [7, 'b.pt', 'a.pt'],
        properties: {
          proxyWidgets: [
            ['12', 'steps'],
            ['-1', 'seed'],
            ['-1', 'lora_name'],
            ['11', 'strength_model'],
            ['-1', 'ckpt'],
          ],
        },
      },
    ],
    [
      'by inputs where the proxies fit the values worse',
      {
        widgets: promoted,
        values: three,
        properties: {
          proxyWidgets: [
            ['-1', 'seed'],
            ['11', 'lora_name'],
            ['-1', 'ckpt'],
          ],
        },
      },
    ],
    [
      'past proxies of deleted nodes',
      {
        values: ['x.pt', 7, 'b.pt', 'a.pt'],
        properties: {
          proxyWidgets: [
            ['99', 'unet_name'],
            ['-1', 'seed'],
            ['-1', 'lora_name'],
            ['-1', 'ckpt'],
          ],
        },
      },
    ],
    [
      'past proxies of deleted nodes that have no value any more',
      {
        values: [7, 'b.pt', 'a.pt'],
        properties: {
          proxyWidgets: [
            ['99', 'unet_name'],
            ['-1', 'seed'],
            ['-1', 'lora_name'],
            ['-1', 'ckpt'],
          ],
        },
      },
    ],
  ])('%s', (_, more) => {
    expect(inside(more)).toEqual(three)
  })

  test.each<[string, Partial<Box>, readonly JsonValue[]]>([
    ['nothing', {}, ['old.safetensors', 'old-lora.pt', 1]],
    ['an empty list', { widgets: promoted, values: [] }, ['old.safetensors', 'old-lora.pt', 1]],
    ['gaps', { widgets: promoted, values: [null, 'b.pt', null] }, ['old.safetensors', 'b.pt', 1]],
    ['too few values', { widgets: promoted, values: ['a.pt'] }, ['a.pt', 'old-lora.pt', 1]],
    ['too many values, of other kinds', { values: ['a.pt', 5, 'x', true] }, ['a.pt', 'old-lora.pt', 1]],
    [
      'proxies without values',
      {
        values: [],
        properties: {
          proxyWidgets: [
            ['-1', 'ckpt'],
            ['99', 'gone'],
          ],
        },
      },
      ['old.safetensors', 'old-lora.pt', 1],
    ],
    [
      'proxies of wrong types',
      { properties: { proxyWidgets: [null, 5, ['-1'], [{}, 'x'], [1, 2]] } },
      ['old.safetensors', 'old-lora.pt', 1],
    ],
  ])('but not %s', (_, more, values) => {
    expect(inside(more)).toEqual(values)
  })

  test('for widgets that are shown without a link', () => {
    const properties = {
      proxyWidgets: [
        ['11', 'strength_model'],
        ['12', 'steps'],
        ['11', '12: cfg'],
      ],
    }
    const turned = turn(withSubgraphs([host({ values: [0, 33, 5], properties })], [LOADERS]))
    expect(turned.inputs('30:11')['strength_model']).toBe(0)
    expect(turned.inputs('30:12')['steps']).toBe(33)
  })

  test('a PrimitiveNode inside among them', () => {
    const definition = define({
      id: uuid(1),
      nodes: [
        { id: 1, type: 'PrimitiveNode', values: ['old.pt', 'fixed'] },
        { id: 2, type: 'VAELoader', widgets: { vae_name: 1 }, values: ['older.pt'] },
      ],
      links: [linkObject(1, 1, 0, 2, 0)],
    })
    const properties = { proxyWidgets: [['1', 'value']] }
    expect(turn(withSubgraphs([host({ values: ['new.pt'], properties })], [definition])).inputs('30:2')).toEqual({
      vae_name: 'new.pt',
    })
  })
})

describe('two levels', () => {
  const inner = define({
    id: uuid(2),
    nodes: [{ id: 5, type: 'VAELoader', widgets: { vae_name: 1 }, values: ['oldest.pt'] }],
    links: [linkObject(1, -10, 0, 5, 0)],
    inputs: [['vae', 1]],
  })
  const outer = (values: JsonValue): JsonObject =>
    define({
      id: uuid(1),
      nodes: [{ id: 4, type: uuid(2), widgets: { vae: 1 }, values }],
      links: [linkObject(1, -10, 0, 4, 0)],
      inputs: [['encoder', 1]],
    })

  test.each([
    [['new.pt'], ['old.pt'], 'new.pt'],
    [[], ['old.pt'], 'old.pt'],
    [[], [], 'oldest.pt'],
  ])('the outermost box that says something counts: %j, %j', (own, between, expected) => {
    const source = withSubgraphs([host({ widgets: { encoder: null }, values: own })], [outer(between), inner])
    expect(turn(source).inputs('30:4:5')).toEqual({ vae_name: expected })
  })

  test.each([[[['4', 'vae']]], [[['4', '5: vae_name']]]])('a proxy of a box within the box: %j', (proxyWidgets) => {
    const between = define({
      id: uuid(1),
      nodes: [{ id: 4, type: uuid(3), values: ['old.pt'], properties: { proxyWidgets: [['5', 'vae_name']] } }],
    })
    const plain = define({ id: uuid(3), nodes: [{ id: 5, type: 'VAELoader', values: ['oldest.pt'] }], inputs: [] })
    const linked = define({ id: uuid(1), nodes: [{ id: 4, type: uuid(2), values: ['old.pt'] }] })
    const definitions = proxyWidgets[0]?.[1] === 'vae' ? [linked, inner] : [between, plain]
    const source = withSubgraphs([host({ values: ['new.pt'], properties: { proxyWidgets } })], definitions)
    expect(turn(source).inputs('30:4:5')).toEqual({ vae_name: 'new.pt' })
  })
})

const TOO_MANY = 'its subgraphs hold more than 50000 nodes or 400000 values; beyond that each is read once'

describe('hostile subgraphs end', () => {
  const self = define({
    id: uuid(1),
    nodes: [
      { id: 1, type: uuid(1) },
      { id: 2, type: uuid(1) },
      { id: 3, type: 'VAELoader', values: ['v.pt'] },
    ],
  })

  test('one that contains itself', () => {
    const turned = turn(withSubgraphs([host()], [self]))
    expect(turned.values('vae_name')).toEqual(['30:3: v.pt'])
    expect(turned.warnings).toEqual([
      ['comfyui:workflow node 30:1', 'this subgraph contains itself and is left out there'],
    ])
  })

  test('two that contain each other', () => {
    const a = define({ id: uuid(1), nodes: [{ id: 1, type: uuid(2) }] })
    const b = define({
      id: uuid(2),
      nodes: [
        { id: 1, type: uuid(1) },
        { id: 3, type: 'VAELoader', values: ['v.pt'] },
      ],
    })
    expect(turn(withSubgraphs([host()], [a, b])).values('vae_name')).toEqual(['30:1:3: v.pt'])
  })

  test('a chain of 10,000', () => {
    const chain = Array.from({ length: 10_000 }, (_, at) =>
      define({
        id: uuid(at + 1),
        nodes: [
          { id: 1, type: uuid(at + 2) },
          { id: 2, type: 'VAELoader', values: [`${at}.pt`] },
        ],
      }),
    )
    const turned = turn(withSubgraphs([host()], chain))
    expect(turned.values('vae_name')).toHaveLength(64)
    expect(turned.warnings.map(([, reason]) => reason)).toEqual(['subgraphs nested more than 64 deep are left out'])
  })

  test('definitions nested 10,000 deep', () => {
    let definition = define({ id: uuid(0), nodes: [{ id: 1, type: 'VAELoader', values: ['deep.pt'] }] })
    for (let at = 1; at < 10_000; at += 1)
      definition = { ...define({ id: uuid(at), nodes: [] }), definitions: { subgraphs: [definition] } }
    expect(turn(withSubgraphs([host({ type: uuid(0) })], [definition])).values('vae_name')).toEqual(['30:1: deep.pt'])
  })

  test('ten of ten of ten', () => {
    const ten = (type: string): Box[] => Array.from({ length: 10 }, (_, id) => ({ id, type, values: ['v.pt'] }))
    const levels = Array.from({ length: 20 }, (_, at) =>
      define({ id: uuid(at + 1), nodes: ten(at === 19 ? 'VAELoader' : uuid(at + 2)) }),
    )
    const turned = turn(withSubgraphs([host(), { id: 1, type: 'VAELoader', values: ['root.pt'] }], levels))
    expect(turned.graph.size).toBeLessThanOrEqual(50_300)
    expect(turned.values('vae_name')).toContain('1: root.pt')
    // Each level is there, the last ones once.
    expect(turned.values('vae_name').filter((value) => value.endsWith(': v.pt'))).toHaveLength(10)
    expect(turned.warnings).toEqual([['comfyui:workflow', TOO_MANY]])
  })

  test('each twice the next', () => {
    const twice = (at: number): Box[] => [0, 1].map((id) => ({ id, type: uuid(at + 2) }))
    const levels = Array.from({ length: 30 }, (_, at) =>
      define({
        id: uuid(at + 1),
        nodes: at === 29 ? [{ id: 7, type: 'VAELoader', values: ['deepest.pt'] }] : twice(at),
      }),
    )
    const turned = turn(withSubgraphs([host()], levels))
    expect(turned.values('vae_name')).toEqual([`30:${'0:'.repeat(29)}7: deepest.pt`])
    expect(turned.warnings).toEqual([['comfyui:workflow', TOO_MANY]])
  })

  test('many that are wide, each used once more', () => {
    const values = Array.from({ length: 9000 }, (_, at) => at)
    const wide = Array.from({ length: 60 }, (_, at) =>
      define({
        id: uuid(at + 1),
        nodes: [
          { id: 1, type: 'Thing', values },
          { id: 2, type: 'VAELoader', values: [`${at}.pt`] },
        ],
      }),
    )
    const hosts = Array.from({ length: 120 }, (_, id) => host({ id, type: uuid((id % 60) + 1) }))
    expect(turn(withSubgraphs(hosts, wide)).values('vae_name')).toHaveLength(60)
  })

  test('a wide node used often', () => {
    const values = Array.from({ length: 100_000 }, (_, at) => at)
    const wide = define({ id: uuid(1), nodes: [{ id: 1, type: 'Thing', values }] })
    const turned = turn(
      withSubgraphs(
        Array.from({ length: 1000 }, (_, id) => host({ id })),
        [wide],
      ),
    )
    expect([...turned.graph.values()].filter(({ className }) => className === 'Thing')).toHaveLength(39)
    expect(turned.warnings).toHaveLength(1)
  })

  test('links that go round through the walls', () => {
    const definition = define({
      id: uuid(1),
      nodes: [{ id: 1, type: 'Thing', sockets: { in: 1 } }],
      links: [linkObject(1, -10, 0, 1, 0), linkObject(2, -10, 0, -20, 0)],
      inputs: [['x', 1, 2]],
    })
    const source = withSubgraphs([host({ sockets: { x: 1 } })], [definition], { links: [link(1, 30, 0, 30, 0)] })
    expect(turn(source).inputs('30:1')).toEqual({})
  })
})
