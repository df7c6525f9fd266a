import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { HARBOR_LIGHTS } from '../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { type Conduct, type FileServer, startFileServer } from '../support/file-server.ts'
import { aModelFile } from '../support/model-files.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { aTokenActor } from '../support/track.ts'
import { type ImportHost, openImports } from './import-host.ts'

/** An import into model folders of its own. */
const PAYLOAD = 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201'
const agent = aTokenActor('agent', 'models:read', 'models:download')

let civitai: FakeCivitai
let storage: FileServer
let conduct: Conduct | undefined
let host: ImportHost

beforeEach(async () => {
  civitai = await startFakeCivitai()
  conduct = undefined
  storage = await startFileServer(payloadBytes(HIGH.seed), () => conduct)
  civitai.models.add(HARBOR_LIGHTS)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${storage.url}/f` })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  await storage.close()
})

async function start(hasModels: boolean): Promise<void> {
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url }, hasModels })
}

const at = (path: string): string => join(host.dir, path)
const pathOf = ({ dependencies }: JsonObject): unknown => (dependencies as JsonObject[])[0]?.resolved_path
const targetOf = ({ dependencies }: JsonObject): unknown => (dependencies as JsonObject[])[0]?.target

test.each([true, false])('where the host has models of its own: %p, they go into the first one named', async (has) => {
  await start(has)
  for (const path of ['m9/loras', 'm10']) mkdirSync(at(path), { recursive: true })
  const input = { payload: PAYLOAD, model_roots: [at('m9'), at('m10')] }
  const told = await host.run({ ...input, download: false })
  expect(Number(told.free_bytes)).toBeGreaterThan(0)
  expect(targetOf(told)).toMatchObject({ root: at('m9') })
  const job = await host.run(input)
  expect(job).toMatchObject({ status: 'completed' })
  expect(pathOf(job)).toStartWith(at('m9/loras/'))
})

test('a restart in the middle changes nothing of it', async () => {
  await start(false)
  mkdirSync(at('m9'))
  conduct = { stallAfter: 1_000_000 }
  const { job_id } = await host.invoke('import_prompt', { payload: PAYLOAD, model_roots: [at('m9')] })
  await storage.stalled()
  conduct = undefined
  host = await host.restart()
  const job = await host.ended({ job_id: String(job_id) })
  expect(job).toMatchObject({ status: 'completed' })
  expect(pathOf(job)).toStartWith(at('m9/loras/'))
})

test('a caller with a token writes into what is for reading as little as ever', async () => {
  await start(true)
  mkdirSync(at('readable'))
  const job = await host.run({ payload: PAYLOAD, model_roots: [at('readable')] }, agent)
  expect(pathOf(job)).toStartWith(`${host.models}/loras/`)
})

test('a caller with a token may name a folder within those of this host', async () => {
  await start(true)
  const inner = join(host.models, 'loras/inner')
  mkdirSync(inner, { recursive: true })
  expect(pathOf(await host.run({ payload: PAYLOAD, model_roots: [inner] }, agent))).toStartWith(`${inner}/`)
})

test('links are made there too', async () => {
  await start(false)
  const { sha256 } = aModelFile(at('m9'), 'loras/here.safetensors', 3)
  const payload = `<lora:wanted:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "wanted: ${sha256}"`
  const job = await host.run({ payload, model_roots: [at('m9')], link: true }, OWNER)
  expect(pathOf(job)).toBe(at('m9/loras/wanted.safetensors'))
})
