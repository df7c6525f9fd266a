import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { isAppError } from '../../src/errors.ts'
import {
  MAX_SAFETENSORS_HEADER_BYTES,
  parseSafetensorsHeader,
  readSafetensorsHeader,
  safetensorsDataOffset,
} from '../../src/hash/safetensors.ts'
import { safetensors, withLength } from './safetensors-bytes.ts'

const dir = mkdtempSync(join(tmpdir(), 'airkeep-safetensors-'))
afterAll(() => rmSync(dir, { recursive: true }))

let files = 0
async function read(bytes: Uint8Array) {
  const path = join(dir, `${++files}.safetensors`)
  writeFileSync(path, bytes)
  return await readSafetensorsHeader(path)
}

const HEADER = {
  __metadata__: { ss_output_name: 'ada', 'modelspec.title': 'Ada ✓', __proto_: 'x' },
  'lora_unet_down.weight': { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] },
  scalar: { dtype: 'I64', shape: [], data_offsets: [12, 20] },
}

describe('a whole file', () => {
  test('gives its strings, its tensors and where they lie', async () => {
    const bytes = safetensors(HEADER, new Uint8Array(20))
    const result = await read(bytes)
    if (!result.ok) throw new Error(result.reason)
    const { header } = result
    expect(header.metadata).toEqual(HEADER.__metadata__)
    expect([...header.tensors]).toEqual([
      ['lora_unet_down.weight', { dtype: 'F16', shape: [2, 3], begin: 0, end: 12 }],
      ['scalar', { dtype: 'I64', shape: [], begin: 12, end: 20 }],
    ])
    expect(header.dataOffset).toBe(bytes.length - 20)
    expect(header.dataBytes).toBe(20)
    expect(header.truncated).toBe(false)
  })

  test('that was cut says so', async () => {
    const result = await read(safetensors(HEADER, new Uint8Array(19)))
    expect(result.ok && result.header.truncated).toBe(true)
  })

  test('keeps a metadata key named __proto__ as a key, and leaves out what is not a string', async () => {
    const json = '{"__metadata__":{"__proto__":"p","n":1,"o":{},"s":"t"}}'
    const result = await read(withLength(Buffer.from(json), json.length))
    if (!result.ok) throw new Error(result.reason)
    expect(Object.entries(result.header.metadata)).toEqual([
      ['__proto__', 'p'],
      ['s', 't'],
    ])
  })

  test('may have no metadata and no tensors', async () => {
    const result = await read(safetensors({}, new Uint8Array()))
    expect(result).toMatchObject({ ok: true, header: { metadata: {}, dataBytes: 0, truncated: false } })
  })
})

describe('what is not a safetensors is said, not thrown', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['seven bytes', new Uint8Array(7)],
    ['a length and no header', withLength(new Uint8Array(), 2)],
    ['a header beyond the file', withLength(Buffer.from('{}'), 3)],
    ['a header beyond the limit', withLength(Buffer.from('{}'), MAX_SAFETENSORS_HEADER_BYTES + 1)],
    ['a length of 64 bits', withLength(Buffer.from('{}'), 2n ** 64n - 1n)],
    ['an array', withLength(Buffer.from('[]'), 2)],
    ['no JSON', withLength(Buffer.from('{"a":}'), 6)],
    ['a tensor that is a number', safetensors({ a: 1 }, new Uint8Array())],
    ['a tensor that ends before it begins', tensor({ data_offsets: [2, 1] })],
    ['a negative offset', tensor({ data_offsets: [-1, 1] })],
    ['an offset too large to be exact', tensor({ data_offsets: [0, 2 ** 53] })],
    ['three offsets', tensor({ data_offsets: [0, 1, 2] })],
    ['a shape of words', tensor({ shape: ['a'] })],
    ['no dtype', tensor({ dtype: null })],
  ])('%s', async (_, bytes) => {
    const result = await read(bytes)
    expect(result.ok).toBe(false)
  })

  function tensor(change: object): Uint8Array {
    return safetensors({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...change } }, new Uint8Array(4))
  }
})

test('any bytes, and any JSON, are read without a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, size) => {
      safetensorsDataOffset(bytes, size)
      parseSafetensorsHeader(bytes, size)
    }),
  )
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, size) => {
      const bytes = Buffer.from(`{"a":${json},"__metadata__":${json}}`)
      expect(safetensorsDataOffset(withLength(bytes, bytes.length), bytes.length + 8)).toBe(bytes.length + 8)
      parseSafetensorsHeader(bytes, size)
    }),
  )
})

test('deep nesting is data like other', () => {
  const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
  expect(parseSafetensorsHeader(Buffer.from(deep), 1e6).ok).toBe(false)
})

describe('what cannot be read is an error', () => {
  const fifo = join(dir, 'fifo')
  execFileSync('mkfifo', [fifo])
  test.each([
    [dir, 'invalid_input', 'it is a folder'],
    [fifo, 'invalid_input', 'it is not a regular file'],
    ['/dev/zero', 'invalid_input', 'it is not a regular file'],
    [join(dir, 'missing'), 'not_found', 'there is no such file'],
  ])('%s', async (path, code, reason) => {
    const error: unknown = await readSafetensorsHeader(path).catch((caught: unknown) => caught)
    if (!isAppError(error)) throw error
    expect([error.code as string, error.message]).toEqual([code, `Cannot read ${path}: ${reason}`])
  })
})
