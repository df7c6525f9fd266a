import { describe, expect, test } from 'bun:test'
import type { HashAlgorithm } from '../../src/import/dependency.ts'
import { createFindings } from '../../src/import/mention.ts'

const FULL = 'ab'.repeat(32)
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

describe('a hash as evidence', () => {
  const rows: readonly (readonly [text: unknown, known: HashAlgorithm | undefined, evidence: string | undefined])[] = [
    [FULL, undefined, `sha256 ${FULL}`],
    [` ${FULL.toUpperCase()} `, undefined, `sha256 ${FULL}`],
    [`sha256:${FULL}`, undefined, `sha256 ${FULL}`],
    [`0x${FULL}`, undefined, `tensor_sha256 ${FULL}`],
    [FULL, 'tensor_sha256', `tensor_sha256 ${FULL}`],
    [`sha256:${FULL}`, 'tensor_sha256', `sha256 ${FULL}`],
    [FULL, 'blake3', `blake3 ${FULL}`],
    [`blake3:${FULL}`, undefined, `blake3 ${FULL}`],
    [`sha256:${FULL}`, 'blake3', `sha256 ${FULL}`],
    [`0x${FULL}`, 'blake3', `tensor_sha256 ${FULL}`],
    ['0123456789ab', undefined, 'auto_v3 0123456789ab'],
    ['0123456789ab', 'sha256_12', 'sha256_12 0123456789ab'],
    ['sha256:0123456789ab', undefined, 'sha256_12 0123456789ab'],
    ['0123456789', 'blake3', 'auto_v2 0123456789'],
    ['01234567', undefined, 'auto_v1 01234567'],
  ]
  test.each(rows)('%s known as %s', (text, known, evidence) => {
    const findings = createFindings()
    const hashes = findings.hash(text, 'a:b', known)
    expect(hashes.map(({ algorithm, value }) => `${algorithm} ${value}`)[0]).toBe(evidence)
    expect(hashes.map(({ source }) => source)).toEqual(['a:b'])
    expect(findings.warnings).toEqual([])
  })

  test.each([[undefined], [null], [5], [''], ['  ']])('%s is silence', (text) => {
    const findings = createFindings()
    expect(findings.hash(text, 'a:b')).toEqual([])
    expect(findings.warnings).toEqual([])
  })

  const nothing = 'this is the hash of an empty file and says nothing'
  const unknown = 'this is not a hash of a known kind'
  test.each([
    [EMPTY, nothing],
    [`0x${EMPTY}`, nothing],
    [EMPTY.slice(0, 12).toUpperCase(), nothing],
    [`md5:${'0'.repeat(32)}`, unknown],
    ['words', unknown],
    [`${FULL}0`, unknown],
  ])('%s is told as a warning', (text, reason) => {
    const findings = createFindings()
    expect(findings.hash(text, 'a:b')).toEqual([])
    expect(findings.warnings).toEqual([{ place: 'a:b', reason }])
  })
})

describe('what is found', () => {
  test('has an upper count, told once', () => {
    const findings = createFindings()
    for (let at = 0; at < 1100; at += 1) findings.add({ type: 'lora', name: `ink ${at}`, evidence: ['a:b'] })
    expect(findings.mentions).toHaveLength(1000)
    expect(findings.warnings).toEqual([{ place: 'a:b', reason: 'models after the first 1000 are left out' }])
    for (let at = 0; at < 300; at += 1) findings.warn('a:b', 'something')
    expect(findings.warnings).toHaveLength(200)
  })

  test('leaves out words that mean no model', () => {
    const findings = createFindings()
    for (const name of ['None', '(Use Base)', 'Automatic', ' ']) findings.add({ type: 'vae', name, evidence: ['a:b'] })
    expect(findings.mentions).toEqual([])
  })
})
