import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unwrap } from '../../../src/import/parse/unwrap.ts'

const GRAPH = { 3: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'harborMix_v2.safetensors' } } }
const WORKFLOW = { nodes: [{ id: 3, type: 'CheckpointLoaderSimple' }], links: [] }

const open = (text: unknown, key = 'comment') =>
  unwrap([{ place: 'file', key, text: typeof text === 'string' ? text : JSON.stringify(text) }]).map((input) => ({
    place: input.place,
    key: input.key,
    json: input.json() as unknown,
  }))

const layered = (value: unknown, layers: number): string =>
  Array.from({ length: layers }).reduce<string>((text) => JSON.stringify(text), JSON.stringify(value))

describe('takes wrappings off', () => {
  const graph = (place: string, json: unknown = GRAPH) => ({ place, key: 'prompt', json })
  const workflow = (place: string) => ({ place, key: 'workflow', json: WORKFLOW })
  const both = [graph('file.prompt'), workflow('file.workflow')]

  const rows: readonly (readonly [name: string, text: unknown, expected: readonly object[]])[] = [
    ['graph and workflow side by side', { prompt: GRAPH, workflow: WORKFLOW }, both],
    ['both as JSON in strings', { prompt: JSON.stringify(GRAPH), workflow: JSON.stringify(WORKFLOW) }, both],
    [
      "what ComfyUI's own pages make of a workflow",
      { workflow: WORKFLOW, output: GRAPH },
      [{ place: 'file.output', key: 'output', json: GRAPH }, workflow('file.workflow')],
    ],
    ['a graph beside other output', { prompt: GRAPH, output: GRAPH }, [graph('file.prompt')]],
    [
      'a graph as output alone',
      { output: JSON.stringify(GRAPH) },
      [{ place: 'file.output', key: 'output', json: GRAPH }],
    ],
    ['the body of POST /prompt', { prompt: GRAPH, extra_data: { extra_pnginfo: { workflow: WORKFLOW } } }, both],
    [
      'an entry of /history',
      { 'a1-b2': { prompt: [7, 'a1-b2', GRAPH, { extra_pnginfo: { workflow: WORKFLOW } }, ['9']], outputs: {} } },
      [graph('file.a1-b2.prompt'), workflow('file.a1-b2.workflow')],
    ],
    ['an entry of the queue', { prompt: [7, 'a1-b2', GRAPH, {}, []] }, [graph('file.prompt')]],
    [
      'what Civitai puts beside a graph',
      { prompt: GRAPH, extra: { airs: ['urn:air:sdxl:lora:civitai:1@2'] }, extraMetadata: '{"steps": 9}' },
      [
        graph('file.prompt', {
          ...GRAPH,
          extra: { airs: ['urn:air:sdxl:lora:civitai:1@2'] },
          extraMetadata: '{"steps": 9}',
        }),
      ],
    ],
    ['a workflow alone', { workflow: WORKFLOW }, [workflow('file.workflow')]],
    [
      'an infotext beside the graph',
      { prompt: GRAPH, parameters: 'a pier\nSteps: 4' },
      [graph('file.prompt'), { place: 'file.parameters', key: 'parameters', json: undefined }],
    ],
  ]
  test.each(rows)('%s', (_, text, expected) => {
    expect(open(text) as unknown).toEqual(expected)
  })

  test.each([0, 1, 2, 3])('an infotext in %d layers of strings', (layers) => {
    const infotext = 'a "pier"\nSteps: 4, Seed: 1, Model: m'
    let text = infotext
    for (let layer = 0; layer < layers; layer += 1) text = JSON.stringify(text)
    expect(unwrap([{ place: 'file', key: 'comment', text }]).map((input) => input.text)).toEqual([infotext])
  })

  test('quotes around words are no layer', () => {
    for (const text of ['"a pier" at dusk', '"a pier', '"']) {
      expect(unwrap([{ place: 'file', key: '', text }]).map((input) => input.text)).toEqual([text])
    }
  })

  test('the texts of a picture by their keys', () => {
    const texts = (value: unknown) =>
      unwrap([{ place: 'file', key: '', text: JSON.stringify(value) }]).map(({ place, text }) => `${place} ${text}`)
    const infotext = 'a pier\nSteps: 4, Seed: 1'
    expect(texts({ parameters: infotext, Software: 'x' })).toEqual([`file.parameters ${infotext}`])
    expect(texts({ parameters: '{"sui_image_params":{"model":"m"}}' })).toEqual([
      'file.parameters {"sui_image_params":{"model":"m"}}',
    ])
    for (const other of [{ parameters: 'words' }, { parameters: { steps: 4 } }, { a: { parameters: infotext } }]) {
      expect(texts(other)).toEqual([`file ${JSON.stringify(other)}`])
    }
  })

  test.each([1, 2, 3])('JSON in %d layers of strings', (layers) => {
    expect(open(layered({ prompt: GRAPH, workflow: WORKFLOW }, layers)) as unknown).toEqual(both)
  })

  test.each([
    ['workflow:', 'workflow', WORKFLOW],
    ['Workflow: ', 'workflow', WORKFLOW],
    ['prompt:', 'prompt', GRAPH],
    ['Prompt: ', 'prompt', GRAPH],
  ])('the label %s of a field of EXIF', (label, key, value) => {
    expect(open(label + JSON.stringify(value), 'Make') as unknown).toEqual([{ place: 'file', key, json: value }])
  })

  test('an image of Civitai keeps itself and gives its graph', () => {
    const image = { id: 1, meta: { comfy: JSON.stringify({ prompt: GRAPH, workflow: WORKFLOW }) } }
    expect(open(image).map(({ place }) => place)).toEqual(['file', 'file.comfy.prompt', 'file.comfy.workflow'])
  })
})

