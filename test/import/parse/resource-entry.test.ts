import { expect, test } from 'bun:test'
import type { Mention } from '../../../src/import/mention.ts'
import { readResource } from '../../../src/import/parse/resource-entry.ts'
import type { JsonValue } from '../../../src/lib/json.ts'

const AIR = 'urn:air:sdxl:lora:civitai:12@34'
const HUB = 'urn:air:sdxl:text_encoder:huggingface:a/b@main/t5.safetensors'

const rows: readonly (readonly [entry: JsonValue, mention: Omit<Mention, 'evidence'> | undefined])[] = [
  [
    { type: 'lora', modelId: 12, modelVersionId: 34, modelName: 'Ink Wash', weight: 0.8 },
    { type: 'lora', title: 'Ink Wash', civitai: { model_id: 12, version_id: 34 }, weight: 0.8, active: true },
  ],
  [
    { type: 'LORA', modelVersionId: '34', strength: 0 },
    { type: 'lora', civitai: { version_id: 34 }, weight: 0, active: false },
  ],
  [
    { type: 'checkpoint', modelVersionId: 34, weight: 1 },
    { type: 'checkpoint', civitai: { version_id: 34 } },
  ],
  [
    { modelVersionId: 34, modelName: '' },
    { type: 'other', guessed: true, civitai: { version_id: 34 } },
  ],
  [{ air: ` ${AIR} ` }, { type: 'lora', air: AIR, civitai: { model_id: 12, version_id: 34 } }],
  [
    { air: AIR, type: 'vae' },
    { type: 'vae', air: AIR, civitai: { model_id: 12, version_id: 34 } },
  ],
  [
    { air: AIR, modelVersionId: 56 },
    { type: 'lora', air: AIR, civitai: { version_id: 56 } },
  ],
  [
    { air: AIR, modelId: 7 },
    { type: 'lora', air: AIR, civitai: { model_id: 12, version_id: 34 } },
  ],
  [
    { air: HUB, modelId: 7 },
    {
      type: 'text_encoder',
      air: HUB,
      name: 't5.safetensors',
      urls: ['https://huggingface.co/a/b/resolve/main/t5.safetensors'],
      civitai: { model_id: 7 },
    },
  ],
  [{ air: 'some words' }, { type: 'other', guessed: true, air: 'some words' }],
  [{ type: 'lora', modelName: 'Ink Wash' }, undefined],
  [{ type: 'lora', air: ' ' }, undefined],
  ['text', undefined],
  [null, undefined],
]
test.each(rows)('%j', (entry, mention) => {
  expect(readResource(entry, 'a:b')).toEqual(mention === undefined ? undefined : { ...mention, evidence: ['a:b'] })
})
