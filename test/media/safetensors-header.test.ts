import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createLatent } from '../../scripts/fixtures/latent-writer.ts'
import { createSafetensors } from '../../scripts/fixtures/safetensors-writer.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { safetensorsHeader } from '../../src/media/safetensors-header.ts'
import {
  countingSource,
  expectCutsToBeHarmless,
  expectNoiseToBeHarmless,
  expectNumbersToBeHarmless,
  isOf,
  plainText,
  readBytes,
  sparseSource,
  textsOf,
} from '../support/media.ts'
import { peakMemory } from '../support/peak-memory.ts'

const GRAPH = '{"1":{"class_type":"VAELoader","inputs":{"vae_name":"\\"x\\".pt"}}}'

/** Prints the texts in a header of so many bytes: lists in lists to any depth, and no end. */
const NESTED = `
  import { DEFAULT_LIMITS } from './src/media/container.ts'
  import { safetensorsHeader } from './src/media/safetensors-header.ts'
  const length = Number(process.argv.at(-1))
  const head = Buffer.from('\\0\\0\\0\\0\\0\\0\\0\\0{"a":')
  head.writeBigUInt64LE(BigInt(length))
  const nested = Buffer.alloc(2 ** 20, '[')
  const source = {
    sizeBytes: 8 + length,
    read: (offset, bytes) =>
      offset === 0
        ? Buffer.concat([head, nested]).subarray(0, bytes)
        : nested.subarray(0, Math.min(bytes, 8 + length - offset)),
  }
  console.log(JSON.stringify(safetensorsHeader.read(source, DEFAULT_LIMITS).texts))
`

/** Any JSON as the header. */
function withHeader(json: string | Uint8Array): Buffer {
  const header = Buffer.from(json)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header])
}
const read = (json: string | Uint8Array) => readBytes(safetensorsHeader, withHeader(json))

test('names and places, of a model and of a latent', () => {
  const texts = [
    { place: 'safetensors:__metadata__:prompt', key: 'prompt', text: GRAPH },
    { place: 'safetensors:__metadata__:workflow', key: 'workflow', text: '{}' },
  ]
  const metadata = { prompt: GRAPH, workflow: '{}' }
  const model = createSafetensors({ seed: 1, tensors: { prompt: [2, 2], workflow: [1] }, metadata })
  for (const file of [createLatent(metadata), model]) {
    expect(isOf(safetensorsHeader, file)).toBe(true)
    expect(readBytes(safetensorsHeader, file)).toEqual({ texts, warnings: [] })
  }
})

describe('headers', () => {
  const rows: readonly (readonly [name: string, json: string, texts: readonly (readonly string[])[]])[] = [
    ['without metadata', '{"prompt":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', []],
    ['with metadata behind the tensors', '{"a":{"b":"c"},"__metadata__":{"k":"v"}}', [['k', 'v']]],
    ['with metadata inside a tensor', '{"a":{"__metadata__":{"k":"v"}}}', []],
    [
      'with white space',
      ' {\n"__metadata__" : {\t"k" :\r\n "v" , "l":"w" } }   ',
      [
        ['k', 'v'],
        ['l', 'w'],
      ],
    ],
    ['with escaped letters', '{"__metadata__":{"\\u006b\\n":"\\u63d0\\"\\\\"}}', [['k\n', '提"\\']]],
    ['with an escaped name', '{"__metad\\u0061ta__":{"k":"v"}}', [['k', 'v']]],
    ['with empty texts', '{"__metadata__":{"k":"","l":"w"}}', [['l', 'w']]],
    [
      'with names of objects',
      '{"__metadata__":{"__proto__":"p","constructor":"c"}}',
      [
        ['__proto__', 'p'],
        ['constructor', 'c'],
      ],
    ],
    [
      'with two of them',
      '{"__metadata__":{"k":"v"},"__metadata__":{"k":"w"}}',
      [
        ['k', 'v'],
        ['k', 'w'],
      ],
    ],
    ['with brackets inside texts', '{"a":{"x":"}]"},"__metadata__":{"k":"{[\\"}"}}', [['k', '{["}']]],
    ['with metadata that is a text', '{"__metadata__":"words"}', []],
    ['with a name that is none', `{"__metadata__":{"${'k'.repeat(2000)}":"v","l":"w"}}`, [['l', 'w']]],
    ['that are empty', '{}', []],
    ['that are a list', '[{"__metadata__":{"k":"v"}}]', []],
    ['that are no JSON', '{{{{"__metadata__":{"k":"v"}}', []],
  ]
  test.each(rows)('%s', (_, json, texts) => {
    const content = read(json)
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })

  test('with values that are no texts, or not UTF-8', () => {
    const place = 'safetensors:__metadata__:k'
    for (const value of ['7', 'null', '["a"]']) {
      const { texts, warnings } = read(`{"__metadata__":{"k":${value},"l":"w"}}`)
      expect(texts).toHaveLength(1)
      expect(warnings).toEqual([{ place, reason: 'it is no string' }])
    }
    expect(read(Buffer.from('{"__metadata__":{"k":"\xff"}}', 'latin1')).warnings).toEqual([
      { place, reason: 'it is no string' },
    ])
  })

  test('past the limit', () => {
    const file = withHeader(JSON.stringify({ __metadata__: { k: 'x'.repeat(200), l: 'kept' } }))
    const content = readBytes(safetensorsHeader, file, { textBytes: 100, totalBytes: 100 })
    expect(textsOf(content)).toEqual([['l', 'kept']])
    expect(content.warnings).toMatchObject([{ place: 'safetensors:__metadata__:k' }])
  })

  test('that are cut off', () => {
    const file = withHeader('{"__metadata__":{"k":"v","l":"words"}}').subarray(0, 40)
    const content = readBytes(safetensorsHeader, file)
    expect(textsOf(content)).toEqual([['k', 'v']])
    expect(content.warnings).toContainEqual({ place: 'safetensors', reason: 'the file ends inside its header' })
  })
})

