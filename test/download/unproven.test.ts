import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { TensorSha256 } from '../../src/hash/digest.ts'
import type { Conduct } from '../support/file-server.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const other = payloadBytes(LOW.seed)
const SHA = sha256(file)

const SECOND = 1_000
const NOW = 'Sat, 01 Aug 2026 10:00:00 GMT'
const at = (ms: number): string => new Date(Date.parse(NOW) + ms).toUTCString()

/** Headers of which nothing tells whether two answers are of one file. */
const TELL_NOTHING: readonly (readonly [what: string, headers: NonNullable<Conduct['headers']>])[] = [
  ['neither ETag nor date', { etag: undefined }],
  ['a weak ETag', { etag: 'W/"one"' }],
  ['a date of this very second', { etag: undefined, 'last-modified': NOW, date: NOW }],
  ['a date of the future', { etag: undefined, 'last-modified': at(SECOND), date: NOW }],
  ['a date that is none', { etag: undefined, 'last-modified': 'today', date: NOW }],
]

describe.each(TELL_NOTHING)('no digest and %s', (_, headers) => {
  test('all of it comes in one answer, over one connection', async () => {
    const server = await serve(file, () => ({ headers }))
    const target = newTarget()
    expect(await download({ target, sources: [aSource(server.url)] })).toMatchObject({ sha256: SHA })
    expect(server.mostAtOnce()).toBe(1)
    expect(server.requests.at(-1)?.headers.range).toBe('bytes=0-')
  })

  test.each<readonly [what: string, how: Conduct]>([
    ['a range', {}],
    ['the whole file', { ignoreRange: true }],
  ])('%s that breaks off is begun anew: of two files that follow each other only one is there', async (_what, how) => {
    let broken = 0
    const server = await serve(other, ({ begin, end }) => {
      if (broken > 0) return { ...how, headers, file }
      if (how.ignoreRange !== true && (begin !== 0 || end !== undefined)) return { headers }
      broken += 1
      return { ...how, headers, cutAfter: 1_000 * KIB }
    })
    const target = newTarget()
    expect(await download({ target, sources: [aSource(server.url)] })).toMatchObject({ sha256: SHA })
    expect(readFileSync(target).equals(file)).toBe(true)
  })
})

describe('without a digest', () => {
  test('a date of long ago tells', async () => {
    const headers = { etag: undefined, 'last-modified': at(-SECOND), date: NOW }
    const server = await serve(file, ({ index }) => ({ headers, ...(index === 2 ? { cutAfter: 10 * KIB } : {}) }))
    expect(await download({ target: newTarget(), sources: [aSource(server.url)] })).toMatchObject({ sha256: SHA })
    expect(server.sentOf(0, 256 * KIB)).toBe(256 * KIB)
  })

  test('an answer that breaks off again and again is given up', async () => {
    const server = await serve(file, () => ({ headers: { etag: undefined }, cutAfter: 300 * KIB }))
    const target = newTarget()
    const error = await rejection(download({ target, sources: [aSource(server.url)] }))
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(String(error)).toContain('nothing tells')
    expect(server.requests.length).toBeLessThan(20)
  })

  test('a source that sends only pieces is given up', async () => {
    const server = await serve(file, ({ begin = 0 }) => ({
      headers: {
        etag: undefined,
        'content-length': String(100 * KIB),
        'content-range': `bytes ${begin}-${begin + 100 * KIB - 1}/${file.length}`,
      },
      endAfter: 100 * KIB,
    }))
    const error = await rejection(download({ target: newTarget(), sources: [aSource(server.url)] }))
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(server.requests.length).toBeLessThan(5)
  })

  test('a second source begins at the first byte', async () => {
    const broken = await serve(other, ({ index }) => (index === 0 ? {} : { status: 404 }))
    const good = await serve(file)
    const sources = [aSource(broken.url, { id: 'url:a' }), aSource(good.url, { id: 'url:b' })]
    const target = newTarget()
    expect(await download({ target, sources })).toMatchObject({ sha256: SHA })
    expect(good.sentOf(0, file.length)).toBeGreaterThanOrEqual(file.length)
  })
})

