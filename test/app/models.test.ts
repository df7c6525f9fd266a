import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import type { CliApp, Listening } from '../../src/cli/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { aModelFile, type MadeModel } from '../support/model-files.ts'
import { rejection } from '../support/rejection.ts'
import { overHttp, overMcp, type Surface } from '../support/surfaces.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/** The operations about model files as callers reach them: the program itself, over each of its surfaces. */
describe.each([
  ['HTTP', async (url: string) => overHttp(url)],
  ['MCP', overMcp],
] as const)('over %s', (_, connect) => {
  let folder: TempDir
  let models: string
  let app: CliApp
  let listening: Listening
  let surface: Surface
  let made: MadeModel

  beforeAll(async () => {
    folder = tempDir()
    models = join(folder.path, 'models')
    const data = join(folder.path, 'data')
    for (const path of [models, data]) mkdirSync(path)
    made = aModelFile(models, 'loras/harbor.safetensors', 1)
    mkdirSync(join(models, 'vae'))
    copyFileSync(made.path, join(models, 'vae/copy.safetensors'))
    aModelFile(models, 'checkpoints/base.safetensors', 2)
    // What is served by itself would scan beside the test.
    const env = { AIRKEEP_MODELS: models, AIRKEEP_AUTO_SCAN: 'false', AIRKEEP_LOG: 'silent' }
    app = createApp(loadConfig({ env, cwd: folder.path, data }))
    expect(await app.open()).toBe('opened')
    await app.startJobs()
    listening = await app.listen({ host: '127.0.0.1', port: 0, secret: 'of this test' })
    surface = await connect(listening.url)
  })
  afterAll(async () => {
    await surface.close()
    await listening.stop({ force: true })
    await app.close()
    folder[Symbol.dispose]()
  })

  /** The job when it has ended. */
  async function run(name: string, input: JsonObject): Promise<JsonObject> {
    const { job_id = '' } = await surface.invoke(name, input)
    await app.whenIdle()
    return surface.invoke('get_model_job', { job_id })
  }
  const names = ({ items }: JsonObject): unknown[] => (items as JsonObject[]).map(({ name }) => name)
  const list = (input: JsonObject = {}): Promise<JsonObject> => surface.invoke('list_models', input)

  test('scan, list by every kind of filter, verify', async () => {
    expect(await run('scan_models', {})).toMatchObject({ status: 'completed', files: 3, files_hashed: 3 })
    expect(await run('scan_models', { roots: [models], identify: false })).toMatchObject({ unchanged: 3 })
    expect(names(await list())).toEqual(['base.safetensors', 'harbor.safetensors', 'copy.safetensors'])
    expect(names(await list({ type: 'lora' }))).toEqual(['harbor.safetensors'])
    expect(names(await list({ query: 'VAE/' }))).toEqual(['copy.safetensors'])
    expect(await list({ hash: made.tensorSha256.slice(0, 12) })).toMatchObject({ count: 2 })
    expect(await list({ state: 'corrupt' })).toMatchObject({ count: 0, items: [] })
    expect(await list({ civitai_version_id: 1 })).toMatchObject({ count: 0 })
    expect(await list({ unused: true, limit: 1, offset: 1 })).toMatchObject({ count: 3, limit: 1, offset: 1 })
    const { size } = statSync(made.path)
    expect(await list({ duplicates: true })).toMatchObject({ count: 2, wasted_bytes: size })
    expect(await list({ duplicates: false })).toMatchObject({ count: 3 })
    expect(await run('verify_models', { hash: made.sha256 })).toMatchObject({ status: 'completed', checked: 2 })
    expect(await surface.invoke('link_duplicates', {})).toMatchObject({ freed_bytes: size, skipped: [] })
    expect(await list({ duplicates: true })).toMatchObject({ count: 0, wasted_bytes: 0 })
  })

  test('jobs are listed, and an end stays an end', async () => {
    const { job_id = '' } = await run('scan_models', {})
    const listed = await surface.invoke('list_model_jobs', { kind: 'scan', limit: 1 })
    expect(listed).toMatchObject({ items: [{ job_id, kind: 'scan', status: 'completed' }], limit: 1 })
    for (const name of ['pause_model_job', 'cancel_model_job']) {
      expect(await surface.invoke(name, { job_id })).toMatchObject({ job_id, status: 'completed' })
    }
    expect(await surface.invoke('retry_model_job', { job_id })).toMatchObject({ job_id, status: 'analyzing' })
    await app.whenIdle()
    expect(await surface.invoke('get_model_job', { job_id })).toMatchObject({ status: 'completed' })
  })

  test.each([
    ['list_models', { type: 'loras' }, 'invalid_input'],
    ['list_models', { limit: 0 }, 'invalid_input'],
    ['scan_models', { roots: ['/nowhere/at/all'] }, 'not_found'],
    ['verify_models', { hash: '9'.repeat(64) }, 'not_found'],
    ['get_model_job', { job_id: 'scan_0000' }, 'not_found'],
  ])('%s %j is %s', async (name, input, code) => {
    expect(await rejection(surface.invoke(name, input))).toMatchObject({ code })
  })
})
