import { describe, expect, test } from 'bun:test'
import { isSaver } from '../../../../src/import/parse/comfyui/read-saver.ts'
import { brief, graphOf, node, oneSays, say, withNode } from './graphs.ts'

test.each(['Save Image w/Metadata', 'SaveImageWithMetaData', 'SaveImageWithMetaDataUniversal', 'Image Saver'])(
  '%s claims a checkpoint and loads none',
  (className) => {
    const inputs = {
      modelname: 'mix.safetensors',
      positive: 'embedding:a x.pt',
      filename_prefix: 'y.pt',
      path: 'z.bin',
    }
    expect(oneSays(className, inputs)).toEqual(['checkpoint mix.safetensors (claim)'])
  },
)

test.each(['modelname', 'ModelName', 'model_name', 'ckpt_name', 'checkpoint', 'checkpoint_name', 'base_model'])(
  'a saver names its checkpoint by %s',
  (input) => {
    expect(oneSays('Mist Save', { [input]: 'mix' })).toEqual(['checkpoint mix (claim)'])
  },
)

test('texts and places where pictures go are no models', () => {
  const words = ['prefix', 'path', 'folder', 'directory', 'filename', 'positive', 'negative', 'prompt']
  expect(oneSays('Mist Save', Object.fromEntries(words.map((word) => [`x_${word}`, 'a.pt'])))).toEqual([])
  const graph = graphOf({ 1: node('Mist Save', { caption: ['2', 0] }), 2: node('PrimitiveString', { value: 'a.pt' }) })
  expect(say(graph).mentions.map(brief)).toEqual(['other? a.pt'])
})

test('what a saver is told by other nodes is a claim too, and not a model of theirs', () => {
  const graph = graphOf({
    1: node('Image Saver', { modelname: ['2', 0], images: ['9', 0] }),
    2: node('String Literal', { string: 'mix.safetensors' }),
    3: node('Image Saver', { modelname: ['4', 3] }),
    4: node('Checkpoint Loader with Name (Image Saver)', { ckpt_name: 'real.pt' }),
  })
  const { mentions, warnings } = say(graph)
  expect(mentions.map(brief)).toEqual([
    'checkpoint real.pt',
    'checkpoint mix.safetensors (claim)',
    'checkpoint real.pt (claim)',
  ])
  expect(mentions[1]?.evidence).toEqual(['comfyui:prompt node 1 modelname', 'comfyui:prompt node 2 string'])
  expect(warnings).toEqual([])
})

test('several checkpoints are separated by commas; a comma may also be part of a name', () => {
  expect(oneSays('Image Saver', { modelname: 'a.pt, b.safetensors' })).toEqual([
    'checkpoint a.pt (claim)',
    'checkpoint b.safetensors (claim)',
  ])
  expect(oneSays('Image Saver', { modelname: 'mist, fog.pt' })).toEqual(['checkpoint mist, fog.pt (claim)'])
})

test('other files that savers name are guesses', () => {
  expect(oneSays('My Save Node', { lora_file: 'a.pt', note: 'b\nc.pt', n: 3 })).toEqual(['lora? a.pt (claim)'])
})

describe('additional hashes', () => {
  const read = (additional_hashes: unknown) => say(graphOf({ 1: node('Image Saver', { additional_hashes }) }))
  const place = 'comfyui:prompt node 1 additional_hashes'
  const claim = { guessed: true, trust: 1, evidence: [place] }
  const hash = (algorithm: string, value: string) => ({ algorithm, value, source: place })

  test('are names, hashes and weights', () => {
    const { mentions } = read('ink wash:0123456789:0.8, 0123456789AB , lantern:ABCDEF0123,\n00ff00ff00:-1')
    expect(mentions as unknown).toEqual([
      { type: 'lora', name: 'ink wash', hashes: [hash('auto_v2', '0123456789')], weight: 0.8, ...claim },
      { type: 'other', hashes: [hash('auto_v3', '0123456789ab')], ...claim },
      { type: 'other', name: 'lantern', hashes: [hash('auto_v2', 'abcdef0123')], ...claim },
      { type: 'lora', hashes: [hash('auto_v2', '00ff00ff00')], weight: -1, ...claim },
    ])
  })

  test('or addresses', () => {
    const { mentions } = read('urn:air:sdxl:lora:civitai:1@2, urn:air:x:y:civitai:3@4')
    expect(mentions.map(brief)).toEqual([
      'lora urn:air:sdxl:lora:civitai:1@2 (claim)',
      'other urn:air:x:y:civitai:3@4 (claim)',
    ])
  })

  test('may be told by another node, and are switched off with the saver', () => {
    const graph = graphOf({
      1: node('Image Saver', { additional_hashes: ['2', 0] }),
      2: node('String', { string: '0123456789' }),
    })
    const { mentions } = say(withNode(graph, '1', { active: false }))
    expect(mentions.map(({ active, evidence }) => ({ active, evidence }))).toEqual([
      { active: false, evidence: [place, 'comfyui:prompt node 2 string'] },
    ])
  })

  test('what is no hash is told', () => {
    const { mentions, warnings } = read('words, e3b0c44298fc, :')
    expect(mentions).toEqual([])
    expect(warnings).toEqual([
      `${place}: this is not a hash of a known kind`,
      `${place}: this is the hash of an empty file and says nothing`,
    ])
    expect(read('').mentions).toEqual([])
  })
})

test.each([
  ['SaveImage', true],
  ['PreviewImage', true],
  ['Checkpoint Loader with Name (Image Saver)', false],
  ['Sampler Selector (Image Saver)', false],
  ['LoraLoader', false],
])('%s is a saver: %p', (className, saver) => {
  expect(isSaver(className)).toBe(saver)
})
