import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { GATES } from '../support/fake-downloads.ts'
import { CHECKPOINT, HIGH, LOW, type Payload, payloadBytes } from '../support/payloads.ts'
import { LASTING_FAULTS, PASSING_FAULTS } from '../support/storage-faults.ts'
import { overHttp } from '../support/surfaces.ts'
import { GATED_REPO, HUB_FILES, HUB_REPO, startUpstreamWorld, type UpstreamWorld } from '../support/upstream-world.ts'

/** The executable against everything that models come from, and against all that is wrong with it. */
let executable: Executable
let world: UpstreamWorld
let server: Server
beforeAll(async () => {
  executable = installExecutable()
  world = await startUpstreamWorld({ folder: executable.folder })
  server = await executable.serve([], {
    env: { ...world.env, AIRKEEP_CIVITAI_ALLOW_TOS_AUTO_ACCEPT: 'true', AIRKEEP_AUTO_SCAN: 'false' },
  })
})
afterAll(async () => {
  await executable.remove()
  await world[Symbol.asyncDispose]()
})
beforeEach(() => {
  world.storagesDo(undefined)
  // Nothing is here that an earlier test fetched.
  rmSync(join(world.models, 'loras'), { recursive: true })
  mkdirSync(join(world.models, 'loras'))
})

const invoke = (name: string, input: JsonObject): Promise<JsonObject> => overHttp(server.url).invoke(name, input)

const ENDED = ['completed', 'partially_completed', 'failed', 'cancelled']

let made = 0

/** Downloads under a name that nothing has, and gives the job when it has ended, and the path that the file would have. */
async function download(input: JsonObject): Promise<{ job: JsonObject; path: string }> {
  made += 1
  const name = `try-${made}/model.safetensors`
  const { job_id } = await invoke('request_model_download', { ...input, type: 'lora', filename: name })
  const job = await ended('get_model_job', String(job_id))
  return { job, path: join(world.models, 'loras', name) }
}

async function ended(operation: string, jobId: string): Promise<JsonObject> {
  for (;;) {
    const job = await invoke(operation, { job_id: jobId })
    if (ENDED.includes(String(job.status))) return job
    // As a program asks that follows no stream; those are tested by themselves.
    await Bun.sleep(20)
  }
}

/** A download that has to come to a good end; how many bytes each source gave. */
async function fetched(input: JsonObject, payload: Payload): Promise<Readonly<Record<string, number>>> {
  const { job, path } = await download(input)
  expect(job).toMatchObject({ status: 'completed', sha256: payload.sha256, bytes_done: payload.sizeBytes })
  expect(readFileSync(path).equals(payloadBytes(payload.seed))).toBe(true)
  const names = readdirSync(dirname(path)).filter((name) => name !== '.airkeep-quarantine')
  expect(names).toEqual(['model.safetensors'])
  const sources = job.sources as { id: string; bytes: number }[]
  return Object.fromEntries(sources.map(({ id, bytes }) => [id, bytes]))
}

const AIR = 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201'
const fromCivitai: JsonObject = { air: AIR, prefer: ['civitai'] }
const hubUrl = (repo: string, path: string): string => `${world.huggingFace.url}/${repo}/resolve/main/${path}`

describe('a storage that', () => {
  test.each(Object.entries(PASSING_FAULTS))('%s: the file comes in the end', async (_name, fault) => {
    world.storagesDo(fault)
    await fetched(fromCivitai, HIGH)
  })

  test.each(Object.entries(LASTING_FAULTS))('%s: nothing gets the final name', async (_name, fault) => {
    world.storagesDo(fault)
    const { job, path } = await download(fromCivitai)
    expect(job.status).toBe('failed')
    expect(existsSync(path)).toBe(false)
  })

  test('no longer takes its signed address: a new one is asked for', async () => {
    const asked = world.civitai.downloads.requests.length
    world.storagesDo(({ index }) => {
      if (index === 0) world.storage.expire()
      return index === 0 ? { cutAfter: 300_000 } : undefined
    })
    await fetched(fromCivitai, HIGH)
    expect(world.civitai.downloads.requests.length).toBeGreaterThan(asked + 1)
  })
})

