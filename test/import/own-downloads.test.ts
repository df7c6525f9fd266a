import { afterEach, beforeEach, expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { jobsTable } from '../../src/jobs/table.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { HARBOR_LIGHTS } from '../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { GATES } from '../support/fake-downloads.ts'
import { type Conduct, type FileServer, startFileServer } from '../support/file-server.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { aTokenActor } from '../support/track.ts'
import { type ImportHost, openImports } from './import-host.ts'

const PROMPT = { payload: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201' }
const agent = aTokenActor('agent', 'models:read', 'models:download')

let civitai: FakeCivitai
let storage: FileServer
let host: ImportHost
/** What the first request for the bytes gets: it falls silent in the middle. */
let first: Conduct | undefined
/** Every request gets that. */
let silent: boolean

beforeEach(async () => {
  civitai = await startFakeCivitai()
  first = { stallAfter: 1_000_000 }
  silent = false
  storage = await startFileServer(payloadBytes(HIGH.seed), () => {
    const conduct = first
    first = undefined
    return silent ? { stallAfter: 1_000_000 } : conduct
  })
  civitai.models.add(HARBOR_LIGHTS)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${storage.url}/f` })
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url }, civitaiKey: 'of-the-owner' })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  await storage.close()
})

const only = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}
const begin = async (actor: Actor = OWNER): Promise<string> =>
  String((await host.invoke('import_prompt', PROMPT, actor)).job_id)
const downloads = async (): Promise<string[]> =>
  (await host.store.list({ kinds: ['download'] }, 9, 0)).map(({ status }) => status)

/** Resolves when the job object says so. */
async function shows(id: string, says: (view: JsonObject) => boolean): Promise<JsonObject> {
  let end = (): void => {}
  const told = new Promise<JsonObject>((resolve) => {
    end = host.events.subscribe(({ jobId, data }) => {
      if (jobId === id && says(data)) resolve(data)
    })
  })
  const row = await host.store.find(id)
  const now = row === undefined ? {} : host.jobs.latest(row).view
  const view = says(now) ? now : await told
  end()
  return view
}

/** It waits for a download that somebody has paused. */
const isHeld = (view: JsonObject): boolean => String(only(view).reason).includes('is paused')

/** An import whose download has stopped in the middle. */
async function inTheMiddle(): Promise<{ readonly id: string; readonly download: string }> {
  const id = await begin()
  await storage.stalled()
  const view = await shows(id, (now) => only(now).status === 'downloading')
  return { id, download: String(only(view).download_job_id) }
}

test('what is stored of an import in the middle is no older than what was told', async () => {
  const told: number[] = []
  const stored = new Promise<void>((resolve) => {
    host.events.subscribe(({ kind, id, data }) => {
      if (kind !== 'import' || only(data).bytes_done === undefined) return
      told.push(Number(only(data).bytes_done))
      if (id !== undefined && only(data).status === 'downloading') resolve()
    })
  })
  await inTheMiddle()
  await stored
  expect(told.at(-1)).toBeGreaterThan(0)
  expect(told).toEqual(told.toSorted((a, b) => a - b))
})

test('an import tells of nothing that goes back', async () => {
  first = undefined
  const ranks = ['analyzing', 'resolving', 'downloading', 'completed']
  const steps = ['pending', 'missing', 'download_scheduled', 'downloading', 'verifying', 'resolved']
  const told: (readonly number[])[] = []
  host.events.subscribe(({ kind, data }) => {
    if (kind !== 'import') return
    const { status = 'pending', bytes_done: bytes = 0 } = only(data)
    told.push([ranks.indexOf(String(data.status)), Number(data.progress), steps.indexOf(String(status)), Number(bytes)])
  })
  await host.ended({ job_id: await begin() })
  for (const at of [0, 1, 2, 3]) {
    const values = told.map((each) => each[at] ?? -1)
    expect(values).toEqual(values.toSorted((a, b) => a - b))
  }
  expect(told.at(-1)?.slice(0, 3)).toEqual([3, 1, 5])
})

test('an import that is cancelled takes its download along', async () => {
  const { id, download } = await inTheMiddle()
  await host.invoke('cancel_import_job', { job_id: id })
  expect(await downloads()).toEqual(['cancelled'])
  await host.invoke('retry_import_job', { job_id: id })
  const job = await host.ended({ job_id: id })
  expect(only(job)).toMatchObject({ status: 'resolved', sha256: HIGH.sha256 })
  expect(only(job).download_job_id).not.toBe(download)
  expect(storage.sentBytes()).toBeLessThan(1.3 * HIGH.sizeBytes)
})

test('so does one that fails, and its retry goes on with what has come', async () => {
  first = undefined
  silent = true
  const { id, download } = await inTheMiddle()
  while (only((await host.store.find(id))?.view ?? {}).download_job_id !== download) await setImmediate()
  await host.jobs.stop()
  // As often as a job is cut off that ends the program itself.
  await host.db.write(async (tx) => {
    await tx.update(jobsTable).set({ attempts: 9 }).where(eq(jobsTable.id, id))
  })
  host = await host.restart()
  await shows(id, ({ status }) => status === 'failed')
  await host.jobs.whenIdle()
  expect(await downloads()).toEqual(['cancelled'])
  silent = false
  await host.invoke('retry_import_job', { job_id: id })
  expect(only(await host.ended({ job_id: id }))).toMatchObject({ status: 'resolved', sha256: HIGH.sha256 })
})

test('a download ends with the last import that wants it', async () => {
  const { id, download } = await inTheMiddle()
  const second = await begin()
  await shows(second, (view) => only(view).download_job_id === download)
  await host.invoke('cancel_import_job', { job_id: id })
  expect(await downloads()).toEqual(['running'])
  await host.invoke('cancel_import_job', { job_id: second })
  expect(await downloads()).toEqual(['cancelled'])
})

test('an import that waits to go on after a restart wants its download still', async () => {
  const { id, download } = await inTheMiddle()
  const second = await begin()
  await shows(second, (view) => only(view).download_job_id === download)
  await host.jobs.stop()
  // As a process finds it that was started anew and has not come to it yet.
  const row = await host.store.find(second)
  expect(row?.view.dependencies).toMatchObject([{ download_job_id: download }])
  expect(await host.store.findWaitingFor(download)).toEqual(expect.arrayContaining([id, second]))
  await host.jobs.start()
  expect(only(await host.ended({ job_id: second }))).toMatchObject({ status: 'resolved' })
})

test('an import that is cancelled in the next process, before it comes to its download, takes it along', async () => {
  first = undefined
  silent = true
  const { id, download } = await inTheMiddle()
  while (only((await host.store.find(id))?.view ?? {}).download_job_id !== download) await setImmediate()
  const asked = new Promise<void>((resolve) => civitai.misbehave({ kind: 'silent', onRequest: resolve }))
  host = await host.restart()
  // Who has the model is asked for again: nothing is ordered yet.
  await asked
  await host.invoke('cancel_import_job', { job_id: id })
  expect(await downloads()).toEqual(['cancelled'])
})

test('what is left out while it is fetched is fetched no more', async () => {
  const { id } = await inTheMiddle()
  const { reference } = only(await host.invoke('get_import_job', { job_id: id }))
  await host.invoke('choose_candidate', { job_id: id, reference: String(reference), skip: true })
  expect(only(await host.ended({ job_id: id }))).toMatchObject({ status: 'skipped' })
  expect(await downloads()).toEqual(['cancelled'])
})

test('a paused download goes on when its import is retried', async () => {
  const { id, download } = await inTheMiddle()
  await host.jobs.pause(download)
  await shows(id, isHeld)
  await host.invoke('retry_import_job', { job_id: id })
  expect(only(await host.ended({ job_id: id }))).toMatchObject({ status: 'resolved', download_job_id: download })
  expect(await downloads()).toEqual(['succeeded'])
})

test('an import waits for its paused download, and ends when that goes on', async () => {
  const { id, download } = await inTheMiddle()
  await host.jobs.pause(download)
  const held = await shows(id, isHeld)
  expect(held).toMatchObject({ status: 'downloading' })
  expect(only(held)).toMatchObject({ status: 'download_scheduled', bytes_total: HIGH.sizeBytes })
  expect(Number(only(held).bytes_done)).toBeGreaterThan(0)
  expect((await host.store.find(download))?.view).toMatchObject({ status: 'paused', connections: 0 })
  await host.jobs.retry(download)
  expect(only(await host.ended({ job_id: id }))).toMatchObject({ status: 'resolved', reason: null })
})

test('an import that waits for a paused download wants it still', async () => {
  const { id, download } = await inTheMiddle()
  await host.jobs.pause(download)
  await shows(id, isHeld)
  silent = true
  const second = await begin()
  await shows(second, (view) => only(view).download_job_id === download)
  await host.invoke('cancel_import_job', { job_id: second })
  expect(await downloads()).toEqual(['running'])
  await host.invoke('cancel_import_job', { job_id: id })
  expect(await downloads()).toEqual(['cancelled'])
})

test('a cancelled import says of nothing that it is under way', async () => {
  const { id } = await inTheMiddle()
  await host.invoke('cancel_import_job', { job_id: id })
  const job = await host.invoke('get_import_job', { job_id: id })
  expect(job).toMatchObject({ status: 'cancelled' })
  expect(only(job)).toMatchObject({ status: 'missing', reason: expect.stringContaining('was cancelled') })
  const [row] = await host.store.list({ kinds: ['download'] }, 1, 0)
  expect(row?.view).toMatchObject({ status: 'cancelled', connections: 0 })
})

test('a paused download holds still while its import goes on after a restart', async () => {
  const { id, download } = await inTheMiddle()
  await shows(id, (view) => only(view).status === 'downloading')
  await host.jobs.stop()
  await host.jobs.pause(download)
  await host.jobs.start()
  await shows(id, isHeld)
  expect(await downloads()).toEqual(['paused'])
})

test('the cancelled download of one does not fail the import of another', async () => {
  const { id, download } = await inTheMiddle()
  const theirs = await begin(agent)
  await shows(theirs, (view) => Number(only(view).bytes_done) > 0)
  await host.jobs.cancel(download)
  const job = await host.ended({ job_id: theirs }, agent)
  expect(only(job)).toMatchObject({ status: 'resolved', sha256: HIGH.sha256, resolved_source: 'civitai' })
  expect(only(await host.ended({ job_id: id }))).toMatchObject({ reason: expect.stringContaining('cancelled') })
  expect(storage.sentBytes()).toBeLessThan(1.3 * HIGH.sizeBytes)
})

test('whose own key does not open it gets nothing of what is fetched with another’s', async () => {
  civitai.downloads.gate({ ...GATES.login, only: 'without_key' })
  await inTheMiddle()
  const theirs = await begin(agent)
  const ended = await shows(theirs, ({ status }) => status === 'partially_completed')
  expect(only(ended)).toMatchObject({ status: 'blocked', reason_code: 'login' })
  expect((await downloads()).toSorted()).toEqual(['running', 'succeeded'])
  const [own] = await host.store.list({ kinds: ['import'], owner: 'local' }, 1, 0)
  await host.invoke('cancel_import_job', { job_id: String(own?.id) })
  // With a key of its own it may have it.
  await host.invoke('set_upstream_key', { provider: 'civitai', key: 'of-the-agent' }, agent)
  expect(only(await host.ended({ job_id: theirs }, agent))).toMatchObject({ status: 'resolved' })
  expect(civitai.downloads.requests.at(-1)?.headers.authorization).toBe('Bearer of-the-agent')
})
