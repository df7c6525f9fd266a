import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Executable, installExecutable } from '../support/executable.ts'
import { goOnAfterKill } from '../support/import-restart.ts'
import { descendantsOf, stillRunning } from '../support/processes.ts'
import { projectDir } from '../support/project-files.ts'
import { needs } from '../support/requires.ts'
import { overHttp } from '../support/surfaces.ts'

let executable: Executable
let dir: string
beforeAll(() => {
  executable = installExecutable()
})
afterAll(() => executable.remove())
afterEach(() => {
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
})

function newDir(): string {
  dir = mkdtempSync(join(tmpdir(), 'airkeep-e2e-'))
  return dir
}

describe('nothing is picked up from the working directory', () => {
  test('neither .env nor a bunfig with its preload', async () => {
    const cwd = newDir()
    writeFileSync(join(cwd, '.env'), 'CIVITAI_ACCOUNT=from-dot-env\n')
    writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./preload.ts"]\n')
    writeFileSync(join(cwd, 'preload.ts'), 'require("node:fs").writeFileSync("preloaded", "")\n')
    const { exitCode, stdout } = await executable.run(['config', 'show', '--json'], { cwd })
    expect(exitCode).toBe(0)
    expect(stdout).not.toContain('from-dot-env')
    expect(readdirSync(cwd)).not.toContain('preloaded')
  })
})

describe('hashing in the workers of the executable', () => {
  test.skipIf(!needs('sha256sum'))('hundreds of files of odd sizes, as sha256sum prints them', async () => {
    const cwd = newDir()
    const sizes = [0, 1, 55, 56, 63, 64, 65, 262_143, 262_144, 262_145]
    const names = Array.from({ length: 400 }, (_, at) => {
      const name = at === 7 ? 'line\nbreak' : at === 8 ? 'back\\slash' : `file ${at}`
      writeFileSync(join(cwd, name), Buffer.alloc(sizes[at % sizes.length] ?? 0, at))
      return name
    })
    const wanted = Bun.spawnSync(['sha256sum', ...names], { cwd }).stdout.toString()
    const { exitCode, stdout } = await executable.run(['hash', ...names], { cwd })
    expect(stdout).toBe(wanted)
    expect(exitCode).toBe(0)
    const forced = await executable.run(['hash', '--engine', 'wasm', ...names.slice(0, 40)], { cwd })
    expect(forced.stdout).toBe(Bun.spawnSync(['sha256sum', ...names.slice(0, 40)], { cwd }).stdout.toString())
  })

  test('a server that hashes stays idle afterwards and answers meanwhile', async () => {
    const cwd = newDir()
    writeFileSync(join(cwd, 'empty'), '')
    writeFileSync(join(cwd, 'tiny'), 'x')
    const big = join(cwd, 'big')
    writeFileSync(big, '')
    truncateSync(big, 256 * 2 ** 20)
    const server = await executable.serve([], { data: join(cwd, 'data') })
    const { invoke } = overHttp(server.url)
    const paths = Array.from({ length: 30 }, (_, at) => join(cwd, ['empty', 'tiny', 'big'][at % 3] ?? ''))
    const [answers, prompts] = await Promise.all([
      Promise.all(paths.map((path) => invoke('calculate_sha256', { path }))),
      invoke('list_prompts', {}),
    ])
    expect(prompts.prompts).toEqual([])
    expect(answers[0]?.sha256sum).toBe(createHash('sha256').digest('hex'))
    expect(answers[2]?.sha256sum).toBe(
      createHash('sha256')
        .update(Buffer.alloc(256 * 2 ** 20))
        .digest('hex'),
    )
    expect(new Set(answers.filter((_, at) => at % 3 === 2).map(({ sha256sum }) => sha256sum)).size).toBe(1)
    // A worker that spins would burn a whole second of every second: the processor time of an idle one hardly moves.
    const before = processorTicks(server.pid)
    await Bun.sleep(1_000)
    expect(processorTicks(server.pid) - before).toBeLessThan(50)
    expect(await server.stop()).toBe(0)
  })
})

/** Hundredths of a second that a process has computed (proc(5), utime and stime). */
function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

