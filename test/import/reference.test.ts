import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createFindings } from '../../src/import/mention.ts'
import { civitaiIds, civitaiOfAir, readReference, typeOfAir } from '../../src/import/reference.ts'

const read = (text: string) => {
  const findings = createFindings()
  return { ...readReference(text, 'a:b', findings), warnings: findings.warnings.length }
}
const auto2 = { algorithm: 'auto_v2', value: '1a2b3c4d5e', source: 'a:b' }

describe('what stands where a model is named', () => {
  const rows: readonly (readonly [text: string, reference: object])[] = [
    ['foo', { name: 'foo' }],
    [' foo [1a2b3c4d5e] ', { name: 'foo', hashes: [auto2] }],
    ['foo(1A2B3C4D5E)', { name: 'foo', hashes: [auto2] }],
    ['foo (v1.0)', { name: 'foo (v1.0)' }],
    ['foo [xyz]', { name: 'foo [xyz]' }],
    ['foo [e3b0c44298]', { name: 'foo', hashes: [], warnings: 1 }],
    ['civitai:version:123456', { civitai: { version_id: 123456 } }],
    [`sha256:${'AB'.repeat(32)}`, { hashes: [{ algorithm: 'sha256', value: 'ab'.repeat(32), source: 'a:b' }] }],
    ['sha256:abc123def456', { hashes: [{ algorithm: 'sha256_12', value: 'abc123def456', source: 'a:b' }] }],
    [
      'urn:air:sdxl:lora:civitai:12@34',
      { air: 'urn:air:sdxl:lora:civitai:12@34', civitai: { model_id: 12, version_id: 34 } },
    ],
    [
      'urn:air:sdxl:lora:civitai:12@34+56.safetensors',
      { air: 'urn:air:sdxl:lora:civitai:12@34+56.safetensors', civitai: { model_id: 12, version_id: 34 } },
    ],
    ['urn:air:sdxl:lora:civitai:12', { air: 'urn:air:sdxl:lora:civitai:12', civitai: { model_id: 12 } }],
    ['civitai:12@34', { air: 'civitai:12@34', civitai: { model_id: 12, version_id: 34 } }],
    ['civitai:version:x', { name: 'civitai:version:x' }],
    ['urn:air:sdxl:lora:civitai:12@34@56', { air: 'urn:air:sdxl:lora:civitai:12@34@56', warnings: 1 }],
    ['urn:air:sdxl:lora:elsewhere:12@34', { air: 'urn:air:sdxl:lora:elsewhere:12@34' }],
    ['urn:air:sdxl:lora:huggingface:a/b', { air: 'urn:air:sdxl:lora:huggingface:a/b' }],
    [
      'urn:air:sdxl:lora:huggingface:a/b@main/c/x%20y.safetensors',
      {
        air: 'urn:air:sdxl:lora:huggingface:a/b@main/c/x%20y.safetensors',
        name: 'x y.safetensors',
        urls: ['https://huggingface.co/a/b/resolve/main/c/x%20y.safetensors'],
      },
    ],
    ['C:/models/foo.safetensors', { name: 'C:/models/foo.safetensors' }],
    ['../../foo', { name: '../../foo' }],
    [
      'https://civitai.com/models/12/some-name?modelVersionId=34',
      {
        urls: ['https://civitai.com/models/12/some-name?modelVersionId=34'],
        civitai: { model_id: 12, version_id: 34 },
      },
    ],
    [
      'https://civitai.com/api/download/models/34?type=Model',
      { urls: ['https://civitai.com/api/download/models/34?type=Model'], civitai: { version_id: 34 } },
    ],
    ['http://www.civitai.blue/models/12', { urls: ['http://www.civitai.blue/models/12'], civitai: { model_id: 12 } }],
    [
      'https://civitai.red/api/v1/model-versions/34',
      { urls: ['https://civitai.red/api/v1/model-versions/34'], civitai: { version_id: 34 } },
    ],
    [
      'https://civitai.com/api/download/models/34?type=Model&token=abc&size=full#x',
      { urls: ['https://civitai.com/api/download/models/34?type=Model&size=full'], civitai: { version_id: 34 } },
    ],
    [
      'https://me:secret@huggingface.co/a/b/resolve/main/x.safetensors?token=abc',
      { urls: ['https://huggingface.co/a/b/resolve/main/x.safetensors'], name: 'x.safetensors' },
    ],
    ['https://civitai.com.example/models/12', { urls: ['https://civitai.com.example/models/12'] }],
    [
      'https://huggingface.co/a/b/blob/main/c/x.safetensors',
      { urls: ['https://huggingface.co/a/b/resolve/main/c/x.safetensors'], name: 'x.safetensors' },
    ],
    [
      'https://huggingface.co/a/b/resolve/main/x%20y.safetensors?download=true',
      { urls: ['https://huggingface.co/a/b/resolve/main/x%20y.safetensors?download=true'], name: 'x y.safetensors' },
    ],
  ]
  test.each(rows)('%s', (text, reference) => {
    expect(read(text)).toEqual({ warnings: 0, ...reference } as never)
  })

  test('any text', () => {
    const piece = fc.constantFrom(
      'urn:air:',
      'civitai:version:',
      'sha256:',
      'https://',
      'civitai.com/',
      '[',
      ']',
      '(',
      ')',
      '%',
      'a',
      '1',
      '@',
      ':',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          expect(read(text)).toBeDefined()
        },
      ),
      { numRuns: 1000 },
    )
  })
})

