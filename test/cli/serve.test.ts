import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeOwnership } from '../../src/db/owner.ts'
import { callsIn } from '../support/cli-operations.ts'
import { spawnCli, spawnServe } from '../support/cli-process.ts'
import { runInProcess } from '../support/cli-run.ts'
import { tempDir } from '../support/temp-dir.ts'

// One server for the cases that only look at what comes back.
const shared = tempDir()
let sharedServe: Awaited<ReturnType<typeof spawnServe>>
beforeAll(async () => {
  sharedServe = await spawnServe(shared.path)
})
afterAll(async () => {
  await sharedServe[Symbol.asyncDispose]()
  shared[Symbol.dispose]()
})

const noteArgs = ['create-note', '--kind', 'short', '--text', 'a']
const run = (data: string, argv: readonly string[], env: Record<string, string> = {}) =>
  runInProcess(argv, { env: { AIRKEEP_DATA: data, ...env }, cwd: data })
const logOf = (data: string): string => readFileSync(join(data, 'log'), 'utf8')

describe('serve', () => {
  test('says where it is once it is ready, leaves serve.json for this user alone, and takes it along at TERM', async () => {
    using folder = tempDir()
    const file = join(folder.path, 'serve.json')
    await using serve = await spawnServe(folder.path)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      url: serve.url,
      pid: serve.pid,
      secret: expect.stringMatching(/^[\w-]{43}$/),
      version: '0.1.0',
    })
    expect((await fetch(`${serve.url}/health`)).status).toBe(200)
    await serve.prints('stderr', /curl http/)
    serve.kill('SIGTERM')
    expect(await serve.exited).toBe(0)
    expect(serve.stdout()).toBe(`airkeep listening on ${serve.url}\n`)
    expect(existsSync(file)).toBe(false)
    expect(logOf(folder.path)).toBe(`${serve.pid} open\n${serve.pid} close\n`)
  })

  test('--quiet prints the one line alone, --json one document', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path, ['--quiet'])
    serve.kill('SIGINT')
    expect(await serve.exited).toBe(0)
    expect(serve.stderr()).toBe('')

    await using other = spawnCli(folder.path, ['serve', '--port', '0', '--json'])
    const [line = ''] = await other.prints('stdout', /^.*\n/)
    expect(JSON.parse(line)).toEqual({ url: expect.stringMatching(/^http:/), pid: other.pid })
  })

  test('goes on after the terminal is gone where nohup started it, and ends with it else', async () => {
    using folder = tempDir()
    using other = tempDir()
    await using kept = await spawnServe(folder.path, [], {}, ['nohup'])
    await using plain = await spawnServe(other.path)
    kept.kill('SIGHUP')
    plain.kill('SIGHUP')
    expect(await plain.exited).toBe(0)
    expect(existsSync(join(other.path, 'serve.json'))).toBe(false)
    expect((await fetch(`${kept.url}/health`)).status).toBe(200)
  })

  test('refuses a data directory that another serve has, and says which', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    const second = await run(folder.path, ['serve', '--port', '0'])
    expect(second).toMatchObject({ exitCode: 5, stdout: '' })
    expect(second.stderr).toContain(`already runs on ${folder.path} as process ${serve.pid} at ${serve.url}`)
  })

  test('a port that is taken is an error and leaves nothing behind', async () => {
    using folder = tempDir()
    using other = tempDir()
    await using serve = await spawnServe(folder.path)
    const { port } = new URL(serve.url)
    const { exitCode, stderr } = await run(other.path, ['serve', '--port', port])
    expect(exitCode).toBe(5)
    expect(stderr).toBe(`error: Port ${port} is taken\n`)
    expect(existsSync(join(other.path, 'serve.json'))).toBe(false)
    expect(logOf(other.path)).toMatch(/open\n\d+ close\n$/)
  })

  test('TERM lets a running request end', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    await using call = spawnCli(folder.path, ['hang-note'])
    await callsArrive(folder.path, 1)
    serve.kill('SIGTERM')
    await gone(join(folder.path, 'serve.json'))
    writeFileSync(join(folder.path, 'go'), '')
    expect(await call.exited).toBe(0)
    expect(call.stdout()).toBe('gone  true\n')
    expect(await serve.exited).toBe(0)
  })

  test('a second signal does not wait for it', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    await using call = spawnCli(folder.path, ['create-note', '--kind', 'short', '--text', 'hang'])
    await callsArrive(folder.path, 1)
    serve.kill('SIGTERM')
    await gone(join(folder.path, 'serve.json'))
    // One that follows at once may be the first, passed on by another process: pressed until it is heard.
    const presses = setInterval(() => serve.kill('SIGINT'), 50)
    expect(await serve.exited).toBe(9)
    clearInterval(presses)
    // It was a write: whether it was done is not known, so it is not tried again.
    expect(await call.exited).toBe(7)
    expect(call.stderr()).toContain('went away before it answered\nhint: Whether it did the work is not known')
    expect(callsIn(folder.path)).toHaveLength(1)
  })

  test('a read that the serve took along is carried out by the command itself', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    await using call = spawnCli(folder.path, ['hang-note'])
    await callsArrive(folder.path, 1)
    serve.kill('SIGKILL')
    await serve.exited
    await callsArrive(folder.path, 2)
    writeFileSync(join(folder.path, 'go'), '')
    expect(await call.exited).toBe(0)
    expect(callsIn(folder.path).map(({ pid }) => pid)).toEqual([serve.pid, call.pid])
  })

  test('a job that the serve took along is followed at its successor', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    await using call = spawnCli(folder.path, ['import', 'slow.png'])
    await logged(folder.path, 'stream')
    serve.kill('SIGKILL')
    // Jobs of this program are in memory alone, so its successor does not know it.
    expect(await call.exited).toBe(4)
    expect(logOf(folder.path)).toBe(`${serve.pid} open\n${serve.pid} stream\n${call.pid} open\n${call.pid} close\n`)
  })
})

