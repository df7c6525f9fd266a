import { describe, expect, jest, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import * as v from 'valibot'
import { isAppError } from '../../src/errors.ts'
import type { Connection } from '../../src/http/connection.ts'
import { listen } from '../../src/http/listen.ts'
import { pour } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'
import { aSlowOperation } from './slow-operation.ts'
import { openStream } from './sse-client.ts'
import { anOperation, startApp } from './test-app.ts'

/** A raw connection: everything it received, and when it was closed. */
function dial(port: number): {
  socket: Socket
  text: () => string
  closed: Promise<void>
  received(part: string): Promise<void>
} {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('data', (data) => {
    text += data
  })
  return {
    socket,
    text: () => text,
    closed,
    received: (part) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (text.includes(part)) resolve()
        }
        socket.on('data', look)
        look()
      }),
  }
}

async function failureOf(run: () => Promise<unknown>) {
  const error = await rejection(run())
  if (!isAppError(error)) throw error
  const { code, message, hint } = error
  return { code, message, hint }
}

describe('listening', () => {
  test('port 0 picks a free one; a taken one is a conflict with a way out', async () => {
    await using t = await startApp()
    const { url, port } = await t.listen()
    expect(url).toBe(`http://127.0.0.1:${port}`)
    expect((await fetch(`${url}/health`)).status).toBe(200)
    const failure = await failureOf(() => listen({ host: '127.0.0.1', port, app: t.app }))
    expect(failure).toEqual({
      code: 'conflict',
      message: `Could not listen on 127.0.0.1:${port}: another program listens there`,
      hint: 'Choose another port with --port; --port 0 picks a free one',
    })
  })

  test.each([
    ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/localhost:\d+$/],
  ])('on %s is reached at %s', async (host, expected) => {
    await using t = await startApp()
    const server = await listen({ host, port: 0, app: t.app })
    expect(server.url).toMatch(expected)
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    await server.stop({ force: true })
  })

  test.each(['203.0.113.7'])('on %s is refused', async (host) => {
    await using t = await startApp()
    expect(await failureOf(() => listen({ host, port: 0, app: t.app }))).toMatchObject({
      code: 'invalid_input',
      message: `Could not listen on ${host}:0`,
    })
  })

  test('requests know their peer', async () => {
    let peer: string | undefined
    const app = {
      fetch: async (_request: Request, connection?: Connection) => {
        peer = connection?.peer()
        return new Response()
      },
      endStreams() {},
    }
    const server = await listen({ host: '127.0.0.1', port: 0, app })
    await fetch(server.url)
    expect(peer).toBe('127.0.0.1')
    await server.stop({ force: true })
  })
})

