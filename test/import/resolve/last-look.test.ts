import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MOST_UNSIZED_BYTES } from '../../../src/import/resolve/last-look.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { aSparseModelFile } from '../../support/big-models.ts'
import { HARBOR_LIGHTS } from '../../support/civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from '../../support/fake-civitai.ts'
import { HIGH, LOW, payloadBytes } from '../../support/payloads.ts'
import { type ImportHost, openImports } from '../import-host.ts'

let civitai: FakeCivitai
let host: ImportHost

beforeEach(async () => {
  civitai = await startFakeCivitai()
  host = await openImports({ env: { AIRKEEP_CIVITAI_URL: civitai.url } })
})
afterEach(async () => {
  await host.close()
  await civitai.close()
})

function put(name: string, bytes: Uint8Array): string {
  const path = join(host.models, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return path
}

const only = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}
const stepsOf = (job: JsonObject): string[] =>
  ((only(job).steps ?? []) as { step: string; result: string }[]).map(({ step, result }) => `${step}: ${result}`)

/** An infotext that calls the LoRA otherwise than any file here. */
const prompt = (hash: string): string =>
  `a pier <lora:nowhere:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "nowhere: ${hash}"`

const SIZE = '2,097,256 bytes'

describe('files of the size that Civitai gives are hashed before anything is fetched', () => {
  const references: readonly [what: string, payload: string, matchedBy: string][] = [
    ['SHA-256', `sha256:${HIGH.sha256}`, 'sha256'],
    ['AutoV2', prompt(HIGH.sha256.slice(0, 10)), 'auto_v2'],
    ['AutoV3', prompt(HIGH.tensorSha256.slice(0, 12)), 'auto_v3'],
    ['a version, and no hash at all', 'civitai:version:910201', 'sha256'],
  ]
  test.each(references)('%s', async (_, payload, matchedBy) => {
    civitai.models.add(HARBOR_LIGHTS)
    put('loras/a-wrong.safetensors', payloadBytes(LOW.seed))
    put('loras/b-larger.safetensors', Buffer.concat([payloadBytes(LOW.seed), Buffer.alloc(1)]))
    const path = put('loras/right.safetensors', payloadBytes(HIGH.seed))
    const job = await host.run({ payload })
    expect(only(job)).toMatchObject({
      status: 'resolved',
      resolved_path: path,
      resolved_source: 'local',
      matched_by: matchedBy,
      sha256: HIGH.sha256,
      candidates: [],
    })
    expect(only(job)).not.toHaveProperty('download_job_id')
    expect(stepsOf(job).slice(-2)).toEqual([
      `local: Hashing 2 files of ${SIZE}, the size that it has at Civitai`,
      expect.stringContaining('local: Found as right.safetensors by'),
    ])
    expect(await host.hashedNames()).toEqual(['a-wrong.safetensors', 'right.safetensors'])
  })

  test('a wrong file of that size is none, and the job goes on to fetch it', async () => {
    civitai.models.add(HARBOR_LIGHTS)
    put('loras/wrong.safetensors', payloadBytes(LOW.seed))
    const job = await host.run({ payload: `sha256:${HIGH.sha256}`, download: false })
    expect(only(job)).toMatchObject({ status: 'missing', resolved_source: 'civitai', bytes_total: HIGH.sizeBytes })
    expect(stepsOf(job).at(-1)).toBe(`local: Hashed 1 file of ${SIZE}: none is it`)
    expect(job).toMatchObject({ to_download: { files: 1, bytes: HIGH.sizeBytes } })
  })

  test('what it says it is doing, while it does', async () => {
    civitai.models.add(HARBOR_LIGHTS)
    put('loras/right.safetensors', payloadBytes(HIGH.seed))
    const seen: JsonObject[] = []
    const stop = host.events.subscribe(({ data }) => void seen.push(data))
    await host.run({ payload: `sha256:${HIGH.sha256}` })
    stop()
    const hashing = seen.filter((job) => only(job).status === 'pending' && only(job).reason !== null)
    expect(only(hashing[0] ?? {})).toMatchObject({
      status: 'pending',
      reason: `Hashing 1 file of ${SIZE}, the size that it has at Civitai`,
    })
  })

  test('a size that is rounded to whole kilobytes is taken with what it may be off', async () => {
    const versions = HARBOR_LIGHTS.versions.map((version) => ({ ...version, wire: rounded(version.wire ?? {}) }))
    civitai.models.add({ ...HARBOR_LIGHTS, versions })
    const path = put('loras/right.safetensors', payloadBytes(HIGH.seed))
    put('loras/farther.safetensors', Buffer.concat([payloadBytes(LOW.seed), Buffer.alloc(1025)]))
    const job = await host.run({ payload: `sha256:${HIGH.sha256}` })
    expect(only(job)).toMatchObject({ status: 'resolved', resolved_path: path })
    expect(await host.hashedNames()).toEqual(['right.safetensors'])
  })
})

describe('where nobody says how large it is', () => {
  test('what takes seconds to read is read', async () => {
    const path = put('loras/right.safetensors', payloadBytes(HIGH.seed))
    const job = await host.run({ payload: `sha256:${HIGH.sha256}` })
    expect(only(job)).toMatchObject({ status: 'resolved', resolved_path: path, resolved_source: 'local' })
    expect(stepsOf(job)).toContain(`local: Hashing 1 file of ${SIZE} that may be it: nobody says how large it is`)
  })

  test('a library is not, and the reason says so', async () => {
    aSparseModelFile(host.models, 'loras/large.safetensors', MOST_UNSIZED_BYTES)
    const job = await host.run({ payload: `sha256:${HIGH.sha256}` })
    expect(only(job).status).toBe('missing')
    expect(only(job).reason).toContain('were not hashed, as nobody says how large it is: scan_models hashes them')
    expect(await host.hashedNames()).toEqual([])
  })
})

const rounded = (wire: JsonObject): JsonObject => ({
  ...wire,
  files: (wire.files as JsonObject[]).map((file) => ({ ...file, sizeKB: Math.round(Number(file.sizeKB)) })),
})