describe('one owner of a data directory', () => {
  test('four commands at once on an empty directory all succeed', async () => {
    const data = join(newDir(), 'data')
    const runs = await Promise.all(
      [1, 2, 3, 4].map((n) => executable.run(['create-prompt', '--json', '--prompt-text', `number ${n}`], { data })),
    )
    expect(runs.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(runs.map(() => [0, '']))
    const { prompts } = (await executable.run(['list-prompts', '--json'], { data })).json()
    expect((prompts as JsonObject[]).map(({ prompt_text }) => prompt_text).toSorted()).toEqual(
      [1, 2, 3, 4].map((n) => `number ${n}`),
    )
  })

  test('a second serve is refused and names the first', async () => {
    const data = join(newDir(), 'data')
    const server = await executable.serve([], { data })
    const second = await executable.run(['serve', '--port', '0'], { data })
    expect(second.exitCode).toBe(5)
    expect(second.stderr).toContain(server.url)
    expect(statSync(join(data, 'serve.json')).mode & 0o777).toBe(0o600)
    expect(await server.stop()).toBe(0)
    expect(readdirSync(data)).not.toContain('serve.json')
  })

  test('the ledger is for its owner alone, also where the folder was there before and open to all', async () => {
    const data = join(newDir(), 'data')
    mkdirSync(data, { mode: 0o755 })
    await executable.run(['create-prompt', '--prompt-text', 'private'], { data })
    expect(statSync(join(data, 'airkeep.db')).mode & 0o777).toBe(0o600)
  })

  test('a database of a newer version is refused, and left as it is', async () => {
    const data = join(newDir(), 'data')
    await executable.run(['create-prompt', '--prompt-text', 'kept'], { data })
    const client = createClient({ url: `file:${data}/airkeep.db` })
    await client.execute("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('newer', 9999999999999)")
    client.close()
    const { exitCode, stderr } = await executable.run(['list-prompts'], { data })
    expect(exitCode).toBe(5)
    expect(stderr).toContain('newer version')
  })
})

describe('the main job', () => {
  const picture = join(projectDir, 'fixtures/pictures/harbor.png')
  const models = join(projectDir, 'fixtures/models')

  /** The fixtures are part of the repository, which the executable does not see: copies. */
  function copies(): { picture: string; models: string } {
    const folder = newDir()
    Bun.spawnSync(['cp', '-r', models, picture, folder])
    return { picture: join(folder, 'harbor.png'), models: join(folder, 'models') }
  }

  test('a picture, its models by hash and by name, one missing', async () => {
    const at = copies()
    const data = join(dir, 'data')
    const run = await executable.run(['import', at.picture, '--models', at.models, '--json', '--track'], { data })
    expect(run.exitCode).toBe(10)
    const job = run.json()
    expect(job.status).toBe('partially_completed')
    const dependencies = job.dependencies as JsonObject[]
    const byStatus = (status: string): JsonObject[] => dependencies.filter((one) => one.status === status)
    expect(byStatus('resolved').length).toBeGreaterThanOrEqual(2)
    expect(byStatus('missing').length).toBe(1)
    for (const { resolved_path, matched_by, resolved_source } of byStatus('resolved')) {
      expect(String(resolved_path)).toStartWith(at.models)
      expect(['auto_v2', 'auto_v3', 'sha256_12', 'sha256', 'name', 'path']).toContain(String(matched_by))
      expect(resolved_source).toBe('local')
    }
    const { assets } = (await executable.run(['list-assets', '--json'], { data })).json()
    const [asset = {}] = assets as JsonObject[]
    expect(asset).toMatchObject({ asset_url: at.picture, asset_type: 'image' })
    expect((asset.models as JsonObject[]).length).toBeGreaterThanOrEqual(3)
    // A LoRA that the picture names by twelve digits is found by its whole digest, known since it was read.
    const lora = byStatus('resolved').find(({ type, hashes }) => type === 'lora' && (hashes as JsonObject[]).length > 0)
    const uses = (await executable.run(['find-asset', '--json', '--uses', String(lora?.sha256)], { data })).json()
    expect(uses).toMatchObject({ found: true, asset: { asset_id: asset.asset_id } })
    // The same import again records nothing twice.
    await executable.run(['import', at.picture, '--models', at.models, '--json', '--track'], { data })
    const again = (await executable.run(['list-prompts', '--json'], { data })).json()
    expect(again.prompts).toHaveLength(1)
  })

  test('killed in the middle of the work, the job goes on after the next start, with its stream', async () => {
    await goOnAfterKill(executable, newDir())
  }, 60_000)
})

describe('ending', () => {
  test('Ctrl-C on a command that hashes ends it and leaves nothing running', async () => {
    const folder = newDir()
    const big = join(folder, 'big')
    writeFileSync(big, '')
    truncateSync(big, 20 * 2 ** 30)
    const child = Bun.spawn(executable.command(['hash', '--engine', 'wasm', big]), {
      cwd: folder,
      env: executable.env(),
      stdout: 'pipe',
      stderr: 'ignore',
    })
    // It has begun when it has the file open.
    while (!openFiles(child.pid).includes(big)) await Bun.sleep(5)
    const children = descendantsOf(child.pid)
    child.kill('SIGINT')
    expect(await child.exited).toBe(9)
    expect(stillRunning([child.pid, ...children])).toEqual([])
    expect(await new Response(child.stdout).text()).toBe('')
  })

  test('serve ends its streams, answers what runs, and exits with 0', async () => {
    const server = await executable.serve([], { data: join(newDir(), 'data') })
    const response = await fetch(`${server.url}/v1/events`)
    const reader = response.body?.getReader()
    await reader?.read()
    const ended = server.stop()
    for (;;) {
      const part = await reader?.read()
      if (part === undefined || part.done) break
    }
    expect(await ended).toBe(0)
  })
})

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) =>
      Bun.spawnSync(['readlink', `/proc/${pid}/fd/${fd}`])
        .stdout.toString()
        .trim(),
    )
  } catch {
    return []
  }
}
