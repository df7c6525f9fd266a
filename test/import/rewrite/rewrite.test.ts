import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Dependency } from '../../../src/import/dependency.ts'
import { parsePrompt } from '../../../src/import/parse/detect.ts'
import { namesHere } from '../../../src/import/rewrite/local-names.ts'
import { rewriteTexts } from '../../../src/import/rewrite/rewrite.ts'

/** Names of this host by the names that the prompt writes. */
type Renames = Readonly<Record<string, string>>

function rewrite(text: string, renames: Renames, key = ''): string {
  const texts = [{ place: key === '' ? 'payload' : `png:tEXt:${key}`, key, text }]
  const { dependencies, sources } = parsePrompt({ texts, format: 'auto' })
  const found = dependencies.map((dependency): Dependency => {
    const name = [...dependency.written, dependency.air ?? ''].flatMap((each) => renames[each] ?? [])[0]
    return name === undefined ? dependency : { ...dependency, status: 'resolved', resolved_name: name }
  })
  return rewriteTexts(texts, sources, namesHere(found))[0]?.text ?? text
}

/** An executed graph with one node for each loader, its text as it stands. */
const graph = (...nodes: readonly string[]): string => `{${nodes.map((node, at) => `"${at + 1}": ${node}`).join(', ')}}`
const lora = (name: string): string =>
  `{"class_type": "LoraLoader", "inputs": {"lora_name": "${name}", "strength_model": 0.8, "strength_clip": 1.0, "model": ["9", 0], "clip": ["9", 1]}}`
const checkpoint = (name: string): string =>
  `{"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "${name}"}, "_meta": {"title": "${name}"}}`
const encode = (text: string): string =>
  `{"class_type": "CLIPTextEncode", "inputs": {"text": "${text}", "clip": ["2", 1]}}`
const sampler =
  '{"class_type": "KSampler", "inputs": {"seed": 18446744073709551615, "cfg": NaN, "sampler_name": "euler", "model": ["1", 0], "positive": ["3", 0]}}'

describe('ComfyUI', () => {
  const cases: readonly [what: string, text: string, renames: Renames, expected: string][] = [
    [
      'names as they are listed, and neither titles nor numbers',
      graph(checkpoint('sd_xl.safetensors'), lora('old\\\\ink.safetensors'), sampler),
      { 'sd_xl.safetensors': 'base/xl.safetensors', 'old\\ink.safetensors': 'style/ink-2.safetensors' },
      graph(checkpoint('sd_xl.safetensors'), lora('style/ink-2.safetensors'), sampler).replace(
        '"ckpt_name": "sd_xl.safetensors"',
        '"ckpt_name": "base/xl.safetensors"',
      ),
    ],
    [
      'separators of another system',
      graph(lora('style\\\\ink.safetensors')),
      { 'style\\ink.safetensors': 'style/ink.safetensors' },
      graph(lora('style/ink.safetensors')),
    ],
    [
      'embeddings in texts, where the new name can stand there',
      graph(encode('(embedding:bad-hand:1.2), embedding:other\\nembedding:spaced')),
      { 'bad-hand': 'neg/bad hand v2.pt', other: 'neg/other-2.pt', spaced: 'sp aced.pt' },
      graph(encode('(embedding:bad-hand:1.2), embedding:neg/other-2\\nembedding:spaced')),
    ],
    [
      "Civitai's own jobs, which write AIRs",
      graph(checkpoint('urn:air:sdxl:checkpoint:civitai:1@2')),
      { 'urn:air:sdxl:checkpoint:civitai:1@2': 'xl.safetensors' },
      graph(checkpoint('urn:air:sdxl:checkpoint:civitai:1@2')).replace(
        '"ckpt_name": "urn:air:sdxl:checkpoint:civitai:1@2"',
        '"ckpt_name": "xl.safetensors"',
      ),
    ],
    [
      'two models that are written alike, by the inputs that hold them',
      graph(checkpoint('mix.safetensors'), lora('mix.safetensors')),
      { 'mix.safetensors': 'loras-only.safetensors' },
      graph(checkpoint('mix.safetensors'), lora('loras-only.safetensors')),
    ],
  ]
  test.each(cases)('%s', (what, text, renames, expected) => {
    if (!what.startsWith('two models')) return expect(rewrite(text, renames, 'prompt')).toBe(expected)
    const texts = [{ place: 'png:tEXt:prompt', key: 'prompt', text }]
    const { dependencies, sources } = parsePrompt({ texts, format: 'auto' })
    const found = dependencies.map(
      (each): Dependency => ({
        ...each,
        status: 'resolved',
        resolved_name: each.type === 'lora' ? 'loras-only.safetensors' : 'mix.safetensors',
      }),
    )
    expect(rewriteTexts(texts, sources, namesHere(found))[0]?.text).toBe(expected)
  })

  const workflow = (name: string): string =>
    JSON.stringify(
      {
        nodes: [
          {
            id: 4,
            type: 'CheckpointLoaderSimple',
            mode: 0,
            inputs: [],
            outputs: [{ name: 'MODEL', type: 'MODEL', links: [1] }],
            properties: {
              models: [{ name: 'sd_xl.safetensors', url: 'https://example.com/a', directory: 'checkpoints' }],
            },
            widgets_values: [name],
          },
          { id: 5, type: '6d6f64656c', mode: 0, inputs: [], outputs: [], widgets_values: [] },
        ],
        links: [],
        definitions: {
          subgraphs: [
            {
              id: '6d6f64656c',
              name: 'sd_xl.safetensors',
              nodes: [
                { id: 1, type: 'CheckpointLoaderSimple', mode: 0, inputs: [], outputs: [], widgets_values: [name] },
              ],
              links: [],
            },
          ],
        },
        version: 0.4,
      },
      null,
      2,
    )

  test("the editor's workflow, its subgraphs too, and what it declares stays", () => {
    const renames = { 'sd_xl.safetensors': 'base/xl.safetensors' }
    expect(rewrite(workflow('sd_xl.safetensors'), renames, 'workflow')).toBe(workflow('base/xl.safetensors'))
  })

  test('JSON in strings is rewritten where it stands', () => {
    const inner = graph(lora('ink.safetensors'), sampler.replace('NaN', '7'))
    const renamed = rewrite(JSON.stringify({ prompt: inner, workflow: workflow('ink.safetensors') }), {
      'ink.safetensors': 'style/ink.safetensors',
    })
    const { prompt } = JSON.parse(renamed) as { prompt: string }
    expect(prompt).toBe(graph(lora('style/ink.safetensors'), sampler.replace('NaN', '7')))
  })
})

