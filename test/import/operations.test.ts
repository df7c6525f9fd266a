import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import type { CliApp } from '../../src/cli/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { aPng } from '../support/build.ts'
import { aModelFile } from '../support/model-files.ts'
import { rejection } from '../support/rejection.ts'
import { aCall, aTokenActor } from '../support/track.ts'

let dir: string
let app: CliApp

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'airkeep-import-'))
  mkdirSync(join(dir, 'models'))
  const env = { AIRKEEP_MODELS: join(dir, 'models'), AIRKEEP_LOG: 'error' }
  app = createApp(loadConfig({ env, cwd: dir, data: join(dir, 'data'), configFile: undefined }))
  await app.open()
  await app.startJobs()
})
afterEach(async () => {
  await app.close()
  rmSync(dir, { recursive: true })
})

function invoke(name: string, input: JsonObject, actor: Actor = OWNER): Promise<JsonObject> {
  const operation = app.operations.find((each) => each.name === name)
  if (operation === undefined) throw new Error(`There is no operation ${name}`)
  return operation.invoke(input, aCall({ actor }))
}

async function runImport(input: JsonObject, actor?: Actor): Promise<JsonObject> {
  const { job_id } = await invoke('import_prompt', input, actor)
  await app.whenIdle()
  return invoke('get_import_job', { job_id: String(job_id) }, actor)
}

test('a job that fails says by which error', async () => {
  expect(await runImport({ path: join(dir, 'nothing.png') })).toMatchObject({
    status: 'failed',
    error_code: 'not_found',
  })
  expect(await runImport({ payload: '{}' })).toMatchObject({ status: 'failed', error_code: 'not_found' })
  expect(await runImport({ payload: '{"1": {"class' })).toMatchObject({ status: 'failed', error_code: 'invalid_input' })
})

test('the error of a job does not name the path: others than its owner see it', async () => {
  const { error } = await runImport({ path: join(dir, 'nothing.png') })
  expect(error).toBe('The path does not exist')
})

test('a dry run says that it records nothing', async () => {
  const dry = { payload: '<lora:b:0.5>', dry_run: true }
  const warnings = [{ place: 'track', reason: 'a dry run records nothing: without dry_run track does' }]
  expect(await invoke('import_prompt', { ...dry, track: true })).toMatchObject({ warnings })
  expect(await invoke('import_prompt', dry)).toMatchObject({ warnings: [] })
})

test('media are found by the digest of a model that was not read until they were recorded', async () => {
  const path = join(dir, 'picture.png')
  writeFileSync(path, aPng())
  writeFileSync(join(dir, 'picture.txt'), 'a cat, <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1')
  const { sha256 } = aModelFile(join(dir, 'models'), 'loras/ink.safetensors', 1)
  const request = { path, track: true, download: false }
  expect(await runImport(request)).toMatchObject({ tracked: { asset_id: '1' } })
  await invoke('scan_models', {})
  await app.whenIdle()
  expect(await invoke('find_asset', { uses: sha256 })).toMatchObject({ found: true })
  await runImport(request)
  expect(await invoke('find_asset', { asset_id: '1' })).toMatchObject({ asset: { models: [{ name: 'ink', sha256 }] } })
})

test.each([
  ['track:read', ['models:download', 'track:write']],
  ['track:write', ['models:download', 'track:read']],
] as const)('track without %s is refused before there is a job', async (lacking, permissions) => {
  const actor = aTokenActor('agent', ...permissions)
  const error = await rejection(invoke('import_prompt', { payload: '<lora:a:1>', track: true }, actor))
  expect(error).toMatchObject({ code: 'forbidden', message: `track needs the permission ${lacking}` })
  expect(await invoke('list_import_jobs', {}, actor)).toMatchObject({ count: 0 })
})

test('a batch starts a job for each item, and the list counts them all, whatever the page', async () => {
  const items = ['a', 'b', 'c'].map((name) => ({ payload: `<lora:${name}:1>` }))
  const { batch_id, jobs } = await invoke('import_prompts', { items })
  expect(jobs).toHaveLength(3)
  await app.whenIdle()
  const page = await invoke('list_import_jobs', { batch_id: String(batch_id), limit: 2 })
  expect(page).toMatchObject({ count: 3, limit: 2, offset: 0 })
  expect(page.items).toHaveLength(2)
  const bad = await rejection(invoke('import_prompts', { items: [...items, { payload: 'x', path: '/y' }] }))
  expect(bad).toMatchObject({ code: 'invalid_input' })
})