test.each([
  ['urn:air:sdxl:lora:civitai:1@2', 'lora'],
  ['urn:air:sdxl:dora:civitai:1@2', 'lora'],
  ['urn:air:sdxl:ag:civitai:1@2', 'checkpoint'],
  ['urn:air:flux1:unet:civitai:1@2', 'diffusion_model'],
  ['urn:air:flux1:diffusionmodel:civitai:1@2', 'diffusion_model'],
  ['urn:air:flux1:text_encoders:civitai:1@2', 'text_encoder'],
  ['urn:air:flux1:textencoder:civitai:1@2', 'text_encoder'],
  ['urn:air:flux1:text_encoder:civitai:1@2', 'text_encoder'],
  ['urn:air:flux1:clipvision:civitai:1@2', 'clip_vision'],
  ['urn:air:flux1:visionlanguage:civitai:1@2', 'text_encoder'],
  ['urn:air:sd1:hypernet:civitai:1@2', 'hypernetwork'],
  ['urn:air:sd1:motion:civitai:1@2', 'motion_module'],
  ['urn:air:other:upscaler:civitai:1@2', 'upscaler'],
  ['urn:air:other:workflow:civitai:1@2', 'other'],
  ['civitai:1@2', 'other'],
  ['none', 'other'],
] as const)('%s is of type %s', (air, type) => {
  expect(typeOfAir(air)).toBe(type)
})

test("ids are Civitai's where it is the source", () => {
  expect(civitaiOfAir('urn:air:sdxl:lora:civitai:12@34')).toEqual({ model_id: 12, version_id: 34 })
  expect(civitaiOfAir('urn:air:sdxl:lora:tensorart:12@34')).toBeUndefined()
  expect(civitaiOfAir('urn:air:sdxl:lora:civitai-r2:12@34')).toBeUndefined()
  expect(civitaiOfAir('12@34')).toBeUndefined()
})

test.each([
  [1, 2, { model_id: 1, version_id: 2 }],
  ['1', '2', { model_id: 1, version_id: 2 }],
  [undefined, 2, { version_id: 2 }],
  [1, null, { model_id: 1 }],
  [0, -1, undefined],
  [1.5, '2x', undefined],
  [2 ** 60, '1'.repeat(16), undefined],
  [{}, [], undefined],
])('ids %p and %p', (model, version, ids) => {
  expect(civitaiIds(model, version)).toEqual(ids as never)
})
