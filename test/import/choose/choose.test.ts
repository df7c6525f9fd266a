import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/lib/json.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { HARBOR_LIGHTS } from '../../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../../support/fake-civitai.ts'
import { type FileServer, startFileServer } from '../../support/file-server.ts'
import { aModelFile } from '../../support/model-files.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { startRawServer } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { aTokenActor } from '../../support/track.ts'
import { type ImportHost, loads, openImports } from '../import-host.ts'

const HIGH_AIR = 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201'
const agent = aTokenActor('agent', 'models:download', 'models:read')

let civitai: FakeCivitai
let host: ImportHost
const servers: FileServer[] = []

beforeEach(async () => {
  civitai = await startFakeCivitai()
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url }, hosts: ['files.example.org'] })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(): Promise<string> {
  const server = await startFileServer(payloadBytes(HIGH.seed))
  servers.push(server)
  return `${server.url}/other.safetensors`
}

const choose = (job: JsonObject, choice: JsonObject, actor?: Actor): Promise<JsonObject> =>
  host.invoke('choose_candidate', { job_id: String(job.job_id), ...choice }, actor)

async function chosen(job: JsonObject, choice: JsonObject, actor?: Actor): Promise<JsonObject> {
  const reopened = await choose(job, choice, actor)
  expect(reopened).toMatchObject({ job_id: String(job.job_id), status: 'analyzing' })
  return host.ended(job)
}

const only = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}

describe('a file of this host', () => {
  test('counts, whatever it is called, and its digest is known then', async () => {
    const file = aModelFile(host.models, 'loras/other.safetensors', 1)
    const before = await host.run({ payload: loads('ink.safetensors') })
    expect(before).toMatchObject({ status: 'partially_completed', dependencies: [{ status: 'missing' }] })
    const after = await chosen(before, { reference: 'ink.safetensors', path: file.path })
    expect(after).toMatchObject({
      status: 'completed',
      dependencies: [
        {
          status: 'resolved',
          resolved_path: file.path,
          resolved_name: 'other.safetensors',
          matched_by: 'choice',
          sha256: file.sha256,
          reason: null,
        },
      ],
      rewritten_payload: loads('other.safetensors'),
    })
  })

  test('whose hash is another one is taken, and it is said', async () => {
    aModelFile(host.models, 'loras/ink.safetensors', 1)
    const file = aModelFile(host.models, 'loras/other.safetensors', 2)
    const hash = 'ab'.repeat(32)
    const text = `<lora:ink:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "ink: ${hash}"`
    const before = await host.run({ payload: text })
    expect(only(before)).toMatchObject({ status: 'ambiguous', reference: `sha256:${hash}` })
    const after = await chosen(before, { reference: `sha256:${hash}`, path: file.path })
    expect(only(after)).toMatchObject({ status: 'resolved', resolved_path: file.path })
    expect(only(after).reason).toContain('its hash is not the one')
  })

  test('is refused where it is none of its models, without naming it to others', async () => {
    const outside = aModelFile(host.dir, 'elsewhere/other.safetensors', 1)
    const vae = aModelFile(host.models, 'vae/decoder.safetensors', 2)
    const job = await host.run({ payload: loads('ink.safetensors') })
    const after = await chosen(job, { reference: 'ink.safetensors', path: outside.path })
    expect(only(after)).toMatchObject({ status: 'failed' })
    expect(only(after).reason).toContain('not among the models of this host')
    expect(JSON.stringify(after)).not.toContain('elsewhere')
    expect(only(await chosen(job, { reference: 'ink.safetensors', path: vae.path })).reason).toContain(
      'a folder for vae',
    )
  })

  test.each<[what: string, make: () => string, code: string]>([
    ['that does not exist', () => join(host.models, 'loras/gone.safetensors'), 'not_found'],
    ['that is no model', () => aText(join(host.models, 'loras/words.txt')), 'invalid_input'],
    ['that is a folder', () => host.models, 'invalid_input'],
    ['named by no absolute path', () => 'loras/ink.safetensors', 'invalid_input'],
  ])('%s is refused at once', async (_, make, code) => {
    const job = await host.run({ payload: loads('ink.safetensors') })
    const error = await rejection(choose(job, { reference: 'ink.safetensors', path: make() }))
    expect(error).toMatchObject({ code })
  })

  test('outside the model folders is refused to callers with a token, through a link too', async () => {
    const outside = aModelFile(host.dir, 'elsewhere/other.safetensors', 1)
    const link = join(host.models, 'loras/link.safetensors')
    mkdirSync(join(host.models, 'loras'), { recursive: true })
    symlinkSync(outside.path, link)
    const job = await host.run({ payload: loads('ink.safetensors') }, agent)
    for (const path of [outside.path, link, '/etc/passwd']) {
      const error = await rejection(choose(job, { reference: 'ink.safetensors', path }, agent))
      expect(error).toMatchObject({ code: 'forbidden' })
    }
  })
})

