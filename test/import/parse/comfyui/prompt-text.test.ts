import { describe, expect, test } from 'bun:test'
import { readGraphGeneration } from '../../../../src/import/parse/comfyui/generation.ts'
import { graphOf, node } from './graphs.ts'

const read = (graph: Record<string, unknown>) => readGraphGeneration(graphOf(graph))
const text = (words: string) => node('CLIPTextEncode', { text: words, clip: ['1', 1] })
const sampler = (inputs: Record<string, unknown>) => node('KSampler', { seed: 5, steps: 20, ...inputs })

describe('the prompt', () => {
  const prompt = (nodes: Record<string, unknown>) => read({ 5: sampler({ positive: ['10', 0] }), ...nodes }).prompt
  const rows: readonly (readonly [name: string, nodes: Record<string, unknown>, text: string | undefined])[] = [
    ['SDXL', { 10: node('CLIPTextEncodeSDXL', { text_g: 'harbor', text_l: 'fog', width: 1 }) }, 'harbor'],
    ['SDXL with one empty', { 10: node('CLIPTextEncodeSDXL', { text_g: ' ', text_l: 'fog' }) }, 'fog'],
    ['SD3', { 10: node('CLIPTextEncodeSD3', { clip_l: 'a', clip_g: 'b', t5xxl: 'c' }) }, 'c'],
    ['Flux without T5', { 10: node('CLIPTextEncodeFlux', { clip_l: 'harbor', t5xxl: '' }) }, 'harbor'],
    ['Qwen', { 10: node('TextEncodeQwenImageEdit', { prompt: 'harbor', image: ['1', 0] }) }, 'harbor'],
    ['Lumina', { 10: node('CLIPTextEncodeLumina2', { system_prompt: 'x', user_prompt: 'harbor' }) }, 'harbor'],
    ['SwarmUI', { 10: node('SwarmClipTextEncodeAdvanced', { prompt: 'harbor', steps: 20 }) }, 'harbor'],
    [
      'a wildcard as it was drawn',
      { 10: node('ImpactWildcardEncode', { wildcard_text: '{a|b}', populated_text: 'a' }) },
      'a',
    ],
    [
      'a text of another node',
      { 10: node('CLIPTextEncode', { text: ['11', 0] }), 11: node('PrimitiveString', { value: 'harbor' }) },
      'harbor',
    ],
    [
      'ControlNet in between',
      {
        10: node('ControlNetApplyAdvanced', { positive: ['11', 0], negative: ['12', 0] }),
        11: text('harbor'),
        12: text('people'),
      },
      'harbor',
    ],
    [
      'conditionings that are combined',
      {
        10: node('ConditioningCombine', { conditioning_1: ['11', 0], conditioning_2: ['12', 0] }),
        11: text('harbor'),
        12: text('fog'),
      },
      'harbor\nfog',
    ],
    [
      'conditionings behind one another',
      {
        10: node('ConditioningConcat', { conditioning_to: ['11', 0], conditioning_from: ['12', 0] }),
        11: text('harbor'),
        12: text('fog'),
      },
      'harbor\nfog',
    ],
    [
      'texts that are joined',
      {
        10: node('CLIPTextEncode', { text: ['11', 0] }),
        11: node('StringConcatenate', { string_a: 'harbor', string_b: ['12', 0], delimiter: ', ' }),
        12: node('Text', { text: 'fog' }),
      },
      'harbor, fog',
    ],
    [
      'texts that are joined with nothing said',
      {
        10: node('CLIPTextEncode', { text: ['11', 0] }),
        11: node('Text Concatenate', { text_a: 'harbor', text_b: '', text_c: 'fog' }),
      },
      'harbor fog',
    ],
    ['a reroute', { 10: node('Reroute', { '': ['11', 0] }), 11: text('harbor') }, 'harbor'],
    [
      'a context',
      {
        10: node('Context (rgthree)', { base_ctx: ['11', 0] }),
        11: node('Context (rgthree)', { positive: ['12', 0] }),
        12: text('harbor'),
      },
      'harbor',
    ],
    [
      'a switch',
      {
        10: node('ComfySwitchNode', { switch: true, on_true: ['11', 0], on_false: ['12', 0] }),
        11: text('harbor'),
        12: text('people'),
      },
      'harbor',
    ],
    [
      'a conditioning that was emptied',
      { 10: node('ConditioningZeroOut', { conditioning: ['11', 0] }), 11: text('harbor') },
      undefined,
    ],
    ['a circle', { 10: node('ConditioningSetArea', { conditioning: ['10', 0] }) }, undefined],
    ['a dead end', { 10: node('Mist', { a: 1 }) }, undefined],
  ]
  test.each(rows)('%s', (_, nodes, words) => {
    expect(prompt(nodes)).toBe(words)
  })

  const FIELDS =
    'positive_prompt text_positive populated_text text text_g text_l t5xxl clip_l clip_g mt5xl prompt prompt_g'
  test.each([...FIELDS.split(' '), 'user_prompt', 'caption', 'tags', 'string', 'value', 'Text'])(
    'is read from `%s`',
    (input) => {
      expect(prompt({ 10: node('Mist', { other: 'x', [input]: 'harbor' }) })).toBe('harbor')
    },
  )

  const WAYS =
    'positive base_positive conditioning conditioning_1 conditioning_to cond1 base_conditioning basic_pipe pipe base_ctx'
  test.each(WAYS.split(' '))('is followed by `%s`', (input) => {
    const graph = { 10: node('Mist', { other: ['9', 0], [input]: ['11', 0] }), 11: text('harbor'), 9: text('people') }
    expect(prompt(graph)).toBe('harbor')
  })

  test.each(['Reroute', 'Switch', 'Any', 'Get', 'Bus', 'Pipe', 'Context', 'Conditioning', 'Control', 'Guide'])(
    'goes through a %s by its first link',
    (word) => {
      expect(prompt({ 10: node(`Mist ${word}`, { n: 1, x: ['11', 0], y: ['9', 0] }), 11: text('harbor') })).toBe(
        'harbor',
      )
      expect(prompt({ 10: node('Mist', { x: ['11', 0] }), 11: text('harbor') })).toBeUndefined()
    },
  )

  test.each(['concat', 'Join', 'Append', 'Combine', 'Merge', 'Average'])('is joined by a %s', (word) => {
    for (const [a, b] of [
      ['text1', 'text2'],
      ['string_a', 'string_b'],
      ['str_1', 'str_2'],
      ['prompt1', 'prompt2'],
    ] as const) {
      expect(prompt({ 10: node(`Text ${word}`, { [a]: 'harbor', [b]: 'fog', separator: '; ' }) })).toBe('harbor; fog')
      expect(prompt({ 10: node(`Text ${word}`, { [a]: 'harbor', [b]: '' }) })).toBe('harbor')
    }
  })

  test('of the other side is told by its own inputs', () => {
    const graph = {
      5: sampler({ positive: ['10', 0], negative: ['10', 1] }),
      10: node('Mist', { positive_prompt: 'harbor', negative_prompt: 'people', text: 'both' }),
    }
    expect(read(graph)).toMatchObject({ prompt: 'harbor', negative_prompt: 'people' })
    const base = {
      5: node('Pipe Sampler', { seed: 1, pipe: ['6', 0] }),
      6: node('Mist', { base_positive: 'harbor', base_negative: 'people' }),
    }
    expect(read(base)).toMatchObject({ prompt: 'harbor', negative_prompt: 'people' })
  })

  test('graphs that branch without end are left after a while', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [
        `c${at}`,
        node('ConditioningCombine', { conditioning_1: [`c${at + 1}`, 0], conditioning_2: [`c${at + 1}`, 0] }),
      ]),
    )
    expect(prompt({ ...wide, 10: node('ConditioningSetArea', { conditioning: ['c0', 0] }) })).toBeUndefined()
  })
})
