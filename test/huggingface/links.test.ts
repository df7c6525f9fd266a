import { expect, test } from 'bun:test'
import { parseHuggingFaceLink } from '../../src/huggingface/links.ts'

const harbor = { repo: 'acme/harbor', revision: 'main', path: 'models/harbor.safetensors' }

test.each<readonly [string, ReturnType<typeof parseHuggingFaceLink>]>([
  ['https://huggingface.co/acme/harbor/resolve/main/models/harbor.safetensors', harbor],
  ['https://huggingface.co/acme/harbor/resolve/main/models/harbor.safetensors?download=true#x', harbor],
  ['https://huggingface.co/acme/harbor/blob/main/models/harbor.safetensors', harbor],
  ['http://www.huggingface.co/acme/harbor/raw/main/models/harbor.safetensors', harbor],
  ['https://hf.co/acme/harbor/resolve/main/models/harbor.safetensors', harbor],
  [
    'https://huggingface.co/datasets/acme/harbor/resolve/main/x.pt',
    { repo: 'datasets/acme/harbor', revision: 'main', path: 'x.pt' },
  ],
  [
    'https://huggingface.co/spaces/acme/harbor/blob/main/x.pt',
    { repo: 'spaces/acme/harbor', revision: 'main', path: 'x.pt' },
  ],
  [
    'https://huggingface.co/gpt2/resolve/main/model.safetensors',
    { repo: 'gpt2', revision: 'main', path: 'model.safetensors' },
  ],
  [
    'https://huggingface.co/acme/harbor/resolve/refs%2Fpr%2F1/a%20b.pt',
    { repo: 'acme/harbor', revision: 'refs/pr/1', path: 'a b.pt' },
  ],
  [
    'https://huggingface.co/acme/harbor/resolve/refs/pr/12/a/b.pt',
    { repo: 'acme/harbor', revision: 'refs/pr/12', path: 'a/b.pt' },
  ],
  [
    'https://huggingface.co/acme/harbor/blob/refs/heads/b.pt',
    { repo: 'acme/harbor', revision: 'refs', path: 'heads/b.pt' },
  ],
  [
    'https://huggingface.co/acme/harbor/resolve/main/100%25%zz.pt',
    { repo: 'acme/harbor', revision: 'main', path: '100%25%zz.pt' },
  ],
  [
    'https://huggingface.co/acme/harbor/resolve/main/resolve/tree.pt',
    { repo: 'acme/harbor', revision: 'main', path: 'resolve/tree.pt' },
  ],
  ['https://huggingface.co/acme/harbor', { repo: 'acme/harbor' }],
  ['https://huggingface.co/acme/harbor/', { repo: 'acme/harbor' }],
  ['https://huggingface.co/acme/harbor/tree/v1.0/models', { repo: 'acme/harbor', revision: 'v1.0' }],
  ['https://huggingface.co/acme/harbor/resolve/main', { repo: 'acme/harbor', revision: 'main' }],
  ['https://huggingface.co/acme/harbor/discussions/4', undefined],
  ['https://huggingface.co/docs/hub', undefined],
  ['https://huggingface.co/api/models/acme/harbor', undefined],
  ['https://huggingface.co/acme', undefined],
  ['https://huggingface.co/', undefined],
  ['https://huggingface.co/acme/harbor/resolve/main/a%2F..%2F..%2Fb.pt', undefined],
  ['https://huggingface.co/acme/harbor/resolve/..%2Fmain/b.pt', undefined],
  ['https://huggingface.co/acme/harbor/resolve/main/a//b.pt', undefined],
  ['https://huggingface.co/acme/harbor/resolve/main/a%0Ab.pt', undefined],
  ['https://huggingface.co/a%20b/harbor/resolve/main/b.pt', undefined],
  ['https://huggingface.co:8443/acme/harbor/resolve/main/b.pt', undefined],
  ['https://huggingface.co.elsewhere.test/acme/harbor/resolve/main/b.pt', undefined],
  ['ftp://huggingface.co/acme/harbor/resolve/main/b.pt', undefined],
  ['acme/harbor', undefined],
  ['', undefined],
])('%s', (link, expected) => {
  expect(parseHuggingFaceLink(link)).toEqual(expected as NonNullable<typeof expected>)
})
