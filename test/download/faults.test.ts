import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExpectedFile } from '../../src/download/request.ts'
import { SourceRefused } from '../../src/net/file-source.ts'
import type { Conduct, FileRequest } from '../support/file-server.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)
const flipped = Buffer.from(file)
flipped[1_000_000] = (flipped[1_000_000] ?? 0) ^ 1

/** At each request with one of these numbers. */
const at =
  (indexes: readonly number[], conduct: Conduct) =>
  ({ index }: FileRequest): Conduct =>
    indexes.includes(index) ? conduct : {}
const always = (conduct: Conduct) => (): Conduct => conduct

describe('gets over', () => {
  test.each<readonly [name: string, conduct: (request: FileRequest) => Conduct]>([
    ['a 200 to every range', always({ ignoreRange: true })],
    ['a 200 of unknown length', always({ ignoreRange: true, chunked: true })],
    ['a 200 to a range in the middle', at([2], { ignoreRange: true })],
    ['ranges of unknown length', always({ chunked: true })],
    ['a wrong Content-Range', at([0, 2], { headers: { 'content-range': `bytes 5-9/${file.length}` } })],
    ['no Content-Range', at([1], { headers: { 'content-range': undefined } })],
    [
      'another length than the Content-Range says',
      at([1], { headers: { 'content-range': `bytes 0-9/${file.length}` } }),
    ],
    ['answers that break off', ({ index }) => (index % 2 === 0 ? { cutAfter: 100 * KIB } : {})],
    ['answers that end too early', ({ index }) => (index % 2 === 0 ? { chunked: true, endAfter: 100 * KIB } : {})],
    ['a range that is longer than asked for', at([1], { chunked: true, extra: 10 })],
    [
      'a whole file that breaks off',
      ({ index }) => ({ ignoreRange: true, ...(index < 2 ? { cutAfter: 900 * KIB } : {}) }),
    ],
    ['connections that are cut at once', at([0, 3, 4], { cutAfter: 0 })],
    ['429 without a time', at([1, 2], { status: 429 })],
    ['503 with a time', at([0, 1], { status: 503, headers: { 'retry-after': '0' } })],
    ['500 and 408', ({ index }) => (index === 0 ? { status: 500 } : index === 2 ? { status: 408 } : {})],
    ['no ETag at all', always({ headers: { etag: undefined } })],
    [
      'only a Last-Modified',
      always({ headers: { etag: undefined, 'last-modified': 'Mon, 05 Jan 2026 10:00:00 GMT' } }),
    ],
  ])('%s', async (_name, conduct) => {
    const server = await serve(file, conduct)
    const target = newTarget()
    const found = await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } })
    expect(found).toMatchObject({ sha256: SHA, sizeBytes: file.length })
    expect(readFileSync(target).equals(file)).toBe(true)
  })
})

test('silence: the connection is made anew, and costs no attempt as long as bytes come', async () => {
  const server = await serve(file, () => ({ stallAfter: 128 * KIB }))
  const target = newTarget()
  const found = await download({
    target,
    sources: [aSource(server.url)],
    request: { expected: { sha256: SHA } },
    tuning: { idleTimeoutMs: 40, attempts: 1 },
  })
  expect(found.sha256).toBe(SHA)
  expect(server.requests.length).toBeGreaterThanOrEqual(16)
})