describe('a model elsewhere', () => {
  test('by its AIR is fetched under the name that the prompt has', async () => {
    civitai.models.add(HARBOR_LIGHTS)
    const server = await startFileServer(payloadBytes(HIGH.seed))
    servers.push(server)
    civitai.downloads.add({ versionId: 910_201, fileId: 810_201, primary: true, location: `${server.url}/f` })
    const before = await host.run({ payload: loads('style/ink.safetensors') })
    const after = await chosen(before, { reference: 'style/ink.safetensors', air: HIGH_AIR })
    expect(after).toMatchObject({
      status: 'completed',
      dependencies: [
        {
          status: 'resolved',
          resolved_source: 'civitai',
          resolved_name: 'style/ink.safetensors',
          resolved_path: join(host.models, 'loras/style/ink.safetensors'),
          sha256: HIGH.sha256,
        },
      ],
    })
    expect(after.rewritten_payload).toBeUndefined()
  })

  test('at the mirror in the place of Civitai comes with what Civitai says of it', async () => {
    civitai.models.add({ ...HARBOR_LIGHTS, wire: { allowCommercialUse: '{}' } })
    await host.close()
    const env = { AIRKEEP_CIVITAI_URL: civitai.url, AIRKEEP_CIVITAI_ALLOWED_LICENSES: 'commercial' }
    host = await openImports({ env, hosts: ['127.0.0.1'] })
    const job = await host.run({ payload: loads('ink.safetensors') }, agent)
    const url = `${civitai.url}/api/download/models/910201`
    expect(only(await chosen(job, { reference: 'ink.safetensors', url }, agent))).toMatchObject({
      status: 'blocked',
      reason_code: 'license',
      reason: expect.stringContaining('(noncommercial'),
      resolved_source: 'civitai',
      air: HIGH_AIR,
    })
  })

  test('at an address that the owner names is fetched, and no key of it is kept', async () => {
    const url = await serve()
    const job = await host.run({ payload: loads('ink.safetensors') })
    const after = await chosen(job, { reference: 'ink.safetensors', url: `${url}?token=s3cret` })
    expect(only(after)).toMatchObject({ status: 'resolved', resolved_source: 'url', sha256: HIGH.sha256 })
    expect(existsSync(join(host.models, 'loras/ink.safetensors'))).toBe(true)
    const rows = await Promise.all([
      host.store.find(String(job.job_id)),
      host.store.list({ kinds: ['download'] }, 9, 0),
    ])
    expect(JSON.stringify(rows)).not.toContain('s3cret')
  })

  test.each([
    [{ url: 'https://files.example.net/a.safetensors' }, 'forbidden'],
    [{ url: 'ftp://files.example.org/a.safetensors' }, 'invalid_input'],
    [{ url: 'https://civitai.com/models/1' }, 'invalid_input'],
    [{ air: 'urn:air:sdxl:lora:tensorart:1@2' }, 'invalid_input'],
    [{ air: 'no AIR' }, 'invalid_input'],
    [{}, 'invalid_input'],
    [{ skip: false }, 'invalid_input'],
    [{ skip: true, air: HIGH_AIR }, 'invalid_input'],
  ])('%j of a caller with a token is refused: %s', async (choice, code) => {
    const job = await host.run({ payload: loads('ink.safetensors') }, agent)
    const error = await rejection(choose(job, { reference: 'ink.safetensors', ...choice }, agent))
    expect(error).toMatchObject({ code })
  })
})

