import { expect, test } from 'bun:test'
import { civitdlPattern, isCivitdlName, readCivitdlName } from '../../src/catalog/civitdl-name.ts'

test.each([
  ['harbor_lights_high-mid_900100-vid_910201.safetensors', { model_id: 900100, version_id: 910201 }],
  ['harbor_lights_900100-vid_910201.safetensors', { model_id: 900100, version_id: 910201 }],
  ['x-mid_1-vid_2.GGUF', { model_id: 1, version_id: 2 }],
  ['x-mid_1-vid_2.zip', { model_id: 1, version_id: 2 }],
  ['x-vid_2.pt', { version_id: 2 }],
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

test('patterns for people', () => {
  expect(civitdlPattern({ model_id: 1, version_id: 2 })).toBe('*-mid_1-vid_2.*')
  expect(civitdlPattern({ version_id: 2 })).toBe('*-vid_2.*')
  expect(civitdlPattern({ model_id: 1 })).toBe('*-mid_1-vid_*.*')
})
