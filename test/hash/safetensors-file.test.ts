import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readAtOf } from '../../src/hash/read-at.ts'
import { parseSafetensorsHeader } from '../../src/hash/safetensors.ts'
import { readSafetensorsFile } from '../../src/hash/safetensors-file.ts'
import { measureSafetensorsHeader } from '../../src/hash/safetensors-measure.ts'
import { safetensors, withLength } from './safetensors-bytes.ts'

const check = (bytes: Uint8Array, sizeBytes = bytes.length) => readSafetensorsFile(readAtOf(bytes), sizeBytes)

const HEADER = {
  __metadata__: { ss_output_name: 'ada', data_offsets: '[0,999]' },
  b: { dtype: 'F16', shape: [2, 3], data_offsets: [8, 20] },
  a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
}

test('a whole file has its header and no fault', () => {
  const { header, fault } = check(safetensors(HEADER, new Uint8Array(20)))
  expect(fault).toBeUndefined()
  expect(header?.metadata.ss_output_name).toBe('ada')
})

const one = (dtype: string, shape: readonly number[], begin: number, end: number): object => ({
  a: { dtype, shape, data_offsets: [begin, end] },
})

describe('faults', () => {
  test.each<[string, Uint8Array, boolean, RegExp]>([
    ['nine bytes', new Uint8Array(9), true, /ends after 9 bytes/],
    ['zeros', new Uint8Array(100), false, /begins with zeros/],
    ['a header of 2^63 bytes', withLength(Buffer.from('{}'), 2n ** 63n), false, /would have 9223372036854775808 bytes/],
    ['a header of one byte', withLength(Buffer.from('{}'), 1), false, /does not begin like/],
    ['no header', withLength(Buffer.from('no'), 2), false, /does not begin like/],
    ['the end inside the header', withLength(Buffer.from('{"a"'), 500), true, /header has 500 bytes.*ends after 12/],
    [
      'the end inside the data',
      safetensors(HEADER, new Uint8Array(19)),
      true,
      /promises 20 bytes of tensors and there are 19/,
    ],
    ['bytes behind the data', safetensors(HEADER, new Uint8Array(25)), false, /5 bytes follow the last tensor/],
    ['no JSON', withLength(Buffer.from('{"a":}'), 6), false, /not JSON/],
    ['a gap at the start', safetensors(one('U8', [1], 1, 2), new Uint8Array(2)), false, /gap at byte 0/],
    [
      'an overlap',
      safetensors({ ...one('U8', [4], 0, 4), b: { dtype: 'U8', shape: [4], data_offsets: [2, 6] } }, new Uint8Array(6)),
      false,
      /overlap or leave a gap at byte 2/,
    ],
    [
      'a shape of another size',
      safetensors(one('F32', [3], 0, 8), new Uint8Array(8)),
      false,
      /8 bytes and a shape of 12/,
    ],
  ])('%s', (_, bytes, truncated, reason) => {
    const { fault } = check(bytes)
    expect(fault?.reason).toMatch(reason)
    expect(fault?.truncated).toBe(truncated)
  })

  test('types of tensors that came later are not measured', () => {
    expect(check(safetensors(one('F3_NEW', [64], 0, 5), new Uint8Array(5))).fault).toBeUndefined()
  })

  test('a file that was cut anywhere is truncated', () => {
    const bytes = safetensors(HEADER, new Uint8Array(20))
    for (let length = 1; length < bytes.length; length += 1) {
      expect(check(bytes.subarray(0, length)).fault?.truncated).toBe(true)
    }
  })
})

describe('a header that is too long to be parsed', () => {
  const pad = (json: string): Buffer => Buffer.from(`${json.slice(0, -1)}${' '.repeat(8 * 1024 * 1024)}}`)
  const withData = (json: Buffer, data: number): Uint8Array =>
    Buffer.concat([withLength(json, json.length), Buffer.alloc(data)])

  test.each<[string, object, number, RegExp | undefined]>([
    ['is measured', HEADER, 20, undefined],
    ['tells that data is missing', HEADER, 19, /promises 20 bytes/],
    ['tells that there is too much', HEADER, 21, /1 bytes follow/],
    ['tells that offsets are none', { a: { data_offsets: [1.5, 2] } }, 2, /not JSON/],
    ['tells that offsets are three', { a: { data_offsets: [0, 1, 2] } }, 2, /not JSON/],
    ['tells that offsets end before they begin', { a: { data_offsets: [2, 1] } }, 2, /not JSON/],
  ])('%s', (_, header, data, reason) => {
    const { header: parsed, fault } = check(withData(pad(JSON.stringify(header)), data))
    expect(parsed).toBeUndefined()
    if (reason === undefined) expect(fault).toBeUndefined()
    else expect(fault?.reason).toMatch(reason)
  })
})

test('measuring finds what parsing finds', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('data_offsets', '__metadata__', '"', '\\', '[1,2]', '}'))
  const tensor = fc.tuple(fc.nat(), fc.nat(), text, text).map(([begin, bytes, dtype, key]) => ({
    [key]: dtype,
    dtype,
    shape: [begin],
    data_offsets: [begin, begin + bytes],
  }))
  const headers = fc.tuple(fc.dictionary(text, text), fc.dictionary(text, tensor), fc.constantFrom(undefined, 2))
  fc.assert(
    fc.property(headers, ([metadata, tensors, indent]) => {
      const json = Buffer.from(JSON.stringify({ ...tensors, __metadata__: metadata }, null, indent))
      const parsed = parseSafetensorsHeader(json, 0)
      const measured = measureSafetensorsHeader(readAtOf(withLength(json, json.length)), json.length)
      expect(measured).toBe(parsed.ok ? parsed.header.dataBytes : -1)
    }),
    { numRuns: 300 },
  )
})

test('any bytes and any damage are read without a throw', () => {
  const whole = safetensors(HEADER, new Uint8Array(20))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(whole)
      for (const [at, byte] of changes) bytes[at] = byte
      check(bytes)
      measureSafetensorsHeader(readAtOf(bytes), bytes.length - 28)
    }),
    { numRuns: 500 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (bytes, size) => void check(bytes, size)))
})