describe('is told by its first bytes', () => {
  const start = (length: bigint, text: string): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(length)
    return Buffer.concat([bytes, Buffer.from(text)])
  }
  const rows: readonly (readonly [name: string, head: Buffer, is: boolean])[] = [
    ['a header', start(60n, '{"a":'), true],
    ['the shortest header', start(2n, '{}'), true],
    ['the longest header', start(100_000_000n, '{"a":'), true],
    ['a longer one', start(100_000_001n, '{"a":'), false],
    ['no header', start(1n, '{'), false],
    ['no JSON', start(60n, 'abc'), false],
    ['a text', Buffer.from('        {"a":1}'), false],
    ['too little', Buffer.alloc(8), false],
  ]
  test.each(rows)('%s', (_, head, is) => {
    expect(isOf(safetensorsHeader, head)).toBe(is)
  })
})

describe('large headers', () => {
  test('of a hundred megabytes cost neither memory nor long', async () => {
    const [little, large] = [await peakMemory(NESTED, '1000'), await peakMemory(NESTED, '100000000')]
    expect([little.printed, large.printed]).toEqual(['[]\n', '[]\n'])
    expect(large.peakBytes - little.peakBytes).toBeLessThan(100 * 2 ** 20)
  })

  test('of many members', () => {
    const json = `{${'"a":1,'.repeat(600_000)}"__metadata__":{"k":"v"}}`
    const reason = 'only its first 500000 members were looked at'
    expect(read(json)).toEqual({ texts: [], warnings: [{ place: 'safetensors', reason }] })
  })

  test('of many tensors in front of the metadata', () => {
    const tensors = Array.from(
      { length: 20_000 },
      (_, index) => `"t${index}":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},`,
    )
    const json = `{${tensors.join('')}"__metadata__":{"k":"v"}}`
    const file = withHeader(json)
    const source = countingSource(sparseSource(20 * 2 ** 30, [[0, file]]))
    expect(textsOf(safetensorsHeader.read(source, DEFAULT_LIMITS))).toEqual([['k', 'v']])
    expect(source.bytesRead).toBeLessThan(file.length * 1.2)
  })
})

describe('hostile files', () => {
  const file = createLatent({ prompt: GRAPH, workflow: '{"title":"提灯"}' })
  test('cut anywhere', () => expectCutsToBeHarmless(safetensorsHeader, file))
  test('with any number anywhere', () => expectNumbersToBeHarmless(safetensorsHeader, file))
  test('of noise', () => expectNoiseToBeHarmless(safetensorsHeader, file.subarray(0, 9)))

  test('any texts come back as they were written', () => {
    const key = fc.string({ unit: 'binary', maxLength: 30 }).filter((text) => text.isWellFormed())
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, plainText), { selector: ([name]) => name }), (texts) => {
        const json = `{"__metadata__":{${texts.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`).join()}}}`
        expect(textsOf(readBytes(safetensorsHeader, withHeader(json)))).toEqual(texts)
      }),
    )
  })
})
