import { expect, test } from 'bun:test'
import { civitdlPattern, isCivitdlName, numbersInName, readCivitdlName } from '../../src/catalog/civitdl-name.ts'

test.each([
  ['harbor_lights_high-mid_900100-vid_910201.safetensors', { model_id: 900100, version_id: 910201 }],
  ['harbor_lights_900100-vid_910201.safetensors', { model_id: 900100, version_id: 910201 }],
  ['x-mid_1-vid_2.GGUF', { model_id: 1, version_id: 2 }],
  ['x-mid_1-vid_2.zip', { model_id: 1, version_id: 2 }],
  ['x-vid_2.pt', { version_id: 2 }],
  ['x-mid_1-vid_2-fp16.safetensors', { model_id: 1, version_id: 2 }],
  ['x-mid_1-vid_2 (1).safetensors', { model_id: 1, version_id: 2 }],
  ['x-vid_2_pruned.v1.safetensors', { version_id: 2 }],
  ['x-mid_1-vid_2é.safetensors', undefined],
  ['x-mid_1-vid_2.safetensors.aria2', undefined],
  ['x-mid_1-vid_2.csv', undefined],
  ['model_dict-mid_1-vid_2.json', undefined],
  ['x-mid_1-vid_2x.safetensors', undefined],
  ['x-mid_1-vid_2', undefined],
  ['harbor_v2.safetensors', undefined],
])('%s', (name, ids) => {
  expect(readCivitdlName(name)).toEqual(ids as never)
})

test.each([
  ['a-mid_1-vid_2255476.safetensors', { model_id: 1, version_id: 2255476 }, true],
  ['a-mid_1-vid_12255476.safetensors', { model_id: 1, version_id: 2255476 }, false],
  ['a-mid_1-vid_22554760.safetensors', { model_id: 1, version_id: 2255476 }, false],
  ['a-mid_1-vid_2255476-fp16.safetensors', { model_id: 1, version_id: 2255476 }, true],
  ['a-mid_1-vid_12255476 (1).safetensors', { model_id: 1, version_id: 2255476 }, false],
  ['a-mid_11-vid_2255476.safetensors', { model_id: 1, version_id: 2255476 }, false],
  ['a_1-vid_2255476.safetensors', { version_id: 2255476 }, true],
  ['a-vid_2.safetensors', { model_id: 1, version_id: 2 }, true],
  ['a-mid_1-vid_9.safetensors', { model_id: 1 }, true],
  ['a-vid_9.safetensors', { model_id: 1 }, true],
  ['a-mid_1-vid_9.safetensors', {}, false],
  ['preview-2255476.safetensors', { version_id: 2255476 }, false],
])('%s is what %j names: %p', (name, wanted, is) => {
  expect(isCivitdlName(name, wanted)).toBe(is)
})

test.each([
  ['x_2255476.safetensors', [2255476]],
  ['2255476.safetensors', [2255476]],
  ['x 2255476 (1).pt', [2255476]],
  ['x-2255476-1498986.gguf', [2255476, 1498986]],
  ['x_12255476.safetensors', [12255476]],
  ['x_v2255476.safetensors', []],
  ['x_2255476b.safetensors', []],
  ['x_02255476.safetensors', []],
  ['x_2255476.preview.png', []],
  ['x_2024.safetensors', []],
  ['x-mid_2255476-vid_910201.safetensors', []],
])('%s has the numbers %j', (name, numbers) => {
  expect(numbersInName(name)).toEqual(numbers)
})

test('patterns for people', () => {
  expect(civitdlPattern({ model_id: 1, version_id: 2 })).toBe('*-mid_1-vid_2.*')
  expect(civitdlPattern({ version_id: 2 })).toBe('*-vid_2.*')
  expect(civitdlPattern({ model_id: 1 })).toBe('*-mid_1-vid_*.*')
})
