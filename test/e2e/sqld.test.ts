import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'
import { PLAYBOOKS } from '../support/playbooks.ts'
import { descendantsOf, stillRunning } from '../support/processes.ts'
import { needsSqld, type Sqld, startSqld } from '../support/sqld.ts'
import { overHttp, overStdio, type Surface } from '../support/surfaces.ts'

describe.skipIf(!needsSqld())('the executable and a libSQL server', () => {
  let executable: Executable
  let sqld: Sqld
  let dir: string
  let servers: Server[]

  beforeAll(() => {
    executable = installExecutable()
  })
  afterAll(() => executable.remove())
  beforeEach(async () => {
    sqld = await startSqld()
    dir = mkdtempSync(join(tmpdir(), 'airkeep-elsewhere-'))
    servers = []
  })
  afterEach(async () => {
    for (const server of servers) await server.stop()
    await sqld.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const onServer = (): Record<string, string> => ({ AIRKEEP_DB: sqld.url, AIRKEEP_DB_TOKEN: sqld.token })
  const asReplica = (): Record<string, string> => ({ AIRKEEP_DB_SYNC_URL: sqld.url, AIRKEEP_DB_TOKEN: sqld.token })
  const BACKENDS = [
    ['on the server', onServer],
    ['as a replica', asReplica],
  ] as const

  async function serve(name: string, env: Record<string, string>): Promise<{ server: Server; surface: Surface }> {
    const server = await executable.serve([], { data: join(dir, name), env: { AIRKEEP_LOG: 'warn', ...env } })
    servers.push(server)
    return { server, surface: overHttp(server.url) }
  }
  const textsOf = async ({ invoke }: Surface): Promise<unknown[]> => {
    const { prompts } = await invoke('list_prompts', { limit: 500 })
    return (prompts as JsonObject[]).map(({ prompt_text }) => prompt_text)
  }
  const failureOf = (asked: Promise<unknown>): Promise<JsonObject> =>
    asked.then(
      (answer) => ({ answered: JSON.stringify(answer) }),
      (error) => ({ ...error }) as JsonObject,
    )

  describe.each(BACKENDS)('%s', (_, env) => {
    test('the playbooks of the guide', async () => {
      const civitai = await startFakeCivitai()
      const { surface } = await serve('data', {
        ...env(),
        AIRKEEP_CIVITAI_URL: civitai.url,
        AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
      })
      for (const playbook of PLAYBOOKS) await playbook.play({ invoke: surface.invoke, civitai, dir })
      await civitai.close()
    })

    test('commands one after another, and MCP over stdio with nothing else on stdout', async () => {
      const data = join(dir, 'data')
      const options = { data, env: env() }
      const made = await executable.run(['create-prompt', '--json', '--prompt-text', 'by command'], options)
      expect([made.exitCode, made.stderr]).toEqual([0, ''])
      const surface = await overStdio(executable, { ...env(), AIRKEEP_DATA: data, AIRKEEP_LOG: 'silent' })
      await surface.invoke('create_prompt', { prompt_text: 'by MCP' })
      await sqld.kill()
      expect(await failureOf(surface.invoke('create_prompt', { prompt_text: 'away' }))).toMatchObject({
        code: 'upstream_unavailable',
      })
      await sqld.start()
      await surface.invoke('create_prompt', { prompt_text: 'back' })
      await surface.close()
      const listed = (await executable.run(['list-prompts', '--json'], options)).json()
      expect((listed.prompts as JsonObject[]).map((row) => row.prompt_text)).toEqual(['back', 'by MCP', 'by command'])
    })

    test('a server killed during a stream of creates loses nothing that was answered', async () => {
      const { surface } = await serve('data', env())
      const answered = new Set<string>()
      let serial = 0
      let failures = 0
      let stop = false
      const creating = Array.from({ length: 6 }, async () => {
        while (!stop) {
          serial += 1
          const prompt_text = `number ${serial}`
          const failed = await failureOf(surface.invoke('create_prompt', { prompt_text }))
          if (failed.answered !== undefined) {
            answered.add(prompt_text)
            continue
          }
          failures += 1
          expect([failed.status, failed.code, typeof failed.hint]).toEqual([502, 'upstream_unavailable', 'string'])
          await Bun.sleep(5)
        }
      })
      const until = async (reached: () => boolean): Promise<void> => {
        while (!reached()) await Bun.sleep(1)
      }
      await until(() => answered.size > 40)
      await sqld.kill()
      await until(() => failures > 12)
      await sqld.start()
      const before = answered.size
      await until(() => answered.size > before + 40)
      stop = true
      await Promise.all(creating)
      const texts = await textsOf(surface)
      expect(new Set(texts).size).toBe(texts.length)
      expect([...answered].filter((text) => !texts.includes(text))).toEqual([])
    })

    test('two hosts share what is tracked, and nothing else', async () => {
      const [here, there] = await Promise.all([serve('here', env()), serve('there', env())])
      const surfaces = [here.surface, there.surface]
      const made = await Promise.all(
        Array.from({ length: 60 }, (_each, at) =>
          surfaces[at % 2]?.invoke('create_prompt', { prompt_text: `number ${at}` }),
        ),
      )
      expect(new Set(made.map((prompt) => prompt?.prompt_id)).size).toBe(60)
      // A replica has, after a write of its own, all that was written before it.
      for (const [at, surface] of surfaces.entries()) {
        await surface.invoke('create_prompt', { prompt_text: `last ${at}` })
        expect(await textsOf(surface)).toHaveLength(61 + at)
      }

      const post = { civitai_url: 'https://civitai.com/posts/77' }
      const both = await Promise.all(surfaces.map(({ invoke }) => failureOf(invoke('create_civitai_post', post))))
      expect(both.map(({ code }) => code).toSorted()).toEqual(['conflict', undefined])

      const payload = 'a harbor <lora:nowhere:1>\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64'
      const jobs = await Promise.all(surfaces.map(({ invoke }) => invoke('import_prompt', { payload })))
      for (const [at, { invoke }] of surfaces.entries()) {
        const job_id = String(jobs[at]?.job_id)
        const isOver = async () => /completed|failed/.test(String((await invoke('get_import_job', { job_id })).status))
        while (!(await isOver())) await Bun.sleep(5)
        const { items } = await invoke('list_import_jobs', {})
        expect((items as JsonObject[]).map((job) => job.job_id)).toEqual([job_id])
        const other = await failureOf(invoke('get_import_job', { job_id: String(jobs[1 - at]?.job_id) }))
        expect(other.code).toBe('not_found')
      }
    })
  })

  test('no word of the token is written anywhere, wherever it was set', async () => {
    const url = `${sqld.url}/?authToken=${sqld.token}`
    for (const env of [{ AIRKEEP_DB: url }, { AIRKEEP_DB_SYNC_URL: url }, asReplica()]) {
      const name = `data-${Object.keys(env).length}-${Object.keys(env)[0]}`
      const { server, surface } = await serve(name, { ...env, AIRKEEP_LOG: 'debug' })
      await surface.invoke('create_prompt', { prompt_text: 'a' })
      await sqld.kill()
      const failed = await failureOf(surface.invoke('create_prompt', { prompt_text: 'b' }))
      const alone = await executable.run(['list-prompts'], { data: join(dir, `${name}-alone`), env })
      const shown = await executable.run(['config', 'show'], { data: join(dir, name), env })
      expect([failed.code, alone.exitCode, shown.exitCode]).toEqual(['upstream_unavailable', 7, 0])
      await server.stop()
      for (const text of [JSON.stringify(failed), alone.stdout, alone.stderr, shown.stdout, server.stderr()]) {
        expect(text).not.toContain(sqld.token)
      }
      for (const pid of descendantsOf(process.pid)) expect(commandOf(pid)).not.toContain(sqld.token)
      await sqld.start()
    }
  })

  test('the process that keeps a replica ends with a program that was killed', async () => {
    const { server, surface } = await serve('data', asReplica())
    await surface.invoke('create_prompt', { prompt_text: 'a' })
    const below = [server.pid, ...descendantsOf(server.pid)]
    const keepers = below.filter((pid) => commandOf(pid).includes('keep-replica'))
    expect(keepers).toHaveLength(1)
    for (const pid of below.filter((each) => !keepers.includes(each))) process.kill(pid, 'SIGKILL')
    while (stillRunning(keepers).length > 0) await Bun.sleep(20)
  })
})

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}