describe('gives a source up', () => {
  test.each<readonly [name: string, conduct: Conduct, says: string, expected: object]>([
    ['a web page', { headers: { 'content-type': 'text/html; charset=utf-8' } }, 'web page', {}],
    [
      'a web page that says it is none',
      { file: Buffer.from('<!DOCTYPE html><html><body>Log in</body></html>') },
      'sent',
      {},
    ],
    [
      'a pointer of Git LFS',
      { file: Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${SHA}\nsize 12\n`) },
      'sent',
      {},
    ],
    ['a text that no model begins with', { file: Buffer.from('Come back tomorrow'.repeat(300)) }, 'sent text', {}],
    ['a compressed file', { gzip: true }, 'compressed', {}],
    ['a compressed whole file', { gzip: true, ignoreRange: true }, 'compressed', {}],
    ['a file of another size', { file: file.subarray(0, 1_000_000) }, 'another size', { sizeBytes: file.length }],
    [
      'a whole file that is longer than it should be',
      { ignoreRange: true, chunked: true, extra: 5 },
      'more than the file has',
      { sizeBytes: file.length },
    ],
    ['500 again and again', { status: 500 }, '500', {}],
    ['503 with a time beyond reason', { status: 503, headers: { 'retry-after': '86400' } }, '503', {}],
    ['redirects without end', { status: 302, headers: { location: '/again' } }, 'redirects more than', {}],
    ['nothing at all', { cutAfter: 0 }, 'url:one', {}],
  ])('%s', async (_name, conduct, says, expected) => {
    const server = await serve(file, () => conduct)
    const target = newTarget()
    const error = await rejection(download({ target, sources: [aSource(server.url)], request: { expected } }))
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(String(error)).toContain('url:one: ')
    expect(String(error)).toContain(says)
    expect(existsSync(target)).toBe(false)
  })

  test.each<readonly [status: number, code: string]>([
    [403, 'forbidden'],
    [401, 'forbidden'],
    [404, 'not_found'],
    [410, 'not_found'],
  ])('a storage that answers %d, however often the source is opened again', async (status, code) => {
    const server = await serve(file, () => ({ status, body: '<Error/>' }))
    const source = aSource(server.url)
    expect(await rejection(download({ target: newTarget(), sources: [source] }))).toMatchObject({ code })
    expect(source.opens).toBe(3)
  })

  test('429 with a time beyond reason: the caller hears when', async () => {
    const server = await serve(file, () => ({ status: 429, headers: { 'retry-after': '3600' } }))
    const error = await rejection(download({ target: newTarget(), sources: [aSource(server.url)] }))
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 3600 })
  })

  test('one that is refused, with its own reason', async () => {
    const refused = new SourceRefused('early_access', 'Not before Tuesday', { until: 5 })
    const source = { ...aSource('http://127.0.0.1:9/'), open: () => Promise.reject(refused) }
    expect(await rejection(download({ target: newTarget(), sources: [source] }))).toBe(refused)
  })
})

test('an address that has expired is asked for again, and what was there is not fetched twice', async () => {
  const server = await serve(file, ({ path, index }) => (index >= 3 && path.endsWith('?sig=1') ? { status: 403 } : {}))
  let signature = 0
  const source = aSource(() => {
    signature += 1
    return `${server.url}?sig=${signature}`
  })
  const target = newTarget()
  await download({ target, sources: [source], request: { expected: { sha256: SHA } } })
  expect(source.opens).toBe(2)
  expect(server.sentBytes()).toBe(file.length)
})

describe('a file that changes meanwhile', () => {
  const changing = ({ index }: FileRequest): Conduct =>
    index < 3 ? { file: payloadBytes(LOW.seed), headers: { etag: '"old"' } } : {}

  test('is fetched anew, from the first byte', async () => {
    const server = await serve(file, changing)
    const target = newTarget()
    const found = await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } })
    expect(found.sha256).toBe(SHA)
    expect(readFileSync(target).equals(file)).toBe(true)
  })
  test('without a digest too', async () => {
    const server = await serve(file, changing)
    expect(await download({ target: newTarget(), sources: [aSource(server.url)] })).toMatchObject({ sha256: SHA })
  })
  test('again and again: given up', async () => {
    const server = await serve(file, ({ index }) => ({ headers: { etag: `"${index}"` } }))
    const error = await rejection(download({ target: newTarget(), sources: [aSource(server.url)] }))
    expect(String(error)).toContain('its file has changed meanwhile')
  })
  test('is told by its size too', async () => {
    const server = await serve(file, ({ index }) => (index < 2 ? { file: file.subarray(0, 2_000_000) } : {}))
    expect(await download({ target: newTarget(), sources: [aSource(server.url)] })).toMatchObject({ sha256: SHA })
  })
})

describe('wrong bytes of the right size', () => {
  const quarantined = (target: string): string[] => {
    const folder = join(dirname(target), '.airkeep-quarantine')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  test('one flipped bit: quarantine, one clean retry, then the digests of both', async () => {
    const server = await serve(flipped)
    const target = newTarget()
    let asked = 0
    const refreshExpected = async (): Promise<ExpectedFile> => {
      asked += 1
      return { sha256: SHA }
    }
    const error = await rejection(
      download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA }, refreshExpected } }),
    )
    expect(error).toMatchObject({ code: 'checksum_mismatch' })
    expect(String(error)).toContain(SHA)
    expect(String(error)).toContain(sha256(flipped))
    expect(asked).toBe(1)
    expect(server.sentBytes()).toBe(2 * file.length)
    expect(existsSync(target)).toBe(false)
    expect(readdirSync(dirname(target))).toEqual(['.airkeep-quarantine'])
    expect(quarantined(target)).toHaveLength(1)
  })
  test('the second time right', async () => {
    let wrong = true
    const server = await serve(file, () => (wrong ? { file: flipped } : {}))
    const target = newTarget()
    const refreshExpected = async (): Promise<ExpectedFile> => {
      wrong = false
      return { sha256: SHA }
    }
    const sources = [aSource(server.url)]
    const found = await download({ target, sources, request: { expected: { sha256: SHA }, refreshExpected } })
    expect(found).toMatchObject({ sha256: SHA, fetchedBytes: 2 * file.length })
    expect(readFileSync(target).equals(file)).toBe(true)
  })
  test('the upstream has replaced the file, and these are the new bytes: kept, and fetched once', async () => {
    const server = await serve(file)
    const refreshExpected = async (): Promise<ExpectedFile> => ({ sha256: SHA })
    const expected = { sha256: sha256(flipped) }
    const target = newTarget()
    const found = await download({ target, sources: [aSource(server.url)], request: { expected, refreshExpected } })
    expect(found.sha256).toBe(SHA)
    expect(server.sentBytes()).toBe(file.length)
    expect(quarantined(target)).toEqual([])
  })
  test('the upstream has replaced it with one of another size: what it says now counts', async () => {
    const server = await serve(file)
    const refreshExpected = async (): Promise<ExpectedFile> => ({ sha256: SHA, sizeBytes: file.length })
    const expected = { sha256: sha256(flipped), sizeBytes: 5 }
    const sources = [aSource(server.url)]
    expect(await download({ target: newTarget(), sources, request: { expected, refreshExpected } })).toMatchObject({
      sha256: SHA,
    })
  })
  test('without a digest a header that promises more than there is gives it away', async () => {
    const server = await serve(file.subarray(0, 2_000_000))
    const target = newTarget()
    const error = await rejection(download({ target, sources: [aSource(server.url)] }))
    expect(error).toMatchObject({ code: 'checksum_mismatch' })
    expect(existsSync(target)).toBe(false)
  })
  test('what a source itself declares counts where nothing else is known', async () => {
    const server = await serve(flipped)
    const sources = [aSource(server.url, { sha256: SHA })]
    expect(await rejection(download({ target: newTarget(), sources }))).toMatchObject({ code: 'checksum_mismatch' })
  })
})
