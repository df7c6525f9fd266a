import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { HARBOR_LIGHTS } from '../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { type FileServer, startFileServer } from '../support/file-server.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { type ImportHost, openImports } from './import-host.ts'

let civitai: FakeCivitai
let storage: FileServer
let host: ImportHost

beforeEach(async () => {
  civitai = await startFakeCivitai()
  storage = await startFileServer(payloadBytes(HIGH.seed))
  civitai.models.add(HARBOR_LIGHTS)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${storage.url}/f` })
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url } })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  await storage.close()
})

const only = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}
const PROMPT = { payload: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201' }

test('an import that was told not to download says how it does, and then does', async () => {
  const job = await host.run({ ...PROMPT, download: false })
  const id = String(job.job_id)
  const told = { status: 'missing', reason: expect.stringContaining('retry_import_job with download') }
  expect(only(job)).toMatchObject(told)
  await host.invoke('retry_import_job', { job_id: id })
  expect(only(await host.ended(job))).toMatchObject(told)
  expect(storage.requests).toHaveLength(0)
  await host.invoke('retry_import_job', { job_id: id, download: true })
  expect(await host.ended(job)).toMatchObject({ job_id: id, status: 'completed' })
  // From then on without being told again.
  expect((await host.store.find(id))?.input.download).toBe(true)
})

test('what two imports want under different names has one of them, and nothing is said of another file', async () => {
  const text = (name: string): string =>
    `<lora:${name}:0.8>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "${name}: ${HIGH.tensorSha256.slice(0, 12)}"`
  const begun = await Promise.all(['ink', 'pen'].map((name) => host.invoke('import_prompt', { payload: text(name) })))
  const jobs = await Promise.all(begun.map((job) => host.ended(job)))
  const names = jobs.map((job) => only(job).resolved_name)
  expect(new Set(names).size).toBe(1)
  const reasons = jobs.map((job) => only(job).reason)
  expect(reasons).toContain(null)
  expect(reasons.some((reason) => String(reason).includes(String(names[0])))).toBe(true)
  expect(JSON.stringify(reasons)).not.toContain('another file')
})
