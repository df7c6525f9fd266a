import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { JsonObject } from '../../src/lib/json.ts'
import { aModelFile } from '../support/model-files.ts'
import { type ModelHost, openModels } from '../support/models.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor } from '../support/track.ts'

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

const at = (name: string): string => join(host.root, name)
const verify = (input: object = {}): Promise<JsonObject> => host.run('verify_models', input)

async function shown(name: string): Promise<JsonObject> {
  const { items } = await host.invoke('list_models', { query: name })
  const [item] = items as JsonObject[]
  if (item === undefined) throw new Error(`${name} is not listed`)
  return item
}

/** Other bytes under the same name, size and time, as a disk makes them. */
function rot(name: string): void {
  const { atime, mtime } = statSync(at(name))
  const bytes = readFileSync(at(name))
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) ^ 1
  writeFileSync(at(name), bytes)
  utimesSync(at(name), atime, mtime)
}

/** Times that a file system keeps to the microsecond, so that they can be put back. */
function aModel(name: string, seed: number): ReturnType<typeof aModelFile> {
  const made = aModelFile(host.root, name, seed)
  utimesSync(at(name), 1_700_000_000, 1_700_000_000)
  return made
}

test('every file is read again, and gets the digests that nobody asked for before', async () => {
  const a = aModel('a.safetensors', 1)
  aModel('b.safetensors', 2)
  await host.run('scan_models', {})
  expect(await shown('a.safetensors')).toMatchObject({ blake3: null, crc32: null })
  const bytes = statSync(at('a.safetensors')).size * 2
  expect(await verify()).toMatchObject({
    status: 'completed',
    kind: 'verify',
    checked: 2,
    mismatched: 0,
    unreadable: 0,
    mismatches: [],
    bytes_to_hash: bytes,
    hashed_bytes: bytes,
    progress: 1,
  })
  const now = await shown('a.safetensors')
  expect(now['blake3']).toMatch(/^[0-9a-f]{64}$/)
  expect(now).toMatchObject({
    sha256: a.sha256,
    tensor_sha256: a.tensorSha256,
    crc32: crc32(readFileSync(at('a.safetensors')))
      .toString(16)
      .padStart(8, '0'),
    state: 'ok',
  })
})

describe('what is told of a file', () => {
  test('whose bytes changed on the disk: corrupt, and its digest stays what it should be', async () => {
    const { sha256 } = aModel('a.safetensors', 1)
    aModel('b.safetensors', 2)
    await host.run('scan_models', {})
    rot('a.safetensors')
    const job = await verify()
    expect(job).toMatchObject({ status: 'partially_completed', checked: 2, mismatched: 1, unreadable: 0 })
    expect(job['mismatches']).toMatchObject([{ path: at('a.safetensors'), expected: sha256 }])
    expect(String((job['mismatches'] as JsonObject[])[0]?.['reason'])).toContain('the disk or the copy is damaged')
    expect(await shown('a.safetensors')).toMatchObject({ state: 'corrupt', sha256, blake3: null })
    expect(await shown('b.safetensors')).toMatchObject({ state: 'ok' })
    // Still told, however often somebody asks.
    expect(await verify()).toMatchObject({ status: 'partially_completed', mismatched: 1 })
  })

  test('that was repaired: ok again after a scan', async () => {
    const { sha256 } = aModel('a.safetensors', 1)
    copyFileSync(at('a.safetensors'), join(host.dir, 'backup'))
    await host.run('scan_models', {})
    rot('a.safetensors')
    await verify()
    copyFileSync(join(host.dir, 'backup'), join(host.dir, 'repaired'))
    utimesSync(join(host.dir, 'repaired'), 1_700_000_000, 1_700_000_000)
    renameSync(join(host.dir, 'repaired'), at('a.safetensors'))
    expect(await verify()).toMatchObject({ status: 'completed', mismatched: 0 })
    expect(await shown('a.safetensors')).toMatchObject({ state: 'ok', sha256, fault: null })
  })

  test('that was replaced: a scan takes the new one, and it is not corrupt', async () => {
    aModel('a.safetensors', 1)
    await host.run('scan_models', {})
    const { sha256 } = aModelFile(host.root, 'a.safetensors', 9, 2048)
    const job = await verify()
    expect(job).toMatchObject({ status: 'partially_completed', mismatched: 1 })
    expect(String((job['mismatches'] as JsonObject[])[0]?.['reason'])).toContain('scan_models takes the new file')
    expect((await shown('a.safetensors'))['state']).toBe('ok')
    await host.run('scan_models', {})
    expect(await shown('a.safetensors')).toMatchObject({ state: 'ok', sha256 })
    expect(await verify()).toMatchObject({ status: 'completed' })
  })

  test('that is gone', async () => {
    aModel('a.safetensors', 1)
    await host.run('scan_models', {})
    rmSync(at('a.safetensors'))
    expect(await verify()).toMatchObject({
      status: 'partially_completed',
      checked: 1,
      unreadable: 1,
      mismatches: [{ path: at('a.safetensors') }],
    })
  })
})

describe('by digest', () => {
  test.each([
    ['SHA-256', (made: ReturnType<typeof aModelFile>) => made.sha256],
    ['tensors', (made: ReturnType<typeof aModelFile>) => made.tensorSha256],
    ['AutoV2', (made: ReturnType<typeof aModelFile>) => made.sha256.slice(0, 10)],
  ])('only the files that %s leads to', async (_, hashOf) => {
    const made = aModel('a.safetensors', 1)
    aModel('b.safetensors', 2)
    await host.run('scan_models', {})
    rot('b.safetensors')
    expect(await verify({ hash: hashOf(made) })).toMatchObject({ status: 'completed', checked: 1 })
  })

  test.each(['9'.repeat(64), 'harbor'])('%s leads to nothing', async (hash) => {
    expect(await rejection(host.invoke('verify_models', { hash }))).toMatchObject({ code: 'not_found' })
  })
})

test('without a file there is nothing to do', async () => {
  expect(await verify()).toMatchObject({ status: 'completed', checked: 0, progress: 1 })
})

test('a second one of the same files joins the first', async () => {
  aModel('a.safetensors', 1)
  await host.run('scan_models', {})
  await host.jobs.stop()
  const [one, same, other] = [
    await host.invoke('verify_models', {}),
    await host.invoke('verify_models', {}),
    await host.invoke('verify_models', { hash: String((await shown('a.safetensors'))['sha256']) }),
  ]
  expect(same['job_id']).toBe(one['job_id'])
  expect(other['job_id']).not.toBe(one['job_id'])
})

test('it needs models:download', async () => {
  const actor = aTokenActor('reader', 'models:read')
  expect(await rejection(host.invoke('verify_models', {}, { actor }))).toMatchObject({ code: 'forbidden' })
})
