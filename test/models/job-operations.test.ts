import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { modelFilesTable as files } from '../../src/models/table.ts'
import type { Call } from '../../src/operation/operation.ts'
import { aModelFile } from '../support/model-files.ts'
import { type ModelHost, openModels } from '../support/models.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor } from '../support/track.ts'

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

const loader = (name: string): Partial<Call> => ({ actor: aTokenActor(name, 'models:read', 'models:download') })
const call = (name: string, input: object, as: Partial<Call> = {}): Promise<JsonObject> => host.invoke(name, input, as)
const scan = async (input: object = {}, as: Partial<Call> = {}): Promise<string> =>
  String((await call('scan_models', input, as))['job_id'])

/** A scan that is in the middle of hashing: a file that takes long, and takes no room. */
async function aLongScan(): Promise<string> {
  writeFileSync(join(host.root, 'long.pt'), 'x')
  truncateSync(join(host.root, 'long.pt'), 40 * 2 ** 30)
  const job_id = await scan()
  await host.jobs.start()
  for (;;) {
    const job = await call('get_model_job', { job_id })
    if (job['phase'] === 'hashing' && Number(job['hashed_bytes']) > 0) return job_id
    expect(['walking', 'reading', 'hashing']).toContain(String(job['phase']))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('scan_models', () => {
  test('answers at once with a job, which tells what it found', async () => {
    const { sha256 } = aModelFile(host.root, 'loras/a.safetensors', 1)
    const started = await call('scan_models', {})
    expect(started).toMatchObject({ status: 'analyzing' })
    expect(started['job_id']).toMatch(/^scan_[0-9a-z]+$/)
    await host.jobs.start()
    await host.jobs.whenIdle()
    expect(await call('get_model_job', { job_id: started['job_id'] })).toMatchObject({
      kind: 'scan',
      status: 'completed',
      progress: 1,
      roots: [host.root],
      files: 1,
      added: 1,
      files_hashed: 1,
    })
    expect(await call('list_models', {})).toMatchObject({ items: [{ sha256, type: 'lora' }] })
  })

  test('without any model folder it fails and says what to do', async () => {
    await host.close()
    host = await openModels({ roots: [] })
    const job = await host.run('scan_models', {})
    expect(job).toMatchObject({ status: 'failed', error_code: 'not_found' })
    expect(String(job['error'])).toMatch(/airkeep scan DIR.*AIRKEEP_MODELS.*UI_HOME/)
  })

  test('joins one of the same folders that waits or runs, in whatever order they are named', async () => {
    for (const name of ['a', 'b']) mkdirSync(join(host.root, name))
    const [a, b] = [join(host.root, 'a'), join(host.root, 'b')]
    symlinkSync(a, join(host.root, 'link'))
    const first = await scan({ roots: [a, b] })
    expect(await scan({ roots: [b, a] })).toBe(first)
    expect(await scan({ roots: [join(host.root, 'link'), b] })).toBe(first)
    expect(await scan({ roots: [a] })).not.toBe(first)
    expect(await scan({ roots: [a, b], identify: true })).not.toBe(first)
    expect(await scan()).not.toBe(first)
  })

  test.each([
    ['a folder that is not there', 'missing', 'not_found'],
    ['a file', 'a.safetensors', 'invalid_input'],
  ])('%s is an error and no job', async (_, name, code) => {
    aModelFile(host.root, 'a.safetensors', 1)
    expect(await rejection(scan({ roots: [join(host.root, name)] }))).toMatchObject({ code })
    expect(await call('list_model_jobs', {})).toMatchObject({ count: 0 })
  })

  test('a path that is not absolute', async () => {
    expect(await rejection(scan({ roots: ['models'] }))).toMatchObject({ code: 'invalid_input' })
  })

  test('callers with a token name folders below the known ones only, whatever is elsewhere', async () => {
    mkdirSync(join(host.root, 'loras'))
    expect(await scan({ roots: [join(host.root, 'loras')] }, loader('a'))).toStartWith('scan_')
    symlinkSync('/usr', join(host.root, 'out'))
    const refusals = await Promise.all(
      ['/usr', '/usr/none', host.dir, join(host.root, 'out')].map((root) =>
        rejection(scan({ roots: [root] }, loader('a'))),
      ),
    )
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'forbidden' })
    expect(new Set(refusals.map((refusal) => (refusal as Error).message)).size).toBe(1)
    // The owner names any.
    expect(await scan({ roots: [host.dir] })).toStartWith('scan_')
  })

  test('needs models:download', async () => {
    const reader = { actor: aTokenActor('reader', 'models:read') }
    expect(await rejection(scan({}, reader))).toMatchObject({ code: 'forbidden' })
  })

  test('hard links are one file under several names, in one scan and in scans of one folder each', async () => {
    const a = aModelFile(host.root, 'a/a.safetensors', 1)
    mkdirSync(join(host.root, 'b'))
    linkSync(a.path, join(host.root, 'b/b.safetensors'))
    await host.run('scan_models', {})
    expect(await call('list_models', {})).toMatchObject({
      count: 1,
      items: [{ aliases: [join(host.root, 'b/b.safetensors')] }],
    })
    expect(await call('list_models', { duplicates: true })).toMatchObject({ count: 0, wasted_bytes: 0 })
    await host.run('scan_models', { roots: [join(host.root, 'a')] })
    await host.run('scan_models', { roots: [join(host.root, 'b')] })
    expect(await call('list_models', { duplicates: true })).toMatchObject({ count: 0, wasted_bytes: 0 })
  })
})

