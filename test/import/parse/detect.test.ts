import { describe, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import * as v from 'valibot'
import { createPng, zTXt } from '../../../scripts/fixtures/png-writer.ts'
import { dependencySchema } from '../../../src/import/dependency.ts'
import { generationSchema } from '../../../src/import/generation.ts'
import { FORMATS, parsePrompt } from '../../../src/import/parse/detect.ts'
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
  expect(read('a cat on a mat', 'a1111').generation).toEqual({ prompt: 'a cat on a mat' })
  expect(FORMATS.slice(0, 2)).toEqual(['swarmui', 'comfyui'])
  expect(new Set(FORMATS).size).toBe(FORMATS.length)
  expect(() => read(GRAPH, 'unheard of')).toThrow('this format is not known')
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
