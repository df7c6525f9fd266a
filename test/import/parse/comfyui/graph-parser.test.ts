import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { comfyuiGraph } from '../../../../src/import/parse/comfyui/graph-parser.ts'
import { LOADER_ROWS } from '../../../../src/import/parse/comfyui/loaders/find-loader.ts'
import { readGraph } from '../../../../src/import/parse/comfyui/read-graph.ts'
import { toInput } from '../../../../src/import/parse/text-input.ts'
import { ask, brief, HOSTILE } from '../parser-answer.ts'
import { node } from './graphs.ts'

const graph = {
  '4:1': node('CheckpointLoaderSimple', { ckpt_name: 'a.pt' }),
  'Lora 2': node('LoraLoader', { lora_name: 'b.pt' }),
}

describe('detection', () => {
  test.each([
    [graph, 0.95],
    [{ 1: graph['4:1'] }, 0.8],
    [{ prompt: graph }, 0.95],
    [
      { 1: graph['4:1'], extra: {}, extraMetadata: '{}', extra_data: {}, client_id: 'x', workflow: {}, version: 1 },
      0.8,
    ],
    [{ 1: graph['4:1'], 2: { class_type: 7 } }, 0.8],
    [{ 1: graph['4:1'], 2: {}, 3: {} }, 0],
    [{ class_type: 'x', inputs: {} }, 0],
    [{ nodes: [], links: [] }, 0],
  ])('%j is a graph: %p', (value, confidence) => {
    expect(ask(comfyuiGraph, value).confidence).toBe(confidence)
  })
})

test.each(['extra', 'extraMetadata', 'extra_data', 'client_id', 'workflow', 'version'])(
  '%s beside the nodes is not held against it',
  (field) => {
    expect(ask(comfyuiGraph, { 1: graph['4:1'], other: {}, [field]: {} }).confidence).toBe(0.8)
  },
)

test('the answer says its format', () => {
  expect(comfyuiGraph.format).toBe('comfyui')
  expect(comfyuiGraph.parse(toInput({ place: 'text', key: '', text: '{}' }), {}).format).toBe('comfyui')
})

test('loaders alone need their models, whatever their ids', () => {
  const { dependencies, trust } = ask(comfyuiGraph, graph)
  expect(dependencies.map(brief)).toEqual(['checkpoint a', 'lora b'])
  expect(dependencies.map(({ evidence }) => evidence)).toEqual([
    ['comfyui:prompt node 4:1 ckpt_name'],
    ['comfyui:prompt node Lora 2 lora_name'],
  ])
  expect(trust).toBe(4)
})

test('what is loaded in one place and switched off in another is needed', () => {
  const made = {
    1: node('LoraLoader', { lora_name: 'a.pt', strength_model: 0, strength_clip: 0 }),
    2: node('LoraLoader', { lora_name: 'a.pt', strength_model: 0.5, strength_clip: 0 }),
    3: node('LoraLoader', { lora_name: 'b.pt', strength_model: 1, model: ['2', 0] }),
    4: node('SaveImage', { images: ['2', 0] }),
    5: node('LoraLoader', { lora_name: 'b.pt', strength_model: 1, model: ['2', 0] }),
  }
  expect(ask(comfyuiGraph, made).dependencies.map(brief)).toEqual(['lora a 0.5', 'lora b 1 (off)'])
})

test("a saver's checkpoint that the graph does not load is not needed", () => {
  const made = { 1: graph['4:1'], 2: node('Image Saver', { modelname: 'claimed.pt', images: ['1', 0] }) }
  expect(ask(comfyuiGraph, made).dependencies.map(brief)).toEqual(['checkpoint a', 'checkpoint claimed (off)'])
})

test('places have no control characters and no end of words', () => {
  const made = { ['x\n\u0000'.repeat(100)]: node('Mist', { ['y\u001b'.repeat(100)]: 'a.pt' }) }
  const place = ask(comfyuiGraph, made).mentions[0]?.evidence[0] ?? ''
  expect(place).toStartWith('comfyui:prompt node x??x??')
  expect(place).not.toMatch(/\p{Cc}/u)
  expect(place.length).toBeLessThan(250)
})

test.each(HOSTILE.map((value) => [value]))('%p is no graph', (value) => {
  const { confidence, mentions, generation } = ask(comfyuiGraph, value)
  expect({ confidence, mentions, generation }).toEqual({
    confidence: 0,
    mentions: [],
    generation: { software: 'ComfyUI' },
  })
})

