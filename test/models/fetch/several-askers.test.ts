import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { Offer } from '../../../src/models/fetch/wanted.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { type Conduct, type FileServer, startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { aTokenActor } from '../../support/track.ts'
import { anOffer, closeHashes, type DownloadHost, openDownloads } from './download-host.ts'

const bytes = payloadBytes(HIGH.seed)
const HALF = bytes.length / 2
const studio = aTokenActor('studio', 'models:read', 'models:download')

let host: DownloadHost
let server: FileServer
/** What the first request for the bytes themselves gets. */
let first: Conduct | undefined
beforeEach(async () => {
  host = await openDownloads()
  first = undefined
  server = await startFileServer(bytes, ({ begin, end }) => {
    if (begin === 0 && end === 1) return undefined
    const conduct = first
    first = undefined
    return conduct
  })
})
afterEach(async () => {
  await host.close()
  await server.close()
})
afterAll(closeHashes)

const offer = (changes: Partial<Offer> = {}): Offer =>
  anOffer(server.url, { sha256: HIGH.sha256, size_bytes: HIGH.sizeBytes, ...changes })

async function order(actor: Actor, name = 'harbor.safetensors', offered = offer()): Promise<string> {
  return (await host.downloads.order({ offers: [offered], place: { type: 'lora', name }, actor })).jobId
}
const path = (name: string): string => join(host.models, 'loras', name)

/** The owner's download has stopped in the middle, and that of somebody else waits for it. */
async function inTheMiddle(name?: string): Promise<{ readonly own: string; readonly other: string }> {
  first = { stallAfter: HALF }
  const own = await order(OWNER)
  await server.stalled()
  while ((await host.files.usedBytes()) < HALF / 2) await setImmediate()
  const other = await order(studio, name)
  await shows(other, ({ bytes_done }) => Number(bytes_done) > 0)
  return { own, other }
}

/** Resolves when the job object says so. */
const shows = (id: string, says: (view: JsonObject) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const end = host.events.subscribe(({ jobId, data }) => {
      if (jobId !== id || !says(data)) return
      end()
      resolve()
    })
  })

test('each has a job of its own, and one of them fetches', async () => {
  const ids = [await order(OWNER), await order(studio), await order(OWNER)]
  expect(new Set(ids).size).toBe(2)
  await host.jobs.whenIdle()
  const jobs = await Promise.all(ids.slice(0, 2).map(host.job))
  expect(jobs.map(({ status }) => status)).toEqual(['completed', 'completed'])
  expect(jobs.map(({ source }) => source).toSorted()).toEqual(['local', 'url'])
  expect(server.sentBytes()).toBeLessThan(bytes.length + 10)
})

test('the limits of one are no limits for another', async () => {
  host.search = async () => ({ offers: [offer()], candidates: [], steps: [] })
  const strict = await host.invoke('request_model_download', { sha256: HIGH.sha256, max_size_bytes: 10 }, studio)
  const picky = await host.invoke(
    'request_model_download',
    { sha256: HIGH.sha256, constraints: { license: 'mit' } },
    studio,
  )
  const own = await order(OWNER)
  expect(new Set([strict.job_id, picky.job_id, own]).size).toBe(3)
  expect(await host.ended(String(strict.job_id))).toMatchObject({ reason_code: 'size' })
  expect(await host.ended(String(picky.job_id))).toMatchObject({ reason_code: 'license' })
  expect(await host.ended(own)).toMatchObject({ status: 'completed' })
})

test.each([['cancel_model_job'], ['pause_model_job']])(
  'after %s the next goes on with what has come, under its own name',
  async (how) => {
    const { own, other } = await inTheMiddle('style/lights.safetensors')
    await host.invoke(how, { job_id: own })
    expect(await host.ended(other)).toMatchObject({ status: 'completed', name: 'style/lights.safetensors' })
    expect(readFileSync(path('style/lights.safetensors')).equals(bytes)).toBe(true)
    expect(server.sentBytes()).toBeLessThan(1.2 * bytes.length)
    expect(existsSync(`${path('harbor.safetensors')}.part`)).toBe(false)
    await host.invoke('retry_model_job', { job_id: own })
    expect(await host.ended(own)).toMatchObject({ status: 'completed', source: 'local' })
  },
)

test('who waits and is cancelled stops nobody', async () => {
  const { own, other } = await inTheMiddle()
  await host.invoke('cancel_model_job', { job_id: other }, studio)
  expect((await host.store.find(own))?.status).toBe('running')
  await host.jobs.pause(own)
  await host.jobs.retry(own)
  expect(await host.ended(own)).toMatchObject({ status: 'completed', source: 'url' })
  expect(server.sentBytes()).toBeLessThan(1.2 * bytes.length)
})

test('two that know no digest of one address fetch it once', async () => {
  const bare = anOffer(server.url)
  const ids = [await order(OWNER, undefined, bare), await order(studio, undefined, bare)]
  await host.jobs.whenIdle()
  const jobs = await Promise.all(ids.map(host.job))
  expect(jobs.map(({ path: where }) => where)).toEqual([path('harbor.safetensors'), path('harbor.safetensors')])
  expect(server.sentBytes()).toBeLessThan(bytes.length + 10)
})

test('what an import does without ends, as an earlier process has left it too; what was asked for by itself goes on', async () => {
  first = { stallAfter: HALF }
  host.search = async () => ({ offers: [offer()], candidates: [], steps: [] })
  const { job_id: asked } = await host.invoke('request_model_download', { sha256: HIGH.sha256 })
  const [one, two] = [await order(OWNER), await order(studio)]
  await server.stalled()
  await host.downloads.leave('imp_1', { known: [one, two], keep: [two] })
  const statusOf = async (id: unknown): Promise<unknown> => (await host.store.find(String(id)))?.status
  expect([await statusOf(one), await statusOf(two), await statusOf(asked)]).toEqual(['cancelled', 'running', 'running'])
})
