import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/lib/json.ts'
import { SourceRefused } from '../../../src/net/file-source.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { type FileServer, startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { aTokenActor } from '../../support/track.ts'
import { anOffer, closeHashes, type DownloadHost, openDownloads } from './download-host.ts'

const studio = aTokenActor('studio', 'models:read', 'models:download')

let host: DownloadHost
let server: FileServer
/** Nothing is handed out. */
let gone: boolean
beforeEach(async () => {
  gone = false
  server = await startFileServer(payloadBytes(HIGH.seed), () => (gone ? { status: 404 } : {}))
  host = await openDownloads({ minFreeBytes: Number.MAX_SAFE_INTEGER })
})
afterEach(async () => {
  await host.close()
  await server.close()
})
afterAll(closeHashes)

const known = { sha256: HIGH.sha256, size_bytes: HIGH.sizeBytes }

async function order(actor: Actor = OWNER, changes: JsonObject = known, url = server.url): Promise<string> {
  const offers = [anOffer(url, changes)]
  const { jobId } = await host.downloads.order({ offers, place: { type: 'lora' }, actor })
  await host.jobs.whenIdle()
  return jobId
}

const withRoom = async (): Promise<void> => {
  host = await host.restart({})
}

const fetchedBy = (id: string): JsonObject => ({
  status: 'completed',
  path: join(host.models, 'loras/harbor.safetensors'),
  sha256: HIGH.sha256,
  source: 'local',
  fetched_by: id,
  reason_code: null,
  reason: null,
})

test('a blocked download whose file another has fetched since is completed, and shows it', async () => {
  const [own, theirs] = [await order(), await order(studio)]
  for (const id of [own, theirs])
    expect(await host.job(id)).toMatchObject({ reason_code: 'disk', hint: expect.any(String) })
  await withRoom()
  const sent = server.sentBytes()
  const next = await order()
  expect(next).not.toBe(own)
  expect(await host.job(next)).toMatchObject({ status: 'completed', source: 'url' })
  for (const id of [own, theirs]) {
    const job = await host.job(id)
    expect(job).toMatchObject(fetchedBy(next))
    expect(job).not.toHaveProperty('hint')
  }
  expect(server.sentBytes() - sent).toBeLessThan(HIGH.sizeBytes + 10)
})

test('so is one that failed, and one of a source that says nothing of its bytes', async () => {
  await withRoom()
  gone = true
  const [named, nameless] = [await order(), await order(studio, {})]
  const theirs = await order(OWNER, {})
  for (const id of [named, nameless, theirs]) expect(await host.job(id)).toMatchObject({ status: 'failed' })
  gone = false
  const next = await order(studio, known)
  expect(await host.job(next)).toMatchObject({ status: 'completed' })
  expect(await host.job(named)).toMatchObject(fetchedBy(next))
  expect(await host.job(named)).not.toHaveProperty('error')
  expect(await host.job(nameless)).toMatchObject(fetchedBy(next))
  // That an address is the same says too little to somebody else.
  expect(await host.job(theirs)).toMatchObject({ status: 'failed' })
})

test('one of the same address but for what it asks for is another file', async () => {
  await withRoom()
  gone = true
  const other = await order(OWNER, {}, `${server.url}?id=1`)
  gone = false
  expect(await host.job(await order(OWNER, {}, `${server.url}?id=2`))).toMatchObject({ status: 'completed' })
  expect(await host.job(other)).toMatchObject({ status: 'failed' })
})

test('a retried one settles those beside it', async () => {
  const [own, theirs] = [await order(), await order(studio)]
  await withRoom()
  await host.invoke('retry_model_job', { job_id: theirs })
  expect(await host.ended(theirs)).toMatchObject({ status: 'completed', source: 'url' })
  expect(await host.job(own)).toMatchObject(fetchedBy(theirs))
})

test('what was cancelled stays so, as does what the rights of somebody else stand against', async () => {
  await withRoom()
  gone = true
  const theirs = await order(studio)
  const row = await host.store.find(theirs)
  const { reason: refusal } = new SourceRefused('login', 'It wants a login')
  const blocked = { ...row?.view, status: 'partially_completed', reason_code: refusal }
  await host.store.change(theirs, ['failed'], 'succeeded', blocked, 'models:read')
  gone = false
  await host.jobs.stop()
  const own = (
    await host.downloads.order({ offers: [anOffer(server.url, known)], place: { type: 'lora' }, actor: OWNER })
  ).jobId
  await host.jobs.cancel(own)
  await host.jobs.start()
  expect(await host.job(await order())).toMatchObject({ status: 'completed' })
  expect(await host.job(own)).toMatchObject({ status: 'cancelled' })
  expect(await host.job(theirs)).toMatchObject({ status: 'partially_completed', reason_code: 'login' })
})
