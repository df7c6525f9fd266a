import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createClient } from '@libsql/client'
import type { JsonObject } from '../../src/lib/json.ts'
import { openDescriptors, settled } from '../http/files/descriptors.ts'
import { aBoundlessModelFile, aSparseModelFile } from '../support/big-models.ts'
import { type Executable, type Finished, installExecutable } from '../support/executable.ts'
import { aModelFile } from '../support/model-files.ts'
import { descendantsOf, stillRunning } from '../support/processes.ts'
import { needs, satisfied } from '../support/requires.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let executable: Executable
beforeAll(() => {
  executable = installExecutable()
})
afterAll(() => executable.remove())

let folder: TempDir | undefined
afterEach(() => {
  folder?.[Symbol.dispose]()
  folder = undefined
})

/** An empty model folder, and a data directory that is not there yet. */
function newPlace(): { readonly root: string; readonly data: string } {
  folder = tempDir()
  const root = join(folder.path, 'models')
  mkdirSync(root)
  return { root, data: join(folder.path, 'data') }
}

interface Listed extends JsonObject {
  readonly path: string
  readonly state: string
  readonly sha256: string | null
}

async function listModels(data: string, ...args: string[]): Promise<Listed[]> {
  const run = await executable.run(['list-models', '--json', ...args], { data })
  expect(run.exitCode).toBe(0)
  return run.json().items as Listed[]
}

/** Files that a scan has hashed; it does not say so where there were none. */
const hashedBy = ({ json }: Finished): number => Number(json().files_hashed)

/** Sorted by path. */
const digestsOf = (models: readonly Listed[]): Record<string, string | null> =>
  Object.fromEntries(models.map(({ path, sha256 }) => [path, sha256] as const).sort())