const STRANGE = [null, 7, 'x', [], [['1', 0]], { a: ['1', 0], ckpt_name: ['1', 0], loras: 5, lora_1: [] }]
test.each(STRANGE.map((inputs) => ({ inputs })))('inputs may be %j', ({ inputs }) => {
  const classes = ['CheckpointLoaderSimple', 'LoraLoaderLM', 'CivitaiModelSelector', 'IPAdapterUnifiedLoader']
  const made = [...classes, 'Image Saver', 'KSampler'].map((className, at) => [at, { class_type: className, inputs }])
  expect(ask(comfyuiGraph, Object.fromEntries(made)).mentions).toEqual([])
})

const CLASSES = [
  ...LOADER_ROWS.flatMap(([names]) => names),
  'KSampler',
  'CivitaiModelSelector',
  'Image Saver',
  'Reroute',
]
const INPUTS = [
  'ckpt_name',
  'lora_name',
  'model',
  'text',
  'loras',
  'positive',
  'value',
  'switch',
  'populated_text',
  'preset',
]
const anInput = fc.tuple(
  fc.oneof(fc.constantFrom(...INPUTS), fc.string()),
  fc.oneof(fc.jsonValue(), fc.tuple(fc.constantFrom('0', '1', '2'), fc.nat(3)), fc.string()),
)
const aNode = fc.record({
  class_type: fc.oneof(fc.constantFrom(...CLASSES), fc.string()),
  inputs: fc.oneof(fc.array(anInput).map(Object.fromEntries), fc.jsonValue()),
})

test('no graph is too strange', () => {
  fc.assert(
    fc.property(fc.array(aNode, { maxLength: 6 }), fc.jsonValue(), (nodes, extra) => {
      const { mentions } = ask(comfyuiGraph, JSON.stringify({ ...nodes, extra, extraMetadata: extra }))
      expect(mentions.every(({ evidence }) => evidence.length > 0)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('names stay as they are written', () => {
  const names = [
    '../../x.pt',
    'C:\\x\\y.pt',
    '/etc/passwd',
    'a\u0000b.pt',
    `${'z'.repeat(5000)}.pt`,
    '__proto__',
    'constructor',
  ]
  const made = Object.fromEntries(names.map((name, at) => [at, node('CheckpointLoaderSimple', { ckpt_name: name })]))
  expect(ask(comfyuiGraph, made).mentions.map(({ name }) => name)).toEqual(names)
})

test('own keys such as __proto__ are plain nodes and inputs', () => {
  const text =
    '{"__proto__":{"class_type":"LoraLoader","inputs":{"__proto__":"a.pt","lora_name":"b.pt","strength_model":["__proto__",0]}}}'
  const { mentions } = ask(comfyuiGraph, text)
  expect(mentions.map(({ name }) => name)).toEqual(['b.pt', 'a.pt'])
  expect(({} as Record<string, unknown>)['class_type']).toBeUndefined()
})

test('one thousand models are listed, and that there are more', () => {
  const many = Object.fromEntries(
    Array.from({ length: 1200 }, (_, at) => [`n${at}`, node('LoraLoader', { lora_name: `${at}.pt` })]),
  )
  const { mentions, warnings } = ask(comfyuiGraph, many)
  expect(mentions).toHaveLength(1000)
  expect(warnings).toEqual(['comfyui:prompt node n1000 lora_name: models after the first 1000 are left out'])
})

test('a graph of 20,000 nodes is read', () => {
  const big: Record<string, unknown> = { 0: node('CheckpointLoaderSimple', { ckpt_name: 'a.pt' }) }
  for (let at = 1; at < 20_000; at += 1) {
    big[at] =
      at % 2 === 0
        ? node('LoraLoader', {
            model: [`${at - 1}`, 0],
            clip: [`${at - 1}`, 1],
            lora_name: ['0', 0],
            strength_model: ['5', 0],
            strength_clip: 1,
          })
        : node('CLIPTextEncode', { text: `mist ${'and fog, '.repeat(15)} embedding:a`, clip: [`${at - 1}`, 1] })
  }
  expect(JSON.stringify(big).length).toBeGreaterThan(3_500_000)
  expect(readGraph(big)?.size).toBe(20_000)
  expect(ask(comfyuiGraph, big).mentions).toHaveLength(1000)
})