describe('a command', () => {
  test('is a client of the running serve', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    const { exitCode, stdout } = await run(folder.path, [...noteArgs, '--json'])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ note_id: '1', text: 'a' })
    expect(callsIn(folder.path)).toMatchObject([{ pid: serve.pid }])
    expect(logOf(folder.path)).toBe(`${serve.pid} open\n`)
  })

  test.each([
    [
      'get-note with an id that is no path',
      ['get-note', '--note-id', '..'],
      2,
      'error: note_id must be a valid integer ID\n',
    ],
    ['an empty id', ['get-note', '--note-id', ''], 2, 'error: note_id must be a valid integer ID\n'],
    ['no id', ['get-note'], 2, 'error: note_id is required\n'],
    ['a bad id', ['get-note', '--note-id', 'a/b?c'], 2, 'error: note_id must be a valid integer ID\n'],
    ['a rejected field', ['create-note', '--kind', 'x', '--text', 'y'], 2, 'error: kind must be one of short, long\n'],
    [
      'a conflict',
      ['create-note', '--kind', 'short', '--text', 'conflict'],
      5,
      'error: This note exists\n  existing asset_id: 7\nhint: Update it instead\n',
    ],
    [
      'a crash',
      ['create-note', '--kind', 'short', '--text', 'crash'],
      1,
      'error: Something went wrong inside airkeep\nhint: Look for the request id in the log\n',
    ],
  ])('hears of %s as it would by itself', async (_, argv, exitCode, stderr) => {
    expect(await run(shared.path, argv)).toEqual({ exitCode, stdout: '', stderr })
  })

  test('sends every kind of field in its place', async () => {
    const before = callsIn(shared.path).length
    await run(shared.path, ['get-note', '--id-of-note', '7'])
    await run(shared.path, ['list-notes', '--tags', 'a', '--tags', 'b,c', '--include-details', '--limit', '3'])
    await run(shared.path, ['update-note', '--note-id', '8', '--no-title', '--metadata', '{"a":null}', '--pinned'])
    expect(callsIn(shared.path).slice(before)).toMatchObject([
      { input: { note_id: '7' } },
      { input: { tags: ['a', 'b,c'], include_details: true, limit: 3, offset: 0 } },
      { input: { note_id: '8', title: null, metadata: { a: null }, pinned: true } },
    ])
  })

  test('follows a job there, and lets it go on when it is interrupted', async () => {
    const { stdout, exitCode } = await run(shared.path, ['import', 'partial.png', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ status: 'partially_completed' })
    expect(exitCode).toBe(10)

    // A server of its own: the stream of the import before may be logged late, and be taken for this one's.
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    await using slow = spawnCli(folder.path, ['import', 'slow.png'])
    await logged(folder.path, 'stream')
    slow.kill('SIGINT')
    expect(await slow.exited).toBe(9)
    const [job = ''] = slow.stderr().split(' ')
    expect(slow.stderr()).toBe(`${job} goes on at ${serve.url}: airkeep cancel-import-job --job-id ${job} ends it\n`)
  })

  test('passes over what a serve that was killed left', async () => {
    using folder = tempDir()
    await using serve = await spawnServe(folder.path)
    serve.kill('SIGKILL')
    await serve.exited
    expect(existsSync(join(folder.path, 'serve.json'))).toBe(true)
    expect(await run(folder.path, noteArgs)).toMatchObject({ exitCode: 0, stderr: '' })
    await using next = await spawnServe(folder.path)
    expect(next.url).toStartWith('http://127.0.0.1:')
  })

  test.each([
    ['no JSON', 'oops'],
    ['no object', '[]'],
    ['a foreign process that serves nothing', JSON.stringify({ url: 'http://127.0.0.1:1', pid: 1, secret: 's' })],
    ['an address that is none', JSON.stringify({ url: 'nowhere', pid: process.pid, secret: 's' })],
    ['a pid that is none', JSON.stringify({ url: 'http://127.0.0.1:1', pid: -1, secret: 's' })],
  ])('passes over a serve.json with %s', async (_, content) => {
    using folder = tempDir()
    writeFileSync(join(folder.path, 'serve.json'), content)
    expect(await run(folder.path, noteArgs)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('four at once on a directory that is not there yet all succeed', async () => {
    using folder = tempDir()
    const data = join(folder.path, 'not', 'yet')
    const children = [1, 2, 3, 4].map((at) => spawnCli(data, ['create-note', '--kind', 'short', '--text', `${at}`]))
    expect(await Promise.all(children.map(({ exited }) => exited))).toEqual([0, 0, 0, 0])
    const texts = callsIn(data).map(({ input }) => (input as { text: string }).text)
    expect(texts.sort()).toEqual(['1', '2', '3', '4'])
    // Never two owners at a time.
    expect(logOf(data).replace(/\d+ /g, '')).toBe('open\nclose\n'.repeat(4))
  })

  test('killed in the middle lets go of the data directory', async () => {
    using folder = tempDir()
    await using hanging = spawnCli(folder.path, ['hang-note'])
    await callsArrive(folder.path, 1)
    hanging.kill('SIGKILL')
    await hanging.exited
    expect(await run(folder.path, noteArgs)).toMatchObject({ exitCode: 0 })
  })
})

describe('waiting, all at once since each takes two seconds', () => {
  test.concurrent('serve waits for a command that has the data directory, then takes it', async () => {
    using folder = tempDir()
    const held = await takeOwnership(folder.path)
    await using serve = spawnCli(folder.path, ['serve', '--port', '0'])
    await serve.prints('stderr', /waiting: an airkeep command works in /)
    expect(serve.stdout()).toBe('')
    held?.release()
    await serve.prints('stdout', /^airkeep listening on/)
  })

  test.concurrent('a command waits for another one, says so, and can be interrupted', async () => {
    using folder = tempDir()
    const held = await takeOwnership(folder.path)
    await using waiting = spawnCli(folder.path, noteArgs)
    await waiting.prints('stderr', /waiting: another airkeep command works in .* \(Ctrl-C ends the wait\)\n/)
    waiting.kill('SIGINT')
    expect(await waiting.exited).toBe(9)
    expect(waiting.stdout()).toBe('')
    held?.release()
  })

  test.concurrent('a command that waits for the data directory becomes the client of a serve that starts meanwhile', async () => {
    using folder = tempDir()
    const held = await takeOwnership(folder.path)
    await using waiting = spawnCli(folder.path, noteArgs)
    await using serve = spawnCli(folder.path, ['serve', '--port', '0'])
    await waiting.prints('stderr', /waiting/)
    await serve.prints('stderr', /waiting/)
    held?.release()
    expect(await waiting.exited).toBe(0)
    await serve.prints('stdout', /^airkeep listening on/)
    expect(callsIn(folder.path)).toHaveLength(1)
  })
})

describe('--server', () => {
  test('reaches a server with the token of the environment', async () => {
    using folder = tempDir()
    using here = tempDir()
    await using serve = await spawnServe(folder.path, [], { AIRKEEP_TOKEN: 'a-token' })
    const remote = ['--server', `${serve.url}/`]
    const refused = await run(here.path, [...noteArgs, ...remote])
    expect(refused).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: 'error: A token is needed\nhint: Set AIRKEEP_TOKEN to a token of that server\n',
    })
    expect(await run(here.path, [...noteArgs, ...remote], { AIRKEEP_TOKEN: 'a-token' })).toMatchObject({ exitCode: 0 })
    writeFileSync(join(here.path, 'token'), 'a-token\n')
    const byFile = { AIRKEEP_TOKEN_FILE: 'token' }
    expect(await run(here.path, [...noteArgs, ...remote], byFile)).toMatchObject({ exitCode: 0 })
    expect(callsIn(folder.path)).toHaveLength(2)
    // Nothing was opened here.
    expect(existsSync(join(here.path, 'log'))).toBe(false)
  })

  test('sends the picture along, since the server cannot read it', async () => {
    using folder = tempDir()
    using here = tempDir()
    mkdirSync(join(here.path, 'p'))
    const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251)
    writeFileSync(join(here.path, 'p', 'a "b".png'), bytes)
    await using serve = await spawnServe(folder.path, [], { AIRKEEP_TOKEN: 'a-token' })
    const env = { AIRKEEP_TOKEN: 'a-token' }
    const argv = ['import', 'p/a "b".png', '--format', 'comfyui', '--models', '/m', '--json', '--server', serve.url]
    const { exitCode, stdout } = await run(here.path, argv, env)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' })
    expect(callsIn(folder.path)).toMatchObject([
      {
        upload: 'a %22b%22.png',
        input: { format: 'comfyui', model_roots: ['/m'] },
        sent: Buffer.from(bytes).toString('latin1'),
      },
    ])
  })

  test('a server that is not there', async () => {
    using here = tempDir()
    expect(await run(here.path, ['list-notes', '--server', 'http://127.0.0.1:1'])).toMatchObject({
      exitCode: 7,
      stderr:
        'error: Cannot reach the server at http://127.0.0.1:1\nhint: Check the address and that airkeep serve runs there\n',
    })
  })
})

/** Watches the file of calls instead of sleeping. */
async function callsArrive(data: string, count: number): Promise<void> {
  while (callsIn(data).length < count) await new Promise((resolve) => setImmediate(resolve))
}

async function logged(data: string, word: string, times = 1): Promise<void> {
  while (logOf(data).split(word).length <= times) await new Promise((resolve) => setImmediate(resolve))
}

async function gone(path: string): Promise<void> {
  while (existsSync(path)) await new Promise((resolve) => setImmediate(resolve))
}
