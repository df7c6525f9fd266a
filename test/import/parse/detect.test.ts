import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import * as v from 'valibot'
import { createPng, zTXt } from '../../../scripts/fixtures/png-writer.ts'
import { dependencySchema } from '../../../src/import/dependency.ts'
import { generationSchema } from '../../../src/import/generation.ts'
import { parsePrompt } from '../../../src/import/parse/detect.ts'
import { FORMATS } from '../../../src/import/parse/format-names.ts'
import { PARSERS } from '../../../src/import/parse/formats.ts'
import { bytesSource } from '../../../src/media/byte-source.ts'
import { readMetadata } from '../../../src/media/read-metadata.ts'

const read = (text: string, format = 'auto', key = '') => parsePrompt({ texts: [{ place: 'text', key, text }], format })

const INFOTEXT = 'a cat\nSteps: 20, Sampler: Euler, Seed: 1, Model: m'
const GRAPH = JSON.stringify({
  1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'm.safetensors' } },
  2: { class_type: 'SaveImage', inputs: { images: ['1', 0] } },
})
const EDITOR = JSON.stringify({
  nodes: [{ id: 1, type: 'LoraLoader', mode: 0, widgets_values: ['l.safetensors', 1, 1] }],
  links: [],
})
const SWARM = JSON.stringify({ sui_image_params: { model: 'm', prompt: 'a cat' } })
const REQUEST = JSON.stringify({
  prompt: 'a cat',
  sampler_name: 'Euler',
  override_settings: { sd_model_checkpoint: 'm' },
})

describe('tells formats apart', () => {
  const rows: readonly (readonly [name: string, text: string, format: string])[] = [
    ['infotext', INFOTEXT, 'a1111'],
    ['a prompt with a tag', 'a cat <lora:x:1>', 'a1111'],
    ['infotext that begins with choices', `{red|blue} ${INFOTEXT}`, 'a1111'],
    ['an API request', REQUEST, 'a1111'],
    ['an API graph', GRAPH, 'comfyui'],
    ['a wrapped graph', `{"prompt": ${GRAPH}, "workflow": ${EDITOR}}`, 'comfyui'],
    ['an editor workflow', EDITOR, 'comfyui'],
    ['SwarmUI', SWARM, 'swarmui'],
    ['words', 'a cat on a mat', 'unknown'],
    ['other JSON', '{"hello": "world"}', 'unknown'],
    ['a list', '[1, 2, 3]', 'unknown'],
    ['JSON that is cut off', GRAPH.slice(0, -5), 'unknown'],
    ['nothing', '', 'unknown'],
  ]
  test.each(rows)('%s', (_, text, format) => {
    const found = read(text)
    expect(found.format).toBe(format)
    expect(found.confidence > 0).toBe(format !== 'unknown')
    expect(found.sources.length > 0).toBe(format !== 'unknown')
  })
})

test('a format that is asked for is the only one', () => {
  expect(read(GRAPH, 'comfyui').dependencies).toHaveLength(1)
  expect(read(GRAPH, 'a1111')).toMatchObject({ format: 'a1111', confidence: 0, dependencies: [] })
  expect(read(GRAPH, 'a1111').warnings.map(({ place }) => place)).toEqual(['text'])
  expect(read(GRAPH, 'comfyui').warnings).toEqual([])
  expect(read('a cat on a mat', 'a1111').generation).toEqual({ prompt: 'a cat on a mat' })
  expect([...FORMATS]).toEqual([...new Set(PARSERS.map(({ format }) => format))])
  expect(FORMATS.slice(0, 2)).toEqual(['swarmui', 'comfyui'])
  expect(new Set(FORMATS).size).toBe(FORMATS.length)
  expect(() => read(GRAPH, 'unheard of')).toThrow('this format is not known')
})

test('a text that is read in a format of several parsers is one source', () => {
  for (const format of FORMATS) {
    const { sources, warnings } = read('{"hello": "world"}', format)
    // Words that stand for themselves are a prompt for some.
    expect(sources).toEqual(sources.length === 0 ? [] : [{ place: 'text', format, confidence: 0 }])
    expect(warnings.at(-1)?.reason).toBe('it does not look like the format that it was to be read as')
  }
  const twice = Array.from({ length: 2 }, () => ({ place: 'png:tEXt:prompt', key: 'prompt', text: GRAPH }))
  expect(parsePrompt({ texts: twice, format: 'comfyui' }).sources).toHaveLength(2)
})

