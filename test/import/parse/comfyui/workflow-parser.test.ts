import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createFindings } from '../../../../src/import/mention.ts'
import { readGraph } from '../../../../src/import/parse/comfyui/read-graph.ts'
import { readNodes } from '../../../../src/import/parse/comfyui/read-nodes.ts'
import { toGraph } from '../../../../src/import/parse/comfyui/workflow.ts'
import { comfyuiWorkflow } from '../../../../src/import/parse/comfyui/workflow-parser.ts'
import { parseJson } from '../../../../src/import/parse/json.ts'
import type { ParserInput } from '../../../../src/import/parse/parser.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../src/lib/json.ts'
import { type Box, box, link, linkObject, uuid, workflow } from '../../../support/comfy-workflow.ts'
import { brief } from './graphs.ts'

const inputOf = (value: unknown): ParserInput => ({ place: 'text', key: '', text: '', json: () => value })

const detect = (value: unknown): number => comfyuiWorkflow.detect(inputOf(value))
const parse = (value: unknown) => comfyuiWorkflow.parse(inputOf(value), {})

describe('a workflow of the editor is known by', () => {
  const node = { id: 1, type: 'VAEDecode' }
  test.each<[string, unknown, number]>([
    ['its links', { nodes: [node], links: [] }, 0.9],
    ['links as lists', { nodes: [node], links: [[1, 1, 0, 2, 0, 'X']] }, 0.9],
    ['links as objects', { nodes: [node], links: [{ id: 1, origin_id: 1 }] }, 0.9],
    ['links in an object', { nodes: [node], links: {} }, 0.9],
    ['its counter', { nodes: [node], last_node_id: 5 }, 0.9],
    ['its version', { nodes: [node], version: 0.4 }, 0.9],
    ['its state', { nodes: [node], state: { lastNodeId: 5 } }, 0.9],
    ['being empty', { nodes: [], links: [], version: 0.4 }, 0.9],
    ['having nothing but empty lists', { nodes: [], links: [] }, 0.6],
    ['the fields of its nodes', { nodes: [{ ...node, widgets_values: [] }] }, 0.6],
    ['a later node', { nodes: [null, node], links: [] }, 0.9],
  ])('%s', (_, value, sure) => {
    expect(detect(value)).toBe(sure)
  })

  test.each<[string, unknown]>([
    ['no JSON', undefined],
    ['no nodes', {}],
    ['nodes that are no list', { nodes: { 1: node }, links: [] }],
    ['nodes without a type', { nodes: [{ id: 1 }], links: [] }],
    ['nothing at all in it', { nodes: [] }],
    ['nothing in it but edges', { nodes: [], edges: [], version: 0.4 }],
    ['links of others', { nodes: [node], links: [{ source: 1, target: 2 }] }],
    ['edges', { nodes: [{ ...node, inputs: {} }], edges: [], version: '1.0.0' }],
    ['an executed graph', { 1: { class_type: 'VAEDecode', inputs: {} } }],
  ])('but not %s', (_, value) => {
    expect(detect(value)).toBe(0)
  })
})

test('an empty one is called so', () => {
  for (const empty of [{ nodes: [], links: [] }, workflow([])]) {
    expect(parse(empty)).toMatchObject({
      mentions: [],
      warnings: [{ place: 'comfyui:workflow', reason: 'this workflow is empty: it has no nodes' }],
    })
  }
})

