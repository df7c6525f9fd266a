import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let executable: Executable
let folder: TempDir
beforeAll(() => {
  executable = installExecutable()
})
afterAll(() => executable.remove())
afterEach(() => folder[Symbol.dispose]())

const at = (name: string): string => join(folder.path, name)

async function post(url: string, path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: (await response.json()) as JsonObject }
}

/** Writers that record prompts until they are told to stop, and the ids that were answered. */
function writeTo({ url }: Server, writers = 8): { acknowledged: string[]; stop(): Promise<void> } {
  const acknowledged: string[] = []
  let go = true
  const running = Array.from({ length: writers }, async (_, writer) => {
    while (go) {
      const { status, body } = await post(url, '/v1/prompts', { prompt_text: `a harbor at dusk, by writer ${writer}` })
      if (status !== 201 && status !== 200) throw new Error(`a write was answered with ${status}`)
      acknowledged.push(String(body.prompt_id))
    }
  })
  return {
    acknowledged,
    async stop() {
      go = false
      await Promise.all(running)
    },
  }
}

async function open<T>(path: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient({ url: `file:${path}` })
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

const column = async (client: Client, sql: string): Promise<string[]> =>
  (await client.execute(sql)).rows.map((row) => String(row[0]))

describe('a database in use', () => {
  test('backed up beside writes, restored after them', async () => {
    folder = tempDir()
    const data = at('data')
    const server = await executable.serve([], { data })
    const writing = writeTo(server)
    while (writing.acknowledged.length < 300) await Bun.sleep(5)

    const before = [...writing.acknowledged]
    const made = await executable.run(['backup', 'copy.db', '--json'], { data, cwd: folder.path })
    const during = writing.acknowledged.length - before.length
    expect(made).toMatchObject({ exitCode: 0, stderr: '' })
    expect(made.json()).toMatchObject({ path: at('copy.db'), size_bytes: statSync(at('copy.db')).size })
    expect(statSync(at('copy.db')).mode & 0o777).toBe(0o600)
    // It went on: nobody waited for the copy.
    expect(during).toBeGreaterThan(0)
    const again = await executable.run(['backup', 'copy.db'], { data, cwd: folder.path })
    expect(again.exitCode).toBe(5)

    const refused = await executable.run(['restore', 'copy.db'], { data, cwd: folder.path })
    expect(refused.exitCode).toBe(5)
    expect(refused.stderr).toContain(server.url)
    await writing.stop()
    expect(await server.stop()).toBe(0)

    const copied = await open(at('copy.db'), async (client) => {
      expect(await column(client, 'PRAGMA integrity_check')).toEqual(['ok'])
      expect(await column(client, 'PRAGMA foreign_key_check')).toEqual([])
      const ids = await column(client, 'SELECT id FROM prompts ORDER BY id')
      // A row and the trace that it left are one commit.
      const traced = await column(
        client,
        "SELECT row_id FROM audit WHERE table_name = 'prompts' ORDER BY cast(row_id AS integer)",
      )
      expect(traced).toEqual(ids)
      return ids
    })
    const inCopy = new Set(copied)
    expect(before.filter((id) => !inCopy.has(id))).toEqual([])
    expect(writing.acknowledged.length).toBeGreaterThan(copied.length)

    const restored = await executable.run(['restore', 'copy.db', '--json'], { data, cwd: folder.path })
    expect(restored).toMatchObject({ exitCode: 0, stderr: '' })
    const kept = String(restored.json().kept)
    expect(kept).toStartWith(join(data, 'backups/'))
    expect(statSync(kept).mode & 0o777).toBe(0o600)
    const inKept = await open(kept, (client) => column(client, 'SELECT id FROM prompts ORDER BY id'))
    expect(inKept).toEqual(writing.acknowledged.toSorted((a, b) => Number(a) - Number(b)))
    expect(readdirSync(data).filter((name) => name.startsWith('.'))).toEqual([])

    const second = await executable.serve([], { data })
    const listed = await open(at('copy.db'), (client) => column(client, 'SELECT max(id) FROM prompts'))
    const newest = (await (await fetch(`${second.url}/v1/prompts?limit=1`)).json()) as { prompts: JsonObject[] }
    expect(newest.prompts.map(({ prompt_id }) => prompt_id)).toEqual(listed)
    expect(await second.stop()).toBe(0)
  })

  test('requests are answered while a large one is copied', async () => {
    folder = tempDir()
    const data = at('data')
    await executable.run(['create-prompt', '--prompt-text', 'first'], { data })
    await open(join(data, 'airkeep.db'), (client) =>
      client.execute(
        `INSERT INTO prompts (prompt_text, created_by, updated_by, created_at, updated_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
         SELECT hex(randomblob(1000)), 'local', 'local', 1, 1 FROM n`,
      ),
    )
    const server = await executable.serve([], { data })
    let copying = true
    let answered = 0
    const asking = (async () => {
      while (copying) {
        await (await fetch(`${server.url}/v1/prompts?limit=1`)).json()
        answered += 1
      }
    })()
    const { status, body } = await post(server.url, '/v1/backup', { path: at('large.db') })
    copying = false
    await asking
    expect(status).toBe(201)
    expect(Number(body.size_bytes)).toBeGreaterThan(100e6)
    // Stopped event loops answer the first request before the copy and the second behind it.
    expect(answered).toBeGreaterThan(5)
    expect(await server.stop()).toBe(0)
  })
})

describe('who may', () => {
  test('the owner alone: not a token, even of an admin, and no agent', async () => {
    folder = tempDir()
    const env = { AIRKEEP_TOKEN: 'from-outside' }
    const server = await executable.serve([], { data: at('data'), env })
    const asAdmin = { authorization: 'Bearer from-outside' }
    const answer = await post(server.url, '/v1/backup', { path: at('copy.db') }, asAdmin)
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    const remote = await executable.run(['backup', 'copy.db', '--server', server.url], { env, cwd: folder.path })
    expect(remote.exitCode).toBe(3)
    expect(readdirSync(folder.path)).toEqual(['data'])
    // The same host, by the secret of the data directory.
    const own = await executable.run(['backup', 'copy.db'], { data: at('data'), cwd: folder.path })
    expect(own.exitCode).toBe(0)
    const relative = await post(server.url, '/v1/backup', { path: 'copy.db' }, asAdmin)
    expect(relative.status).toBe(403)
    expect(await server.stop()).toBe(0)
  })
})

describe('without a server', () => {
  test('there and back, and what is no backup is refused', async () => {
    folder = tempDir()
    const run = (...args: string[]) => executable.run(args, { data: at('data'), cwd: folder.path })
    await run('create-prompt', '--prompt-text', 'kept')
    expect((await run('backup', 'copy.db')).stdout).toContain(at('copy.db'))
    await run('create-prompt', '--prompt-text', 'later')
    const { exitCode, stdout } = await run('restore', 'copy.db')
    expect({ exitCode, restored: stdout.includes('is kept') }).toEqual({ exitCode: 0, restored: true })
    const { prompts } = (await run('list-prompts', '--json')).json() as { prompts: JsonObject[] }
    expect(prompts.map(({ prompt_text }) => prompt_text)).toEqual(['kept'])
    writeFileSync(at('text.db'), 'no database')
    mkdirSync(at('folder'))
    for (const [file, code] of [
      ['text.db', 2],
      ['folder', 2],
      ['none.db', 4],
    ] as const) {
      expect((await run('restore', file)).exitCode).toBe(code)
    }
    expect((await run('restore', 'copy.db', '--server', 'http://127.0.0.1:1')).exitCode).toBe(2)
    const elsewhere = await executable.run(['restore', 'copy.db'], {
      data: at('data'),
      cwd: folder.path,
      env: { AIRKEEP_DB: 'http://127.0.0.1:1' },
    })
    expect(elsewhere.exitCode).toBe(2)
  })
})
