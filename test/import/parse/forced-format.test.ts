import { expect, test } from 'bun:test'
import { type ParsedPrompt, parsePrompt } from '../../../src/import/parse/detect.ts'

const read = (text: string, format = 'auto', key = ''): ParsedPrompt =>
  parsePrompt({ texts: [{ place: 'text', key, text }], format })

const CUT_OFF = '{"1":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"x.safet'
const INFOTEXT = 'a cat, <lora:foo:0.8>\nSteps: 20, Sampler: Euler a, CFG scale: 7'

test.each(['auto', 'comfyui', 'swarmui', 'a1111', 'air'])('as %p what is cut off is damaged', (format) => {
  const { sources, damage } = read(CUT_OFF, format)
  expect(sources).toEqual([])
  expect(damage).toEqual([{ place: 'text', reason: 'this looks like JSON, but it is damaged or cut off' }])
})

test.each(['comfyui', 'swarmui', 'fooocus', 'civitai'])('as %p an infotext gives nothing', (format) => {
  expect(read(INFOTEXT, format)).toMatchObject({
    sources: [],
    dependencies: [],
    damage: [],
    warnings: [{ place: 'text', reason: 'it does not look like the format that it was to be read as' }],
  })
})

test('words are a prompt where somebody says so', () => {
  expect(read('[[a cat]], a mat', 'a1111')).toMatchObject({ sources: [{}], generation: { prompt: '[[a cat]], a mat' } })
})

test.each([
  ['lists', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 1000],
  ['objects', `${'{"prompt":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 10_000],
  ['a node', `{"1":{"class_type":"A","inputs":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}}}`, 1034],
])('%p in each other are named with their place', (_, text, at) => {
  const { sources, damage } = read(text, 'auto', 'prompt')
  expect(sources).toEqual([])
  expect(damage).toEqual([
    { place: 'text', reason: `this JSON is nested in itself more than 1000 times, at character ${at}` },
  ])
})

test('what else is in JSON that is nested too deeply is read', () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
  const { dependencies, damage } = read(`{"1":{"class_type":"VAELoader","inputs":{"vae_name":"a.pt","x":${deep}}}}`)
  expect(dependencies).toMatchObject([{ name: 'a' }])
  expect(damage).toHaveLength(1)
})

test('what is nested as deeply as any editor does it is read', () => {
  const text = `{"1":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"x.safetensors","y":${'['.repeat(400)}${']'.repeat(400)}}}}`
  expect(read(text).dependencies).toMatchObject([{ name: 'x' }])
})
