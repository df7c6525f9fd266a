import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Session } from '../../src/cli/session.ts'
import { createSharedSession } from '../../src/cli/shared-session.ts'
import { callsIn } from '../support/cli-operations.ts'
import { spawnCli, spawnServe } from '../support/cli-process.ts'
import { runInProcess } from '../support/cli-run.ts'
import { tempDir } from '../support/temp-dir.ts'

const logOf = (data: string): string => readFileSync(join(data, 'log'), 'utf8')
const line = (operation: string, input: object): string => `${JSON.stringify({ operation, input })}\n`

describe('mcp', () => {
  test('takes the data directory for its calls alone', async () => {
    using folder = tempDir()
    const data = folder.path
    await using mcp = spawnCli(data, ['mcp'])
    mcp.write(line('create_note', { kind: 'short', text: 'one' }) + line('get_note', { note_id: '2' }))
    await mcp.prints('stdout', /"note_id":"2"/)
    expect(mcp.stdout()).toContain('"text":"one"')
    // Another command gets its turn although mcp goes on.
    const other = await runInProcess(['create-note', '--kind', 'short', '--text', 'two'], {
      env: { AIRKEEP_DATA: data },
    })
    expect(other.exitCode).toBe(0)
    mcp.write(line('get_note', { note_id: '3' }))
    await mcp.prints('stdout', /"note_id":"3"/)
    mcp.closeStdin()
    expect(await mcp.exited).toBe(0)
    expect(callsIn(data).map(({ pid }) => pid)).toEqual([mcp.pid, mcp.pid, process.pid, mcp.pid])
    const [a, b] = [mcp.pid, process.pid]
    expect(logOf(data)).toBe(`${a} open\n${a} close\n${b} open\n${b} close\n${a} open\n${a} close\n`)
  })

  test('is a client of a running serve', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    await using mcp = spawnCli(folder.path, ['mcp'])
    mcp.write(line('get_note', { note_id: '2' }) + line('get_note', { note_id: 'x' }))
    await mcp.prints('stdout', /"note_id":"2"/)
    await mcp.prints('stdout', /AppError: note_id must be a valid integer ID/)
    mcp.closeStdin()
    expect(await mcp.exited).toBe(0)
    expect(callsIn(folder.path)).toMatchObject([{ pid: serve.pid }])
  })

  test('TERM ends it', async () => {
    using folder = tempDir()
    await using mcp = spawnCli(folder.path, ['mcp'])
    mcp.write(line('get_note', { note_id: '2' }))
    await mcp.prints('stdout', /"note_id":"2"/)
    mcp.kill('SIGTERM')
    expect(await mcp.exited).toBe(9)
    expect(logOf(folder.path)).toEndWith(' close\n')
  })
})

describe('a shared session', () => {
  /** Sessions that tell what becomes of them. */
  function recorder(kind: 'own' | 'serve' = 'own') {
    const events: string[] = []
    let opened = 0
    let jobsEnd = (): void => {}
    const open = async (): Promise<Session> => {
      opened += 1
      const name = `session ${opened}`
      events.push(`open ${name}`)
      return {
        where: kind === 'own' ? { kind, dataDir: '/d' } : { kind, url: 'http://h' },
        invoke: () => Promise.reject(new Error('unused')),
        follow: () => Promise.reject(new Error('unused')),
        untilIdle: () =>
          new Promise((resolve) => {
            jobsEnd = resolve
          }),
        async close() {
          events.push(`close ${name}`)
        },
      }
    }
    return { events, open, jobsEnd: () => jobsEnd() }
  }
  const unheard = (error: unknown): never => {
    throw error
  }
  const call =
    (word: string, started = false) =>
    async () => ({ result: word, started })

  test('serves calls that overlap or follow soon, then closes', async () => {
    const { events, open } = recorder()
    const shared = createSharedSession(open, unheard, 5)
    expect(await Promise.all([shared.use(call('a')), shared.use(call('b'))])).toEqual(['a', 'b'])
    expect(await shared.use(call('c'))).toBe('c')
    while (events.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(await shared.use(call('d'))).toBe('d')
    await shared.close()
    expect(events).toEqual(['open session 1', 'close session 1', 'open session 2', 'close session 2'])
  })

  test('stays while a job runs', async () => {
    const { events, open, jobsEnd } = recorder()
    const shared = createSharedSession(open, unheard, 0)
    await shared.use(call('a', true))
    await shared.use(call('b'))
    expect(events).toEqual(['open session 1'])
    jobsEnd()
    while (events.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(events).toEqual(['open session 1', 'close session 1'])
  })

  test('asks anew for a serve with each call', async () => {
    const { events, open } = recorder('serve')
    const shared = createSharedSession(open, unheard, 60_000)
    await shared.use(call('a'))
    await shared.use(call('b'))
    expect(events.filter((event) => event.startsWith('open'))).toHaveLength(2)
  })

  test('a failed call and a failed start end nothing else', async () => {
    const { open } = recorder()
    let fails = true
    const shared = createSharedSession(() => (fails ? Promise.reject(new Error('no start')) : open()), unheard, 5)
    await expect(shared.use(call('a'))).rejects.toThrow('no start')
    fails = false
    expect(await shared.use(call('b'))).toBe('b')
    await expect(shared.use(() => Promise.reject(new Error('no call')))).rejects.toThrow('no call')
    expect(await shared.use(call('c'))).toBe('c')
    await shared.close()
  })

  test('tells of what went wrong while nobody waited for it, and goes on', async () => {
    const { events, open } = recorder()
    const heard: string[] = []
    const failing = async (): Promise<Session> => ({
      ...(await open()),
      untilIdle: () => Promise.reject(new Error('the jobs are lost')),
      close: () => Promise.reject(new Error('the lock stays')),
    })
    const shared = createSharedSession(failing, (error) => heard.push(String(error)), 0)
    for (const word of ['a', 'b']) {
      expect(await shared.use(call(word, true))).toBe(word)
      while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve))
      expect(heard.splice(0)).toEqual(['Error: the jobs are lost', 'Error: the lock stays'])
    }
    await shared.close()
    expect(events).toEqual(['open session 1', 'open session 2'])
  })
})
