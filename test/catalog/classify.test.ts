import { describe, expect, test } from 'bun:test'
import { classify } from '../../src/catalog/classify.ts'
import { readPage } from '../../src/catalog/page.ts'
import { verdictOf } from '../support/catalog.ts'

const AIR = 'AIR: urn:air:sdxl:lora:civitai:1@2'
const HUB_AIR = 'AIR: urn:air:flux1:vae:huggingface:acme/harbor@main/x.pt'
const civitdl = (model: number, version: number) =>
  `civitdl "https://civitai.com/models/${model}?modelVersionId=${version}" "$UI_HOME"/models/Lora`
const wget = 'wget -P "$UI_HOME"/models/VAE https://huggingface.co/acme/harbor/resolve/main/x.pt'

test.each<[string, string, string, object]>([
  ['the model of its command', AIR, civitdl(1, 2), { syntax_type: 'CIVITDL_WITH_AIR', is_valid: true, notes: [] }],
  [
    'another version',
    AIR,
    civitdl(1, 3),
    { syntax_type: 'CIVITDL_WITH_AIR', is_valid: true, notes: ['another version'] },
  ],
  [
    'another model',
    AIR,
    civitdl(12, 2),
    { syntax_type: 'CIVITDL_WITH_AIR', is_valid: false, checkable: true, notes: ['none of its commands'] },
  ],
  ['the second of its commands', AIR, `${civitdl(5, 6)}\n${civitdl(1, 2)}`, { is_valid: true, notes: [] }],
  ['a version’s download', AIR, 'civitdl https://civitai.com/api/download/models/2 m', { is_valid: true }],
  ['another version’s download', AIR, 'civitdl https://civitai.com/api/download/models/22 m', { is_valid: false }],
  ['a model without a version', AIR, 'civitdl 1 m', { is_valid: true }],
  [
    'no version',
    'AIR: urn:air:sdxl:lora:civitai:1',
    civitdl(1, 2),
    { syntax_type: 'CIVITDL_WITH_AIR', is_valid: true, notes: ['names no version'] },
  ],
  ['Hugging Face, and civitdl alone', HUB_AIR, civitdl(1, 2), { syntax_type: 'CIVITDL_WITH_AIR', is_valid: false }],
  [
    'Hugging Face, and both',
    HUB_AIR,
    `${civitdl(1, 2)}\n${wget}`,
    { syntax_type: 'CIVITDL_WITH_AIR', is_valid: true, notes: [] },
  ],
  ['Hugging Face', HUB_AIR, wget, { syntax_type: 'WGET_WITH_AIR', is_valid: true, notes: [] }],
  [
    'Civitai, and wget of something else',
    AIR,
    wget,
    { syntax_type: 'WGET_WITH_AIR', is_valid: true, notes: ['none of its commands'] },
  ],
  [
    'wget without a folder',
    HUB_AIR,
    'wget https://huggingface.co/acme/harbor/resolve/main/x.pt',
    { syntax_type: 'WGET_WITH_AIR', is_valid: false, checkable: true },
  ],
  [
    'several',
    `AIR: [urn:air:sdxl:lora:civitai:9@9, urn:air:sdxl:lora:civitai:1@2]`,
    civitdl(1, 2),
    { is_valid: true, air: 'urn:air:sdxl:lora:civitai:9@9', notes: ['it has 2 AIRs'] },
  ],
  [
    'a slug',
    'AIR: harbor-lights',
    civitdl(1, 2),
    { syntax_type: 'CIVITDL_NO_AIR', is_valid: false, checkable: true, air: null },
  ],
  ['what begins as an AIR', 'AIR: "urn:air:::"', wget, { syntax_type: 'WGET_NO_AIR', is_valid: false, air: null }],
  ['nothing', 'title: x', wget, { syntax_type: 'WGET_NO_AIR', is_valid: false, checkable: true, air: null }],
  ['nothing, by curl', 'title: x', 'curl -Lo "$UI_HOME"/m/x.pt https://e.com/x.pt', { syntax_type: 'WGET_NO_AIR' }],
  [
    'no command',
    AIR,
    'echo done',
    { syntax_type: 'NO_DOWNLOAD', is_valid: false, checkable: false, air: 'urn:air:sdxl:lora:civitai:1@2' },
  ],
  [
    'broken front matter',
    `${AIR}\nx: "`,
    civitdl(1, 2),
    { syntax_type: 'INVALID', is_valid: false, checkable: true, air: 'urn:air:sdxl:lora:civitai:1@2' },
  ],
  [
    'a list of another file',
    AIR,
    'civitdl list.txt m',
    { syntax_type: 'CIVITDL_WITH_AIR', is_valid: false, checkable: false },
  ],
])('%s', (_, front, code, expected) => {
  const { notes, ...verdict } = verdictOf(code, front)
  const { notes: words, ...rest } = expected as { notes?: readonly string[] }
  expect(verdict).toMatchObject(rest)
  if (words === undefined) return
  expect(notes).toHaveLength(words.length)
  for (const [at, word] of words.entries()) expect(notes[at]).toContain(word)
})

test('a size in front matter warns and decides nothing', () => {
  const { notes, files, is_valid } = verdictOf(civitdl(1, 2), `${AIR}\nsize: 400 GB\nsha256: ${'AB'.repeat(32)}`)
  expect(is_valid).toBe(true)
  expect(notes).toEqual(['its size, 400000000000 bytes, is implausible for lora'])
  expect(files).toMatchObject([{ claimed_size_bytes: 400e9, sha256: 'ab'.repeat(32) }])
})

describe('no page at all', () => {
  test.each([
    ['', 'NO_DOWNLOAD', undefined],
    ['\0', 'INVALID', 'It is no text'],
    ['x'.repeat(5_000_000), 'INVALID', 'no page of a catalog has more than'],
  ] as const)('%#', (text, type, reason) => {
    const verdict = classify(readPage(text))
    expect(verdict.syntax_type).toBe(type)
    if (reason === undefined) expect(verdict.reason).toBeUndefined()
    else expect(verdict.reason).toContain(reason)
  })
})