test('a batch with one bad item starts no job, whatever is bad about it', async () => {
  const nowhere = { payload: '<lora:b:1>', model_roots: [join(dir, 'nowhere')] }
  const error = await rejection(invoke('import_prompts', { items: [{ payload: '<lora:a:1>' }, nowhere] }))
  expect(error).toMatchObject({ code: 'not_found' })
  expect(await invoke('list_import_jobs', {})).toMatchObject({ count: 0 })
})

describe('dry runs in a batch', () => {
  const items = [
    { payload: '<lora:a:1>' },
    { payload: '<lora:b:0.5>', dry_run: true },
    { payload: 'nothing to see here', dry_run: true },
    { payload: '<lora:c:1>', dry_run: false },
  ]

  test('answer at once, each with its place, beside the jobs of the others', async () => {
    const answer = await invoke('import_prompts', { items })
    expect(answer).toMatchObject({ jobs: [{ item: 0 }, { item: 3 }] })
    expect(answer.analyses).toMatchObject([
      { item: 1, format: 'a1111', dependencies: [{ name: 'b', weight: 0.5 }] },
      { item: 2, error: { code: 'not_found', status: 404 } },
    ])
    expect(await invoke('list_import_jobs', {})).toMatchObject({ count: 2 })
    // The same as a dry run of its own.
    const [, item] = items
    const { analyses } = answer as { analyses: JsonObject[] }
    expect(analyses[0]).toEqual({ item: 1, ...(await invoke('import_prompt', { ...item })) })
    await app.whenIdle()
  })

  test('alone they need less, start no job and are no 202', async () => {
    const reader = aTokenActor('agent', 'models:read')
    const dry = items.filter(({ dry_run }) => dry_run === true)
    const answer = await invoke('import_prompts', { items: dry }, reader)
    expect(answer).toMatchObject({ jobs: [], analyses: [{ item: 0 }, { item: 1 }] })
    expect(app.operations.find(({ name }) => name === 'import_prompts')?.http.status(answer)).toBe(200)
    expect(await rejection(invoke('import_prompts', { items }, reader))).toMatchObject({ code: 'forbidden' })
    expect(await invoke('list_import_jobs', {})).toMatchObject({ count: 0 })
  })

  test('a bad one refuses the whole batch as any other does', async () => {
    const bad = { dry_run: true, payload: 'x', path: '/y' }
    expect(await rejection(invoke('import_prompts', { items: [...items, bad] }))).toMatchObject({
      code: 'invalid_input',
    })
    expect(await invoke('list_import_jobs', {})).toMatchObject({ count: 0 })
  })

  test('what makes the answer larger than anybody can take has to be asked for by itself', async () => {
    const path = join(dir, 'long.txt')
    writeFileSync(path, `${'a pier, '.repeat(120_000)}<lora:ink:1>\nSteps: 20, Sampler: Euler, Seed: 1`)
    const { analyses } = await invoke('import_prompts', { items: Array(80).fill({ path, dry_run: true }) })
    const codes = (analyses as JsonObject[]).map(({ error }) => (error as JsonObject | undefined)?.code)
    expect(new Set(codes)).toEqual(new Set([undefined, 'payload_too_large']))
    expect(JSON.stringify(analyses).length).toBeLessThan(65 * 2 ** 20)
  })
})

test('a file that is named instead of sent is refused, and not left out unseen', async () => {
  for (const more of [{}, { payload: '<lora:a:1>' }]) {
    const error = await rejection(invoke('import_prompt', { file: '/somewhere/picture.png', dry_run: true, ...more }))
    expect(error).toMatchObject({ code: 'invalid_input', errors: [{ path: 'file' }] })
  }
})

test('a dry run of a file that was sent says what the file is', async () => {
  const path = join(dir, 'sent')
  const infotext = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1'
  writeFileSync(path, aPng({ text: { parameters: infotext } }))
  const upload = { path, filename: 'picture.png', sizeBytes: 1 }
  const operation = app.operations.find(({ name }) => name === 'import_prompt')
  const answer = await operation?.invoke({ dry_run: true }, aCall({ upload }))
  expect(answer).toMatchObject({ format: 'a1111', container: 'png', media: 'image', dependencies: [{ name: 'ink' }] })
  const both = await rejection(
    operation?.invoke({ dry_run: true, payload: 'x' }, aCall({ upload })) ?? Promise.resolve(),
  )
  expect(both).toMatchObject({ code: 'invalid_input' })
})
