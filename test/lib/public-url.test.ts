import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parsePrompt } from '../../src/import/parse/detect.ts'
import { publicUrl, withoutKeys } from '../../src/lib/public-url.ts'

const FILE = 'https://example.com/a/ink.safetensors'

describe('what may open a file to whoever holds it is taken off', () => {
  test.each([
    ['user and password', 'https://me:hidden@example.com/a/ink.safetensors', FILE],
    ['more than one @', 'HTTPS://me:x@hidden@example.com/a', 'HTTPS://example.com/a'],
    ['a user and no path', 'https://hidden@example.com', 'https://example.com'],
    ['a user before a backslash', 'https://me:hidden@example.com\\a', 'https://example.com\\a'],
    ['a user behind one slash', 'https:/me:hidden@example.com/a', 'https:/example.com/a'],
    ['a user behind no slash', 'https:me:hidden@example.com/a', 'https:example.com/a'],
    ['an address in several lines', 'ht\ntps://me:hid\nden@example.com/a', 'https://example.com/a'],
    ['blanks before it', ` ${FILE}?token=hidden`, FILE],
    ['another scheme', 's3://key:hidden@bucket/a?sig=hidden', 's3://bucket/a'],
    ['a token', `${FILE}?token=hidden`, FILE],
    ['one of several fields', `${FILE}?type=Model&token=hidden&size=full#x`, `${FILE}?type=Model&size=full`],
    ['a field in escapes', `${FILE}?tok%65n=hidden`, FILE],
    ['a field escaped twice', `${FILE}?%2574oken=hidden`, FILE],
    ['a field behind a semicolon', `${FILE}?id=1;token=hidden`, `${FILE}?id=1`],
    ['Amazon’s signature', `${FILE}?X-Amz-Credential=hidden&X-Amz-Expires=60&X-Amz-Signature=hidden`, FILE],
    ['a signature', `${FILE}?Signature=hidden&Key-Pair-Id=hidden&Policy=hidden&sig=hidden`, FILE],
    ['others’ signatures', `${FILE}?hmac=hidden&verify=hidden&h=hidden&st=hidden&e=60`, FILE],
    ['logins', `${FILE}?password=hidden&auth=hidden&client_secret=hidden&api-key=hidden&key=hidden`, FILE],
    ['a key without a name', `${FILE}?hidden`, FILE],
    ['a field behind #', `${FILE}#access_token=hidden`, FILE],
    ['a name in broken escapes', `${FILE}?token%=hidden`, FILE],
    ['an address in a field', `${FILE}?file=https%253A%252F%252Fe.com%252F%253Ftoken%253Dhidden&v=2`, `${FILE}?v=2`],
    ['a key under another name', `${FILE}?id=hf_hiddenhiddenhidden&name=eyJhidden_hidden`, FILE],
    ['a value that does not end', `${FILE}?name=${'hidden'.repeat(100)}`, FILE],
  ])('%s', (_, given, shown) => {
    expect(publicUrl(given)).toBe(shown)
    expect(publicUrl(shown)).toBe(shown)
  })
})

test.each([
  FILE,
  `${FILE}?modelVersionId=34&type=Model&format=SafeTensor&size=full&fp=fp16&download=true&filename=monkey.pt`,
  `${FILE}?type=Training%20Data&fileId=5&quantType=Q4_K_M`,
  `${FILE}?download`,
  'https://example.com/a@b/c?path=me/b.pt',
  'https://example.com',
  'urn:air:sdxl:lora:civitai:1@2',
  'C:\\models\\a@b.safetensors?token=1',
  'ink@night.safetensors?token=1',
  '',
])('anything else stays: %s', (text) => {
  expect(publicUrl(text)).toBe(text)
})

test('what people wrote to be read loses only what is called a key', () => {
  expect(withoutKeys(`https://me:x@e.com/a?tab=readme&tok%2565n=hidden&hmac=hidden&verify=hidden#usage`)).toBe(
    'https://e.com/a?tab=readme#usage',
  )
  expect(withoutKeys('https://e.com/a?x=me@e.com&token#y@z')).toBe('https://e.com/a?x=me@e.com&token#y@z')
})

test('any address loses what stands before its host, and keeps host and path', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
      const { host, pathname } = new URL(publicUrl(url.replace('//', '//hidden:x@')))
      expect({ host, pathname }).toEqual({ host: new URL(url).host, pathname: new URL(url).pathname })
    }),
  )
})

describe('nobody sees the key of an address', () => {
  const url = `https://me:hidden@example.com/a/ink.safetensors?token=hidden&sig=hidden`
  const node = { id: 1, type: 'LoraLoader', mode: 0, widgets_values: ['ink.safetensors', 1, 1] }
  const workflow = (more: object): string => JSON.stringify({ nodes: [node], links: [], ...more })
  const note = (text: string) => ({ nodes: [node, { id: 2, type: 'Note', mode: 0, widgets_values: [text] }] })
  test.each([
    ['a model of an infotext', `a pier\nSteps: 20, Sampler: Euler, Seed: 1, Model: ${url}`],
    ['a note', workflow(note(`from ${url} it is`))],
    ['a link in a note', workflow(note(`[ink.safetensors](${url})`))],
    ['models of a workflow', workflow({ models: [{ name: 'ink.safetensors', url, directory: 'loras' }] })],
    [
      'models of a node',
      workflow({
        nodes: [{ ...node, properties: { models: [{ name: 'ink.safetensors', url, directory: 'loras' }] } }],
      }),
    ],
  ])('that stands in %s', (_, text) => {
    const { generation: _words, ...seen } = parsePrompt({
      texts: [{ place: 'payload', key: '', text }],
      format: 'auto',
    })
    expect(JSON.stringify(seen)).toContain('example.com')
    expect(JSON.stringify(seen)).not.toContain('hidden')
  })
})
