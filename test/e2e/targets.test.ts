import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Executable, installExecutable } from '../support/executable.ts'
import { projectDir } from '../support/project-files.ts'
import { needs, satisfied } from '../support/requires.ts'
import { overHttp } from '../support/surfaces.ts'

/** Where Debian keeps the libraries of arm64 on other machines. */
const ARM64_ROOT = '/usr/aarch64-linux-gnu'
const ARM64_LIBC = `${ARM64_ROOT}/lib/libc.so.6`

const run = (...command: string[]) =>
  Bun.spawnSync(command, { cwd: projectDir, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })

/** Bun's runtime and libSQL's addon for another machine come from there, unless they came once. */
function registryAnswers(): boolean {
  return run('npm', 'view', `@oven/bun-linux-aarch64@${Bun.version}`, 'version', '--fetch-retries=0').exitCode === 0
}

const canRun =
  needs('qemu-aarch64') &&
  satisfied(existsSync(ARM64_LIBC), `${ARM64_LIBC} is missing (Debian's libc6-arm64-cross)`) &&
  satisfied(registryAnswers(), 'the package registry does not answer')

describe.skipIf(!canRun)('the executable for arm64, built here and run by an emulator', () => {
  let executable: Executable
  beforeAll(() => {
    const built = run(process.execPath, 'scripts/build.ts', '--target', 'linux-arm64')
    if (built.exitCode !== 0) throw new Error(`It could not be built: ${built.stderr}`)
    executable = installExecutable('airkeep-linux-arm64', ['qemu-aarch64', '-L', ARM64_ROOT])
  }, 180_000)
  afterAll(() => executable?.remove())

  test('is for that machine, and stands in the list of checksums', () => {
    const bytes = readFileSync(executable.path)
    expect(bytes.toString('latin1', 1, 4)).toBe('ELF')
    expect(bytes.readUInt16LE(18)).toBe(183) // EM_AARCH64
    const digest = createHash('sha256').update(bytes).digest('hex')
    const sums = readFileSync(join(projectDir, 'dist/SHA256SUMS'), 'utf8').split('\n')
    expect(sums).toContain(`${digest}  airkeep-linux-arm64`)
  })

  test('hashes files in its workers, by both engines', async () => {
    const bytes = Buffer.alloc(300_007, 'airkeep')
    writeFileSync(join(executable.folder, 'file'), bytes)
    const digest = createHash('sha256').update(bytes).digest('hex')
    for (const engine of ['native', 'wasm']) {
      const { stdout, stderr, exitCode } = await executable.run(['hash', '--engine', engine, 'file'])
      expect([stdout, stderr, exitCode]).toEqual([`${digest}  file\n`, '', 0])
    }
  }, 60_000)

  test('serves: health, a database, a hash, and a good end', async () => {
    const server = await executable.serve()
    expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ status: 'ok' })
    const { invoke } = overHttp(server.url)
    await invoke('create_prompt', { prompt_text: 'a harbor at dusk' })
    expect(await invoke('list_prompts', {})).toMatchObject({ prompts: [{ prompt_text: 'a harbor at dusk' }] })
    const path = join(executable.folder, 'served')
    writeFileSync(path, 'airkeep')
    const { sha256sum } = await invoke('calculate_sha256', { path })
    expect(sha256sum).toBe(createHash('sha256').update('airkeep').digest('hex'))
    expect(await server.stop()).toBe(0)
  }, 60_000)
})
