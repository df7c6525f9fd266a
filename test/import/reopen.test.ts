import { afterEach, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createReopener, type Reopener } from '../../src/jobs/reopener.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { startAirkeepNode } from '../support/airkeep-node.ts'
import { EARLY, HARBOR_LIGHTS, wireFile } from '../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { DEADLINE } from '../support/fake-downloads.ts'
import { type FileServer, startFileServer } from '../support/file-server.ts'
import { aModelFile } from '../support/model-files.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { type ImportHost, loads, openImports } from './import-host.ts'

let civitai: FakeCivitai
let storage: FileServer
let host: ImportHost

beforeEach(async () => {
  civitai = await startFakeCivitai()
  storage = await startFileServer(payloadBytes(HIGH.seed))
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url } })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  await storage.close()
})

const aReopener = (policy: JsonObject = {}): Reopener =>
  createReopener({
    ...{ jobs: host.jobs, store: host.store, clock: host.clock, log: silentLog, policy },
    kinds: ['download', 'import'],
    file: join(host.dir, 'policy'),
  })

const only = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}

test('an import that waits for early access goes on by itself when that is over', async () => {
  const [version] = EARLY.versions
  const wire = { ...version?.wire, files: [wireFile(830_401, 'tomorrow.safetensors', HIGH)] }
  civitai.models.add({ ...EARLY, versions: [{ id: 930_401, wire }] })
  civitai.downloads.add({ versionId: 930_401, fileId: 830_401, primary: true, location: `${storage.url}/f` })
  const job = await host.run({ payload: 'urn:air:sdxl:lora:civitai:900300@930401' })
  expect(only(job)).toMatchObject({ status: 'blocked', reason_code: 'early_access', until: DEADLINE })
  const reopener = aReopener()
  expect(await reopener.reopenDue()).toBe(0)
  host.clock.advance(Date.parse(DEADLINE) - host.clock.now())
  expect(await reopener.reopenDue()).toBe(1)
  const after = await host.ended(job)
  expect(after.job_id).toBe(String(job.job_id))
  expect(only(after)).toMatchObject({ status: 'resolved', sha256: HIGH.sha256, resolved_source: 'civitai' })
  expect(only(after).until).toBeUndefined()
})

test('what is still blocked stays so, and tells the same', async () => {
  civitai.models.add(HARBOR_LIGHTS)
  await host.close()
  const env = { AIRKEEP_CIVITAI_URL: civitai.url, AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES: '1000' }
  host = await openImports({ env })
  const job = await host.run({ payload: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201' })
  expect(only(job)).toMatchObject({ status: 'blocked', reason_code: 'size' })
  expect(await aReopener().reopenBlocked('size')).toBe(1)
  expect(only(await host.ended(job))).toEqual(only(job))
})

test('an import whose node refuses the token goes on with another one', async () => {
  await using box = await startAirkeepNode()
  const model = await box.add('ink.safetensors', 'harbor')
  const node = { name: 'box', url: box.url, dialect: 'airkeep' } as const
  // It lists its models for whoever may see them, and hands out none.
  await host.addNode({ ...node, token: await box.token('models:read') })
  const job = await host.run({ payload: loads('ink.safetensors') })
  expect(only(job)).toMatchObject({ status: 'blocked', reason_code: 'login', resolved_node: 'box' })
  expect(await aReopener().reopenForNode('attic')).toBe(0)
  await host.addNode({ ...node, token: await box.token('models:read', 'models:serve') })
  expect(await aReopener().reopenForNode('box')).toBeGreaterThan(0)
  expect(only(await host.ended(job))).toMatchObject({ status: 'resolved', sha256: model.sha256, resolved_node: 'box' })
})

test('an import goes on when a download of somebody else brings what it lacks', async () => {
  civitai.models.add(HARBOR_LIGHTS)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${storage.url}/f` })
  await host.close()
  const env = { AIRKEEP_CIVITAI_URL: civitai.url, AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES: '1000' }
  host = await openImports({ env })
  const air = 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201'
  const jobs = [await host.run({ payload: air }), await host.run({ payload: `sha256:${HIGH.sha256}`, format: 'auto' })]
  for (const job of jobs) expect(only(job)).toMatchObject({ status: 'blocked', reason_code: 'size' })
  const other = await host.invoke('request_model_download', { air, max_size_bytes: 10_000_000 })
  await host.jobs.whenIdle()
  for (const job of jobs) {
    expect(only(await host.ended(job))).toMatchObject({ status: 'resolved', sha256: HIGH.sha256, reason_code: null })
  }
  expect(other.job_id).toStartWith('dl_')
})

test('a download that had to take another name is named so in the prompt', async () => {
  civitai.models.add(HARBOR_LIGHTS)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${storage.url}/f` })
  aModelFile(host.models, 'loras/ink.safetensors', 5)
  const text = `<lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "ink: ${HIGH.tensorSha256.slice(0, 12)}"`
  const job = await host.run({ payload: text })
  const { status, resolved_name: name } = only(job)
  expect(status).toBe('resolved')
  expect(name).not.toBe('ink.safetensors')
  const stem = String(name).replace('.safetensors', '')
  expect(job.rewritten_payload).toBe(text.replace('<lora:ink:', `<lora:${stem}:`).replace('"ink: ', `"${stem}: `))
})