test('its models, its picture and its warnings', () => {
  const url = 'https://example.org/paper-lantern.safetensors'
  const source = workflow(
    [
      {
        id: 1,
        type: 'CheckpointLoaderSimple',
        values: ['harborMix_v2.safetensors'],
        outputs: ['MODEL', 'CLIP', 'VAE'],
      },
      {
        id: 2,
        type: 'LoraLoader',
        mode: 4,
        sockets: { model: 1 },
        types: { model: 'MODEL' },
        outputs: ['MODEL'],
        values: ['ink_wash_style.safetensors', 0.7, 1],
      },
      { id: 3, type: 'CLIPTextEncode', values: ['a boat, embedding:night-fog'] },
      { id: 4, type: 'KSampler', mode: 2, values: [9, 'fixed', 50, 7, 'euler', 'normal', 1] },
      {
        id: 5,
        type: 'KSampler',
        sockets: { model: 2, positive: 3 },
        types: { model: 'MODEL' },
        values: [5, 'fixed', 20, 7, 'euler', 'normal', 1],
      },
      { id: 30, type: uuid(1), widgets: { name: null }, values: ['paper-lantern.safetensors'] },
      { id: 31, type: uuid(2) },
      { id: 6, type: 'Unknown Box', values: ['sub/glass-rain.gguf', 5] },
      { id: 7, type: 'MarkdownNote', values: [`[paper-lantern.safetensors](${url})`] },
    ],
    {
      links: [link(1, 1, 0, 2, 0), link(2, 2, 0, 5, 0), link(3, 3, 0, 5, 1)],
      definitions: {
        subgraphs: [
          {
            id: uuid(1),
            nodes: [box({ id: 9, type: 'VAELoader', widgets: { vae_name: 1 }, values: ['old.safetensors'] })],
            links: [linkObject(1, -10, 0, 9, 0)],
            inputs: [{ name: 'name', linkIds: [1] }],
          },
        ],
      },
    },
  )
  const parsed = parse(source)
  expect(parsed.mentions.map((mention) => `${mention.evidence[0]}: ${brief(mention)}`)).toEqual([
    'comfyui:workflow node 1 ckpt_name: checkpoint harborMix_v2.safetensors',
    'comfyui:workflow node 2 lora_name: lora ink_wash_style.safetensors 0.7 (off)',
    'comfyui:workflow node 3 text: embedding night-fog (optional)',
    'comfyui:workflow node 6 widget_1: other? sub/glass-rain.gguf',
    'comfyui:workflow node 30:9 vae_name: vae paper-lantern.safetensors',
  ])
  // Somebody's note is a hint, and no address that the workflow declares.
  expect(parsed.mentions.at(-1)).toMatchObject({ candidates: [{ url }] })
  expect(parsed.mentions.at(-1)?.urls).toBeUndefined()
  expect(parsed.generation).toMatchObject({
    prompt: 'a boat, embedding:night-fog',
    seed: 5,
    steps: 20,
    software: 'ComfyUI',
  })
  expect(parsed.warnings).toEqual([
    { place: 'comfyui:workflow node 31', reason: 'the subgraph of this node is not in the workflow' },
  ])
  expect(parsed).toMatchObject({ format: 'comfyui', trust: 2 })
})

/** A loader as both forms have it: the values in the order of the widgets. */
interface Loader {
  readonly type: string
  readonly widgets: readonly (readonly [name: string, value: JsonValue])[]
  readonly mode: number
  /** Which widget, if any, another node tells. */
  readonly told: number | undefined
}

const fileName = fc.stringMatching(/^[a-z]{1,8}(?:[/\\][a-z]{1,8})?\.(?:safetensors|pt|gguf)$/)
const strength = fc.integer({ min: -20, max: 20 }).map((tenths) => tenths / 10)
const widget = (name: string, value: fc.Arbitrary<JsonValue>): fc.Arbitrary<readonly [string, JsonValue]> =>
  value.map((made) => [name, made])
const loaderOf = (type: string, ...widgets: fc.Arbitrary<readonly [string, JsonValue]>[]): fc.Arbitrary<Loader> =>
  fc.record({
    type: fc.constant(type),
    widgets: fc.tuple(...widgets),
    mode: fc.constantFrom(0, 0, 0, 2, 4),
    told: fc.constantFrom(undefined, undefined, 0),
  })

const loader = fc
  .oneof(
    loaderOf('CheckpointLoaderSimple', widget('ckpt_name', fileName)),
    loaderOf('UNETLoader', widget('unet_name', fileName), widget('weight_dtype', fc.constant('default'))),
    loaderOf(
      'LoraLoader',
      widget('lora_name', fileName),
      widget('strength_model', strength),
      widget('strength_clip', strength),
    ),
    loaderOf(
      'DualCLIPLoader',
      widget('clip_name1', fileName),
      widget('clip_name2', fileName),
      widget('type', fc.constant('flux')),
    ),
    loaderOf('VAELoader', widget('vae_name', fc.oneof(fileName, fc.constant('taesd')))),
    loaderOf('ControlNetLoader', widget('control_net_name', fileName)),
    loaderOf('UpscaleModelLoader', widget('model_name', fileName)),
    loaderOf('CLIPTextEncode', widget('text', fc.constantFrom('a boat', 'embedding:night-fog, rain'))),
  )
  .map((made) => (made.type === 'CLIPTextEncode' ? { ...made, told: undefined } : made))

const holderOf = (at: number): number => 1000 + at

/** What ComfyUI would have executed. */
const toApi = (loaders: readonly Loader[], idOf: (at: number) => string): JsonObject =>
  Object.fromEntries(
    loaders.flatMap(({ type, widgets, mode, told }, at): [string, JsonValue][] => {
      if (mode !== 0) return []
      const inputs = widgets.map(([name, value], index): [string, JsonValue] => [
        name,
        index === told ? [idOf(holderOf(at)), 0] : value,
      ])
      const holder = { class_type: 'PrimitiveString', inputs: { value: widgets[told ?? 0]?.[1] ?? '' } }
      return [
        [idOf(at), { class_type: type, inputs: Object.fromEntries(inputs) }],
        ...(told === undefined ? [] : ([[idOf(holderOf(at)), holder]] as [string, JsonValue][])),
      ]
    }),
  )

