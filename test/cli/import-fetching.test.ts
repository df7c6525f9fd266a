import { afterEach, beforeEach, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApp, createHasher } from '../../src/app.ts'
import type { CliParts } from '../../src/cli/app.ts'
import type { EndSignal } from '../../src/cli/outside.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { type CliResult, type CliWorld, runInProcess } from '../support/cli-run.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { type Conduct, type FileServer, startFileServer } from '../support/file-server.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/** `airkeep import` that fetches, over the program itself: a Civitai, its storage, real files. */
const parts: CliParts = { createApp: async (config) => createApp(config), createHasher: async () => createHasher() }

let folder: TempDir
let models: string
let civitai: FakeCivitai
let storage: FileServer
let conduct: (() => Conduct | undefined) | undefined

beforeEach(async () => {
  folder = tempDir()
  models = join(realpathSync(folder.path), 'models')
  mkdirSync(models)
  conduct = undefined
  civitai = await startFakeCivitai()
  storage = await startFileServer(payloadBytes(HIGH.seed), () => conduct?.())
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
  writeFileSync(
    join(folder.path, 'prompt.txt'),
    `a pier <lora:style/harbor:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "style/harbor: ${HIGH.sha256}"`,
  )
})
afterEach(async () => {
  await storage.close()
  await civitai.close()
  folder[Symbol.dispose]()
})

const run = (argv: readonly string[], world: CliWorld = {}): Promise<CliResult> =>
  runInProcess(argv, {
    cwd: folder.path,
    parts,
    ...world,
    env: {
      AIRKEEP_DATA: join(folder.path, 'data'),
      AIRKEEP_MODELS: models,
      AIRKEEP_LOG: 'silent',
      AIRKEEP_CIVITAI_URL: civitai.url,
      AIRKEEP_HF_URL: civitai.url,
      AIRKEEP_ALLOW_NET: '127.0.0.1',
      AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
      AIRKEEP_MIN_FREE: '0',
      ...world.env,
    },
  })

const target = (): string => join(models, 'loras/style/harbor.safetensors')
const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

test('asks with what it costs, fetches where the prompt looks for it, and has nothing to ask then', async () => {
  const refused = await run(['import', 'prompt.txt'], { terminal: 100, answers: ['n'] })
  expect(refused.exitCode).toBe(10)
  expect(refused.stderr).toMatch(/lora +harbor +to fetch +2\.0 MiB +civitai +loras\/style\/harbor\.safetensors\n/)
  expect(refused.stderr).toMatch(new RegExp(`\\n1 file, 2\\.0 MiB to fetch into ${models}, [\\d.]+ .iB free\\n`))
  expect(storage.requests).toHaveLength(0)

  const agreed = await run(['import', 'prompt.txt'], { terminal: 200, answers: [''] })
  expect(agreed.stderr).toContain('Download 1 file, 2.0 MiB? [Y/n] ')
  expect(agreed.stdout).toContain(target())
  expect(agreed.stdout).toContain('\n1 file fetched: 2.0 MiB')
  expect(agreed.exitCode).toBe(0)
  expect(sha256Of(target())).toBe(HIGH.sha256)

  const again = await run(['import', 'prompt.txt'], { terminal: 100, answers: [] })
  expect(again.stderr).not.toContain('Download')
  expect(again.exitCode).toBe(0)
})

const jobIds = async (): Promise<string[]> => {
  const { items } = JSON.parse((await run(['list-import-jobs', '--json'])).stdout) as { items: JsonObject[] }
  return items.map(({ job_id: id }) => String(id))
}

test('what was declined is one job, which fetches when it is told to', async () => {
  const refused = await run(['import', 'prompt.txt'], { terminal: 300, answers: ['n'] })
  const [id = '', ...others] = await jobIds()
  expect(others).toEqual([])
  expect(refused.stderr).toContain(`Nothing was downloaded: airkeep retry-import-job --job-id ${id} --download fetches`)
  expect(refused.stdout).toContain('told not to download')
  expect(await run(['retry-import-job', '--job-id', id])).toMatchObject({ exitCode: 10 })
  expect(storage.requests).toHaveLength(0)
  expect(await run(['retry-import-job', '--job-id', id, '--download'])).toMatchObject({ exitCode: 0 })
  expect(sha256Of(target())).toBe(HIGH.sha256)
})