test('where a digest will tell nothing else has to', async () => {
  const server = await serve(file, ({ index }) => ({
    headers: { etag: undefined },
    ...(index === 1 ? { cutAfter: 10 * KIB } : {}),
  }))
  const request = { expected: { sha256: SHA } }
  expect(await download({ target: newTarget(), sources: [aSource(server.url)], request })).toMatchObject({
    sha256: SHA,
  })
  expect(server.requests.every(({ end }) => end !== undefined)).toBe(true)
})

describe('where only the digest of the tensors is known', () => {
  const headerEnd = 8 + Number(file.readBigUInt64LE(0))
  /** The same tensors behind another header of the same length. */
  const renamed = Buffer.from(file)
  renamed.write(file.subarray(0, headerEnd).toString('latin1').replace('"pt"', '"np"'), 0, 'latin1')
  const damaged = Buffer.from(file)
  damaged.fill('A', 9, headerEnd)
  const tensorSha256 = HIGH.tensorSha256 as TensorSha256
  const request = { expected: { tensorSha256 } }

  test('a damaged header does not pass', async () => {
    const server = await serve(damaged)
    const target = newTarget()
    const error = await rejection(download({ target, sources: [aSource(server.url)], request }))
    expect(error).toMatchObject({ code: 'checksum_mismatch' })
    expect(readdirSync(dirname(target))).toEqual(['.airkeep-quarantine'])
  })

  test('nor does one that is there already', async () => {
    const target = newTarget()
    writeFileSync(target, damaged)
    const error = await rejection(download({ target, sources: [], request }))
    expect(error).toMatchObject({ code: 'conflict' })
    writeFileSync(target, file)
    expect(await download({ target, sources: [], request })).toMatchObject({ sha256: SHA, fetchedBytes: 0 })
  })

  test('nor does one of which the upstream says by now that its tensors are right', async () => {
    const server = await serve(damaged)
    const refreshExpected = async () => ({ tensorSha256 })
    const expected = { sha256: sha256(other) }
    const error = await rejection(
      download({ target: newTarget(), sources: [aSource(server.url)], request: { expected, refreshExpected } }),
    )
    expect(error).toMatchObject({ code: 'checksum_mismatch' })
  })

  test('the clean retry asks the other source', async () => {
    const bad = await serve(damaged)
    const good = await serve(file)
    const sources = [aSource(bad.url, { id: 'url:bad' }), aSource(good.url, { id: 'url:good' })]
    expect(await download({ target: newTarget(), sources, request })).toMatchObject({ sha256: SHA })
  })

  test('bytes of several sources are never mixed', async () => {
    expect(sha256(renamed)).not.toBe(SHA)
    const first = await serve(renamed, ({ index }) => (index === 0 ? {} : { status: 404 }))
    const second = await serve(file)
    const sources = [aSource(first.url, { id: 'url:a' }), aSource(second.url, { id: 'url:b' })]
    const target = newTarget()
    expect(await download({ target, sources, request })).toMatchObject({ sha256: SHA })
    expect(second.sentOf(0, file.length)).toBeGreaterThanOrEqual(file.length)
  })

  test('a digest of all of it that a source declares counts too', async () => {
    const server = await serve(renamed)
    const sources = [aSource(server.url, { sha256: SHA })]
    const error = await rejection(download({ target: newTarget(), sources, request }))
    expect(error).toMatchObject({ code: 'checksum_mismatch' })
  })

  test.each<readonly [what: string, cutAfter: number, again: number]>([
    ['goes on behind the header', 500 * KIB, 0],
    ['begins anew within it', headerEnd - 10, headerEnd],
  ])('one answer that nothing ties to the next %s', async (_, cutAfter, again) => {
    const server = await serve(file, ({ index }) => ({
      headers: { etag: undefined },
      ...(index === 0 ? { cutAfter } : {}),
    }))
    const source = aSource(server.url, { id: 'node:swarm', ranges: 'open_ended', kind: 'remote' })
    const target = newTarget()
    expect(await download({ target, sources: [source], request })).toMatchObject({ sha256: SHA })
    expect(server.sentOf(0, headerEnd)).toBe(headerEnd + again)
    expect(readdirSync(dirname(target))).toEqual([basename(target)])
  })
})