describe('JSON with comments and commas at ends', () => {
  const SETTINGS = `{
  "theme": "night-fog", /* its "other" {name */
  // what the editor shows
  "address": "https://example.com/*", // no end: */
  "sizes": [8, 13,],
}
`
  test.each([
    ['settings', SETTINGS],
    ['a comma at the end', '{"a": [1, 2, 3, ], }'],
    ['a comment between a comma and the end', '{"a": 1, // one\n}'],
    ['a comment at the end, without a line break', '{"a": 1} // one'],
    ['a comment in front', '// mine\n{"a": 1}'],
  ])('%s that are no prompt are not damaged', (_, text) => {
    const found = read(text)
    expect(found).toMatchObject({ format: 'unknown', sources: [], damage: [] })
  })

  test.each([
    ['a graph that is cut off', GRAPH.slice(0, -5)],
    ['a graph that ends behind a comma', GRAPH.slice(0, GRAPH.indexOf(',') + 1)],
    ['a graph that ends inside a name', GRAPH.slice(0, GRAPH.indexOf('.safetensors'))],
    ['settings that are cut off', SETTINGS.slice(0, -4)],
    ['settings that end in a comment', SETTINGS.slice(0, SETTINGS.indexOf(' */'))],
    ['two commas', '{"a": [1,,]}'],
    ['a comma alone', '[[,]]'],
    ['half a comment', '{"a": 1 / }'],
  ])('%s: still damaged', (_, text) => {
    expect(read(text).damage).toEqual([{ place: 'text', reason: 'this looks like JSON, but it is damaged or cut off' }])
  })

  test('a prompt with them is read, its strings as they are', () => {
    const text = GRAPH.replace('"m.safetensors"', '"a//b/*c,]*/.safetensors", // the one\n').replace(/\}$/, ',}')
    expect(read(text).dependencies.map(({ written }) => written)).toEqual([['a//b/*c,]*/.safetensors']])
  })
})

describe('the format of several texts', () => {
  const graph = { place: 'png:tEXt:prompt', key: 'prompt', text: GRAPH }
  const of = (key: string, text: string) =>
    parsePrompt({ texts: [graph, { place: `png:tEXt:${key}`, key, text }], format: 'auto' })

  test('is that of the program that wrote a record of its own', () => {
    const tensorArt = JSON.stringify({ baseModel: { modelFileName: 'm', hash: 'ab'.repeat(32) } })
    const matrix = JSON.stringify({ ModelName: 'm', PositivePrompt: 'x', CfgScale: 7 })
    expect(of('parameters', SWARM)).toMatchObject({ format: 'swarmui', confidence: 1 })
    expect(of('generation_data', tensorArt).format).toBe('tensorart')
    expect(of('parameters-json', matrix).format).toBe('stabilitymatrix')
    expect(of('parameters', INFOTEXT).format).toBe('comfyui')
    expect(of('parameters', `${INFOTEXT}, Version: v1.10.1`).format).toBe('comfyui')
    expect(of('workflow', EDITOR).format).toBe('comfyui')
  })

  test('an infotext that names no program is a claim beside an executed graph', () => {
    const other = INFOTEXT.replace('Model: m', 'Model: other')
    const models = (text: string) => of('parameters', text).dependencies.map(({ name, active }) => `${name} ${active}`)
    expect(models(other)).toEqual(['m true', 'other false'])
    expect(models(`${other}, Version: v1.10.1`)).toEqual(['m true', 'other true'])
    expect(read(other).dependencies.map(({ active }) => active)).toEqual([true])
    expect(
      parsePrompt({
        texts: [
          { place: 'a', key: '', text: EDITOR },
          { place: 'b', key: '', text: other },
        ],
        format: 'auto',
      }).dependencies.map(({ active }) => active),
    ).toEqual([true, true])
  })
})

test('all texts of a file count, the executed graph first', () => {
  const texts = [
    { place: 'png:tEXt:parameters', key: 'parameters', text: `x\nSteps: 5, Seed: 1, Model: other, Version: ComfyUI` },
    { place: 'png:tEXt:workflow', key: 'workflow', text: EDITOR },
    { place: 'png:tEXt:prompt', key: 'prompt', text: GRAPH },
    { place: 'png:tEXt:Software', key: 'Software', text: 'something' },
  ]
  const found = parsePrompt({ texts, format: 'auto' })
  expect(found.format).toBe('comfyui')
  expect(found.sources.map(({ place }) => place)).toEqual([
    'png:tEXt:prompt',
    'png:tEXt:workflow',
    'png:tEXt:parameters',
  ])
  expect(found.dependencies.map(({ name, active }) => [name, active])).toEqual([
    ['m', true],
    ['l', false],
    ['other', false],
  ])
  expect(found.generation).toMatchObject({ prompt: 'x', steps: 5, software: 'ComfyUI' })
})