const LINE = 'Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512'

test.each<[what: string, text: string, renames: Renames, expected: string]>([
  [
    'tags, whose weights stay',
    `a pier <lora:ink:0.8:0.5>, <lyco:ink:1>\nNegative prompt: <lora:blur:-1>\n${LINE}`,
    { ink: 'style/ink-v2.safetensors', blur: 'blur.safetensors' },
    `a pier <lora:ink-v2:0.8:0.5>, <lyco:ink-v2:1>\nNegative prompt: <lora:blur:-1>\n${LINE}`,
  ],
  [
    'the main model, VAE and modules, and no hash',
    `a pier\n${LINE}, Model hash: 0123456789, Model: sd_xl, VAE hash: 0123456789, VAE: best.vae.pt, Module 1: clip_l, Version: v1.9`,
    { sd_xl: 'base/xl, new.safetensors', 'best.vae.pt': 'better.vae.pt', clip_l: 'clip_l_fp16.safetensors' },
    `a pier\n${LINE}, Model hash: 0123456789, Model: "xl, new", VAE hash: 0123456789, VAE: better.vae.pt, Module 1: clip_l_fp16, Version: v1.9`,
  ],
  [
    'a name in quotes, and one with its hash behind it',
    `a pier\n${LINE}, Model: "xl, old", Refiner: ref.safetensors [0123456789], Lora hashes: "ink: 0123456789ab"`,
    { 'xl, old': 'xl.safetensors', 'ref.safetensors': 'refiner.safetensors' },
    `a pier\n${LINE}, Model: "xl", Refiner: refiner.safetensors [0123456789], Lora hashes: "ink: 0123456789ab"`,
  ],
  [
    'the lists that say which hash is whose',
    `a pier <lora:ink:0.8>, bad-hand\n${LINE}, Lora hashes: "ink: 0123456789ab, pen: ba9876543210", Lora weights: "ink: 0.8", TI hashes: "bad-hand: 0011223344aa", Hashes: {"LORA:ink": "0123456789", "embed:bad-hand": "0011223344", "model": "1a2b3c4d5e"}`,
    { ink: 'style/ink-v2.safetensors', 'bad-hand': 'neg/hands.pt' },
    `a pier <lora:ink-v2:0.8>, hands\n${LINE}, Lora hashes: "ink-v2: 0123456789ab, pen: ba9876543210", Lora weights: "ink-v2: 0.8", TI hashes: "hands: 0011223344aa", Hashes: {"LORA:ink-v2": "0123456789", "embed:hands": "0011223344", "model": "1a2b3c4d5e"}`,
  ],
  [
    'names that lose letters there',
    `<lora:ink, old:1>\n${LINE}, Lora hashes: "ink old: 0123456789ab"`,
    { 'ink, old': 'ink, new.safetensors' },
    `<lora:ink, new:1>\n${LINE}, Lora hashes: "ink new: 0123456789ab"`,
  ],
  [
    'a name that no tag can hold, left everywhere',
    `<lora:ink:1>\n${LINE}, Lora hashes: "ink: 0123456789ab", Hashes: {"lora:ink": "0123456789"}`,
    { ink: 'a:b>c.safetensors' },
    `<lora:ink:1>\n${LINE}, Lora hashes: "ink: 0123456789ab", Hashes: {"lora:ink": "0123456789"}`,
  ],
  [
    'keys that repeat themselves, and values without quotes',
    `bad\n${LINE}, TI hashes: "TI hashes: bad: 0123456789ab", Lora hashes: ink: 0123456789ab, Version: v1.9`,
    { bad: 'worse.pt', ink: 'pen.safetensors' },
    `worse\n${LINE}, TI hashes: "TI hashes: worse: 0123456789ab", Lora hashes: pen: 0123456789ab, Version: v1.9`,
  ],
  [
    'words of an embedding, alone and in brackets, and none that only hold them',
    `(Bad:1.2), [bad], badly, not-bad, <lora:not bad:1>\nNegative prompt: bad.\n${LINE}, TI hashes: "bad: 0123456789ab"`,
    { bad: 'worse.pt' },
    `(worse:1.2), [worse], badly, not-bad, <lora:not bad:1>\nNegative prompt: worse.\n${LINE}, TI hashes: "worse: 0123456789ab"`,
  ],
  [
    'units, extensions and further prompts',
    `x\n${LINE}, ControlNet 0: "Module: canny, Model: cn_old [0123abcd], Weight: 1", ADetailer model: face.pt, ADetailer model 2nd: hand.pt, ADetailer prompt: "<lora:ink:1>", AddNet Model 1: ink(0123456789ab), Hires prompt: "a, <lora:ink:1>"`,
    { cn_old: 'cn_new.safetensors', 'face.pt': 'f.pt', 'hand.pt': 'h.pt', ink: 'pen.safetensors' },
    `x\n${LINE}, ControlNet 0: "Module: canny, Model: cn_new [0123abcd], Weight: 1", ADetailer model: f.pt, ADetailer model 2nd: h.pt, ADetailer prompt: "<lora:pen:1>", AddNet Model 1: pen(0123456789ab), Hires prompt: "a, <lora:pen:1>"`,
  ],
  [
    'what lines below the parameters say',
    `x <lora:ink:1>\r\n${LINE}\r\nLora hashes: "ink: 0123456789ab"\r\nRecipe metadata: {"loras": [{"file_name": "ink", "hash": "", "modelName": "ink"}]}`,
    { ink: 'pen.safetensors' },
    `x <lora:pen:1>\r\n${LINE}\r\nLora hashes: "pen: 0123456789ab"\r\nRecipe metadata: {"loras": [{"file_name": "pen", "hash": "", "modelName": "ink"}]}`,
  ],
  [
    'an answer of the API',
    `{"parameters": {"prompt": "<lora:ink:1>", "steps": 20}, "info": "{\\"extra_generation_params\\": {\\"Lora hashes\\": \\"ink: 0123456789ab\\"}, \\"sd_model_name\\": \\"sd_xl\\", \\"sampler_name\\": \\"ink\\"}", "images": []}`,
    { ink: 'pen.safetensors', sd_xl: 'xl.safetensors' },
    `{"parameters": {"prompt": "<lora:pen:1>", "steps": 20}, "info": "{\\"extra_generation_params\\": {\\"Lora hashes\\": \\"pen: 0123456789ab\\"}, \\"sd_model_name\\": \\"xl\\", \\"sampler_name\\": \\"ink\\"}", "images": []}`,
  ],
  [
    'words that happen to be written so',
    `sd_xl, Model sd_xl {a|b} [c]\n${LINE}, Model: sd_xl`,
    { sd_xl: 'xl.safetensors' },
    `sd_xl, Model sd_xl {a|b} [c]\n${LINE}, Model: xl`,
  ],
  [
    'a prompt that begins with a bracket',
    `[cat|dog] "x" <lora:ink:1>\n${LINE}`,
    { ink: 'pen.safetensors' },
    `[cat|dog] "x" <lora:pen:1>\n${LINE}`,
  ],
  ['a tag that cannot hold the name', `<lora:ink:1>\n${LINE}`, { ink: 'a:b>c.safetensors' }, `<lora:ink:1>\n${LINE}`],
  [
    'the API of A1111',
    `{"prompt": "a pier <lora:ink:1>", "seed": 12345678901234567890, "steps": 20, "sampler_name": "ink", "override_settings": {"sd_model_checkpoint": "sd_xl.safetensors [0123456789]"}}`,
    { ink: 'pen.safetensors', 'sd_xl.safetensors': 'xl.safetensors' },
    `{"prompt": "a pier <lora:pen:1>", "seed": 12345678901234567890, "steps": 20, "sampler_name": "ink", "override_settings": {"sd_model_checkpoint": "xl.safetensors [0123456789]"}}`,
  ],
])('infotext: %s', (_, text, renames, expected) => {
  expect(rewrite(text, renames)).toBe(expected)
})