describe('leaves alone', () => {
  test.each([
    ['a graph', GRAPH],
    ['a workflow', WORKFLOW],
    ['a request of A1111', { prompt: 'a pier', steps: 4 }],
    ['a list', [1, 2]],
    ['output that is no graph', { output: { steps: 4 } }],
    ['a graph with a node that is called output', { 1: { class_type: 'X', inputs: {} }, output: { class_type: 'Y' } }],
    ['a graph with a node that is called prompt', { prompt: { class_type: 'X', inputs: {} }, 2: { class_type: 'Y' } }],
  ])('%s', (_, value) => {
    expect(open(value) as unknown).toEqual([{ place: 'file', key: 'comment', json: value }])
  })
  test.each([['words'], ['"words in quotes"'], ['Negative prompt: {red|blue}'], ['{cut off'], ['""']])('%s', (text) => {
    expect(open(text) as unknown).toEqual([{ place: 'file', key: 'comment', json: undefined }])
  })
})

describe('records that stand in several texts', () => {
  const texts = (record: Record<string, string>, prefix = 'png:tEXt:') =>
    Object.entries(record).map(([key, text]) => ({ place: prefix + key, key, text }))

  test('of Easy Diffusion are one, other texts stay', () => {
    const record = { use_stable_diffusion_model: 'harborMix_v2', prompt: 'a pier', seed: '7' }
    const [joined, ...others] = unwrap(texts({ ...record, Software: 'other' }))
    expect(joined).toMatchObject({ place: 'png:tEXt:easydiffusion', key: 'easydiffusion' })
    expect(joined?.json() as unknown).toEqual(record)
    expect(others.map(({ key }) => key)).toEqual(['Software'])
  })
  test('of NovelAI are one, in PNG and in tags of EXIF', () => {
    const record = {
      Title: 'NovelAI generation image',
      Software: 'NovelAI',
      Source: 'NovelAI V4',
      Comment: '{"steps":9}',
    }
    expect(unwrap(texts(record)).map((input) => input.json()) as unknown).toEqual([record])
    const exif = { Software: 'NovelAI', ImageDescription: 'a pier', UserComment: '{"steps":9}' }
    expect(unwrap(texts(exif, 'webp:exif:')).map((input) => input.json()) as unknown).toEqual([
      { Software: 'NovelAI', Description: 'a pier', Comment: '{"steps":9}' },
    ])
  })
  test('of NovelAI are not nested where a comment holds all of it', () => {
    const record = { Software: 'NovelAI', Source: 'NovelAI V4', Description: 'a pier', Comment: '{"steps":9}' }
    const exif = { DocumentName: 'a title', Software: 'NovelAI', UserComment: JSON.stringify(record) }
    expect(unwrap(texts(exif, 'webp:exif:')).map((input) => input.json()) as unknown).toEqual([
      { Title: 'a title', ...record },
    ])
  })
  test('of Draw Things count once: what it tells people in words is left out', () => {
    const record = { 'xmp:CreatorTool': 'Draw Things', 'dc:description': 'a <lora:fog:1>\nSteps: 4, Sampler: Euler' }
    const keys = (more: object) => unwrap(texts({ ...record, ...more }, 'jpeg:xmp:')).map(({ key }) => key)
    expect(keys({ 'exif:UserComment': '{"c":"a"}' })).toEqual(['xmp:CreatorTool', 'exif:UserComment'])
    expect(keys({ 'exif:UserComment': 'words' })).toContain('dc:description')
    expect(keys({ 'exif:UserComment': '{"c":"a"}', 'xmp:CreatorTool': 'another' })).toContain('dc:description')
  })
  test('are left alone where the program is another', () => {
    const record = { Software: 'another', Comment: 'a pier', prompt: 'x' }
    expect(unwrap(texts(record)).map(({ key }) => key)).toEqual(Object.keys(record))
  })
})

test('ends for anything, nested and hostile', () => {
  const deep = `${'{"prompt":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  expect(open(deep).length).toBeGreaterThan(0)
  const proto = '{"__proto__": {"prompt": [1, "x", {"1": {"class_type": "X"}}]}, "constructor": {"prompt": []}}'
  expect(open(proto).map(({ place }) => place)).toEqual(['file.__proto__.prompt'])
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(open(text).length).toBeGreaterThan(0)
    }),
  )
})
