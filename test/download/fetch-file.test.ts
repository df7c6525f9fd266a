import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DownloadProgress } from '../../src/download/request.ts'
import type { TensorSha256 } from '../../src/hash/digest.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, gate, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)

test('a file comes in parts over several connections, each byte once, and gets its name', async () => {
  const server = await serve(file)
  const target = newTarget()
  const source = aSource(server.url)
  const seen: DownloadProgress[] = []
  const found = await download({
    target,
    sources: [source],
    request: { expected: { sha256: SHA, sizeBytes: file.length }, onProgress: (progress) => seen.push(progress) },
  })
  expect(SHA as string).toBe(HIGH.sha256)
  expect(found).toEqual({
    path: target,
    sha256: SHA,
    tensorSha256: HIGH.tensorSha256 as TensorSha256,
    sizeBytes: file.length,
    hashedBy: 'wasm',
    fetchedBytes: file.length,
    bytesBySource: { 'url:one': file.length },
  })
  expect(readFileSync(target).equals(file)).toBe(true)
  expect(statSync(target).mode & 0o777).toBe(0o644 & ~process.umask())
  expect(readdirSync(dirname(target))).toEqual(['model.safetensors'])
  expect(source.opens).toBe(1)
  expect(server.sentBytes()).toBe(file.length)
  expect(server.requests[0]?.headers).toMatchObject({
    range: `bytes=0-${256 * KIB - 1}`,
    'accept-encoding': 'identity',
  })
  expect(server.requests.length).toBeGreaterThan(3)
  expect(seen[0]).toEqual({
    ...{ phase: 'opening', bytesDone: 0, bytesTotal: undefined, bytesPerSecond: 0, connections: 0 },
  })
})

describe('files of every size', () => {
  test.each([0, 1, 100, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 700 * KIB + 3])('%d bytes', async (size) => {
    const bytes = Buffer.alloc(size, 'airkeep ')
    const server = await serve(bytes)
    const target = newTarget('file.bin')
    const found = await download({
      target,
      sources: [aSource(server.url)],
      request: { expected: { sha256: sha256(bytes) } },
    })
    expect(found).toMatchObject({ sizeBytes: size, sha256: sha256(bytes) })
    expect(readFileSync(target).equals(bytes)).toBe(true)
  })
})

test('without a digest the bytes are checked by their header, and come from one source alone', async () => {
  const server = await serve(file)
  const other = await serve(file)
  const target = newTarget()
  const sources = [aSource(server.url, { id: 'url:a' }), aSource(other.url, { id: 'url:b' })]
  expect(await download({ target, sources })).toMatchObject({ sha256: SHA, bytesBySource: { 'url:b': 0 } })
  expect(other.requests).toHaveLength(0)
})

test('what looks like an error is a file, where its name says so', async () => {
  const json = Buffer.from('{"error": "is a key like any other"}')
  const server = await serve(json, () => ({ headers: { 'content-type': 'application/json' } }))
  const target = newTarget('config.json')
  await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: sha256(json) } } })
  expect(readFileSync(target).equals(json)).toBe(true)
  const error = await rejection(download({ target: newTarget(), sources: [aSource(server.url)] }))
  expect(error).toMatchObject({ code: 'upstream_unavailable' })
})

test('the digest of the tensors is checked where it is asked for', async () => {
  const server = await serve(file)
  const expected = { tensorSha256: HIGH.tensorSha256 as TensorSha256 }
  const found = await download({ target: newTarget(), sources: [aSource(server.url)], request: { expected } })
  expect(found).toMatchObject({ ...expected, sha256: SHA, hashedBy: 'wasm' })
  const wrong = { tensorSha256: LOW.tensorSha256 as TensorSha256 }
  const error = await rejection(
    download({ target: newTarget(), sources: [aSource(server.url)], request: { expected: wrong } }),
  )
  expect(error).toMatchObject({ code: 'checksum_mismatch' })
  expect(String(error)).toContain(HIGH.tensorSha256)
  expect(String(error)).toContain(LOW.tensorSha256)
})