const swarm = (model: string, loras: string, prompt: string): string => `{
  "sui_image_params": { "prompt": "${prompt}", "model": "${model}", "loras": ${loras}, "seed": 7, "sampler": "ink", "swarm_version": "0.9.6" },
  "sui_models": [ { "name": "${model}.safetensors", "param": "model", "hash": "0x${'ab'.repeat(32)}" } ]
}`

test.each<[what: string, text: string, renames: Renames, expected: string]>([
  [
    'parameters, lists and tags',
    swarm('base/sd_xl', '["ink", "pen"]', 'a pier <lora:ink:0.5>'),
    { 'base/sd_xl': 'xl.safetensors', ink: 'style/ink.safetensors' },
    swarm('xl', '["style/ink", "pen"]', 'a pier <lora:style/ink:0.5>').replace('"xl.safetensors"', '"xl.safetensors"'),
  ],
  [
    'lists that are joined with commas, and names of another ending',
    swarm('sd_xl', '"ink, pen"', 'x'),
    { ink: 'ink.ckpt', pen: 'p/pen.safetensors' },
    swarm('sd_xl', '"ink.ckpt, p/pen"', 'x'),
  ],
])('SwarmUI: %s', (_, text, renames, expected) => {
  expect(rewrite(text, renames)).toBe(expected)
})

