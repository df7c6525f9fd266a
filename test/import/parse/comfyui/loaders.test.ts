import { describe, expect, test } from 'bun:test'
import { findLoader, LOADER_ROWS } from '../../../../src/import/parse/comfyui/loaders/find-loader.ts'
import { graphOf, node, oneSays, say } from './graphs.ts'
import { CONTROL } from './loader-cases/control.ts'
import { ENCODERS } from './loader-cases/encoders.ts'
import { LORAS } from './loader-cases/loras.ts'
import { MAIN_MODELS } from './loader-cases/main-models.ts'
import { TOOLS } from './loader-cases/tools.ts'

const ROWS = [...MAIN_MODELS, ...ENCODERS, ...LORAS, ...CONTROL, ...TOOLS]

describe('a node alone', () => {
  test.each(ROWS)('%s %o', (className, inputs, says) => {
    expect(oneSays(className, inputs)).toEqual([...says])
  })
})

test('every class of the table has a row', () => {
  const tested = new Set(ROWS.map(([className]) => className))
  const known = LOADER_ROWS.flatMap(([names]) => names)
  expect(known.filter((name) => !tested.has(name))).toEqual([])
  expect(known.filter((name, at) => known.indexOf(name) !== at)).toEqual([])
})

test.each([
  ['UNETLoaderMultiGPU', 'unet_name'],
  ['UnetLoaderGGUFDisTorch2MultiGPU', 'unet_name'],
  ['UnetLoaderGGUFAdvancedDisTorchMultiGPU', 'unet_name'],
  ['ClipLoaderGGUF', 'clip_name'],
  ['CheckpointLoader|pysssss', 'ckpt_name'],
])('%s is known by the name of another', (className, input) => {
  expect(findLoader(className)?.models.map((model) => model.input)).toEqual([input])
})

test.each(['', '|', 'MultiGPU', 'constructor', '__proto__', 'KSampler'])('%p is no loader', (className) => {
  expect(findLoader(className)).toBeUndefined()
})

test('a repository of Hugging Face has its address', () => {
  const urlsOf = (className: string, model: string) =>
    say(graphOf({ 1: node(className, { model }) })).mentions.map(({ urls }) => urls)
  expect(urlsOf('DownloadAndLoadFlorence2Model', 'org/words-v2.0')).toEqual([['https://huggingface.co/org/words-v2.0']])
  expect(urlsOf('DownloadAndLoadFlorence2Model', 'o/w')).toEqual([['https://huggingface.co/o/w']])
  expect(urlsOf('DownloadAndLoadFlorence2Model', 'words')).toEqual([undefined])
  expect(urlsOf('DownloadAndLoadFlorence2Model', '../x')).toEqual([undefined])
  expect(urlsOf('DownloadAndLoadFlorence2Model', 'a/b/c')).toEqual([undefined])
  expect(urlsOf('DownloadAndLoadDepthAnythingV2Model', 'org/depth')).toEqual([undefined])
})

test('a list of LoRAs may say that one only acts on the text', () => {
  const loras = [{ name: 'a', strength: 0, clipStrength: 0.5, active: true }, { strength: 1 }, null]
  expect(oneSays('Mist', { loras, lora_1: null, other: [{ name: 'b', strength: 1 }] })).toEqual(['lora a 0'])
})
