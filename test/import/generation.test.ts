import { describe, expect, test } from 'bun:test'
import { mergeGeneration, toGeneration, toNumber } from '../../src/import/generation.ts'
import { parsePrompt } from '../../src/import/parse/detect.ts'

describe('numbers', () => {
  const rows: readonly (readonly [value: unknown, number: number | undefined])[] = [
    [0.5, 0.5],
    [' -.5 ', -0.5],
    ['1e3', 1000],
    // A wire of JSON would make 0 of it.
    [-0, 0],
    ['-0', 0],
    ['-0.00', 0],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ['1e999', undefined],
    ['x', undefined],
    [null, undefined],
  ]
  test.each(rows)('%p', (value, number) => {
    expect(Object.is(toNumber(value), number)).toBe(true)
  })

  test('seeds are numbers as far as those are exact', () => {
    const seeds = ['-0', '9007199254740991', '9007199254740993', ' 7 ', 'seven', -0]
    expect(seeds.map((seed) => toGeneration({ seed }).seed)).toEqual([
      0,
      9007199254740991,
      '9007199254740993',
      7,
      undefined,
      0,
    ])
  })
})

describe('the program that made a picture', () => {
  test('has its own version and no other one', () => {
    const [comfy, swarm] = [{ software: 'ComfyUI' }, { software: 'SwarmUI', version: '0.9', steps: 4 }]
    expect(mergeGeneration(comfy, swarm)).toEqual({ software: 'ComfyUI', steps: 4 })
    expect(mergeGeneration({ software: 'SwarmUI' }, swarm)).toEqual(swarm)
    expect(mergeGeneration({ seed: 1 }, swarm)).toEqual({ ...swarm, seed: 1 })
    expect(mergeGeneration(swarm, { version: '1.0' })).toEqual(swarm)
  })

  const graph = {
    key: 'prompt',
    text: '{"1":{"class_type":"VAELoader","inputs":{"vae_name":"a.pt"}},"2":{"class_type":"X"}}',
  }
  const read = (...texts: readonly { key: string; text: string }[]) =>
    parsePrompt({ texts: texts.map((text) => ({ ...text, place: `png:tEXt:${text.key}` })), format: 'auto' }).generation

  test('is the one that wrote a record of its own beside the graph that it had executed', () => {
    const record = { key: 'parameters', text: '{"sui_image_params":{"model":"m","swarm_version":"0.9"}}' }
    expect(read(graph, record)).toEqual({ software: 'SwarmUI', version: '0.9' })
    expect(read(graph)).toEqual({ software: 'ComfyUI' })
  })

  test('is ComfyUI where a saver of it only claims', () => {
    const claim = { key: 'parameters', text: 'a pier\nSteps: 4, Sampler: euler, Seed: 1, Version: ComfyUI' }
    expect(read(graph, claim)).toMatchObject({ software: 'ComfyUI', steps: 4 })
  })
})
