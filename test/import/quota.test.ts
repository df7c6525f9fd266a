import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url, AIRKEEP_DISK_QUOTA: String(LEFT + HALF) } })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  await storage.close()
})

const LEFT = 2_000_000
const HALF = HIGH.sizeBytes / 2

test.each([
  ['what earlier runs have left half done counts', '.part.json', 'blocked', 'disk'],
  ['what another program writes does not', '.txt', 'resolved', null],
] as const)('the quota of downloads: %s', async (_, ending, status, reason) => {
  civitai.models.add(HARBOR_LIGHTS)
  civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${storage.url}/f` })
  mkdirSync(join(host.models, 'vae'))
  writeFileSync(join(host.models, 'vae/left.safetensors.part'), Buffer.alloc(LEFT, 1))
  writeFileSync(join(host.models, `vae/left.safetensors${ending}`), '{}')
  const job = await host.run({ payload: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201' })
  const [dependency] = job.dependencies as JsonObject[]
  expect(dependency).toMatchObject({ status, reason_code: reason })
})
