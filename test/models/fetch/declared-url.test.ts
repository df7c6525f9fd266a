import { describe, expect, test } from 'bun:test'
import { readDeclaredUrl } from '../../../src/models/fetch/declared-url.ts'
import type { SourceRef } from '../../../src/models/fetch/wanted.ts'

const harbor: SourceRef = { kind: 'huggingface', repo: 'acme/harbor', revision: 'main', path: 'vae/harbor.safetensors' }
const plain = (url: string): SourceRef => ({ kind: 'url', url, by_caller: false })

test.each<readonly [string, SourceRef | undefined]>([
  ['https://civitai.com/api/download/models/910201', { kind: 'civitai', version_id: 910201 }],
  [
    'https://civitai.com/api/download/models/910201?type=Model&format=SafeTensor&token=SECRET',
    { kind: 'civitai', version_id: 910201 },
  ],
  [
    'https://civitai.red/api/download/models/910201?fileId=810201',
    { kind: 'civitai', version_id: 910201, file_id: 810201 },
  ],
  ['https://civitai.com/api/download/models/910201?fileId=x', { kind: 'civitai', version_id: 910201 }],
  ['https://user:SECRET@civitai.com/api/download/models/910201', { kind: 'civitai', version_id: 910201 }],
  [
    'http://www.civitai.com/models/900100/harbor-lights?modelVersionId=910201#x',
    { kind: 'civitai', version_id: 910201 },
  ],
  ['https://civitai.com/api/v1/model-versions/910201', { kind: 'civitai', version_id: 910201 }],
  ['https://civitai.com/models/900100', undefined],
  ['https://civitai.com/images/60010001', undefined],
  ['https://civitai.com/', undefined],
  ['https://huggingface.co/acme/harbor/resolve/main/vae/harbor.safetensors', harbor],
  ['https://huggingface.co/acme/harbor/resolve/main/vae/harbor.safetensors?download=true', harbor],
  ['https://huggingface.co/acme/harbor/blob/main/vae/harbor.safetensors', harbor],
  ['https://huggingface.co/acme/harbor/raw/main/vae/harbor.safetensors', harbor],
  ['https://user:SECRET@hf.co/acme/harbor/resolve/main/vae/harbor.safetensors', harbor],
  [
    'https://huggingface.co/datasets/acme/harbor/resolve/main/a.pt',
    { kind: 'huggingface', repo: 'datasets/acme/harbor', revision: 'main', path: 'a.pt' },
  ],
  ['https://huggingface.co/acme/harbor', undefined],
  ['https://huggingface.co/acme/harbor/tree/main/vae', undefined],
  ['https://huggingface.co/acme/harbor/resolve/main/..%2F..%2Fa.pt', undefined],
  ['https://github.com/acme/harbor/raw/main/harbor.pth', plain('https://github.com/acme/harbor/raw/main/harbor.pth')],
  [
    'https://github.com/acme/harbor/blob/main/w/harbor.pth?raw=true',
    plain('https://github.com/acme/harbor/raw/main/w/harbor.pth'),
  ],
  [
    'https://github.com/acme/blob/releases/download/v1/harbor.pth',
    plain('https://github.com/acme/blob/releases/download/v1/harbor.pth'),
  ],
  [
    'https://raw.githubusercontent.com/acme/harbor/main/harbor.pth',
    plain('https://raw.githubusercontent.com/acme/harbor/main/harbor.pth'),
  ],
  ['https://files.test/harbor.pth?version=2&token=SECRET#page', plain('https://files.test/harbor.pth?version=2')],
  ['https://user:SECRET@files.test:8443/harbor.pth', plain('https://files.test:8443/harbor.pth')],
  ['https://files.test/harbor.pth#access_token=SECRET', plain('https://files.test/harbor.pth')],
  [
    'https://bucket.test/a.pt?X-Amz-Expires=1&X-Amz-Signature=SECRET&X-Amz-Credential=SECRET',
    plain('https://bucket.test/a.pt'),
  ],
  [' https://FILES.test/a.pt\n', plain('https://files.test/a.pt')],
  ['http://files.test/a.pt', plain('http://files.test/a.pt')],
  [
    'https://civitai.com.files.test/api/download/models/1',
    plain('https://civitai.com.files.test/api/download/models/1'),
  ],
  ['ftp://files.test/a.pt', undefined],
  ['file:///etc/passwd', undefined],
  ['data:text/plain,a', undefined],
  ['harbor.safetensors', undefined],
  ['', undefined],
])('%s', (url, expected) => {
  const found = readDeclaredUrl(url, { byCaller: false })
  expect(found).toEqual(expected as SourceRef)
  expect(JSON.stringify(found) ?? '').not.toContain('SECRET')
})

describe('who names an address', () => {
  test.each([true, false])('is kept: %p', (byCaller) => {
    expect(readDeclaredUrl('https://files.test/a.pt', { byCaller })).toMatchObject({ by_caller: byCaller })
  })
})
