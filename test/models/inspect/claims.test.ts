import { afterAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/lib/json.ts'
import { gguf } from '../../hash/gguf-bytes.ts'
import { aModel, inspectFolder } from './inspect-folder.ts'

const folder = inspectFolder()
afterAll(() => folder[Symbol.dispose]())

const SHA = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

let files = 0
function inspected(metadata: Readonly<Record<string, unknown>>) {
  const name = `${++files}.safetensors`
  folder.put(name, aModel(metadata))
  return folder.inspect(name)
}

test('a header is kept as it is written, without what is large, of its trainer’s disk or empty', () => {
  const found = inspected({
    ss_output_name: 'Fog v2',
    ss_network_dim: '32',
    'modelspec.title': 'Fog',
    'modelspec.thumbnail': 'data:image/jpeg;base64,AAAA',
    'modelspec.author': ' ',
    ss_dataset_dirs: '{"/home/ada/pictures": {}}',
    ot_branch: 'master',
    ot_config: '{}',
    software: '{"name":"ai-toolkit"}',
    format: 'pt',
    prompt: '{"3":{}}',
    number: 5,
  })
  expect(found.claims).toEqual({
    header: {
      'modelspec.title': 'Fog',
      ss_output_name: 'Fog v2',
      ss_network_dim: '32',
      ot_branch: 'master',
      software: '{"name":"ai-toolkit"}',
      format: 'pt',
    },
  })
  expect(found.outputName).toBe('Fog v2')
})

test('a gguf has claims too', () => {
  folder.put(
    'a.gguf',
    gguf({
      metadata: {
        'general.architecture': 'flux',
        'general.file_type': 15,
        'general.license': 'apache-2.0',
        'general.name': 'Flux dev',
        'flux.block_count': 19,
        'tokenizer.ggml.model': 'x',
      },
    }),
  )
  expect(folder.inspect('a.gguf')).toMatchObject({
    state: 'ok',
    license: 'apache-2.0',
    baseModel: 'Flux.1 D',
    claims: {
      header: {
        'general.architecture': 'flux',
        'general.file_type': 'Q4_K_M',
        'general.license': 'apache-2.0',
        'general.name': 'Flux dev',
      },
    },
  })
})

describe('the claimed tensor digest', () => {
  test.each<[Record<string, string>, string | undefined]>([
    [{ sshs_model_hash: SHA }, SHA],
    [{ 'modelspec.hash_sha256': `0x${SHA.toUpperCase()}` }, SHA],
    [{ sshs_model_hash: SHA, 'modelspec.hash_sha256': `0x${OTHER}` }, SHA],
    [{ sshs_model_hash: EMPTY, 'modelspec.hash_sha256': `0x${OTHER}` }, OTHER],
    [{ sshs_model_hash: EMPTY }, undefined],
    [{ sshs_model_hash: 'abcd1234', sshs_legacy_hash: 'abcd1234' }, undefined],
    [{ sshs_model_hash: '' }, undefined],
  ])('%j', (metadata, expected) => {
    expect(inspected(metadata).claimedTensor).toBe(expected as string)
  })
})

describe('the licence', () => {
  test('is the header’s, in one line', () => {
    expect(inspected({ 'modelspec.license': 'CreativeML\n Open RAIL++-M\0' }).license).toBe('CreativeML Open RAIL++-M')
    expect(inspected({ 'modelspec.license': ' ', license: 'MIT' }).license).toBe('MIT')
    expect(inspected({}).license).toBeUndefined()
  })

  test('or a sidecar’s', () => {
    folder.put('licensed.swarm.json', { license: 'apache-2.0' })
    folder.put('licensed.safetensors', aModel())
    expect(folder.inspect('licensed.safetensors').license).toBe('apache-2.0')
    folder.put('licensed.safetensors', aModel({ 'modelspec.license': 'MIT' }))
    expect(folder.inspect('licensed.safetensors').license).toBe('MIT')
  })
})

describe('trained tags', () => {
  test('are the most frequent of all folders', () => {
    const frequency = {
      '5_fog': { 'f0g ': 10, mist: 4, broken: 'x' },
      '2_sea': { mist: 5, ['__proto__']: 1, sea: 30 },
      no: 5,
    }
    expect(inspected({ ss_tag_frequency: JSON.stringify(frequency) }).claims).toEqual({
      trained_tags: ['sea', 'f0g', 'mist', '__proto__'],
    })
  })

  test.each(['', '[]', '{"a":', 'null', '{"a":{"b":-1}}'])('%j has none', (frequency) => {
    expect(inspected({ ss_tag_frequency: frequency }).claims).toEqual({})
  })
})

describe('limits', () => {
  test('a value has 2 KiB at most', () => {
    const { header } = inspected({ 'modelspec.description': '\u0001é'.repeat(5000) }).claims as { header: JsonObject }
    const kept = header['modelspec.description'] as string
    expect(kept).toEndWith('…')
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(2048)
  })

  test('all together have 64 KiB, and what matters has room', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`ss_extra_${index}`, 'x'.repeat(1500)]))
    const tags = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`tag ${index} ${'y'.repeat(200)}`, 1]))
    const name = 'full-mid_1-vid_2'
    const words = Array.from({ length: 60 }, () => 'é'.repeat(600))
    folder.put(
      `${name}.safetensors`,
      aModel({ ...many, ss_tag_frequency: JSON.stringify({ tags }), ss_output_name: 'fog' }),
    )
    for (const ending of ['civitai.info', 'metadata.json', 'cm-info.json']) {
      folder.put(`${name}.${ending}`, {
        id: 2,
        VersionId: 2,
        trainedWords: words,
        TrainedWords: words,
        civitai: { trainedWords: words },
      })
    }
    const { claims } = folder.inspect(`${name}.safetensors`)
    expect(Buffer.byteLength(JSON.stringify(claims))).toBeLessThan(64 * 1024)
    expect(claims).toMatchObject({ header: { ss_output_name: 'fog' }, trained_tags: expect.any(Array) })
    expect((claims.sidecars as JsonObject[])[0]).toMatchObject({ civitai_version_id: 2 })
  })

  test('any metadata is kept within them', () => {
    const key = fc.oneof(
      fc.string(),
      fc
        .constantFrom('ss_', 'modelspec.', '__proto__', 'general.')
        .chain((head) => fc.string().map((rest) => head + rest)),
    )
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800'.repeat(9000)), fc.jsonValue())
    fc.assert(
      fc.property(fc.dictionary(key, value), (metadata) => {
        const { claims, state } = inspected(metadata)
        expect(state).toBe('ok')
        expect(Buffer.byteLength(JSON.stringify(claims))).toBeLessThan(64 * 1024)
        expect(Object.getPrototypeOf(claims.header ?? {})).toBe(Object.prototype)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the Hugging Face cache', () => {
  test.each<[string, string, object | undefined]>([
    [
      '/c/models--acme--harbor/snapshots/1111/unet/x.safetensors',
      '/c/models--acme--harbor/blobs/abc',
      { repo: 'acme/harbor', revision: '1111', path: 'unet/x.safetensors' },
    ],
    [
      '/m/loras/x.safetensors',
      '/c/models--acme--harbor/snapshots/1111/x.safetensors',
      { repo: 'acme/harbor', revision: '1111', path: 'x.safetensors' },
    ],
    ['/m/loras/x.safetensors', '/c/models--gpt2/blobs/abc', { repo: 'gpt2' }],
    ['/m/loras/x.safetensors', '/m/loras/x.safetensors', undefined],
    ['/m/models--a/x.safetensors', '/m/models--a/x.safetensors', undefined],
  ])('%s', (listedPath, path, expected) => {
    expect(folder.inspect('x', { listedPath, path }).claims).toEqual(
      (expected === undefined ? {} : { huggingface: expected }) as JsonObject,
    )
  })
})
