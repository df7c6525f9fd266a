import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { aModelFile } from '../support/model-files.ts'
import { type ImportHost, loads, openImports } from './import-host.ts'

let host: ImportHost
beforeEach(async () => {
  host = await openImports()
})
afterEach(() => host.close())

/** A graph that wants a LoRA by a name, and by the hash of one that is here under another. */
function aPicture(name: string, tensorSha256: string): string {
  const stem = name.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '')
  return JSON.stringify({
    prompt: JSON.parse(loads(name)),
    parameters: `<lora:${stem}:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "${stem}: ${tensorSha256.slice(0, 12)}"`,
  })
}

const run = async (name: string, input: JsonObject = { link: true }): Promise<JsonObject> => {
  const file = aModelFile(host.models, 'loras/here.safetensors', 1)
  return host.run({ payload: aPicture(name, file.tensorSha256), ...input })
}

const lora = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}

test('a model that is here under another name is linked as the prompt names it, and the prompt stays', async () => {
  const job = await run('style/ink.safetensors')
  const link = join(host.models, 'loras/style/ink.safetensors')
  expect(lora(job)).toMatchObject({
    status: 'resolved',
    resolved_path: link,
    resolved_name: 'style/ink.safetensors',
    reason: 'It is called here.safetensors here and was linked as style/ink.safetensors',
  })
  expect(job.rewritten_payload).toBeUndefined()
  expect(readlinkSync(link)).toBe('../here.safetensors')
  expect(realpathSync(link)).toBe(join(host.models, 'loras/here.safetensors'))
  const again = await run('style/ink.safetensors')
  expect(lora(again)).toMatchObject({ status: 'resolved', resolved_name: 'style/ink.safetensors' })
})

test('without link the prompt gets the local name', async () => {
  const job = await run('style/ink.safetensors', {})
  expect(existsSync(join(host.models, 'loras/style'))).toBe(false)
  expect(lora(job)).toMatchObject({ resolved_name: 'here.safetensors' })
  expect(JSON.parse(String(job.rewritten_payload))).toMatchObject({
    prompt: { '1': { inputs: { lora_name: 'here.safetensors' } } },
  })
  expect(String(job.rewritten_payload)).toContain('<lora:here:1>')
})

describe('what cannot be linked is renamed in the prompt, and it is said why', () => {
  const expectRenamed = (job: JsonObject, why: string): void => {
    expect(lora(job)).toMatchObject({ status: 'resolved', resolved_name: 'here.safetensors' })
    expect(lora(job).reason).toContain(why)
    expect(String(job.rewritten_payload)).toContain('"lora_name":"here.safetensors"')
  }

  test('where another file has the name, which stays as it is', async () => {
    const there = join(host.models, 'loras/ink.safetensors')
    mkdirSync(join(host.models, 'loras'), { recursive: true })
    writeFileSync(there, 'mine')
    expectRenamed(await run('ink.safetensors'), 'another file has this name already')
    expect(readFileSync(there, 'utf8')).toBe('mine')
  })

  test('where a link to nowhere has the name', async () => {
    const there = join(host.models, 'loras/ink.safetensors')
    mkdirSync(join(host.models, 'loras'), { recursive: true })
    symlinkSync('/nowhere/at/all', there)
    expectRenamed(await run('ink.safetensors'), 'another file has this name already')
    expect(readlinkSync(there)).toBe('/nowhere/at/all')
  })

  test.each([
    'ink.ckpt',
    '../../../ink.safetensors',
    'a/../../ink.safetensors',
    '/tmp/ink.safetensors',
    'CON:\\x?.safetensors',
  ])('where no file can safely be called so: %s', async (name) => {
    const job = await run(name)
    expect(existsSync('/tmp/ink.safetensors')).toBe(false)
    expect(existsSync(join(host.dir, 'ink.safetensors'))).toBe(false)
    expect(lora(job)).toMatchObject({ status: 'resolved' })
    const { resolved_path } = lora(job)
    expect(realpathSync(String(resolved_path))).toBe(join(host.models, 'loras/here.safetensors'))
    expect(String(resolved_path).startsWith(`${host.models}/loras/`)).toBe(true)
  })

  test('where the folder leads out of the model folders', async () => {
    mkdirSync(join(host.dir, 'outside'))
    mkdirSync(join(host.models, 'loras'), { recursive: true })
    symlinkSync(join(host.dir, 'outside'), join(host.models, 'loras/style'))
    expectRenamed(await run('style/ink.safetensors'), 'could not be linked')
    expect(existsSync(join(host.dir, 'outside/ink.safetensors'))).toBe(false)
  })
})