describe('what has the name already', () => {
  test('the file itself: nothing is fetched', async () => {
    const server = await serve(file)
    const target = newTarget()
    writeFileSync(target, file)
    const sources = [aSource(server.url)]
    expect(await download({ target, sources, request: { expected: { sha256: SHA } } })).toMatchObject({
      ...{ sha256: SHA, fetchedBytes: 0, sizeBytes: file.length, bytesBySource: {} },
    })
    expect(sources[0]?.opens).toBe(0)
  })
  test.each([
    ['of other bytes', { sha256: SHA }],
    ['of which nothing is known', {}],
    ['of another size', { sha256: SHA, sizeBytes: 5 }],
  ])('another file, %s: a conflict, and it stays', async (_, expected) => {
    const target = newTarget()
    writeFileSync(target, 'mine')
    expect(await rejection(download({ target, sources: [], request: { expected } }))).toMatchObject({
      code: 'conflict',
    })
    expect(readFileSync(target, 'utf8')).toBe('mine')
  })
  test('one that appears meanwhile is not overwritten', async () => {
    const target = newTarget()
    const server = await serve(file, () => {
      if (!existsSync(target)) writeFileSync(target, 'mine')
      return {}
    })
    const error = await rejection(
      download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } }),
    )
    expect(error).toMatchObject({ code: 'conflict' })
    expect(readFileSync(target, 'utf8')).toBe('mine')
  })
})

describe('refused before bytes are kept', () => {
  test('a file that is larger than allowed', async () => {
    const server = await serve(file)
    const target = newTarget()
    const error = await rejection(
      download({ target, sources: [aSource(server.url)], request: { maxSizeBytes: file.length - 1 } }),
    )
    expect(error).toMatchObject({ reason: 'size', code: 'forbidden' })
    expect(existsSync(target)).toBe(false)
  })
  test('one that turns out to be larger while it comes', async () => {
    const server = await serve(file, () => ({ ignoreRange: true, chunked: true }))
    const error = await rejection(
      download({ target: newTarget(), sources: [aSource(server.url)], request: { maxSizeBytes: 300 * KIB } }),
    )
    expect(error).toMatchObject({ reason: 'size' })
    expect(server.sentBytes()).toBeLessThan(file.length + 1)
  })
  test('one that does not fit on the disk', async () => {
    const server = await serve(file)
    const error = await rejection(
      download({ target: newTarget(), sources: [aSource(server.url)], minFreeBytes: Number.MAX_SAFE_INTEGER }),
    )
    expect(error).toMatchObject({ reason: 'disk', code: 'disk_full' })
  })
})

test('two downloads of one target: the second is a conflict, the first goes on', async () => {
  const wait = gate()
  const server = await serve(file, () => ({ until: wait.opened }))
  const target = newTarget()
  const setting = { target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } }
  const one = download(setting)
  await server.asked(1)
  const two = download({ ...setting, tuning: { lockWaitMs: 0 } })
  expect(await rejection(two)).toMatchObject({ code: 'conflict' })
  wait.open()
  expect(await one).toMatchObject({ sha256: SHA })
})

test('credentials go to the address that they are for, and along no redirect', async () => {
  const storage = await serve(file)
  const front = await serve(file, () => ({ status: 307, headers: { location: `${storage.url}?Signature=s3cr3t` } }))
  const source = aSource(front.url, { headers: { authorization: 'Bearer t0k3n' } })
  await download({ target: newTarget(), sources: [source], request: { expected: { sha256: SHA } } })
  // The address that it led to serves for all parts.
  expect(front.requests).toHaveLength(1)
  expect(front.requests[0]?.headers.authorization).toBe('Bearer t0k3n')
  expect(storage.requests.length).toBeGreaterThan(3)
  for (const { headers } of storage.requests) expect(headers.authorization).toBeUndefined()
})
