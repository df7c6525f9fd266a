import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeBadInput } from '../support/bad-input.ts'
import { type Executable, installNodeBundle } from '../support/executable.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'
import { goOnAfterKill } from '../support/import-restart.ts'
import { PLAYBOOKS } from '../support/playbooks.ts'
import { descendantsOf, stillRunning } from '../support/processes.ts'
import { projectDir } from '../support/project-files.ts'
import { overHttp, overMcp, overStdio, type Surface } from '../support/surfaces.ts'
import { tempDir } from '../support/temp-dir.ts'

let program: Executable
beforeAll(() => {
  program = installNodeBundle()
}, 60_000)
afterAll(() => program.remove())

type Opened = { readonly surface: Surface; end(): Promise<unknown> }

const SURFACES: Readonly<Record<string, (data: string, env: Record<string, string>) => Promise<Opened>>> = {
  async HTTP(data, env) {
    const server = await program.serve([], { data, env })
    return { surface: overHttp(server.url), end: () => server.stop() }
  },
  async MCP(data, env) {
    const server = await program.serve([], { data, env })
    return { surface: await overMcp(server.url), end: () => server.stop() }
  },
  async 'MCP over stdio'(data, env) {
    return { surface: await overStdio(program, { ...env, AIRKEEP_DATA: data }), end: async () => {} }
  },
}

describe.each(Object.entries(SURFACES))('on Node, over %s', (surfaceName, open) => {
  // What Node has of its own is under HTTP; the protocols above it are the same code everywhere.
  const playbooks = surfaceName === 'HTTP' ? PLAYBOOKS : PLAYBOOKS.slice(0, 1)
  test.each(playbooks.map((playbook) => [playbook.name, playbook] as const))('%s', async (_, playbook) => {
    using dir = tempDir()
    const civitai = await startFakeCivitai()
    const env = { AIRKEEP_CIVITAI_URL: civitai.url, AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1', AIRKEEP_LOG: 'error' }
    const { surface, end } = await open(join(dir.path, 'data'), env)
    try {
      await playbook.play({ invoke: surface.invoke, civitai, dir: dir.path })
    } finally {
      await surface.close()
      await end()
      await civitai.close()
    }
  })
})

describe('on Node, bad input', () => describeBadInput(installNodeBundle))

describe('on Node', () => {
  test('an import that was killed goes on after the next start, with its stream', async () => {
    using dir = tempDir()
    await goOnAfterKill(program, dir.path)
  }, 60_000)

  test('files are hashed in workers, by both engines', async () => {
    using dir = tempDir()
    const bytes = Buffer.alloc(1_000_003, 'airkeep')
    writeFileSync(join(dir.path, 'file'), bytes)
    const digest = createHash('sha256').update(bytes).digest('hex')
    for (const engine of ['native', 'wasm']) {
      const { stdout, exitCode } = await program.run(['hash', '--engine', engine, 'file'], { cwd: dir.path })
      expect([stdout, exitCode]).toEqual([`${digest}  file\n`, 0])
    }
  })

  test('npm run start:node serves until a signal, and leaves nothing running', async () => {
    using dir = tempDir()
    const data = join(dir.path, 'data')
    const npm = Bun.spawn(['npm', 'run', '--silent', 'start:node', '--', '--port', '0', '--data', data], {
      cwd: projectDir,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
    })
    let printed = ''
    const decoder = new TextDecoder()
    const reader = npm.stdout.getReader()
    for (; !printed.includes('\n'); ) printed += decoder.decode((await reader.read()).value, { stream: true })
    const url = /^airkeep listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(printed)?.[1]
    const children = descendantsOf(npm.pid)
    const response = await fetch(`${url}/v1/events`)
    npm.kill('SIGTERM')
    expect(await response.text()).toEndWith(': end of stream\n\n')
    expect(await npm.exited).toBe(0)
    expect((await reader.read()).done).toBe(true)
    expect(stillRunning(children)).toEqual([])
    expect(readdirSync(data)).not.toContain('serve.json')
    expect(existsSync(join(data, 'airkeep.db'))).toBe(true)
  }, 60_000)
})