describe('a job in the middle', () => {
  test('tells whoever asks how far it is, before its end', async () => {
    const job_id = await aLongScan()
    const job = await call('get_model_job', { job_id })
    expect(job).toMatchObject({ status: 'analyzing', bytes_to_hash: 40 * 2 ** 30, files_to_hash: 1 })
    expect(Number(job['hashed_bytes'])).toBeGreaterThan(0)
    expect(await call('list_model_jobs', {})).toMatchObject({ items: [{ job_id, phase: 'hashing' }] })
    await call('cancel_model_job', { job_id })
  })

  test('paused: holds still and keeps what it has shown, until it is asked to go on', async () => {
    const job_id = await aLongScan()
    const paused = await call('pause_model_job', { job_id })
    expect(paused).toMatchObject({ job_id, status: 'paused' })
    expect(Number(paused['hashed_bytes'])).toBeGreaterThan(0)
    await host.jobs.whenIdle()
    expect(await call('get_model_job', { job_id })).toMatchObject({ status: 'paused' })
    expect(await call('pause_model_job', { job_id })).toMatchObject({ status: 'paused' })
    truncateSync(join(host.root, 'long.pt'), 100)
    expect(await call('retry_model_job', { job_id })).toMatchObject({ job_id, status: 'analyzing' })
    await host.jobs.whenIdle()
    expect(await call('get_model_job', { job_id })).toMatchObject({ status: 'completed', files_hashed: 1 })
  })

  test('paused: a scan of the same folders goes on with it', async () => {
    const job_id = await aLongScan()
    await call('pause_model_job', { job_id })
    truncateSync(join(host.root, 'long.pt'), 100)
    expect(await scan()).toBe(job_id)
    await host.jobs.whenIdle()
    expect(await call('get_model_job', { job_id })).toMatchObject({ status: 'completed' })
  })

  test('cancelled: has ended, what it found stays, and it can be run again', async () => {
    const { sha256 } = aModelFile(host.root, 'a.safetensors', 1)
    const job_id = await aLongScan()
    const cancelled = await call('cancel_model_job', { job_id })
    expect(cancelled).toMatchObject({ status: 'cancelled', error_code: 'cancelled' })
    expect(await call('list_models', { query: 'a.safetensors' })).toMatchObject({ items: [{ sha256 }] })
    // An end is an end: neither of these changes it.
    expect(await call('cancel_model_job', { job_id })).toMatchObject({ status: 'cancelled' })
    expect(await call('pause_model_job', { job_id })).toMatchObject({ status: 'cancelled' })
    truncateSync(join(host.root, 'long.pt'), 100)
    const again = await call('retry_model_job', { job_id })
    expect(again).toMatchObject({ job_id, status: 'analyzing' })
    expect(again['error']).toBeUndefined()
    await host.jobs.whenIdle()
    const job = await call('get_model_job', { job_id })
    expect(job).toMatchObject({ status: 'completed', files_hashed: 1 })
  })

  test('a verification is paused and goes on too', async () => {
    writeFileSync(join(host.root, 'a.pt'), 'x')
    await host.run('scan_models', {})
    await host.jobs.stop()
    const { job_id } = await call('verify_models', {})
    expect(await call('pause_model_job', { job_id })).toMatchObject({ kind: 'verify', status: 'paused' })
    await host.jobs.start()
    await host.jobs.whenIdle()
    expect(await call('get_model_job', { job_id })).toMatchObject({ status: 'paused' })
    expect(await call('verify_models', {})).toMatchObject({ job_id })
    await host.jobs.whenIdle()
    expect(await call('get_model_job', { job_id })).toMatchObject({ status: 'completed', checked: 1 })
  })
})