describe('scan', () => {
  test('names, headers and digests of everything, in an empty data directory', async () => {
    const { root, data } = newPlace()
    const base = aModelFile(root, 'checkpoints/base.safetensors', 1)
    const lora = aModelFile(root, 'loras/style/harbor.safetensors', 2)
    writeFileSync(join(root, 'loras/old.pt'), Buffer.from('\x80\x02}q\x00.', 'latin1'))
    writeFileSync(join(root, 'loras/page.safetensors'), '<!DOCTYPE html><html><body>Sign in</body></html>')
    writeFileSync(join(root, 'loras/half.safetensors.part'), 'half')
    writeFileSync(join(root, 'readme.txt'), 'no model')

    const first = await executable.run(['scan', root], { data })
    expect([first.exitCode, first.stderr]).toEqual([0, ''])
    expect(first.stdout).toMatch(/^status +completed$/m)
    expect(first.stdout).toMatch(/^files_hashed +3$/m)

    const models = await listModels(data)
    expect(models.map(({ path, type, state }) => [path.slice(root.length + 1), type, state]).sort()).toEqual([
      ['checkpoints/base.safetensors', 'checkpoint', 'ok'],
      ['loras/half.safetensors.part', 'lora', 'partial'],
      ['loras/old.pt', 'lora', 'pickle'],
      ['loras/page.safetensors', 'lora', 'html'],
      ['loras/style/harbor.safetensors', 'lora', 'ok'],
    ])
    const find = (path: string): Listed | undefined => models.find((model) => model.path === path)
    expect(find(base.path)).toMatchObject({ sha256: base.sha256, tensor_sha256: base.tensorSha256 })
    expect(find(lora.path)).toMatchObject({ sha256: lora.sha256, auto_v3: lora.tensorSha256.slice(0, 12) })
    const table = await executable.run(['list-models', '--type', 'lora', '--query', 'harbor'], { data })
    expect(table.stdout).toMatch(/^NAME +TYPE +SIZE +STATE +SHA256 +PATH$/m)
    expect(table.stdout).toContain(lora.sha256)
    expect(table.stdout).not.toContain(base.sha256)

    const second = await executable.run(['scan', root, '--json'], { data })
    expect(second.json()).toMatchObject({ status: 'completed', files: 5, unchanged: 5, added: 0 })
    expect(hashedBy(second)).toBe(0)
  })

  test('what was renamed keeps its digest, what was edited gets another, what was deleted is gone', async () => {
    const { root, data } = newPlace()
    const kept = aModelFile(root, 'loras/kept.safetensors', 1)
    const renamed = aModelFile(root, 'loras/renamed.safetensors', 2)
    const edited = aModelFile(root, 'loras/edited.safetensors', 3)
    const deleted = aModelFile(root, 'loras/deleted.safetensors', 4)
    await executable.run(['scan', root], { data })
    mkdirSync(join(root, 'loras/new'))
    const moved = join(root, 'loras/new/name.safetensors')
    renameSync(renamed.path, moved)
    rmSync(deleted.path)
    const now = aModelFile(root, 'loras/edited.safetensors', 5)
    expect(now.sha256).not.toBe(edited.sha256)

    const scan = (await executable.run(['scan', root, '--json'], { data })).json()
    expect(scan).toMatchObject({ files: 3, unchanged: 1, changed: 1, renamed: 1, gone: 1, files_hashed: 1 })
    expect(digestsOf(await listModels(data))).toEqual(
      Object.fromEntries(
        [
          [kept.path, kept.sha256],
          [moved, renamed.sha256],
          [edited.path, now.sha256],
        ].sort(),
      ),
    )
  })

  test('a folder that is none ends with what is wrong with it', async () => {
    const { root, data } = newPlace()
    const file = aModelFile(root, 'a.safetensors', 1).path
    const missing = await executable.run(['scan', join(root, 'nowhere')], { data })
    expect([missing.exitCode, missing.stdout]).toEqual([4, ''])
    expect(missing.stderr).toContain(join(root, 'nowhere'))
    const noFolder = await executable.run(['scan', file, '--json'], { data })
    expect([noFolder.exitCode, noFolder.json().code]).toEqual([2, 'invalid_input'])
    // It may be on a volume that is not mounted yet.
    const home = join(root, 'no-ui')
    const unmounted = await executable.run(['scan', '--json'], { data, env: { UI_HOME: home } })
    expect(unmounted.exitCode).toBe(10)
    expect(JSON.stringify(unmounted.json().warnings)).toContain(home)
  })

  test.skipIf(!needs('setpriv'))('what cannot be read is told, and the rest is done: exit code 10', async () => {
    const { root, data } = newPlace()
    const good = aModelFile(root, 'loras/good.safetensors', 1)
    const secret = aModelFile(root, 'loras/secret.safetensors', 2)
    const closed = dirname(aModelFile(root, 'closed/a.safetensors', 3).path)
    chmodSync(secret.path, 0o000)
    const isRoot = process.getuid?.() === 0
    const powerless = installExecutable(
      'airkeep',
      isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [],
    )
    const problems = (run: Finished): unknown => (run.json().warnings as JsonObject[]).map(({ place }) => place).sort()
    try {
      const file = await powerless.run(['scan', root, '--json'], { data })
      expect([file.exitCode, problems(file)]).toEqual([10, [secret.path]])
      expect(file.json()).toMatchObject({ status: 'partially_completed', files: 3, files_hashed: 2, warning_count: 1 })
      chmodSync(closed, 0o000)
      const both = await powerless.run(['scan', root, '--json'], { data })
      expect([both.exitCode, problems(both)]).toEqual([10, [closed, secret.path]])
      const table = await powerless.run(['scan', root], { data })
      expect([table.exitCode, table.stdout.includes(secret.path)]).toEqual([10, true])
    } finally {
      chmodSync(closed, 0o700)
      await powerless.remove()
    }
    const unreadable = await listModels(data, '--state', 'unreadable')
    expect(digestsOf(unreadable)).toEqual({ [secret.path]: null })
    expect(digestsOf(await listModels(data))[good.path]).toBe(good.sha256)
    // As soon as it can be read, it is.
    chmodSync(secret.path, 0o600)
    const again = await executable.run(['scan', root, '--json'], { data })
    expect([again.exitCode, hashedBy(again)]).toEqual([0, 1])
    expect(digestsOf(await listModels(data))[secret.path]).toBe(secret.sha256)
  })
})