describe('hostile texts', () => {
  const many = (unit: string): string => unit.repeat(Math.ceil(1_000_000 / unit.length))
  const lines = `a\nSteps: 20, Seed: 1, `
  // Each of these would take minutes with a search that starts anew at every place.
  const rows: readonly (readonly [name: string, text: string])[] = [
    ['brackets that never close', lines + many('k:{,')],
    ['lists that never close', lines + many('k: ["')],
    ['quotes that never close', lines + many('k:"\\')],
    ['escaped quotes', lines + many('k: "\\"')],
    ['lines that each open a bracket', many('Steps: 1, Seed: {\n')],
    ['keys without values', lines + many('a,')],
    ['blanks', many(' ')],
    ['blanks before parameters', `${many(' ')}Steps: 1`],
    ['line breaks', many('\n')],
    ['steps', many('Steps: 1\n')],
    ['steps on one line', many('xSteps: 1 ')],
    ['tags that never close', many('<lora:a')],
    ['tags', many('<lora:a:1>')],
    ['tags of many names', Array.from({ length: 60_000 }, (_, at) => `<lora:${at}/x:1>`).join('')],
    ['hashes', `${lines}Lora hashes: "${many('a: 0123456789ab, ')}"`],
    ['colons', `${lines}Lora hashes: "${many(':')}"`],
    ['negative prompts', many('\nNegative prompt: ')],
    ['quotes in JSON with NaN', `{"a": NaN, "${many('\\"')}`],
    ['numbers in JSON', `[${many('1234567890123456789,')}1]`],
    ['deep JSON', '['.repeat(500_000) + ']'.repeat(500_000)],
    ['deep objects', many('{"nodes":')],
    ['dots', `${lines}Model: ${many('.safetensors')}`],
    ['brackets behind a name', `${lines}Model: ${many('[')}]`],
    ['an embedding for every word', JSON.stringify({ 1: { class_type: 'X', inputs: { text: many('embedding:') } } })],
    [
      'blanks where Easy Diffusion names an upscaler',
      JSON.stringify({ use_stable_diffusion_model: 'm', use_upscale: `${many(' ')}x` }),
    ],
    ["blanks in NovelAI's source", JSON.stringify({ Software: 'NovelAI', Source: `NovelAI${many(' ')}x` })],
    ['comments that never close', `[[${many('/* ')}`],
    ['lines that are comments', `[[${many('//\n')}]`],
    ['commas behind each other', `[[${many(', ')}]`],
    ['a comma with nothing but blanks behind it', `[[1,${many(' ')}x`],
    [
      'a graph of many loaders',
      JSON.stringify(
        Object.fromEntries(
          Array.from({ length: 10_000 }, (_, at) => [
            at,
            { class_type: 'LoraLoader', inputs: { lora_name: `${at}.pt` } },
          ]),
        ),
      ),
    ],
  ]
  test.each(rows)('%s', (_, text) => {
    const found = read(text, 'auto', 'parameters')
    expect(found.dependencies.length).toBeLessThanOrEqual(2000)
    expect(found.warnings.length).toBeLessThanOrEqual(1000)
  })
})