describe('stopping', () => {
  test('lets a running request end, and takes no other', async () => {
    const slow = aSlowOperation('slow', 'post', 'write')
    await using t = await startApp({ operations: [slow.operation] })
    const server = await t.listen()
    const idle = dial(server.port)
    idle.socket.write('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await idle.received('200 OK')
    const answer = fetch(`${server.url}/v1/slow`, { method: 'POST' })
    await slow.begun
    const stopped = server.stop({ force: false })
    await idle.closed
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
    slow.finish()
    expect(await (await answer).json()).toEqual({ done: true })
    await stopped
  })

  test('streams get what waits, then end', async () => {
    await using t = await startApp()
    const server = await t.listen()
    const stream = await openStream(`${server.url}/v1/events`)
    await stream.next()
    await t.change('imp_a', { status: 'analyzing' })
    await server.stop({ force: false })
    expect(await stream.rest()).toMatchObject([{ id: '1' }, { comment: 'end of stream' }])
  })

  test('what is left after the grace is cut off', async () => {
    const slow = aSlowOperation('slow', 'get', 'read')
    await using t = await startApp({ operations: [slow.operation] })
    const server = await t.listen()
    const answer = fetch(`${server.url}/v1/slow`)
    await slow.begun
    await server.stop({ force: false, graceMs: 1 })
    await expect(answer).rejects.toThrow()
    await slow.aborted
    slow.finish()
  })

  test('a second stop forces the first', async () => {
    const slow = aSlowOperation('slow', 'post', 'write')
    await using t = await startApp({ operations: [slow.operation] })
    const server = await t.listen()
    const answer = fetch(`${server.url}/v1/slow`, { method: 'POST' })
    await slow.begun
    const first = server.stop({ force: false })
    await server.stop({ force: true })
    await first
    await expect(answer).rejects.toThrow()
    slow.finish()
  })

  test('may be asked for again', async () => {
    await using t = await startApp()
    const server = await t.listen()
    await Promise.all([server.stop({ force: false }), server.stop({ force: false })])
    await server.stop({ force: true })
  })
})

describe('a client that goes away', () => {
  test.each([
    ['ends a GET', 'get', 'read', 'slow', true],
    ['ends a long read that is a POST', 'post', 'read', 'calculate_sha256', true],
    ['ends create_asset, which hashes first', 'post', 'write', 'create_asset', true],
    ['does not tear a write', 'post', 'write', 'slow', false],
  ] as const)('%s', async (_what, method, effect, name, ends) => {
    const slow = aSlowOperation(name, method, effect)
    await using t = await startApp({ operations: [slow.operation] })
    const { port } = await t.listen()
    const client = dial(port)
    client.socket.write(`${method.toUpperCase()} /v1/${name} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await slow.begun
    client.socket.destroy()
    if (ends) await slow.aborted
    else {
      // The server has noticed by the time that another connection was served.
      await client.closed
      for (let count = 0; count < 5; count += 1) await fetch(`http://127.0.0.1:${port}/health`)
    }
    expect(slow.wasAborted()).toBe(ends)
    slow.finish()
    await slow.ended
  })
})

describe('bodies over the limit', () => {
  const operations = [
    anOperation({
      name: 'take',
      http: { method: 'post', path: '/v1/take' },
      input: v.strictObject({ text: v.string() }),
      run: async ({ text }) => ({ length: text.length }),
    }),
  ]

  test('are refused by what is announced, unread', async () => {
    await using t = await startApp({ operations, settings: { body_limit: 100 } })
    const { port } = await t.listen()
    const client = dial(port)
    client.socket.write(
      'POST /v1/take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{',
    )
    await client.received('"code":"payload_too_large"')
    expect(client.text()).toStartWith('HTTP/1.1 413')
    client.socket.destroy()
  })

  test('are refused when they have come that far, in pieces without a length', async () => {
    await using t = await startApp({ operations, settings: { body_limit: 100_000 } })
    const { port, url } = await t.listen()
    const client = dial(port)
    client.socket.write(
      'POST /v1/take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const piece = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`
    client.socket.write(piece + piece + piece)
    await client.received('"code":"payload_too_large"')
    expect(client.text()).toStartWith('HTTP/1.1 413')
    client.socket.write('0\r\n\r\n')
    await client.closed
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  test('without an end are cut off', async () => {
    await using t = await startApp({ operations, settings: { body_limit: 100_000 } })
    const { port } = await t.listen()
    const client = dial(port)
    client.socket.write(
      'POST /v1/take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const length = 2 ** 20
    const piece = Buffer.from(`${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`)
    const poured = pour(client.socket, piece)
    await client.closed
    expect(poured.sent()).toBeLessThan(500 * length)
    expect(client.text()).toStartWith('HTTP/1.1 413')
  })

  test('that are small are taken to their end, and the connection goes on', async () => {
    await using t = await startApp({ operations, settings: { body_limit: 100 } })
    const { port } = await t.listen()
    const client = dial(port)
    client.socket.write(
      'POST /v1/take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n',
    )
    await client.received('"code":"payload_too_large"')
    client.socket.write('x'.repeat(1_000_000))
    client.socket.write('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await client.received('"status":"ok"')
    client.socket.destroy()
  })

  test('that fit in pieces are read', async () => {
    await using t = await startApp({ operations })
    const { port } = await t.listen()
    const client = dial(port)
    client.socket.write(
      'POST /v1/take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    for (const piece of ['{"text":', '"äö', 'ü"}']) {
      client.socket.write(`${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`)
    }
    client.socket.write('0\r\n\r\n')
    await client.received('{"length":3}')
    client.socket.destroy()
  })
})

describe('silence', () => {
  const kept = (): { connection: Connection; count: () => number } => {
    let count = 0
    return {
      connection: {
        peer: () => '127.0.0.1',
        keepOpen: () => {
          count += 1
        },
        upgrade: () => false,
      },
      count: () => count,
    }
  }
  const request = (path: string, method = 'GET'): Request =>
    new Request(`http://127.0.0.1${path}`, { method, headers: { host: '127.0.0.1' } })

  test('does not end streams and MCP', async () => {
    await using t = await startApp({ mcp: async () => new Response('{}') })
    const { connection, count } = kept()
    const stream = await t.app.fetch(request('/v1/events'), connection)
    expect(count()).toBe(1)
    const mcp = await t.app.fetch(request('/mcp', 'POST'), connection)
    expect(count()).toBe(2)
    expect(mcp.headers.get('x-request-id')).toMatch(/^req_/)
    await stream.body?.cancel()
  })

  test.each([
    ['with a length', { 'content-length': '7' }],
    ['in pieces', { 'transfer-encoding': 'chunked' }],
  ])('ends a message to MCP that stops in the middle, %s', async (_what, headers) => {
    let taken: unknown
    await using t = await startApp({
      async mcp(request) {
        taken = [request.method, request.headers.get('content-type'), await request.text()]
        return new Response('{}')
      },
    })
    const { connection, count } = kept()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const answer = t.app.fetch(
      new Request('http://127.0.0.1/mcp', {
        method: 'POST',
        headers: { host: '127.0.0.1', 'content-type': 'application/json', ...headers },
        body: readable,
      }),
      connection,
    )
    const writer = writable.getWriter()
    await writer.write(Buffer.from('{"a'))
    expect(count()).toBe(0)
    await writer.write(Buffer.from('":'))
    await writer.write(Buffer.from('1}'))
    await writer.close()
    expect((await answer).status).toBe(200)
    expect(count()).toBe(1)
    expect(taken).toEqual(['POST', 'application/json', '{"a":1}'])
  })

  test('does not end streams, but their connection ends with them', async () => {
    await using t = await startApp()
    const { port } = await t.listen()
    await t.change('imp_a', { status: 'completed', final: true })
    const client = dial(port)
    client.socket.write('GET /v1/prompts/import/imp_a/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await client.closed
    expect(client.text()).toContain(': end of stream')
  })

  test('does not end an operation that takes longer than 5 s', async () => {
    const slow = aSlowOperation('slow', 'get', 'read')
    await using t = await startApp({ operations: [slow.operation] })
    const { connection, count } = kept()
    await t.fetch('/health')
    // The token cache has been read: nothing below waits for the database.
    await t.fetch('/metrics')
    jest.useFakeTimers()
    try {
      const answer = t.app.fetch(request('/v1/slow'), connection)
      await slow.begun
      jest.advanceTimersByTime(4_999)
      expect(count()).toBe(0)
      jest.advanceTimersByTime(1)
      expect(count()).toBe(1)
      slow.finish()
      await answer
      expect(jest.getTimerCount()).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })
})