describe('what Civitai answers in the place of a file', () => {
  test.each([
    ['login', 'login'],
    ['disabled', 'disabled'],
    ['earlyAccess', 'early_access'],
    ['archived', 'archived'],
    ['region', 'region'],
    ['toLogin', 'login'],
  ] as const)('%s', async (gate, reason) => {
    world.civitai.downloads.gate(GATES[gate])
    const { job, path } = await download(fromCivitai)
    world.civitai.downloads.gate(undefined)
    expect(job).toMatchObject({ status: 'partially_completed', reason_code: reason })
    expect(existsSync(path)).toBe(false)
  })

  test('busy, for a while', async () => {
    world.civitai.downloads.gate({ ...GATES.busy, times: 1 })
    await fetched(fromCivitai, HIGH)
  })
})

describe('Hugging Face', () => {
  test.each(HUB_FILES)('%s', async (path, payload) => {
    await fetched({ url: hubUrl(HUB_REPO, path) }, payload)
  })

  test.each(Object.entries(PASSING_FAULTS))('its storage %s: the file comes in the end', async (_name, fault) => {
    world.storagesDo(fault)
    await fetched({ url: hubUrl(HUB_REPO, HUB_FILES[0]?.[0] ?? '') }, HIGH)
  })

  test('a gated repository is told apart', async () => {
    const { job } = await download({ url: hubUrl(GATED_REPO, HUB_FILES[0]?.[0] ?? '') })
    expect(job).toMatchObject({
      status: 'partially_completed',
      reason_code: 'login',
      reason: expect.stringContaining('set_upstream_key'),
      hint: expect.stringContaining(`https://huggingface.co/${GATED_REPO}`),
    })
  })
})

describe('nodes', () => {
  beforeAll(async () => {
    for (const node of world.nodes) await invoke('add_node', { ...node })
  })

  test('that have one file are its sources', async () => {
    const bytes = await fetched({ sha256: HIGH.sha256 }, HIGH)
    expect(Object.keys(bytes)).toEqual(expect.arrayContaining(['node:one', 'node:two']))
  })

  test('say where their file belongs', async () => {
    const { job_id } = await invoke('request_model_download', { sha256: HIGH.sha256 })
    expect(await ended('get_model_job', String(job_id))).toMatchObject({
      status: 'completed',
      type: 'lora',
      path: join(world.models, 'loras/harbor_lights_high.safetensors'),
    })
  })

  test.each(['harbor_lights_low', 'wan/harbor_lights_low'])('of both dialects with one file %s', async (name) => {
    const payload = `a pier <lora:${name}:1>\nSteps: 20, Sampler: Euler, Seed: 1`
    const { job_id } = await invoke('import_prompt', { payload })
    const job = await ended('get_import_job', String(job_id))
    expect(job).toMatchObject({ dependencies: [{ status: 'resolved', sha256: LOW.sha256 }] })
  })

  test('do not keep a file away that only the registries have', async () => {
    expect(Object.keys(await fetched({ sha256: CHECKPOINT.sha256 }, CHECKPOINT))).toEqual(['civitai:920301/820301'])
  })

  test('leave a file to others when they are gone', async () => {
    await world.node[Symbol.asyncDispose]()
    await fetched({ sha256: LOW.sha256 }, LOW)
  })

  test('of SwarmUI give what a prompt names as they do', async () => {
    const payload = 'a pier <lora:harbor_lights_low:1>\nSteps: 20, Sampler: Euler, Seed: 1'
    const { job_id } = await invoke('import_prompt', { payload })
    const job = await ended('get_import_job', String(job_id))
    expect(job).toMatchObject({
      dependencies: [{ status: 'resolved', resolved_source: 'remote', sha256: LOW.sha256 }],
    })
  })
})
