import { afterEach, beforeEach, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { JsonObject } from '../../src/lib/json.ts'
import { HARBOR_LIGHTS, wireFile } from '../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { type FileServer, startFileServer } from '../support/file-server.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { type ImportHost, openImports } from './import-host.ts'

const FILES = [
  { id: 810_201, name: 'harbor-high.safetensors', payload: HIGH },
  { id: 810_202, name: 'harbor-low.safetensors', payload: LOW },
] as const

let civitai: FakeCivitai
let storages: FileServer[]
let host: ImportHost
beforeEach(async () => {
  civitai = await startFakeCivitai()
  const [version] = HARBOR_LIGHTS.versions
  const files = FILES.map(({ id, name, payload }, at) => ({ ...wireFile(id, name, payload), primary: at === 0 }))
  civitai.models.add({ ...HARBOR_LIGHTS, versions: [{ id: 910_201, wire: { ...version?.wire, files } }] })
  storages = []
  for (const [at, { id, payload }] of FILES.entries()) {
    const storage = await startFileServer(payloadBytes(payload.seed))
    storages.push(storage)
    civitai.downloads.add({ versionId: 910_201, fileId: id, primary: at === 0, location: `${storage.url}/f` })
  }
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url } })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  for (const storage of storages) await storage.close()
})

test('links to two files of one version fetch both, now and again', async () => {
  const links = FILES.map(({ id }) => `https://civitai.com/api/download/models/910201?fileId=${id}`)
  for (const source of ['civitai', 'local']) {
    const { dependencies } = await host.run({ payload: links.join('\n') })
    const found = dependencies as JsonObject[]
    expect(found.map(({ reference }) => reference)).toEqual(links)
    expect(found.map(({ sha256 }) => sha256)).toEqual(FILES.map(({ payload }) => payload.sha256))
    expect(found.map(({ resolved_source }) => resolved_source)).toEqual([source, source])
    for (const [at, { payload }] of FILES.entries()) {
      const bytes = readFileSync(String(found[at]?.resolved_path))
      expect(bytes.equals(payloadBytes(payload.seed))).toBe(true)
    }
  }
})