test('other formats stay as they are', () => {
  const text =
    '{"version": "Fooocus v2", "base_model": "sd_xl.safetensors", "prompt": "x", "metadata_scheme": "fooocus"}'
  expect(rewrite(text, { 'sd_xl.safetensors': 'xl.safetensors' })).toBe(text)
})

describe('nothing but names changes', () => {
  const name = fc
    .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
    .map((text) => `${text.replace(/["'\\/]/g, '')}x.safetensors`)

  test('in a graph: whatever else its nodes hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), name, fc.boolean(), (other, title, to, ascii) => {
        const make = (lora_name: string) => ({
          '1': { class_type: 'LoraLoader', inputs: { lora_name, other }, _meta: { title } },
        })
        const text = JSON.stringify(make('here-is-it.safetensors'))
        const escaped = ascii
          ? text.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : text
        const rewritten = rewrite(escaped, { 'here-is-it.safetensors': to }, 'prompt')
        expect(JSON.parse(rewritten)).toEqual(JSON.parse(JSON.stringify(make(to))))
      }),
      { numRuns: 300 },
    )
  })

  test('in an infotext: whatever the prompt is', () => {
    const words = fc
      .string({ maxLength: 60, unit: 'grapheme' })
      .map((text) => text.replace(/[<>\r\n]|Steps:|Negative/g, ' '))
    fc.assert(
      fc.property(words, words, (before, behind) => {
        const make = (tag: string): string => `${before}<lora:${tag}:1>${behind}\n${LINE}, Model: other`
        expect(rewrite(make('here-is-it'), { 'here-is-it': 'there/it.safetensors' })).toBe(make('it'))
      }),
      { numRuns: 300 },
    )
  })

  test('in any text at all, none does where nothing is called otherwise', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'binary' }), (text) => {
        expect(rewrite(`${text}<lora:a:1>\n${LINE}`, { a: 'a.safetensors' })).toBe(`${text}<lora:a:1>\n${LINE}`)
      }),
    )
  })
})

test('megabytes of braces and quotes take no longer than they are long', () => {
  for (const text of [
    '{"'.repeat(500_000),
    '"\\'.repeat(500_000),
    `{"a":${'['.repeat(500_000)}`,
    '<lora:'.repeat(200_000),
  ]) {
    const sources = [
      { place: 'payload', format: 'comfyui' },
      { place: 'payload', format: 'a1111' },
    ]
    const named = [{ type: 'lora' as const, written: ['a.safetensors'], name: 'b.safetensors', places: [] }]
    expect(rewriteTexts([{ place: 'payload', key: '', text }], sources, named)).toEqual([])
  }
}, 10_000)
