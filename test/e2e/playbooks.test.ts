import { afterAll, beforeAll, describe, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Executable, installExecutable } from '../support/executable.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'
import { PLAYBOOKS } from '../support/playbooks.ts'
import { overCommands, overHttp, overMcp, overStdio, type Surface } from '../support/surfaces.ts'

let executable: Executable
beforeAll(() => {
  executable = installExecutable()
})
afterAll(() => executable.remove())

type Opened = { readonly surface: Surface; end(): Promise<unknown> }

/** Each way in, over an empty ledger of its own. */
const SURFACES: Readonly<Record<string, (data: string, env: Record<string, string>) => Promise<Opened>>> = {
  async HTTP(data, env) {
    const server = await executable.serve([], { data, env })
    return { surface: overHttp(server.url), end: () => server.stop() }
  },
  async MCP(data, env) {
    const server = await executable.serve([], { data, env })
    return { surface: await overMcp(server.url), end: () => server.stop() }
  },
  async 'MCP over stdio, alone'(data, env) {
    return { surface: await overStdio(executable, { ...env, AIRKEEP_DATA: data }), end: async () => {} }
  },
  async 'commands, each alone'(data, env) {
    return { surface: overCommands(executable, { ...env, AIRKEEP_DATA: data }), end: async () => {} }
  },
  async 'commands as clients of a serve'(data, env) {
    const server = await executable.serve([], { data, env })
    return { surface: overCommands(executable, { ...env, AIRKEEP_DATA: data }), end: () => server.stop() }
  },
}

describe.each(Object.entries(SURFACES))('the executable alone, over %s', (_name, open) => {
  test.each(PLAYBOOKS.map((playbook) => [playbook.name, playbook] as const))('%s', async (_, playbook) => {
    const civitai = await startFakeCivitai()
    const dir = mkdtempSync(join(tmpdir(), 'airkeep-playbook-'))
    const env = { AIRKEEP_CIVITAI_URL: civitai.url, AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1', AIRKEEP_LOG: 'error' }
    const { surface, end } = await open(join(dir, 'data'), env)
    try {
      await playbook.play({ invoke: surface.invoke, civitai, dir })
    } finally {
      await surface.close()
      await end()
      await civitai.close()
      rmSync(dir, { recursive: true, force: true })
    }
  })
})