const CHANGES = ['cancel_model_job', 'retry_model_job', 'pause_model_job'] as const

describe('whose job it is', () => {
  test('its owner and admin change it, others who may read see it', async () => {
    const job_id = await scan({}, loader('a'))
    const reader = { actor: aTokenActor('reader', 'models:read') }
    expect(await call('get_model_job', { job_id }, reader)).toMatchObject({ job_id })
    for (const name of CHANGES) {
      expect(await rejection(call(name, { job_id }, loader('b')))).toMatchObject({ code: 'forbidden' })
      expect(await rejection(call(name, { job_id }, reader))).toMatchObject({ code: 'forbidden' })
      expect(await call(name, { job_id }, loader('a'))).toMatchObject({ job_id })
      expect(await call(name, { job_id })).toMatchObject({ job_id })
    }
  })

  test('a foreign one and an unknown one are the same to who may not see it', async () => {
    const job_id = await scan()
    const stranger = { actor: aTokenActor('stranger', 'models:download') }
    const told = await Promise.all(
      [job_id, 'scan_0000'].flatMap((id) =>
        ['get_model_job', ...CHANGES].map((name) => rejection(call(name, { job_id: id }, stranger))),
      ),
    )
    for (const each of told) expect(each).toMatchObject({ code: 'not_found', message: 'Record not found' })
    expect(await call('list_model_jobs', {}, stranger)).toMatchObject({ items: [], count: 0 })
  })

  test('who may only start jobs sees the own ones', async () => {
    await scan()
    const starter = { actor: aTokenActor('starter', 'models:download') }
    const job_id = await scan({ roots: [host.root] }, starter)
    expect(await call('get_model_job', { job_id }, starter)).toMatchObject({ job_id })
    expect(await call('list_model_jobs', {}, starter)).toMatchObject({ items: [{ job_id }], count: 1 })
  })

  test('jobs of other kinds are none of these', async () => {
    expect(await rejection(call('get_model_job', { job_id: 'imp_0f3k9' }))).toMatchObject({ code: 'not_found' })
  })
})

test('the list: newest first over all kinds, by kind, by state, in pages', async () => {
  writeFileSync(join(host.root, 'a.pt'), 'x')
  const ids: unknown[] = []
  for (const name of ['scan_models', 'verify_models', 'scan_models', 'verify_models', 'scan_models']) {
    ids.unshift((await host.run(name, {}))['job_id'])
    host.clock.advance(1000)
  }
  await host.jobs.stop()
  const waiting = await scan()
  const all = [waiting, ...ids]
  const list = async (input: object = {}): Promise<unknown[]> =>
    ((await call('list_model_jobs', input))['items'] as JsonObject[]).map(({ job_id }) => job_id)
  expect(await list()).toEqual(all)
  expect(await list({ kind: 'scan' })).toEqual(all.filter((id) => String(id).startsWith('scan')))
  expect(await list({ kind: 'download' })).toEqual([])
  expect(await list({ status: 'completed' })).toEqual(ids)
  expect(await list({ status: 'analyzing' })).toEqual([waiting])
  expect(await list({ kind: 'verify', status: 'completed', limit: 1, offset: 1 })).toEqual([ids[3]])
  expect(await list({ limit: 2, offset: 3 })).toEqual(all.slice(3, 5))
  expect(await call('list_model_jobs', { limit: 2, offset: 3 })).toMatchObject({ count: 6, limit: 2, offset: 3 })
})

test('an import that resolved to a file is a use of it', async () => {
  aModelFile(host.root, 'loras/a.safetensors', 1)
  aModelFile(host.root, 'loras/b.safetensors', 2)
  const library = await host.models.library.open([], new AbortController().signal)
  await library.look()
  await library.unhashed()
  await library.markUsed([join(host.root, 'loras/a.safetensors'), join(host.root, 'not-there.safetensors')])
  expect(await call('list_models', { unused: true })).toMatchObject({ items: [{ name: 'b.safetensors' }], count: 1 })
  const used = await host.db.read.select({ path: files.path, at: files.lastUsedAt }).from(files)
  expect(used.find(({ path }) => path.endsWith('/a.safetensors'))?.at).toBe(host.clock.now())

  // Renamed it is the same file; another one under its name is a new one.
  copyFileSync(join(host.root, 'loras/b.safetensors'), join(host.root, 'loras/c.safetensors'))
  utimesSync(join(host.root, 'loras/c.safetensors'), 5, 5)
  await host.run('scan_models', {})
  expect(await call('list_models', { unused: true })).toMatchObject({ count: 2 })
})
