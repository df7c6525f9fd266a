import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createFindings } from '../../src/import/mention.ts'
import { readReference } from '../../src/import/reference.ts'

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
    ['urn:air:sdxl:lora:huggingface:a/b', { air: 'urn:air:sdxl:lora:huggingface:a/b' }],
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