test('what is blocked comes once it is not, though nothing was asked', async () => {
  const env = { AIRKEEP_CIVITAI_ALLOWED_LICENSES: 'noncommercial' }
  const blocked = await run(['import', 'prompt.txt'], { terminal: 100, answers: [], env })
  expect(blocked.exitCode).toBe(10)
  expect(blocked).toMatchObject({ stdout: expect.stringContaining('blocked') })
  expect(blocked.stderr).not.toContain('Download')
  const [id = '', ...others] = await jobIds()
  expect(others).toEqual([])
  expect(await run(['retry-import-job', '--job-id', id])).toMatchObject({ exitCode: 0 })
  expect(sha256Of(target())).toBe(HIGH.sha256)
})

test('Ctrl-C cancels what nobody else does, keeps what has come, and the next import fetches only the rest', async () => {
  conduct = () => ({ stallAfter: 2 ** 20 })
  let send: (signal: EndSignal) => void = () => {}
  const stopped = storage.stalled().then(() => send('SIGINT'))
  const left = await run(['import', 'prompt.txt', '--yes'], {
    terminal: 100,
    onStart(sender) {
      send = sender
    },
  })
  await stopped
  expect(left.exitCode).toBe(9)
  expect(left.stderr).toMatch(/(imp_\w+) is cancelled; what has come is kept: airkeep retry-import-job --job-id \1 /)
  expect(existsSync(`${target()}.part`)).toBe(true)
  for (const list of ['list-import-jobs', 'list-model-jobs']) {
    const { items } = JSON.parse((await run([list, '--json'])).stdout) as { items: JsonObject[] }
    expect(items).toMatchObject([{ status: 'cancelled' }])
  }

  conduct = undefined
  const before = storage.sentBytes()
  expect(await run(['import', 'prompt.txt'])).toMatchObject({ exitCode: 0, stderr: '' })
  expect(storage.sentBytes() - before).toBeLessThan(HIGH.sizeBytes)
  expect(sha256Of(target())).toBe(HIGH.sha256)
})

test('request-model-download prints where the file is', async () => {
  const fetched = await run(['request-model-download', '--air', 'urn:air:sdxl:lora:civitai:900100@910201'])
  expect(fetched).toEqual({ exitCode: 0, stdout: `${join(models, 'loras/harbor.safetensors')}\n`, stderr: '' })
})

test('a model that is nowhere and one that could not be looked for are told apart', async () => {
  writeFileSync(
    join(folder.path, 'prompt.txt'),
    'a pier <lora:lost:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "lost: 0123456789ab"',
  )
  const nowhere = await run(['import', 'prompt.txt'])
  expect(nowhere.exitCode).toBe(10)
  expect(nowhere.stdout).toContain('It was not found anywhere: no file on this host has this hash or this name')
  expect(nowhere.stdout).not.toContain('could not be asked')

  const gone = await startFileServer(Buffer.alloc(0))
  await gone.close()
  const unasked = await run(['import', 'prompt.txt'], { env: { AIRKEEP_CIVITAI_URL: gone.url } })
  expect(unasked.exitCode).toBe(10)
  expect(unasked.stdout).toMatch(/; Civitai could not be asked: [^;]+; try again\n/)
  expect(unasked.stdout).not.toContain('not found anywhere')

  for (const name of ['one.txt', 'two.txt']) {
    mkdirSync(join(folder.path, 'many'), { recursive: true })
    writeFileSync(join(folder.path, 'many', name), readFileSync(join(folder.path, 'prompt.txt')))
  }
  const many = await run(['import', 'many'], { env: { AIRKEEP_CIVITAI_URL: gone.url } })
  expect(many.stdout).toMatch(/\nCivitai could not be asked: [^;]+; try again\n$/)
})
