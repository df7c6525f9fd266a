import { afterEach, beforeEach, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { type Executable, installExecutable } from '../support/executable.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { type Conduct, type FileServer, startFileServer } from '../support/file-server.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { overHttp } from '../support/surfaces.ts'

/** Fetching by the executable, alone in an empty folder: real processes, sockets and files. */
let executable: Executable
let civitai: FakeCivitai
let storage: FileServer
let conduct: Conduct | undefined
let models: string

beforeEach(async () => {
  executable = installExecutable()
  models = join(executable.folder, 'ComfyUI/models')
  mkdirSync(models, { recursive: true })
  conduct = undefined
  civitai = await startFakeCivitai()
  storage = await startFileServer(payloadBytes(HIGH.seed), () => conduct)
  const file = {
    id: 9_102_010,
    name: 'harbor.safetensors',
    type: 'Model',
    primary: true,
    sizeKB: HIGH.sizeBytes / 1024,
    hashes: { SHA256: HIGH.sha256.toUpperCase() },
    pickleScanResult: 'Success',
    virusScanResult: 'Success',
  }
  civitai.models.add({
    id: 900_100,
    name: 'Harbor',
    type: 'LORA',
    versions: [{ id: 910_201, sha256s: [HIGH.sha256], wire: { files: [file] } }],
  })
  civitai.downloads.add({ versionId: 910_201, fileId: file.id, primary: true, location: storage.url })
})
afterEach(async () => {
  await executable.remove()
  await storage.close()
  await civitai.close()
})

const PROMPT = `a pier <lora:style/harbor:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "style/harbor: ${HIGH.sha256}"`

const env = (): Record<string, string> => ({
  AIRKEEP_CIVITAI_URL: civitai.url,
  AIRKEEP_ALLOW_NET: '127.0.0.1',
  AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
  AIRKEEP_MODELS: models,
  AIRKEEP_MIN_FREE: '0',
})

const target = (): string => join(models, 'loras/style/harbor.safetensors')
const digestOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

async function ended(
  invoke: (name: string, input: JsonObject) => Promise<JsonObject>,
  jobId: JsonValue | undefined,
): Promise<JsonObject> {
  for (;;) {
    const job = await invoke('get_import_job', { job_id: String(jobId) })
    if (['completed', 'partially_completed', 'failed', 'cancelled'].includes(String(job.status))) return job
    // As a program asks that follows no stream; those are tested by themselves.
    await Bun.sleep(20)
  }
}

test('one command fetches what a prompt needs, the next finds it here', async () => {
  const first = await executable.run(['import', '-', '--json'], { env: env(), stdin: PROMPT })
  expect(first.stderr).not.toContain('error')
  expect(first.json()).toMatchObject({
    status: 'completed',
    dependencies: [{ status: 'resolved', resolved_source: 'civitai', resolved_path: target(), sha256: HIGH.sha256 }],
  })
  expect(first.exitCode).toBe(0)
  expect(digestOf(target())).toBe(HIGH.sha256)
  expect(readdirSync(join(models, 'loras/style'))).toEqual(['harbor.safetensors'])
  const sent = storage.sentBytes()
  const second = await executable.run(['import', '-', '--json'], { env: env(), stdin: PROMPT })
  expect(second.json()).toMatchObject({ dependencies: [{ status: 'resolved', resolved_source: 'local' }] })
  expect(storage.sentBytes()).toBe(sent)
})

test('a server that is killed in the middle goes on by itself and fetches only the rest', async () => {
  const half = Math.floor(HIGH.sizeBytes / 2)
  conduct = { stallAfter: half }
  const server = await executable.serve([], { env: env() })
  const { job_id } = await overHttp(server.url).invoke('import_prompt', { payload: PROMPT })
  const part = `${target()}.part`
  // The server is another process: its file is the sign.
  while (!existsSync(`${part}.json`)) await Bun.sleep(20)
  server.kill('SIGKILL')
  await server.exited
  expect(existsSync(target())).toBe(false)
  conduct = undefined
  const again = await executable.serve([], { env: env() })
  const job = await ended(overHttp(again.url).invoke, job_id)
  expect(job).toMatchObject({ status: 'completed', dependencies: [{ status: 'resolved', resolved_path: target() }] })
  expect(digestOf(target())).toBe(HIGH.sha256)
  expect(existsSync(part)).toBe(false)
  await again.stop()
})

test('what policy does not let pass is blocked with its reason, and goes on when it may', async () => {
  const small = { ...env(), AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES: '1000' }
  const blocked = await executable.run(['import', '-', '--json'], { env: small, stdin: PROMPT })
  expect(blocked.exitCode).toBe(10)
  expect(blocked.json()).toMatchObject({ dependencies: [{ status: 'blocked', reason_code: 'size' }] })
  expect(existsSync(target())).toBe(false)
  const server = await executable.serve([], { env: env() })
  const job = await ended(overHttp(server.url).invoke, blocked.json().job_id)
  expect(job).toMatchObject({ status: 'completed' })
  expect(digestOf(target())).toBe(HIGH.sha256)
  await server.stop()
})
