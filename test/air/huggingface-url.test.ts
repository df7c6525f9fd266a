import { expect, test } from 'bun:test'
import { parseAir } from '../../src/air/air.ts'
import { huggingFaceUrl } from '../../src/air/huggingface-url.ts'

const rows: readonly (readonly [text: string, url: string | undefined])[] = [
  ['huggingface:a/b@main/c d/e#1.safetensors', 'https://huggingface.co/a/b/resolve/main/c%20d/e%231.safetensors'],
  ['huggingface:a/b@refs%2Fpr%2F1/e.pt', 'https://huggingface.co/a/b/resolve/refs%2Fpr%2F1/e.pt'],
  ['huggingface:a/b@refs/pr/1/c/e.pt', 'https://huggingface.co/a/b/resolve/refs%2Fpr%2F1/c/e.pt'],
  ['huggingface:a/b@refs/pr/1', undefined],
  ['huggingface:a/b@refs/pr/1/../e.pt', undefined],
  ['huggingface:a/b@main', undefined],
  ['huggingface:a/b', undefined],
  ['huggingface:a/b/c@main/e.pt', undefined],
  ['huggingface:../b@main/e.pt', undefined],
  ['huggingface:a/b@../e.pt', undefined],
  ['huggingface:a/b@main/../../../e.pt', undefined],
  ['huggingface:a/b@main/%2E%2E/e.pt', undefined],
  ['huggingface:a/b@main/c//e.pt', undefined],
  ['civitai:1@2', undefined],
]
test.each(rows)('%s', (text, url) => {
  const air = parseAir(text)
  expect(air && huggingFaceUrl(air)).toBe(url)
})
