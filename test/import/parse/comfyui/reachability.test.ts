import { expect, test } from 'bun:test'
import { findUnused } from '../../../../src/import/parse/comfyui/reachability.ts'
import { brief, graphOf, node, say } from './graphs.ts'

const picture = {
  1: node('CheckpointLoaderSimple', { ckpt_name: 'a.pt' }),
  2: node('CLIPTextEncode', { text: 'mist', clip: ['1', 1] }),
  3: node('KSampler', { model: ['1', 0], positive: ['2', 0], seed: 1 }),
  4: node('VAEDecode', { samples: ['3', 0] }),
}
const stray = {
  5: node('LoraLoader', { model: ['1', 0], lora_name: 'b.pt', strength_model: 1 }),
  6: node('CLIPTextEncode', { text: 'embedding:stray', clip: ['5', 1] }),
}

test.each(['SaveImage', 'PreviewImage', 'SwarmSaveImageWS', 'VHS_VideoCombine', 'easy showAnything', 'MaskDisplay'])(
  'nothing that does not lead to a %s is used',
  (className) => {
    const graph = graphOf({ ...picture, ...stray, 9: node(className, { images: ['4', 0] }) })
    expect([...findUnused(graph)]).toEqual(['5', '6'])
  },
)

const SAVERS = [
  'Save',
  'Preview',
  'Output',
  'VideoCombine',
  'Video Combine',
  'Display',
  'Show',
  'Send',
  'Export',
  'Upload',
]
test.each(SAVERS)('a %s counts even where its pictures go on', (word) => {
  const more = { 9: node(`Mist ${word}`, { images: ['4', 0] }), 10: node('ImageScale', { image: ['9', 0] }) }
  expect([...findUnused(graphOf({ ...picture, ...stray, ...more }))]).toEqual(['5', '6', '10'])
})

const SOURCES = ['Mist Loader', 'Mist Selector', 'Mist Select', 'LoRA Stack', 'PrimitiveMist', 'Note Mist', 'Reroute']
test.each(SOURCES)('a %s at the end of a chain shows nothing', (className) => {
  const more = { 9: node('SaveImage', { images: ['4', 0] }), 8: node(className, { a: ['1', 0] }) }
  expect([...findUnused(graphOf({ ...picture, ...more }))]).toEqual(['8'])
})

test('a node that uses only itself, or nothing, shows nothing', () => {
  const more = {
    9: node('SaveImage', { images: ['4', 0] }),
    7: node('Mist', { a: 1 }),
    8: node('Mist', { a: ['8', 0] }),
  }
  expect([...findUnused(graphOf({ ...picture, ...more }))]).toEqual(['7'])
})

test('an unknown node that uses others and that nobody uses shows something', () => {
  const graph = graphOf({
    ...picture,
    9: node('SaveImage', { images: ['4', 0] }),
    7: node('Thing', { a: ['8', 0] }),
    8: node('VAELoader', { vae_name: 'v.pt' }),
  })
  expect([...findUnused(graph)]).toEqual([])
})

test('without anything that saves the ends of the chains count', () => {
  expect([...findUnused(graphOf(picture))]).toEqual([])
  expect([...findUnused(graphOf({ ...picture, 8: node('VAELoader', { vae_name: 'v.pt' }) }))]).toEqual(['8'])
})

test('loaders alone are all used', () => {
  const graph = graphOf({ 1: picture[1], 2: node('LoraLoader', { lora_name: 'b.pt' }) })
  expect([...findUnused(graph)]).toEqual([])
  expect([
    ...findUnused(graphOf({ 1: picture[1], 2: node('LoraLoader', { lora_name: 'b.pt', model: ['1', 0] }) })),
  ]).toEqual([])
})

test('a loader of a saver saves nothing, and circles end', () => {
  const graph = graphOf({
    1: node('Checkpoint Loader with Name (Image Saver)', { ckpt_name: 'a.pt' }),
    2: node('LoadImageOutput', { image: 'x.png' }),
    a: node('Mist', { x: ['b', 0] }),
    b: node('Mist', { x: ['a', 0], y: ['b', 0] }),
    9: node('SaveImage', { images: ['a', 0] }),
  })
  expect([...findUnused(graph)]).toEqual(['1', '2'])
})

test('what is not used is told with the reason', () => {
  const graph = graphOf({ ...picture, ...stray, 9: node('SaveImage', { images: ['4', 0] }) })
  const { mentions } = say(graph, undefined, findUnused(graph))
  expect(mentions.map(brief)).toEqual([
    'checkpoint a.pt',
    'lora b.pt 1 (off) (skipped)',
    'embedding stray (off) (skipped) (optional)',
  ])
  expect(mentions[1]?.skip).toBe('The graph never uses it: nothing leads from it to an output')
})