describe('ending a scan early', () => {
  interface Begun {
    readonly child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
    readonly endless: string
  }

  /** A scan that cannot come to its end: the largest file is read last. */
  function begin(root: string, data: string): Begun {
    const endless = aBoundlessModelFile(root, 'loras/endless.safetensors')
    const child = Bun.spawn(executable.command(['scan', root]), {
      cwd: executable.folder,
      env: executable.env({ AIRKEEP_DATA: data }),
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    return { child, endless }
  }

  /** Digests in the index, beside the command that writes them. */
  async function countHashed(data: string): Promise<number> {
    const path = join(data, 'airkeep.db')
    if (!existsSync(path)) return 0
    const client = createClient({ url: `file:${path}` })
    try {
      const { rows } = await client.execute('select count(*) as hashed from model_files where sha256 is not null')
      return Number(rows[0]?.['hashed'])
    } catch {
      return 0 // its tables are being made
    } finally {
      client.close()
    }
  }

  test('killed, the next one goes on and hashes no finished file again', async () => {
    const { root, data } = newPlace()
    const small = aModelFile(root, 'loras/small.safetensors', 1)
    for (const name of ['a', 'b', 'c']) aSparseModelFile(root, `loras/${name}.safetensors`, 192 * 2 ** 20)
    const { child, endless } = begin(root, data)
    await settled(async () => (await countHashed(data)) >= 2)
    child.kill('SIGKILL')
    await child.exited
    const before = (await listModels(data)).filter(({ sha256 }) => sha256 !== null)
    expect(digestsOf(before)[small.path]).toBe(small.sha256)
    rmSync(endless)

    const next = await executable.run(['scan', root, '--json'], { data })
    expect(next.exitCode).toBe(0)
    expect(next.json()).toMatchObject({ status: 'completed', files: 4, files_hashed: 4 - before.length })
    const after = await listModels(data)
    expect(after.filter(({ sha256 }) => sha256 === null)).toEqual([])
    expect(new Set(after.map(({ sha256 }) => sha256)).size).toBe(4)
    expect(digestsOf(after)).toMatchObject(digestsOf(before))
    // Nothing of the killed one waits for its end.
    const jobs = (await executable.run(['list-model-jobs', '--json'], { data })).json().items as JsonObject[]
    expect(jobs.map(({ status }) => status)).toEqual(jobs.map(() => 'completed'))
  })

  test('Ctrl-C ends it and everything that it started; it goes on where it stood', async () => {
    const { root, data } = newPlace()
    const small = aModelFile(root, 'loras/small.safetensors', 1)
    const { child, endless } = begin(root, data)
    await settled(async () => (await countHashed(data)) > 0 && openDescriptors(child.pid, endless) > 0)
    const children = descendantsOf(child.pid)
    child.kill('SIGINT')
    expect(await child.exited).toBe(9)
    expect(stillRunning([child.pid, ...children])).toEqual([])
    expect(await new Response(child.stdout).text()).toBe('')
    expect(await new Response(child.stderr).text()).toContain('goes on with the next')
    expect(digestsOf(await listModels(data))).toEqual({ [endless]: null, [small.path]: small.sha256 })
    rmSync(endless)
    const next = await executable.run(['scan', root, '--json'], { data })
    expect([next.exitCode, hashedBy(next)]).toEqual([0, 0])
  })
})

describe('copies', () => {
  test('are listed with what they cost, and joined', async () => {
    const { root, data } = newPlace()
    const first = aModelFile(root, 'loras/first.safetensors', 1, 5000)
    const second = aModelFile(root, 'checkpoints/second.safetensors', 1, 5000)
    const other = aModelFile(root, 'loras/other.safetensors', 2, 5000)
    linkSync(other.path, join(root, 'loras/linked.safetensors'))
    // Of the two the older one stays.
    utimesSync(first.path, 1_700_000_000, 1_700_000_000)
    const bytes = readFileSync(first.path)
    await executable.run(['scan', root], { data })
    const list = async () => (await executable.run(['list-models', '--duplicates', '--json'], { data })).json()
    expect(await list()).toMatchObject({ count: 2, wasted_bytes: bytes.length })

    const joined = await executable.run(['list-models', '--duplicates', '--hardlink', '--json'], { data })
    expect(joined.exitCode).toBe(0)
    expect(joined.json()).toMatchObject({
      linked: [{ path: second.path, kept: first.path }],
      skipped: [],
      freed_bytes: bytes.length,
    })
    expect(statSync(second.path).ino).toBe(statSync(first.path).ino)
    expect(readFileSync(second.path).equals(bytes)).toBe(true)
    expect(await list()).toMatchObject({ count: 0, wasted_bytes: 0 })
    const scan = await executable.run(['scan', root, '--json'], { data })
    expect([scan.exitCode, hashedBy(scan)]).toEqual([0, 0])
  })
})

describe('verify-models', () => {
  test('finds bytes that changed behind the back of size and time', async () => {
    const { root, data } = newPlace()
    const good = aModelFile(root, 'loras/good.safetensors', 1)
    const bad = aModelFile(root, 'loras/bad.safetensors', 2, 200_000)
    const time = new Date(1_700_000_000_000)
    utimesSync(bad.path, time, time)
    await executable.run(['scan', root], { data })
    const sound = await executable.run(['verify-models', '--json'], { data })
    expect([sound.exitCode, sound.json().checked]).toEqual([0, 2])

    const before = statSync(bad.path)
    const original = readFileSync(bad.path)
    overwrite(bad.path, 150_000, Uint8Array.of((original[150_000] ?? 0) ^ 1))
    utimesSync(bad.path, time, time)
    const after = statSync(bad.path)
    expect([after.size, after.mtimeMs]).toEqual([before.size, before.mtimeMs])
    const rotten = await executable.run(['verify-models', '--json'], { data })
    expect(rotten.exitCode).toBe(10)
    expect(rotten.json()).toMatchObject({ status: 'partially_completed', checked: 2, mismatched: 1, unreadable: 0 })
    expect(rotten.json().mismatches).toMatchObject([{ path: bad.path, expected: bad.sha256 }])
    expect((await listModels(data, '--state', 'corrupt')).map(({ path }) => path)).toEqual([bad.path])
    const one = await executable.run(['verify-models', '--hash', good.sha256, '--json'], { data })
    expect([one.exitCode, one.json().checked]).toEqual([0, 1])
    const table = await executable.run(['verify-models'], { data })
    expect(table.exitCode).toBe(10)
    expect(table.stdout).toContain(bad.path)

    overwrite(bad.path, 0, original)
    utimesSync(bad.path, time, time)
    expect((await executable.run(['verify-models'], { data })).exitCode).toBe(0)
    expect(await listModels(data, '--state', 'corrupt')).toEqual([])
  })
})

/** In place: the file keeps its inode. */
function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

const otherDisk = '/dev/shm'
const hasOtherDisk = (): boolean =>
  satisfied(existsSync(otherDisk) && statSync(otherDisk).dev !== statSync(tmpdir()).dev, `${otherDisk} is no tmpfs`)

describe.skipIf(!hasOtherDisk())('a volume that moves to another host', () => {
  test('brings its digests along', async () => {
    const { data } = newPlace()
    const volume = join(otherDisk, `airkeep-e2e-${process.pid}`)
    try {
      const here = join(volume, 'here')
      const models = [1, 2, 3].map((seed) => aModelFile(here, `loras/${seed}.safetensors`, seed))
      const replaced = aModelFile(here, 'checkpoints/replaced.safetensors', 4)
      const first = await executable.run(['scan', here, '--json'], { data })
      expect([first.exitCode, first.json().files_hashed]).toEqual([0, 4])
      const lines = readFileSync(join(here, '.airkeep/digests.jsonl'), 'utf8').trimEnd().split('\n')
      for (const { sha256 } of models) expect(lines.filter((line) => line.includes(sha256))).toHaveLength(1)

      // The other host has another path for it, other inodes, and no data directory yet.
      const there = join(volume, 'there')
      expect(Bun.spawnSync(['cp', '-a', here, there]).exitCode).toBe(0)
      const now = aModelFile(there, 'checkpoints/replaced.safetensors', 5)
      const fresh = `${data}-fresh`
      const second = await executable.run(['scan', there, '--json'], { data: fresh })
      expect(second.json()).toMatchObject({ status: 'completed', files: 4, added: 4, files_hashed: 1 })
      const listed = await listModels(fresh)
      expect(listed.map(({ path }) => path).sort()).toEqual(
        [...models.map(({ path }) => path.replace(here, there)), now.path].sort(),
      )
      for (const { path, sha256, tensorSha256 } of models) {
        const found = listed.find((model) => model.path === path.replace(here, there))
        expect(found).toMatchObject({ sha256, tensor_sha256: tensorSha256, state: 'ok' })
      }
      expect(digestsOf(listed)[now.path]).toBe(now.sha256)
      expect(now.sha256).not.toBe(replaced.sha256)
    } finally {
      rmSync(volume, { recursive: true, force: true })
    }
  })
})

describe('folders that nobody named', () => {
  const scanned = async (data: string, env: Record<string, string>): Promise<readonly string[]> => {
    const run = await executable.run(['scan', '--json'], { data, env })
    expect([run.exitCode, run.stderr]).toEqual([0, ''])
    return (await listModels(data)).map(({ path, type }) => `${type} ${path}`).sort()
  }

  test('are those of the ComfyUI in UI_HOME and of its extra_model_paths.yaml', async () => {
    const { root, data } = newPlace()
    const home = join(root, 'ComfyUI')
    const own = aModelFile(home, 'models/loras/own.safetensors', 1)
    const extra = aModelFile(root, 'shared/Stable-diffusion/extra.safetensors', 2)
    const upscaler = aModelFile(root, 'shared/ESRGAN/sharp.safetensors', 3)
    aModelFile(root, 'shared/unrelated/none.safetensors', 4)
    writeFileSync(join(home, 'folder_paths.py'), '')
    writeFileSync(
      join(home, 'extra_model_paths.yaml'),
      `a111:\n  base_path: ${root}/shared\n  checkpoints: Stable-diffusion\n  upscale_models: |\n    ESRGAN\n    RealESRGAN\n`,
    )
    expect(await scanned(data, { UI_HOME: home })).toEqual([
      `checkpoint ${extra.path}`,
      `lora ${own.path}`,
      `upscaler ${upscaler.path}`,
    ])
  })

  test('are those that a running ComfyUI names', async () => {
    const { root, data } = newPlace()
    const far = aModelFile(root, 'elsewhere/far.safetensors', 1)
    const asked: string[] = []
    const comfy = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        const { pathname } = new URL(request.url)
        asked.push(pathname)
        if (pathname !== '/experiment/models') return new Response('not found', { status: 404 })
        return Response.json([{ name: 'controlnet', folders: [dirname(far.path)] }])
      },
    })
    try {
      const home = join(root, 'ComfyUI')
      mkdirSync(join(home, 'models'), { recursive: true })
      writeFileSync(join(home, 'folder_paths.py'), '')
      const models = await scanned(data, { UI_HOME: home, AIRKEEP_COMFY_URL: `http://127.0.0.1:${comfy.port}` })
      expect(models).toEqual([`controlnet ${far.path}`])
      expect(asked).toContain('/experiment/models')
    } finally {
      await comfy.stop(true)
    }
  })

  test('are those of an A1111 and of its command line', async () => {
    const { root, data } = newPlace()
    const home = join(root, 'stable-diffusion-webui')
    const own = aModelFile(home, 'models/Lora/own.safetensors', 1)
    const embedding = aModelFile(home, 'embeddings/word.safetensors', 2)
    const moved = aModelFile(root, 'big disk/moved.safetensors', 3)
    writeFileSync(join(home, 'webui.py'), '')
    const env = { UI_HOME: home, COMMANDLINE_ARGS: `--listen --ckpt-dir "${root}/big disk" --xformers` }
    expect(await scanned(data, env)).toEqual([
      `checkpoint ${moved.path}`,
      `embedding ${embedding.path}`,
      `lora ${own.path}`,
    ])
  })
})
