import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ParsedPrompt, parsePrompt } from '../../../src/import/parse/detect.ts'
import { brief } from './parser-answer.ts'

const read = (text: string): ParsedPrompt =>
  parsePrompt({ texts: [{ place: 'png:tEXt:parameters', key: 'parameters', text }], format: 'auto' })

const PAIRS = [
  'Steps: 20',
  'Sampler: Euler a',
  'CFG scale: 7',
  'Seed: 12',
  'Size: 512x768',
  'Model: fooMix_v3',
  'Tiling: True',
  'Lora hashes: "styleA: 0123456789ab, b: ba9876543210"',
]
const BELOW = ['', '\nTemplate: a {cat|dog}', '\nHashed prompt: 0a1b']

test('keys of the parameters line come in any order', () => {
  const shuffled = fc.shuffledSubarray(PAIRS, { minLength: PAIRS.length })
  fc.assert(
    fc.property(shuffled, fc.constantFrom(...BELOW), (pairs, below) => {
      const { generation, dependencies } = read(`a cat, Steps\nNegative prompt: blurry\n${pairs.join(', ')}${below}`)
      expect(generation).toMatchObject({
        prompt: 'a cat, Steps',
        negative_prompt: 'blurry',
        steps: 20,
        sampler: 'Euler a',
        cfg_scale: 7,
        seed: 12,
        width: 512,
        height: 768,
      })
      expect(dependencies.map(brief)).toContain('checkpoint fooMix_v3')
      expect(dependencies).toHaveLength(3)
    }),
  )
})

test.each([
  ['a cat.Negative prompt: dog.Steps: 4, Seed: 1, Size: 8x8', 'a cat.', 'dog.'],
  ['a cat, a mat, Steps: 4, Seed: 1, Size: 8x8', 'a cat, a mat,', undefined],
  ['Negative prompt: dog, Steps: 4, Seed: 1, Size: 8x8', undefined, 'dog,'],
])('%p has lost its line breaks', (text, prompt, negative) => {
  const { generation } = read(text)
  expect([generation.prompt, generation.negative_prompt]).toEqual([prompt, negative])
  expect(generation).toMatchObject({ steps: 4, seed: 1, width: 8 })
})