describe('an address that one names for the import of another', () => {
  const boss = aTokenActor('boss', 'admin', 'models:download', 'models:read')

  test('is the owner’s own where the owner names it, at whatever host', async () => {
    const job = await host.run({ payload: loads('ink.safetensors') }, agent)
    const after = await chosen(job, { reference: 'ink.safetensors', url: await serve() }, OWNER)
    expect(only(after)).toMatchObject({ status: 'resolved', resolved_source: 'url', sha256: HIGH.sha256 })
  })

  test('is not where admin names it by a token: licences bind it', async () => {
    await host.close()
    host = await openImports({ hosts: ['127.0.0.1'] })
    const url = await serve()
    const job = await host.run({ payload: loads('ink.safetensors') })
    expect(only(await chosen(job, { reference: 'ink.safetensors', url }, boss))).toMatchObject({
      status: 'blocked',
      reason_code: 'license',
    })
    expect(only(await chosen(job, { reference: 'ink.safetensors', url }))).toMatchObject({ status: 'resolved' })
  })

  test('leads nowhere but to allowed hosts where admin names it by a token', async () => {
    const url = new URL(await serve())
    const door = await startRawServer(() => `HTTP/1.1 302 x\r\nlocation: ${url}\r\ncontent-length: 0\r\n\r\n`)
    try {
      await host.close()
      host = await openImports({ hosts: ['localhost'], env: { AIRKEEP_CIVITAI_ALLOWED_LICENSES: ',' } })
      const choice = { reference: 'ink.safetensors', url: `http://localhost:${door.port}/ink.safetensors` }
      const job = await host.run({ payload: loads('ink.safetensors') })
      const refused = only(await chosen(job, choice, boss))
      expect(refused.status).toBe('failed')
      expect(refused.reason).toContain('127.0.0.1')
      expect(servers[0]?.requests).toEqual([])
      expect(only(await chosen(job, choice))).toMatchObject({ status: 'resolved' })
    } finally {
      await door.close()
    }
  })
})

test('what is left out is needed no more, and another choice takes its place', async () => {
  const job = await host.run({ payload: loads('ink.safetensors') })
  const skipped = await chosen(job, { reference: 'ink.safetensors', skip: true })
  expect(skipped).toMatchObject({
    status: 'completed',
    dependencies: [{ status: 'skipped', reason: 'Left out by choice' }],
  })
  const file = aModelFile(host.models, 'loras/other.safetensors', 1)
  const after = await chosen(job, { reference: 'ink.safetensors', path: file.path })
  expect(only(after)).toMatchObject({ status: 'resolved', resolved_path: file.path })
  expect((await host.store.find(String(job.job_id)))?.input.choices).toHaveLength(1)
})

test('one can be chosen after another, without waiting for the job', async () => {
  const graph = JSON.stringify({
    '1': { class_type: 'LoraLoader', inputs: { lora_name: 'a.safetensors' } },
    '2': { class_type: 'LoraLoader', inputs: { lora_name: 'b.safetensors' } },
    '3': { class_type: 'VAELoader', inputs: { vae_name: 'a.safetensors' } },
  })
  const job = await host.run({ payload: graph })
  await choose(job, { reference: 'a.safetensors', type: 'vae', skip: true })
  await choose(job, { reference: 'b.safetensors', skip: true })
  await host.jobs.whenIdle()
  const after = await host.ended(job)
  expect((after.dependencies as JsonObject[]).map(({ type, status }) => [type, status])).toEqual([
    ['lora', 'missing'],
    ['lora', 'skipped'],
    ['vae', 'skipped'],
  ])
})

describe('who', () => {
  test('did not start the job may not choose, but admin may', async () => {
    const job = await host.run({ payload: loads('ink.safetensors') }, agent)
    const choice = { reference: 'ink.safetensors', skip: true }
    const other = aTokenActor('other', 'models:download', 'models:read')
    expect(await rejection(choose(job, choice, other))).toMatchObject({ code: 'forbidden' })
    const stranger = aTokenActor('stranger', 'models:download')
    expect(await rejection(choose(job, choice, stranger))).toMatchObject({ code: 'not_found' })
    expect(await choose(job, choice, OWNER)).toMatchObject({ status: 'analyzing' })
    await host.jobs.whenIdle()
  })

  test('names a reference that the job does not have is told what is open', async () => {
    const job = await host.run({ payload: loads('ink.safetensors') })
    for (const named of [{ reference: 'pen.safetensors' }, { reference: 'ink.safetensors', type: 'vae' }]) {
      const error = await rejection(choose(job, { ...named, skip: true }))
      expect(error).toMatchObject({ code: 'not_found', hint: 'Open are: ink.safetensors' })
    }
  })
})

test('the prompt with local names is for its owner and admin alone', async () => {
  const file = aModelFile(host.models, 'loras/other.safetensors', 1)
  const job = await host.run({ payload: loads('ink.safetensors') }, agent)
  await choose(job, { reference: 'ink.safetensors', path: file.path }, agent)
  await host.jobs.whenIdle()
  const show = (actor: Actor): Promise<JsonObject> =>
    host.invoke('get_import_job', { job_id: String(job.job_id) }, actor)
  expect((await show(agent)).rewritten_payload).toBe(loads('other.safetensors'))
  expect((await show(OWNER)).rewritten_payload).toBe(loads('other.safetensors'))
  const other = await show(aTokenActor('other', 'models:read'))
  expect([other.status, other.rewritten_payload]).toEqual(['completed', undefined])
  expect(JSON.stringify(await host.events.replay(0, {}, 1000))).not.toContain('class_type')
})

function aText(path: string): string {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, 'words')
  return path
}
