import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import type { Listening } from '../../src/http/listen.ts'
import { runtimes } from './runtimes.ts'
import { startApp } from './test-app.ts'
import type { World } from './world.ts'

interface Client {
  readonly socket: WebSocket
  send(message: unknown): void
  /** The next message, as JSON. */
  next(): Promise<unknown>
  readonly closed: Promise<{ code: number; reason: string }>
}

async function open(url: string, query = '', headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/prompts/import/events${query}`, { headers })
  const messages: unknown[] = []
  const waiting: ((message: unknown) => void)[] = []
  socket.onmessage = ({ data }) => {
    const message: unknown = JSON.parse(String(data))
    const first = waiting.shift()
    if (first === undefined) messages.push(message)
    else first(message)
  }
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason })
  })
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  return {
    socket,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () =>
      messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve)),
    closed,
  }
}

async function noFeeds(t: World): Promise<void> {
  while (!(await t.metrics.text()).includes('airkeep_http_streams_open 0')) await new Promise((go) => setImmediate(go))
}

describe.each(runtimes())('the WebSocket of %s', (_runtime, start) => {
  /** For what leaves no trace: jobs of somebody, of another kind and of the token's own. */
  let shared: World
  let server: Listening
  let token: string
  beforeAll(async () => {
    shared = await start()
    server = await shared.listen()
    token = await shared.token('agent', 'models:download')
    await shared.change('imp_a', { status: 'analyzing', owner: 'somebody' })
    await shared.change('scan_a', { status: 'running', kind: 'scan', owner: 'agent' })
    await shared.change('imp_mine', { status: 'analyzing', owner: 'agent' })
  })
  afterAll(() => shared[Symbol.asyncDispose]())

  test('answers a subscription with the job, at once and on every change', async () => {
    await using t = await start()
    const { url } = await t.listen()
    await t.change('imp_a', { status: 'analyzing' })
    await t.change('imp_b', { status: 'analyzing' })
    const client = await open(url)
    client.send({ subscribe_job: 'imp_a' })
    expect(await client.next()).toEqual({ job_id: 'imp_a', status: 'analyzing' })
    await t.change('imp_b', { status: 'resolving' })
    t.progress('imp_a', { progress: 0.25 })
    expect(await client.next()).toEqual({ job_id: 'imp_a', status: 'analyzing', progress: 0.25 })
    client.send({ subscribe_job: 'imp_b' })
    expect(await client.next()).toEqual({ job_id: 'imp_b', status: 'resolving' })
    await t.change('imp_a', { status: 'completed', final: true })
    expect(await client.next()).toEqual({ job_id: 'imp_a', status: 'completed' })
    // Its job has ended, the socket has not.
    await t.change('imp_b', { status: 'failed', final: true })
    expect(await client.next()).toEqual({ job_id: 'imp_b', status: 'failed' })
    client.send({ subscribe_job: 'imp_b' })
    expect(await client.next()).toEqual({ job_id: 'imp_b', status: 'failed' })
    await noFeeds(t)
    client.socket.close()
  })

  test('subscribed twice to one job, sends each change once', async () => {
    await using t = await start()
    const { url } = await t.listen()
    await t.change('imp_a', { status: 'analyzing' })
    const client = await open(url)
    for (let count = 0; count < 2; count += 1) {
      client.send({ subscribe_job: 'imp_a' })
      expect(await client.next()).toMatchObject({ status: 'analyzing' })
    }
    await t.change('imp_a', { status: 'resolving' })
    await t.change('imp_a', { status: 'downloading' })
    expect(await client.next()).toMatchObject({ status: 'resolving' })
    expect(await client.next()).toMatchObject({ status: 'downloading' })
    client.socket.close()
    await noFeeds(t)
  })

  test.each([
    ['text', 'hello', 'invalid_input'],
    ['an id that is none', { subscribe_job: '../x' }, 'invalid_input'],
    ['a field more', { subscribe_job: 'imp_a', all: true }, 'invalid_input'],
    ['a list', [], 'invalid_input'],
    ['an unknown job', { subscribe_job: 'imp_none' }, 'not_found'],
    ['a foreign job', { subscribe_job: 'imp_a' }, 'not_found'],
    ['a job of another kind', { subscribe_job: 'scan_a' }, 'not_found'],
  ])('answers %s with a problem and goes on', async (_what, message, code) => {
    const client = await open(server.url, '', { authorization: `Bearer ${token}` })
    client.send(message)
    expect(await client.next()).toMatchObject({ code, request_id: expect.stringMatching(/^req_/) })
    client.send({ subscribe_job: 'imp_mine' })
    expect(await client.next()).toMatchObject({ job_id: 'imp_mine' })
    client.socket.close()
  })

  test('opens with a ticket, once', async () => {
    const made = await fetch(`${server.url}/v1/stream-tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    const { ticket } = (await made.json()) as { ticket: string }
    const client = await open(server.url, `?ticket=${ticket}`)
    client.send({ subscribe_job: 'imp_mine' })
    expect(await client.next()).toMatchObject({ job_id: 'imp_mine' })
    client.socket.close()
    await expect(open(server.url, `?ticket=${ticket}`)).rejects.toBeDefined()
  })

  test.each([
    ['a foreign page', 'Origin: http://evil.example', '403'],
    ['no page at all', 'Origin: null', '403'],
    ['a wrong token', 'Authorization: Bearer x', '401'],
    ['another name', 'Host: evil.example', '403'],
  ])('is refused to %s', async (_what, header, status) => {
    const host = header.startsWith('Host') ? '' : 'Host: 127.0.0.1\r\n'
    const answer = await exchange(
      server.port,
      `GET /v1/prompts/import/events HTTP/1.1\r\n${host}${header}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    expect(answer).toStartWith(`HTTP/1.1 ${status}`)
  })

  test('of a revoked token follows nothing more', async () => {
    await using t = await start()
    const { url } = await t.listen()
    await t.change('imp_mine', { status: 'analyzing', owner: 'agent' })
    const client = await open(url, '', { authorization: `Bearer ${await t.token('agent', 'models:read')}` })
    await t.tokens.revoke('agent', 'local')
    client.send({ subscribe_job: 'imp_mine' })
    expect(await client.next()).toMatchObject({ code: 'unauthorized' })
    client.socket.close()
  })

  test('that goes away is forgotten', async () => {
    await using t = await start()
    const { url } = await t.listen()
    await t.change('imp_a', { status: 'analyzing' })
    const client = await open(url)
    client.send({ subscribe_job: 'imp_a' })
    await client.next()
    client.socket.terminate()
    await noFeeds(t)
    await t.change('imp_a', { status: 'resolving' })
  })

  test('is told that the server stops, after what waits', async () => {
    await using t = await start()
    const server = await t.listen()
    await t.change('imp_a', { status: 'analyzing' })
    const [idle, busy] = [await open(server.url), await open(server.url)]
    busy.send({ subscribe_job: 'imp_a' })
    await busy.next()
    await t.change('imp_a', { status: 'resolving' })
    await server.stop({ force: false })
    expect(await busy.next()).toMatchObject({ status: 'resolving' })
    expect(await idle.closed).toEqual({ code: 1001, reason: 'airkeep is stopping' })
    expect(await busy.closed).toEqual({ code: 1001, reason: 'airkeep is stopping' })
  })

  test('that sends too much is closed', async () => {
    await using t = await start()
    const { url } = await t.listen()
    const client = await open(url)
    client.send('x'.repeat(20_000))
    expect((await client.closed).code).toBeGreaterThan(1000)
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })
})

test('without Upgrade the same path is an event stream', async () => {
  await using t = await startApp()
  const response = await t.fetch('/v1/prompts/import/events')
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  await response.body?.cancel()
})

/** What a server says to bytes, up to the end of its head. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('error', reject)
    socket.on('data', (data) => {
      answer += data
      if (!answer.includes('\r\n\r\n')) return
      socket.destroy()
      resolve(answer)
    })
    socket.on('close', () => resolve(answer))
    socket.write(bytes)
  })
}