describe('what is kept of hostile texts is bounded', () => {
  const sizeOf = (value: object): number => JSON.stringify(value).length
  const long = (characters: number): string => 'x'.repeat(characters)

  test('a name of megabytes is none, one of 5,000 characters is', () => {
    const found = read(`<lora:${long(900_000)}:1> <lora:${long(5000)}:1>\nSteps: 20, Sampler: Euler, Seed: 1`)
    expect(found.dependencies.map(({ name }) => name?.length)).toEqual([5000])
    expect(found.warnings).toEqual([
      { place: 'infotext:prompt', reason: 'it is longer than anything that names a model' },
    ])
  })

  test('long names together', () => {
    const tags = Array.from({ length: 900 }, (_, at) => `<lora:${at}${long(5000)}:1>`)
    const found = read(`${tags.join(' ')}\nSteps: 20, Sampler: Euler, Seed: 1`)
    expect(found.dependencies.length).toBeGreaterThan(100)
    expect(sizeOf(found.dependencies)).toBeLessThan(20_000_000)
    expect(found.warnings.at(-1)?.reason).toMatch(/^models after the first \d+ are left out$/)
  })

  test('a prompt that the ledger would not take, and other texts far sooner', () => {
    const found = read(
      `${long(1_000_001)}\nNegative prompt: ${long(1_000_000)}\nSteps: 20, Sampler: ${long(2000)}, Seed: 1`,
    )
    expect(found.generation).toEqual({ negative_prompt: long(1_000_000), steps: 20, seed: 1 })
    expect(found.warnings).toEqual([
      { place: 'prompt', reason: 'it is left out: it has more than 1000000 characters' },
      { place: 'sampler', reason: 'it is left out: it has more than 1000 characters' },
    ])
  })

  test('warnings of many texts together', () => {
    const text = `a\nSteps: 20, Sampler: Euler, Seed: 1, ${'Model hash: zz, '.repeat(20)}`
    const texts = Array.from({ length: 100 }, (_, at) => ({ place: `png:tEXt:${at}`, key: '', text }))
    const { warnings } = parsePrompt({ texts, format: 'auto' })
    expect(warnings).toHaveLength(1000)
    expect(warnings.at(-1)).toEqual({ place: 'file', reason: 'warnings after the first 999 are left out' })
  })

  test('texts inside texts', () => {
    const entry = { prompt: [1, 'id', { 1: { class_type: 'X', inputs: {} } }] }
    const history = JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`e${at}`, entry])))
    const texts = Array.from({ length: 50 }, (_, at) => ({ place: `png:tEXt:${at}`, key: '', text: history }))
    const found = parsePrompt({ texts, format: 'auto' })
    expect(found.sources).toHaveLength(1000)
    expect(found.warnings.at(-1)).toEqual({ place: 'file', reason: 'texts after the first 1000 are left out' })
  })
})

describe('keys that objects inherit are names like any other', () => {
  const rows: readonly string[] = [
    `a\nSteps: 20, Seed: 1, __proto__: x, constructor: y, Hashes: {"__proto__": "0123456789", "lora:__proto__": "0123456789"}`,
    `{"__proto__": {"class_type": "LoraLoader", "inputs": {"lora_name": "x.pt"}}}`,
    `{"1": {"class_type": "__proto__", "inputs": {"__proto__": "x.safetensors", "constructor": "y.safetensors"}}}`,
    `{"sui_image_params": {"__proto__": "x", "model": "m", "constructor": "y"}}`,
    `{"__proto__": {"sui_image_params": {"model": "m"}}}`,
  ]
  test.each(rows)('%s', (text) => {
    read(text)
    expect(({} as Record<string, unknown>)['class_type']).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('and an inherited field is not a field', () => {
    expect(read('{"__proto__": {"sui_image_params": {"model": "m"}}}').format).toBe('unknown')
  })
})

describe('properties', () => {
  const shape = v.looseObject({ dependencies: v.array(dependencySchema), generation: generationSchema })

  test('any text ends in an answer of the right shape', () => {
    const word = fc.constantFrom(
      'Steps: ',
      '20',
      ', ',
      'Model: ',
      '"',
      '{',
      '}',
      '[',
      ']',
      '<lora:',
      ':',
      '>',
      '\n',
      'Lora hashes: ',
      'Negative prompt: ',
      'x',
      '\\',
      ' [0123456789]',
      'Civitai resources: ',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
    )
    fc.assert(
      fc.property(text, fc.constantFrom('auto', ...FORMATS), (made, format) => {
        expect(v.is(shape, read(made, format, 'parameters'))).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  test('any JSON ends in an answer of the right shape', () => {
    const key = fc.constantFrom(
      'sui_image_params',
      'sui_models',
      'loras',
      'prompt',
      'class_type',
      'inputs',
      'nodes',
      'type',
      'widgets_values',
      'override_settings',
      'alwayson_scripts',
      'args',
      'model',
      'lora_name',
      '1',
      '2',
      '__proto__',
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(null, true, 0, 1.5, '', 'x', 'a.safetensors', 'LoraLoader', ['1', 0]),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      ),
    }))
    fc.assert(
      fc.property(value, fc.constantFrom('auto', ...FORMATS), (made, format) => {
        expect(v.is(shape, read(JSON.stringify(made), format))).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  test('a picture with any text in it ends in an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const picture = createPng({ before: [zTXt('parameters', Buffer.from(bytes).toString('latin1'), deflateSync)] })
        const { texts } = await readMetadata(bytesSource(picture))
        expect(v.is(shape, parsePrompt({ texts, format: 'auto' }))).toBe(true)
      }),
    )
  })
})
