import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import {
  classifyHash,
  EMPTY_SHA256,
  isEmptyHash,
  isSha256Hex,
  parseAutoV1,
  parseAutoV2,
  parseAutoV3,
  parseBlake3,
  parseCrc32,
  parseSha256,
  parseTensorSha256,
  toAutoV2,
  toAutoV3,
} from '../../src/hash/digest.ts'

/** sd_xl_base_1.0.safetensors, from the README of Stability's generative-models. */
const FILE = '31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b'
const TENSOR = 'd7a9105a900fd52748f20725fe52fe52b507fd36bee4fc107b1550a26e6ee1d7'

describe('parsing', () => {
  const accepted: [(text: string) => string | undefined, string, string][] = [
    [parseSha256, FILE, FILE],
    [parseSha256, ` ${FILE.toUpperCase()}\n`, FILE],
    [parseSha256, `sha256:${FILE}`, FILE],
    [parseSha256, `SHA256:${FILE}`, FILE],
    [parseSha256, `0x${FILE}`, FILE],
    [parseTensorSha256, `0X${TENSOR.toUpperCase()}`, TENSOR],
    [parseTensorSha256, TENSOR, TENSOR],
    [parseBlake3, `blake3:${FILE}`, FILE],
    [parseCrc32, '0xDEADBEEF', 'deadbeef'],
    [parseCrc32, 'crc32:DEADBEEF', 'deadbeef'],
    [parseAutoV1, 'AutoV1:D14C016B', 'd14c016b'],
    [parseAutoV2, 'autov2:31E35C80FC', '31e35c80fc'],
    [parseAutoV2, 'sha256:31e35c80fc', '31e35c80fc'],
    [parseAutoV3, '0xd7a9105a900f', 'd7a9105a900f'],
  ]
  test.each(accepted)('%p takes %p', (parse, text, hex) => {
    expect(parse(text)).toBe(hex)
  })

  const refused: [(text: string) => string | undefined, string][] = [
    [parseSha256, ''],
    [parseSha256, FILE.slice(1)],
    [parseSha256, `${FILE}0`],
    [parseSha256, `blake3:${FILE}`],
    [parseSha256, `md5:${FILE}`],
    [parseSha256, `0x0x${FILE}`],
    [parseSha256, FILE.replace('3', 'g')],
    [parseSha256, `${FILE.slice(0, 32)} ${FILE.slice(32)}`],
    [parseBlake3, `sha256:${FILE}`],
    [parseAutoV2, '31e35c80f'],
    [parseAutoV3, 'autov2:d7a9105a900f'],
    [parseCrc32, 'deadbeef00'],
  ]
  test.each(refused)('%p refuses %p', (parse, text) => {
    expect(parse(text)).toBeUndefined()
  })

  test('isSha256Hex takes the stored form only', () => {
    expect(isSha256Hex(FILE)).toBe(true)
    for (const text of [FILE.toUpperCase(), `0x${FILE}`, `${FILE}\n`, FILE.slice(1)])
      expect(isSha256Hex(text)).toBe(false)
  })

  test('any text gives undefined or lower-case hex', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const parse of [parseSha256, parseBlake3, parseAutoV1, parseAutoV3]) {
          expect(parse(text) ?? 'a').toMatch(/^[0-9a-f]+$/)
        }
        classifyHash(text)
      }),
    )
  })
})

test('the short ones derive from the long ones', () => {
  const sha256 = parseSha256(FILE)
  const tensor = parseTensorSha256(TENSOR)
  if (sha256 === undefined || tensor === undefined) throw new Error('both are digests')
  expect(toAutoV2(sha256) as string).toBe('31e35c80fc')
  expect(toAutoV3(tensor) as string).toBe('d7a9105a900f')
})

describe('the hash of no bytes', () => {
  test('is what SHA-256 gives for no bytes', () => {
    expect(EMPTY_SHA256 as string).toBe(createHash('sha256').digest('hex'))
  })
  test.each([8, 10, 12, 64])('is known by %d digits, and classified as nothing', (length) => {
    const hex = EMPTY_SHA256.slice(0, length)
    expect(isEmptyHash(hex)).toBe(true)
    expect(classifyHash(hex)).toBeUndefined()
    expect(classifyHash(`0x${hex.toUpperCase()}`)).toBeUndefined()
  })
  test('is not every hash that begins like it', () => {
    expect(isEmptyHash('e3b0c44298f')).toBe(false)
    expect(isEmptyHash('e3b0c44298fd')).toBe(false)
  })
})

describe('classifyHash', () => {
  test.each<[string, string, string]>([
    [`0x${TENSOR}`, 'tensor_sha256', TENSOR],
    [FILE.toUpperCase(), 'sha256', FILE],
    [`sha256:${FILE}`, 'sha256', FILE],
    [`blake3:${FILE}`, 'blake3', FILE],
    ['DA259DF60E36', 'auto_v3', 'da259df60e36'],
    ['0xda259df60e36', 'auto_v3', 'da259df60e36'],
    ['sha256:da259df60e36', 'auto_v3', 'da259df60e36'],
    ['1a2b3c4d5e', 'auto_v2', '1a2b3c4d5e'],
    ['autov2:1A2B3C4D5E', 'auto_v2', '1a2b3c4d5e'],
    [' d14c016b ', 'auto_v1', 'd14c016b'],
    ['crc32:d14c016b', 'crc32', 'd14c016b'],
  ])('%p is %p', (text, algorithm, value) => {
    const found = classifyHash(text)
    expect(found?.algorithm as string).toBe(algorithm)
    expect(found?.value as string).toBe(value)
  })
  test.each([
    '',
    '0x',
    'none',
    'random:1a2b3c4d5e',
    `md5:${FILE}`,
    '1a2b3c4d5',
    `autov2:${FILE}`,
    'blake3:1a2b3c4d5e',
    'sha256:d14c016b',
  ])('%p is nothing', (text) => {
    expect(classifyHash(text)).toBeUndefined()
  })
})
