import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { orAborted } from '../../../src/lib/abort.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { Search, WantedModel } from '../../../src/models/fetch/wanted.ts'
import { type FileServer, startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { rejection } from '../../support/rejection.ts'
import { aTokenActor } from '../../support/track.ts'
import { anOffer, closeHashes, type DownloadHost, type DownloadHostOptions, openDownloads } from './download-host.ts'

const AIR = 'urn:air:sdxl:lora:civitai:900100@910201'
const STEPS: Search['steps'] = [{ step: 'civitai', result: 'not found by sha256' }]

let host: DownloadHost
let server: FileServer
let asked: WantedModel[]
async function start(options?: DownloadHostOptions): Promise<void> {
  host = await openDownloads(options)
  server = await startFileServer(payloadBytes(1))
  asked = []
}
afterEach(async () => {
  await host.close()
  await server.close()
})
afterAll(closeHashes)

function answer(search: Partial<Search>): void {
  host.search = async (wanted) => {
    asked.push(wanted)
    return { offers: [], candidates: [], steps: STEPS, ...search }
  }
}

async function request(input: JsonObject): Promise<JsonObject> {
  const { job_id } = await host.invoke('request_model_download', input)
  return host.ended(String(job_id))
}

const found = (changes = {}) => ({
  offers: [anOffer(server.url, { sha256: HIGH.sha256, size_bytes: HIGH.sizeBytes, ...changes })],
})

test('an AIR is looked for, decided, fetched and put in its place', async () => {
  await start()
  answer(found())
  const started = await host.invoke('request_model_download', { air: AIR, filename: 'style/foo' })
  expect(started).toEqual({
    job_id: expect.stringMatching(/^dl_[0-9a-z]+$/),
    status: 'resolving',
    message: 'Download job created and processing started.',
  })
  expect(await host.ended(String(started.job_id))).toMatchObject({
    status: 'completed',
    type: 'lora',
    path: join(host.models, 'loras/style/foo.safetensors'),
    name: 'style/foo.safetensors',
    sha256: HIGH.sha256,
  })
  expect(asked).toMatchObject([{ type: 'lora', civitai: { model_id: 900100, version_id: 910201 } }])
  expect(await host.audit()).toMatchObject([{ after: { verdict: 'allow' } }])
})

test('what is here already is neither looked for nor fetched', async () => {
  await start()
  answer(found())
  await request({ air: AIR })
  expect(await request({ sha256: HIGH.sha256 })).toMatchObject({ status: 'completed', source: 'local', type: 'lora' })
  expect(asked).toHaveLength(1)
})

test('an address without digests is not fetched twice', async () => {
  await start()
  answer({ offers: [anOffer(server.url)] })
  const input = { url: server.url, type: 'lora' }
  const first = await request(input)
  expect(first).toMatchObject({ status: 'completed', source: 'url', sha256: HIGH.sha256 })
  const sent = server.sentBytes()
  expect(await request(input)).toMatchObject({ status: 'completed', source: 'local', path: first.path ?? '' })
  expect(server.sentBytes()).toBe(sent)
})

test('the digest beside an address is what the file has to be', async () => {
  await start()
  answer({ offers: [anOffer(server.url)] })
  const other = HIGH.sha256.replace(/^./, '0')
  expect(await request({ url: server.url, sha256: other, type: 'lora' })).toMatchObject({
    status: 'failed',
    error_code: 'checksum_mismatch',
  })
  expect(existsSync(join(host.models, 'loras/harbor.safetensors'))).toBe(false)
  expect(await request({ url: server.url, sha256: HIGH.sha256, type: 'lora' })).toMatchObject({ status: 'completed' })
})

describe('what is not to be had ends as that', () => {
  test.each<[string, Partial<Search>, JsonObject]>([
    ['missing', {}, { status: 'failed', error_code: 'not_found', reason_code: null }],
    [
      'ambiguous',
      { candidates: [{ name: 'Harbor', air: AIR, why: 'It is called so' }] },
      {
        status: 'partially_completed',
        reason_code: null,
        candidates: [{ name: 'Harbor', air: AIR, why: 'It is called so' }],
      },
    ],
    [
      'blocked',
      { refusal: { reason: 'early_access', message: 'Wait for it', until: Date.UTC(2027, 0, 1) } },
      {
        status: 'partially_completed',
        reason_code: 'early_access',
        reason: 'Wait for it',
        until: '2027-01-01T00:00:00.000Z',
      },
    ],
    [
      'upstream away',
      { failure: { message: 'Civitai does not answer', retryable: true } },
      { status: 'failed', error_code: 'upstream_unavailable', reason: 'Civitai does not answer' },
    ],
  ])('%s', async (_, search, expected) => {
    await start()
    answer(search)
    const job = await request({ air: AIR })
    expect(job).toMatchObject(expected)
    expect(job).toMatchObject({ steps: [{ step: 'civitai', result: 'not found by sha256' }] })
    // A second try begins anew.
    answer(found())
    await host.invoke('retry_model_job', { job_id: String(job.job_id) })
    const again = await host.ended(String(job.job_id))
    expect(again).toMatchObject({ status: 'completed', reason: null })
    for (const field of ['candidates', 'until', 'error', 'error_code']) expect(again).not.toHaveProperty(field)
  })
})

test.each<[JsonObject, string | null]>([
  [{ license: 'noncommercial' }, null],
  [{ license: ['apache-2.0', 'openrail++'] }, null],
  [{ license: 'commercial' }, 'license'],
  [{ license: ['apache-2.0'] }, 'license'],
])('constraints %j: %p', async (constraints, reason) => {
  await start()
  answer(found({ facts: { commercial_use: [], base_model: 'SDXL 1.0' } }))
  expect(await request({ air: AIR, constraints })).toMatchObject({ reason_code: reason })
})

describe('the folder that it goes to', () => {
  test.each([
    '',
    ' ',
    '.',
    '..',
    '../../x',
    '/etc',
    '\\\\host\\x',
    'loras/../../y',
    'C:\\x',
    'c:x',
    'models',
    'x/y',
    'default',
  ])('%p is refused, and nothing is looked for', async (folder) => {
    await start()
    answer(found())
    const error = await rejection(host.invoke('request_model_download', { air: AIR, folder }))
    expect(error).toMatchObject({ code: 'invalid_input', errors: [{ path: 'folder' }] })
    if (folder.trim() !== '') expect(error).toMatchObject({ message: expect.stringContaining(JSON.stringify(folder)) })
    expect(asked).toEqual([])
  })

  test.each([
    ['loras', 'loras'],
    ['./Lora/', 'loras'],
    ['loras/style', 'loras/style'],
    ['x', 'x'],
  ])('%p', async (folder, expected) => {
    await start()
    answer(found())
    const job = await request({ air: AIR, folder })
    expect(job).toMatchObject({ status: 'completed', path: join(host.models, expected, 'harbor.safetensors') })
  })

  test('one that the UI of this host does not have is refused', async () => {
    await start({ layout: 'a1111' })
    const error = await rejection(host.invoke('request_model_download', { air: AIR, folder: 'x' }))
    expect(error).toMatchObject({ code: 'invalid_input', errors: [{ path: 'folder' }] })
    answer(found())
    expect(await request({ air: AIR, folder: 'loras' })).toMatchObject({
      path: join(host.models, 'Lora/harbor.safetensors'),
    })
  })
})

test('max_size_bytes stands in the place of the setting', async () => {
  await start({ policy: { maxSizeBytes: 1000 } })
  answer(found())
  expect(await request({ air: AIR })).toMatchObject({ reason_code: 'size' })
  expect(await request({ air: AIR, max_size_bytes: 10 ** 9 })).toMatchObject({ status: 'completed' })
})

test('asking again while it is paused has it go on; whoever else asks has a job of its own', async () => {
  await start({ settings: { concurrency: 1 } })
  host.search = (_, { signal }) => orAborted(new Promise(() => {}), signal)
  const studio = aTokenActor('studio', 'models:download')
  const { job_id } = await host.invoke('request_model_download', { air: AIR }, studio)
  await host.jobs.pause(String(job_id))
  const other = aTokenActor('other', 'models:download')
  const theirs = await host.invoke('request_model_download', { air: AIR }, other)
  expect(theirs).toMatchObject({ status: 'resolving' })
  expect(theirs.job_id).not.toBe(job_id)
  expect((await host.store.find(String(job_id)))?.status).toBe('paused')
  expect(await host.invoke('request_model_download', { air: AIR }, studio)).toMatchObject({
    job_id,
    status: 'resolving',
  })
})

test('a caller with a token names no host that is not listed, and needs the permission', async () => {
  await start()
  const call = (permission: 'models:download' | 'models:read') =>
    rejection(host.invoke('request_model_download', { url: server.url }, aTokenActor('studio', permission)))
  expect(await call('models:download')).toMatchObject({ code: 'forbidden', message: expect.stringContaining('hosts') })
  expect(await call('models:read')).toMatchObject({ code: 'forbidden' })
})
