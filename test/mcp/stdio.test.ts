import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { OWNER } from '../../src/operation/permission.ts'
import { anMcp, ERAS, versionOf } from '../support/mcp.ts'
import { aHoldOperation, OPERATIONS } from '../support/mcp-operations.ts'

const SERVER = join(import.meta.dir, '../support/mcp-stdio-server.ts')

const line = (message: object): string => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`
const INITIALIZE = line({
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'lines', version: '1' } },
})
const INITIALIZED = line({ method: 'notifications/initialized' })
const callLine = (id: number, name: string, input: object): string =>
  line({ id, method: 'tools/call', params: { name, arguments: input } })

const answers = (output: string): Record<string, unknown>[] =>
  output
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each))

describe.each(ERAS.map((era) => [era] as const))('a client of %s over a pipe', (era) => {
  test('lists, calls and reads errors; what prints goes to stderr; the process ends with stdin', async () => {
    const transport = new StdioClientTransport({ command: process.execPath, args: [SERVER], stderr: 'pipe' })
    const client = new Client({ name: 'test', version: '1' }, versionOf(era))
    const stderr = text(transport.stderr as NodeJS.ReadableStream)
    const errors: Error[] = []
    client.onerror = (error) => void errors.push(error)
    await client.connect(transport)

    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo_text')
    const echo = await client.callTool({ name: 'echo_text', arguments: { text: 'abc' } })
    expect(echo.structuredContent).toEqual({ text: 'abc', by: 'local' })
    const bad = await client.callTool({ name: 'echo_text', arguments: {} })
    expect(bad.structuredContent).toMatchObject({ code: 'invalid_input', detail: 'text is required' })
    await client.close()
    const printed = await stderr
    expect(printed).toContain('noise\nnoise\nnoise\n')
    expect(printed).toEndWith('ended\n')
    expect(errors).toEqual([])
  })
})

test('lines from a file are all answered, then the process ends by itself', async () => {
  const server = spawn(process.execPath, [SERVER], { stdio: ['pipe', 'pipe', 'ignore'] })
  const exit = new Promise((resolve) => server.once('exit', (code, signal) => resolve([code, signal])))
  server.stdin.end(INITIALIZE + INITIALIZED + callLine(1, 'echo_text', { text: 'x' }) + line({ id: 2, method: 'ping' }))
  const output = answers(await text(server.stdout))
  expect(output.map(({ id }) => id).sort()).toEqual([0, 1, 2])
  expect(output.find(({ id }) => id === 1)).toMatchObject({ result: { structuredContent: { text: 'x' } } })
  expect(await exit).toEqual([0, null])
})

test('a signal ends the process while a client is connected', async () => {
  const server = spawn(process.execPath, [SERVER], { stdio: ['pipe', 'pipe', 'ignore'] })
  const exit = new Promise((resolve) => server.once('exit', (code, signal) => resolve([code, signal])))
  server.stdin.write(INITIALIZE)
  server.stdout.once('data', () => server.kill('SIGTERM'))
  expect(await exit).toEqual([0, null])
})

/** The same in this process, over streams of the test. */
function serve(operations = OPERATIONS, options: { signal?: AbortSignal; graceMs?: number; limit?: number } = {}) {
  const { limit, ...rest } = options
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const mcp = anMcp({ operations, ...(limit === undefined ? {} : { bodyLimitBytes: limit }) })
  const ended = mcp.serveStdio(OWNER, { stdin, stdout, ...rest })
  return { stdin, stdout, ended }
}

test('calls may run elsewhere', async () => {
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const ended = anMcp({ operations: OPERATIONS }).serveStdio(OWNER, {
    stdin,
    stdout,
    invoke: async (operation, input) => ({ text: operation.name, by: JSON.stringify(input) }),
  })
  stdin.end(INITIALIZE + INITIALIZED + callLine(1, 'echo_text', { text: 'x' }))
  await ended
  stdout.end()
  const [, answer] = answers(await text(stdout))
  expect(answer).toMatchObject({ result: { structuredContent: { text: 'echo_text', by: '{"text":"x"}' } } })
})

test('progress comes in order before the result', async () => {
  const { stdin, stdout, ended } = serve()
  const params = { name: 'hash_bytes', arguments: {}, _meta: { progressToken: 'bar' } }
  stdin.end(INITIALIZE + INITIALIZED + line({ id: 1, method: 'tools/call', params }))
  await ended
  stdout.end()
  const seen = answers(await text(stdout)).slice(1)
  const progress = (done: number) => ({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 'bar', progress: done, total: 40, message: `${done} bytes` },
  })
  expect(seen).toEqual([progress(0), progress(40), expect.objectContaining({ id: 1 })])
})

test('a call that outlasts stdin may answer within its time', async () => {
  const hold = aHoldOperation()
  const { stdin, stdout, ended } = serve([hold.operation], { graceMs: 60_000 })
  stdin.end(INITIALIZE + INITIALIZED + callLine(1, 'hold', { text: 'a' }))
  await hold.began
  hold.release()
  await ended
  stdout.end()
  expect(answers(await text(stdout))).toContainEqual(
    expect.objectContaining({
      id: 1,
      result: expect.objectContaining({ structuredContent: { text: 'a', by: 'local' } }),
    }),
  )
})

test('a call that outlasts its time is aborted, and the connection ends', async () => {
  const hold = aHoldOperation()
  const { stdin, ended } = serve([hold.operation], { graceMs: 0 })
  stdin.write(INITIALIZE + INITIALIZED + callLine(1, 'hold', { text: 'a' }))
  await hold.began
  stdin.end()
  await hold.aborted
  await ended
  expect(hold.reasons).toEqual([expect.objectContaining({ name: 'AbortError' })])
})

test('a cancelled call is aborted, and the connection goes on', async () => {
  const hold = aHoldOperation()
  const { stdin, stdout, ended } = serve([hold.operation])
  stdin.write(INITIALIZE + INITIALIZED + callLine(1, 'hold', { text: 'a' }))
  await hold.began
  stdin.write(line({ method: 'notifications/cancelled', params: { requestId: 1, reason: 'no longer wanted' } }))
  await hold.aborted
  stdin.end(line({ id: 2, method: 'ping' }))
  await ended
  stdout.end()
  expect(answers(await text(stdout)).map(({ id }) => id)).toEqual([0, 2])
})

test('the signal ends it, given before or later', async () => {
  await serve(OPERATIONS, { signal: AbortSignal.abort() }).ended
  const stop = new AbortController()
  const hold = aHoldOperation()
  const { stdin, ended } = serve([hold.operation], { signal: stop.signal })
  stdin.write(INITIALIZE + INITIALIZED + callLine(1, 'hold', { text: 'a' }))
  await hold.began
  stop.abort()
  await ended
  await hold.aborted
})

test('it ends only when the last answer has left the process', async () => {
  const stdin = new PassThrough()
  const held: (() => void)[] = []
  const stdout = new Writable({ write: (_chunk, _encoding, done) => void held.push(done) })
  // What Bun 1.4.5 does on a full pipe: an empty write is done at once, whatever stands before it.
  const write = stdout.write.bind(stdout) as (chunk: unknown, ...rest: unknown[]) => boolean
  stdout.write = (chunk: unknown, ...rest: unknown[]) => {
    if (chunk !== '') return write(chunk, ...rest)
    for (const done of rest) if (typeof done === 'function') done()
    return true
  }
  let over = false
  const ended = anMcp({ operations: OPERATIONS })
    .serveStdio(OWNER, { stdin, stdout })
    .then(() => {
      over = true
    })
  stdin.end(INITIALIZE + INITIALIZED + line({ id: 1, method: 'tools/list' }))
  let lines = 0
  for (let turn = 0; turn < 50; turn += 1) {
    await nextTurn()
    // One answer of two may go.
    if (lines === 0 && held.length > 0) lines += held.splice(0).map((done) => done()).length
  }
  expect(over).toBe(false)
  held.splice(0).map((done) => done())
  await ended
})

test('it ends where stdout breaks', async () => {
  const { stdin, stdout, ended } = serve()
  stdin.write(INITIALIZE)
  stdout.destroy(new Error('EPIPE'))
  await ended
})

test('a message beyond the limit ends it, lines that are no JSON do not', async () => {
  const { stdin, stdout, ended } = serve(OPERATIONS, { limit: 10_000 })
  stdin.write(`not json\n${INITIALIZE}`)
  const [first] = answers(String(await new Promise((resolve) => stdout.once('data', resolve))))
  expect(first).toMatchObject({ id: 0, result: { serverInfo: { name: 'airkeep' } } })
  stdin.write('x'.repeat(10_001))
  await ended
})
