import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, gate, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)
const request = { expected: { sha256: SHA, sizeBytes: file.length } }

describe('several sources', () => {
  test('share one file, each with its own validator, and no byte is fetched twice', async () => {
    const one = await serve(file, () => ({ headers: { etag: '"a"' } }))
    const two = await serve(file, () => ({ headers: { etag: '"b"' } }))
    const target = newTarget()
    const sources = [aSource(one.url, { id: 'url:a' }), aSource(two.url, { id: 'url:b' })]
    const found = await download({ target, sources, request })
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(found.bytesBySource['url:a']).toBeGreaterThan(0)
    expect(found.bytesBySource['url:b']).toBeGreaterThan(0)
    expect(one.sentBytes() + two.sentBytes()).toBe(file.length)
  })

  test.each<readonly [string, Parameters<typeof serve>[1]]>([
    ['breaks every answer off', () => ({ cutAfter: 0 })],
    ['breaks off in the middle and is gone', ({ index }) => (index === 0 ? { cutAfter: 100 * KIB } : { status: 500 })],
    ['refuses', () => ({ status: 403 })],
    ['sends a web page', () => ({ headers: { 'content-type': 'text/html' } })],
    ['sends only whole files', () => ({ ignoreRange: true })],
    ['changes its file', ({ index }) => ({ headers: { etag: `"${index}"` } })],
    ['is overloaded for a day', () => ({ status: 503, headers: { 'retry-after': '86400' } })],
  ])('one %s, the other goes on', async (_name, conduct) => {
    for (const first of [true, false]) {
      const bad = await serve(file, conduct)
      const good = await serve(file)
      const sources = [aSource(bad.url, { id: 'url:bad' }), aSource(good.url, { id: 'url:good' })]
      const target = newTarget()
      await download({ target, sources: first ? sources : sources.toReversed(), request })
      expect(readFileSync(target).equals(file)).toBe(true)
    }
  })

  test('one that has a file of another size is left out', async () => {
    const good = await serve(file)
    const bad = await serve(Buffer.concat([file, Buffer.alloc(1)]))
    const sources = [aSource(good.url, { id: 'url:good' }), aSource(bad.url, { id: 'url:bad' })]
    const found = await download({ target: newTarget(), sources, request: { expected: { sha256: SHA } } })
    expect(found.bytesBySource).toEqual({ 'url:good': file.length, 'url:bad': 0 })
  })

  test('one that declares another digest is not even asked for bytes', async () => {
    const good = await serve(file)
    const bad = await serve(file)
    const sources = [
      aSource(bad.url, { id: 'url:bad', sha256: LOW.sha256 }),
      aSource(good.url, { id: 'url:good', sha256: SHA.toUpperCase() }),
    ]
    await download({ target: newTarget(), sources, request })
    expect(bad.requests).toHaveLength(0)
  })

  test('all given up: each is named, with its reason and without its address', async () => {
    const one = await serve(file, () => ({ status: 500 }))
    const two = await serve(file, () => ({ headers: { 'content-type': 'text/html' } }))
    const sources = [aSource(`${one.url}?token=s3cr3t`, { id: 'url:a' }), aSource(two.url, { id: 'node:b' })]
    const error = await rejection(download({ target: newTarget(), sources, request }))
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(String(error)).toContain('url:a: it answered 500')
    expect(String(error)).toContain('node:b: it sends a web page')
    expect(String(error)).not.toContain('s3cr3t')
  })

  test('one that has fallen silent does not hold up the end', async () => {
    const never = gate()
    const slow = await serve(file, () => ({ until: never.opened }))
    const fast = await serve(file, ({ index }) => (index === 0 ? { until: slow.asked(1) } : {}))
    const sources = [aSource(fast.url, { id: 'url:fast' }), aSource(slow.url, { id: 'node:slow' })]
    const target = newTarget()
    const found = await download({ target, sources, request, tuning: { shareMs: 0, lateMs: 0 } })
    expect(found.bytesBySource).toMatchObject({ 'node:slow': 0 })
    expect(readFileSync(target).equals(file)).toBe(true)
    never.open()
  })

  test('wrong bytes of one: the clean retry takes each byte from one source alone', async () => {
    const flipped = Buffer.from(file)
    flipped[5_000] = (flipped[5_000] ?? 0) ^ 1
    const bad = await serve(flipped)
    const good = await serve(file)
    const sources = [aSource(good.url, { id: 'url:good' }), aSource(bad.url, { id: 'node:bad', kind: 'remote' })]
    // Whoever begins has the flipped bit.
    const found = await download({ target: newTarget(), sources: sources.toReversed(), request })
    expect(found.sha256).toBe(SHA)
  })
})

describe('a source that knows only open ranges', () => {
  test('sends one stream, from where it goes on', async () => {
    const server = await serve(file, ({ index }) => (index === 0 ? { cutAfter: 500 * KIB } : {}))
    const source = aSource(server.url, { id: 'node:swarm', ranges: 'open_ended', kind: 'remote' })
    const target = newTarget()
    await download({ target, sources: [source], request })
    expect(server.mostAtOnce()).toBe(1)
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=0-', `bytes=${500 * KIB}-`])
    expect(server.sentBytes()).toBe(file.length)
  })
  test('what it calls a digest is that of the tensors', async () => {
    const server = await serve(file)
    const source = aSource(server.url, { ranges: 'open_ended', sha256: HIGH.tensorSha256 })
    expect(await download({ target: newTarget(), sources: [source], request })).toMatchObject({ sha256: SHA })
  })
  test('shares a file with one that knows bounded ranges', async () => {
    const swarm = await serve(file)
    const plain = await serve(file)
    const sources = [
      aSource(plain.url, { id: 'url:plain' }),
      aSource(swarm.url, { id: 'node:swarm', ranges: 'open_ended' }),
    ]
    const target = newTarget()
    await download({ target, sources, request })
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(swarm.requests.every(({ headers }) => headers.range?.endsWith('-'))).toBe(true)
  })
})

describe('connections', () => {
  const paced = { bytesPerSecond: 2_000_000 }
  test('grow beyond the first four while each brings something', async () => {
    const server = await serve(file, () => paced)
    await download({
      ...{ target: newTarget(), sources: [aSource(server.url)], request, maxRanges: 8 },
      tuning: { minSegmentBytes: 64 * KIB, firstConnections: 2, growEveryMs: 1 },
    })
    expect(server.mostAtOnce()).toBeGreaterThan(2)
    expect(server.mostAtOnce()).toBeLessThanOrEqual(8)
  })
  test('are never more than the host gets', async () => {
    const server = await serve(file)
    await download({ target: newTarget(), sources: [aSource(server.url)], request, perHost: 2 })
    expect(server.mostAtOnce()).toBeLessThanOrEqual(2)
  })
  test('nor than the setting allows', async () => {
    const server = await serve(file)
    await download({ target: newTarget(), sources: [aSource(server.url)], request, maxRanges: 1 })
    expect(server.mostAtOnce()).toBe(1)
    expect(server.sentBytes()).toBe(file.length)
  })
  test('become fewer where the host complains about more than two', async () => {
    let open = 0
    const server = await serve(file, () => {
      open = server.atOnce()
      return open > 2 ? { status: 503 } : {}
    })
    const target = newTarget()
    await download({ target, sources: [aSource(server.url)], request, tuning: { attempts: 50, firstAttempts: 50 } })
    expect(readFileSync(target).equals(file)).toBe(true)
  })
})
