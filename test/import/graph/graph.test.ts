import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Dependency } from '../../../src/import/dependency.ts'
import { buildGraph } from '../../../src/import/graph/build-graph.ts'
import { escapeLabel, toMermaid } from '../../../src/import/graph/mermaid.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { aModelFile } from '../../support/model-files.ts'
import { rejection } from '../../support/rejection.ts'
import { aTokenActor } from '../../support/track.ts'
import { type ImportHost, loads, openImports } from '../import-host.ts'

const aDependency = (changes: Partial<Dependency>): Dependency => ({
  type: 'lora',
  reference: 'ink.safetensors',
  name: 'ink',
  written: ['ink.safetensors'],
  hashes: [],
  urls: [],
  active: true,
  optional: false,
  evidence: ['infotext:prompt'],
  status: 'resolved',
  candidates: [],
  reason_code: null,
  reason: null,
  bytes_done: 0,
  bytes_total: 0,
  ...changes,
})

const graphOf = (dependencies: readonly Dependency[], tracked?: JsonObject, showPaths = true) =>
  buildGraph(dependencies, tracked, { baseModels: new Map([['a'.repeat(64), 'SDXL 1.0']]), showPaths })

const XL = aDependency({ type: 'checkpoint', reference: 'xl', name: 'xl', sha256: 'a'.repeat(64), weight: 1 })
const OLD = aDependency({ type: 'checkpoint', reference: 'v1', name: 'v1', air: 'urn:air:sd1:checkpoint:civitai:1@1' })

test('a prompt leads to its models, what was trained on a base to that base, and doubt to candidates', () => {
  const lora = aDependency({ weight: 0.8, active: false, air: 'urn:air:sdxl:lora:civitai:1@2' })
  const doubtful = aDependency({
    name: 'pen',
    status: 'ambiguous',
    candidates: [{ path: '/models/loras/pen.safetensors', name: 'pen-2', why: 'has this name' }],
  })
  const { nodes, edges } = graphOf([XL, OLD, lora, doubtful], { prompt_id: '7', asset_id: '9' })
  expect(edges).toEqual([
    { from: 'asset', to: 'prompt', kind: 'made_by' },
    { from: 'prompt', to: 'd0', kind: 'needs', weight: 1 },
    { from: 'prompt', to: 'd1', kind: 'needs' },
    { from: 'prompt', to: 'd2', kind: 'needs', weight: 0.8 },
    { from: 'prompt', to: 'd3', kind: 'needs' },
    { from: 'd3', to: 'd3c0', kind: 'candidate' },
    { from: 'd2', to: 'd0', kind: 'base' },
  ])
  expect(nodes.find(({ id }) => id === 'd3c0')).toMatchObject({ path: '/models/loras/pen.safetensors', name: 'pen-2' })
  expect(nodes.map(({ kind }) => kind)).toEqual(['asset', 'prompt', ...Array(4).fill('dependency'), 'candidate'])
})

test('who may not see paths sees none, and nobody keys in addresses', () => {
  const dependency = aDependency({
    resolved_path: '/secret/place',
    reference: 'https://example.com/a?token=s3cret',
    candidates: [
      { path: '/secret/other', why: 'x' },
      { url: 'https://example.com/b?token=s3cret', why: 'x' },
    ],
  })
  const graph = graphOf([dependency], undefined, false)
  expect(JSON.stringify(graph) + toMermaid(graph)).not.toMatch(/secret\/|s3cret/)
})

test('as Mermaid', () => {
  const lora = aDependency({ weight: 0.8, resolved_source: 'local', air: 'urn:air:sdxl:lora:civitai:1@2' })
  const off = aDependency({ name: 'off "x"]', status: 'skipped', active: false, weight: 0 })
  const open = aDependency({
    name: 'pen',
    status: 'blocked',
    reason_code: 'terms',
    candidates: [{ name: 'pen-2', why: 'has this name' }],
  })
  expect(toMermaid(graphOf([XL, lora, off, open]))).toBe(
    [
      'flowchart LR',
      '  prompt(["prompt"])',
      '  d0["checkpoint: xl<br/>resolved"]',
      '  d1["lora: ink<br/>resolved, local"]',
      '  d2["lora: off #34;x#34;#93;<br/>skipped"]',
      '  d3["lora: pen<br/>blocked: terms"]',
      '  d3c0("pen-2<br/>has this name")',
      '  prompt -->|"1"| d0',
      '  prompt -->|"0.8"| d1',
      '  prompt -.->|"off 0"| d2',
      '  prompt --> d3',
      '  d3 -.-> d3c0',
      '  d1 -->|base| d0',
      '',
    ].join('\n'),
  )
})

describe('no name ends its label or begins anything', () => {
  const unescaped = (text: string): string =>
    text.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
  const LINE =
    /^(?:flowchart LR| {2}(?:prompt|d\d+|d\d+c\d+)(?:\(\["LABEL"\]\)|\["LABEL"\]|\("LABEL"\)| -->(?:\|"LABEL"\|)? d\d+| -\.->(?:\|"LABEL"\|)? d\d+(?:c\d+)?)|)$/
      .source
  const label = String.raw`(?:[\p{L}\p{N} .,:_/-]|#\d{1,7};|<br/>)*`
  const isLine = new RegExp(LINE.replaceAll('LABEL', label), 'u')

  test('whatever it is', () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '"]; click a "javascript:1"',
        '%%{init: {}}%%',
        '`**x**`',
        'end',
        '#34;',
        '</br>\n  x --> y',
        '\u202e',
      ),
    )
    fc.assert(
      fc.property(words, words, words, (name, reference, why) => {
        const graph = graphOf([aDependency({ name, reference, candidates: [{ name, why }], status: 'ambiguous' })])
        for (const line of toMermaid(graph).split('\n')) expect(line).toMatch(isLine)
      }),
      { numRuns: 500 },
    )
  })

  test('and it is shown as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        fc.pre(!/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u.test(text) && Array.from(text).length <= 80)
        expect(unescaped(escapeLabel(text))).toBe(text)
      }),
    )
    expect(Array.from(unescaped(escapeLabel('x'.repeat(1000))))).toHaveLength(80)
  })
})

describe('of a job', () => {
  let host: ImportHost
  afterEach(() => host.close())

  test('as JSON and as Mermaid, for whoever may see it', async () => {
    host = await openImports()
    const { path } = aModelFile(host.models, 'loras/ink.safetensors', 1)
    const agent = aTokenActor('agent', 'models:download')
    const words = { '2': { class_type: 'CLIPTextEncode', inputs: { text: 'a secret pier' } } }
    const { job_id } = await host.run({ payload: { ...JSON.parse(loads('ink.safetensors')), ...words } }, agent)
    const show = (format: string, actor = agent): Promise<JsonObject> =>
      host.invoke('get_import_graph', { job_id: String(job_id), format }, actor)
    const graph = await show('json')
    expect(graph).toMatchObject({ format: 'json', edges: [{ from: 'prompt', to: 'd0', kind: 'needs' }] })
    expect(JSON.stringify(graph)).toContain(path)
    const { mermaid } = await show('mermaid', aTokenActor('reader', 'models:read'))
    expect(mermaid).toContain('d0["lora: ink')
    expect(`${JSON.stringify(graph)}${String(mermaid)}`).not.toContain('pier')
    const stranger = aTokenActor('stranger', 'models:download')
    expect(await rejection(show('json', stranger))).toMatchObject({ code: 'not_found' })
  })
})
