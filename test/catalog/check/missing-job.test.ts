import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { createMissingJob, MISSING_KIND } from '../../../src/catalog/check/missing-job.ts'
import { firstMissingView, type MissingInput } from '../../../src/catalog/check/missing-view.ts'
import { fromJson, type JsonObject } from '../../../src/lib/json.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { anOffer, closeHashes, type DownloadHost, openDownloads } from '../../models/fetch/download-host.ts'
import { type FileServer, startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'

const BYTES = payloadBytes(HIGH.seed)

let host: DownloadHost
let storage: FileServer
beforeEach(async () => {
  host = await openDownloads()
  host.jobs.register(createMissingJob(host))
  let asked = 0
  storage = await startFileServer(BYTES, ({ begin, end }) => {
    if (begin === 0 && end === 1) return undefined
    asked += 1
    // Falls silent in the middle, the first time.
    return asked === 1 ? { stallAfter: BYTES.length / 2 } : undefined
  })
})
afterEach(async () => {
  await host.close()
  await storage.close()
})
afterAll(closeHashes)

const file = (view: JsonObject): JsonObject => (view.dependencies as JsonObject[])[0] ?? {}

/** The job object as soon as it says so. */
async function shows(id: string, says: (view: JsonObject) => boolean): Promise<JsonObject> {
  const { promise, resolve } = Promise.withResolvers<JsonObject>()
  const stop = host.events.subscribe(({ jobId, data }) => {
    if (jobId === id && says(data)) resolve(data)
  })
  const row = await host.store.find(id)
  const now = row === undefined ? {} : host.jobs.latest(row).view
  if (says(now)) resolve(now)
  return promise.finally(stop)
}

/** A job that follows one download, which has stopped in the middle. */
async function inTheMiddle(): Promise<{ readonly id: string; readonly download: string }> {
  const offer = anOffer(storage.url, { sha256: HIGH.sha256, size_bytes: BYTES.length })
  const { jobId: download } = await host.downloads.order({ offers: [offer], place: { type: 'lora' }, actor: OWNER })
  const order = { job_id: download, expected: 'harbor.safetensors', file_paths: ['loras/harbor.md'] }
  const input: MissingInput = { ordered: [order], left_out: [] }
  const { id } = await host.jobs.create(MISSING_KIND, {
    actor: OWNER,
    input: fromJson(input) as JsonObject,
    view: firstMissingView(input),
  })
  await storage.stalled()
  await shows(id, (view) => file(view).status === 'downloading')
  return { id, download }
}

const isHeld = (view: JsonObject): boolean => String(file(view).reason).includes('is paused')

test('waits for a paused download, says so, and ends when that goes on', async () => {
  const { id, download } = await inTheMiddle()
  await host.jobs.pause(download)
  const held = await shows(id, isHeld)
  expect(held).toMatchObject({ status: 'downloading', dependencies: [{ status: 'download_scheduled' }] })
  expect(Number(file(held).bytes_done)).toBeGreaterThan(0)
  await host.jobs.retry(download)
  expect(await host.ended(id)).toMatchObject({
    status: 'completed',
    dependencies: [{ status: 'resolved', sha256: HIGH.sha256, reason: null }],
  })
})

test('waits for it after a restart too', async () => {
  const { id, download } = await inTheMiddle()
  await host.jobs.stop()
  await host.jobs.pause(download)
  await host.jobs.start()
  expect(await shows(id, isHeld)).toMatchObject({ status: 'downloading' })
  expect(await host.job(download)).toMatchObject({ status: 'paused' })
})

test('a download that was cancelled is not waited for', async () => {
  const { id, download } = await inTheMiddle()
  await host.jobs.cancel(download)
  expect(await host.ended(id)).toMatchObject({
    status: 'partially_completed',
    dependencies: [{ status: 'failed', reason: expect.stringContaining('was cancelled') }],
  })
})
