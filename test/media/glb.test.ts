import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createGlb, type GlbParts, glbOf } from '../../scripts/fixtures/glb-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { glb } from '../../src/media/glb.ts'
import {
  countingSource,
  expectCutsToBeHarmless,
  expectNoiseToBeHarmless,
  expectNumbersToBeHarmless,
  isOf,
  plainText,
  readBytes,
  textsOf,
} from '../support/media.ts'

const GRAPH = '{"1":{"class_type":"VAELoader"}}'

test('names and places', () => {
  const scene = createGlb({ assetExtras: { prompt: GRAPH, workflow: { nodes: [] } } })
  expect(isOf(glb, scene)).toBe(true)
  expect(readBytes(glb, scene)).toEqual({
    texts: [
      { place: 'glb:asset.extras.prompt', key: 'prompt', text: GRAPH },
      { place: 'glb:asset.extras.workflow', key: 'workflow', text: '{"nodes":[]}' },
    ],
    warnings: [],
  })
})

describe('extras', () => {
  const rows: readonly (readonly [name: string, parts: GlbParts, texts: readonly (readonly string[])[]])[] = [
    ['of the file', { extras: { prompt: GRAPH } }, [['prompt', GRAPH]]],
    [
      'of both',
      { assetExtras: { prompt: 'a' }, extras: { prompt: 'b' } },
      [
        ['prompt', 'a'],
        ['prompt', 'b'],
      ],
    ],
    ['with other values', { extras: { seed: 7, list: ['a'], none: null, workflow: 'x' } }, [['workflow', 'x']]],
    ['with extras inside', { extras: { extras: { prompt: 'x' } } }, [['extras', '{"prompt":"x"}']]],
    ['that are a text', { assetExtras: GRAPH }, []],
    ['nowhere', {}, []],
  ]
  test.each(rows)('%s', (_, parts, texts) => {
    const content = readBytes(glb, createGlb(parts))
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })

  test('of anything else are passed over', () => {
    const json = { nodes: [{ extras: { prompt: 'x' } }], scene: { extras: { prompt: 'x' } }, asset: { prompt: 'x' } }
    expect(readBytes(glb, glbOf(Buffer.from(JSON.stringify(json)))).texts).toEqual([])
  })
})

test('a large mesh is not read', () => {
  const scene = glbOf(Buffer.from('{"extras":{"prompt":"x"}}'), Buffer.alloc(3_000_000))
  const source = countingSource(bytesSource(scene))
  expect(textsOf(glb.read(source, DEFAULT_LIMITS))).toEqual([['prompt', 'x']])
  expect(source.bytesRead).toBeLessThan(5000)
})

describe('what is wrong becomes a warning', () => {
  const scene = createGlb({ extras: { prompt: 'x' } })
  const other = Buffer.from(scene)
  other.write('BIN\0', 16)
  const rows: readonly (readonly [name: string, scene: Uint8Array, texts: number, place: string, reason: string])[] = [
    ['a head alone', scene.subarray(0, 12), 0, 'glb', 'its first chunk is not JSON'],
    ['another first chunk', other, 0, 'glb', 'its first chunk is not JSON'],
    ['an end in the JSON', scene.subarray(0, 200), 1, 'glb', 'the file ends inside its JSON'],
  ]
  test.each(rows)('%s', (_, file, texts, place, reason) => {
    const content = readBytes(glb, file)
    expect(content.texts).toHaveLength(texts)
    expect(content.warnings).toEqual([{ place, reason }])
  })

  test('past the limit', () => {
    const content = readBytes(glb, createGlb({ extras: { prompt: 'x'.repeat(101), workflow: 'y' } }), {
      textBytes: 100,
      totalBytes: 100,
    })
    expect(textsOf(content)).toEqual([['workflow', 'y']])
    expect(content.warnings).toMatchObject([{ place: 'glb:extras.prompt' }])
  })
})

describe('hostile files', () => {
  const scene = createGlb({ assetExtras: { prompt: GRAPH }, extras: { workflow: { nodes: [] } } })
  test('cut anywhere', () => expectCutsToBeHarmless(glb, scene))
  test('with any number anywhere', () => expectNumbersToBeHarmless(glb, scene))
  test('of noise', () => expectNoiseToBeHarmless(glb, scene.subarray(0, 20)))

  test('any texts come back as they were written', () => {
    fc.assert(
      fc.property(plainText, plainText, (prompt, workflow) => {
        const scene = createGlb({ assetExtras: { prompt }, extras: { workflow } })
        expect(textsOf(readBytes(glb, scene))).toEqual([
          ['prompt', prompt],
          ['workflow', workflow],
        ])
      }),
    )
  })
})