/** The same as an editor keeps it, with old values where another node tells the name. */
function toEditor(
  loaders: readonly Loader[],
  isNew: boolean,
): { nodes: JsonValue[]; ends: [from: number, to: number][] } {
  const ends: [number, number][] = []
  const boxes = loaders.flatMap(({ type, widgets, mode, told }, at): Box[] => {
    if (told !== undefined) ends.push([holderOf(at), at])
    const shown = widgets.filter((_, index) => isNew || index === told)
    const linked = shown.map(([name], index): [string, JsonValue] => [
      name,
      (isNew ? index : told) === told ? at : null,
    ])
    const values = widgets.map(([, value], index) => (index === told ? 'stale.safetensors' : value))
    const loads: Box = { id: at, type, mode, widgets: Object.fromEntries(linked), values }
    const holder: Box = { id: holderOf(at), type: 'PrimitiveString', mode, values: [widgets[0]?.[1] ?? ''] }
    return told === undefined ? [loads] : [loads, holder]
  })
  return { nodes: boxes.map(box), ends }
}

const saidOf = (read: (findings: ReturnType<typeof createFindings>) => void): string[] => {
  const findings = createFindings()
  read(findings)
  return findings.mentions
    .map(brief)
    .filter((line) => !line.includes('(off)'))
    .sort()
}

test('the same loaders say the same as an executed graph, in the editor, and in a subgraph there', () => {
  fc.assert(
    fc.property(fc.array(loader, { maxLength: 8 }), fc.boolean(), fc.constantFrom(0, 1, 3), (loaders, isNew, mode) => {
      const { nodes, ends } = toEditor(loaders, isNew)
      const inRoot: JsonObject = { nodes, links: ends.map(([from, to]) => link(to, from, 0, to, 0)), version: 0.4 }
      const inner = { id: uuid(1), nodes, links: ends.map(([from, to]) => linkObject(to, from, 0, to, 0)), inputs: [] }
      const inSubgraph = workflow([{ id: 5, type: uuid(1), mode, values: [] }], { definitions: { subgraphs: [inner] } })
      const fromEditor = (source: JsonObject): string[] =>
        saidOf((findings) => readNodes(toGraph(source, {}, findings.warn).graph, findings, {}))
      const executed = saidOf((findings) => readNodes(readGraph(toApi(loaders, String)) ?? new Map(), findings, {}))
      expect(fromEditor(inRoot)).toEqual(executed)
      expect(fromEditor(inSubgraph)).toEqual(executed)
    }),
    { numRuns: 300 },
  )
})

test('whatever JSON is called a workflow, it is read to its end', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 0, -10, -20, 1, 2, 'a.safetensors', '', uuid(1), 'workflow>x', 'Reroute', 'GetNode'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.constantFrom(
          'id',
          'type',
          'nodes',
          'links',
          'inputs',
          'outputs',
          'widgets_values',
          'widget',
          'link',
          'name',
          'properties',
          'proxyWidgets',
          'linkIds',
          'mode',
          'models',
          'toString',
          'valueOf',
          '__proto__',
        ),
        tie('value'),
        { maxKeys: 6 },
      ),
    ),
  })).value
  fc.assert(
    fc.property(fc.array(json, { maxLength: 6 }), fc.array(json, { maxLength: 4 }), json, (nodes, links, more) => {
      const inner = { ...(isJsonObject(more) ? more : {}), id: uuid(1), nodes, links }
      const source = {
        nodes,
        links,
        models: more,
        extra: { groupNodes: { x: inner } },
        definitions: { subgraphs: [inner] },
      }
      expect(() => parse(source)).not.toThrow()
    }),
    { numRuns: 500 },
  )
})

test('a workflow of 5 MB is turned at once', () => {
  const boxes = Array.from(
    { length: 14_000 },
    (_, id): Box => ({
      id,
      type: id % 2 === 0 ? 'LoraLoader' : 'CLIPTextEncode',
      sockets: { model: id, clip: id + 20_000 },
      types: { model: 'MODEL', clip: 'CLIP' },
      outputs: ['MODEL', 'CLIP'],
      values: id % 2 === 0 ? [`lora-${id}.safetensors`, 1, 1] : ['boats in the fog '.repeat(10)],
      properties: { 'Node name for S&R': 'LoraLoader' },
    }),
  )
  const links = boxes.flatMap(({ id }) => [
    link(Number(id), Number(id) - 1, 0, Number(id), 0),
    link(Number(id) + 20_000, Number(id) - 1, 1, Number(id), 1),
  ])
  const text = JSON.stringify(workflow(boxes, { links }))
  expect(text.length).toBeGreaterThan(5_000_000)
  const parsed = parse(parseJson(text))
  expect(parsed.mentions).toHaveLength(1000)
})
