import { describe, expect, test } from 'bun:test'
import { type RequestedModel, readRequestedModel } from '../../../src/models/fetch/requested-model.ts'

const SHA = 'c189def41d2ca5fa4448870d99ef8ca1f0c1427dee3358e37665ff8b0c7452ad'
const HASHES = [{ algorithm: 'sha256', value: SHA }]

describe('what a request names', () => {
  test.each<[RequestedModel, object]>([
    [{ air: 'urn:air:sdxl:lora:civitai:1@2' }, { type: 'lora', civitai: { model_id: 1, version_id: 2 } }],
    [{ air: 'urn:air:sdxl:lora:civitai:1@2+3' }, { civitai: { model_id: 1, version_id: 2, file_id: 3 } }],
    [{ air: 'urn:air:sd1:checkpoint:civitai:1' }, { type: 'checkpoint', civitai: { model_id: 1 } }],
    [{ air: 'civitai:1@2' }, { type: 'other', civitai: { model_id: 1, version_id: 2 } }],
    [{ air: 'urn:air:sd1:hypernet:civitai:1@2' }, { type: 'hypernetwork' }],
    [
      { air: 'urn:air:flux1:vae:huggingface:acme/harbor@main/vae/ae.safetensors' },
      { type: 'vae', huggingface: { repo: 'acme/harbor', revision: 'main', path: 'vae/ae.safetensors' } },
    ],
    [{ model_key: `sha256:${SHA}` }, { type: 'other', hashes: HASHES }],
    [{ model_key: 'urn:air:sdxl:lora:civitai:1@2' }, { civitai: { model_id: 1, version_id: 2 } }],
    [{ model_key: 'civitai:version:2' }, { civitai: { version_id: 2 } }],
    [{ sha256: SHA.toUpperCase() }, { hashes: HASHES }],
    [
      { url: 'https://files.example.org/loras/a.safetensors', sha256: SHA },
      { type: 'lora', hashes: HASHES, urls: ['https://files.example.org/loras/a.safetensors'], urls_by_caller: true },
    ],
    [{ url: 'https://civitai.com/models/1?modelVersionId=2' }, { civitai: { version_id: 2 }, urls: [] }],
    [
      { url: 'https://civitai.com/api/download/models/2?type=VAE&fp=fp16&token=hidden' },
      { civitai: { version_id: 2 }, urls: ['https://civitai.com/api/download/models/2?type=VAE&fp=fp16'] },
    ],
    [{ url: 'https://civitai.com/models/1' }, { civitai: { model_id: 1 } }],
    [{ url: 'https://civitai.com/api/download/models/2?token=hidden' }, { civitai: { version_id: 2 }, urls: [] }],
    [
      { url: 'https://huggingface.co/acme/harbor/blob/main/split_files/vae/ae.safetensors' },
      { type: 'vae', huggingface: { repo: 'acme/harbor', revision: 'main', path: 'split_files/vae/ae.safetensors' } },
    ],
    // What the caller says goes before what names say.
    [{ air: 'urn:air:sdxl:lora:civitai:1@2', type: 'vae' }, { type: 'vae' }],
    [
      { air: 'urn:air:sdxl:lora:civitai:1@2', folder: 'vae' },
      { type: 'vae', folder: 'vae' },
    ],
    [
      { air: 'urn:air:sdxl:lora:civitai:1@2', folder: 'LLM' },
      { type: 'lora', folder: 'LLM' },
    ],
  ])('%j', (request, expected) => {
    expect(readRequestedModel(request, 'any').wanted).toMatchObject(expected)
  })

  test.each<[RequestedModel, 'lora' | 'other']>([
    [{ air: 'urn:air:sdxl:lora:civitai:1@2' }, 'other'],
    [{ air: 'urn:air:sdxl:checkpoint:civitai:1@2', type: 'lora' }, 'lora'],
    [{ sha256: SHA, folder: 'loras' }, 'lora'],
  ])('%j: the caller itself says %s', (request, type) => {
    expect(readRequestedModel(request, 'any').type).toBe(type)
  })
})

test.each<[RequestedModel, string]>([
  [{}, 'exactly one'],
  [{ air: 'civitai:1@2', url: 'https://example.org/a.safetensors' }, 'exactly one'],
  [{ air: 'civitai:1@2', sha256: SHA }, 'exactly one'],
  [{ model_key: `sha256:${SHA}`, sha256: SHA }, 'exactly one'],
  [{ sha256: 'abc' }, '64 hexadecimal'],
  [{ sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }, '64 hexadecimal'],
  [{ air: 'harbor' }, 'air must name'],
  [{ air: 'urn:air:sdxl:lora:tensorart:1@2' }, 'air must name'],
  [{ model_key: 'harbor.safetensors' }, 'air must name'],
  [{ url: 'harbor' }, 'Cannot read the URL'],
  [{ url: 'file:///etc/passwd' }, 'only http and https'],
  [{ url: 'https://me:secret@example.org/a.safetensors' }, 'user name or password'],
  [{ url: 'https://store.example.org/a.safetensors?X-Amz-Signature=hidden' }, 'key, a signature'],
  [{ url: 'https://huggingface.co/acme/harbor' }, 'address of a file'],
])('%j is refused', (request, words) => {
  const read = () => readRequestedModel(request, 'any')
  expect(read).toThrow(words)
  expect(read).not.toThrow('hidden')
})

test('a caller with a token names only hosts that are listed', () => {
  const hosts = ['files.example.org', '*.example.com']
  const read = (url: string) => () => readRequestedModel({ url }, hosts)
  expect(read('https://files.example.org/a.safetensors')).not.toThrow()
  expect(read('https://a.example.com/a.safetensors')).not.toThrow()
  for (const url of ['https://example.com/a.safetensors', 'https://127.0.0.1/a.safetensors', 'https://evil.test/a']) {
    expect(read(url)).toThrow('not among the hosts')
  }
})
