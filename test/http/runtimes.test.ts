import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { isAppError } from '../../src/errors.ts'
import { rejection } from '../support/rejection.ts'
import { runtimes } from './runtimes.ts'
import { openStream } from './sse-client.ts'
import type { World } from './world.ts'

/** A raw connection: everything it received, and when it was closed. */
interface Dialled {
  readonly socket: Socket
  text(): string
  readonly closed: Promise<void>
  received(part: string): Promise<void>
}

function dial(port: number, bytes: string): Dialled {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('data', (data) => {
    text += data
  })
  socket.write(bytes)
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

const HOST = 'Host: 127.0.0.1\r\n'
const JSON_POST = `POST /v1/take HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`
const WEBSOCKET = `GET /v1/prompts/import/events HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
const UPLOAD = `POST /v1/store HTTP/1.1\r\n${HOST}Content-Type: multipart/form-data; boundary=B\r\n`

async function gaugeIs(t: World, name: string, value: number): Promise<void> {
  while (!(await t.metrics.text()).includes(`${name} ${value}\n`)) await new Promise((go) => setImmediate(go))
}

describe.each(runtimes())('the server of %s', (runtime, start) => {
  /** For what leaves no trace. */
  let t: World
  beforeAll(async () => {
    t = await start()
  })
  afterAll(() => t[Symbol.asyncDispose]())

  describe('listens', () => {
    test('on a free port; a taken one is a conflict', async () => {
      const { url, port } = await t.listen()
      expect(url).toBe(`http://127.0.0.1:${port}`)
      // The owner: the server knows that the other end is on this machine.
      expect((await fetch(`${url}/metrics`)).status).toBe(200)
      const refused = await rejection(t.listen({ port }))
      expect(isAppError(refused) && [refused.code, refused.message]).toEqual([
        'conflict',
        `Could not listen on 127.0.0.1:${port}: another program listens there`,
      ])
    })

    test.each([
      ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/],
      ['localhost', /^http:\/\/localhost:\d+$/],
    ])('on %s', async (host, expected) => {
      const { url } = await t.listen({ host })
      expect(url).toMatch(expected)
      expect((await fetch(`${url}/health`)).status).toBe(200)
    })

    test.each(['203.0.113.7', 'no-such-name.invalid'])('not on %s', async (host) => {
      expect(await rejection(t.listen({ host }))).toMatchObject({
        code: 'invalid_input',
        message: `Could not listen on ${host}:0`,
      })
    })
  })

  describe('answers', () => {
    test('several requests on one connection', async () => {
      const { port } = await t.listen()
      const client = dial(port, '')
      for (let count = 1; count <= 3; count += 1) {
        client.socket.write(`GET /health HTTP/1.1\r\n${HOST}X-Request-Id: number-${count}\r\n\r\n`)
        await client.received(`number-${count}`)
      }
      client.socket.destroy()
    })

    test.each([
      ['another name', `GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 403],
      ['a name that is none', `GET /health HTTP/1.1\r\nHost: a b@c\r\n\r\n`, '40[03]'],
      [
        'a name that only looks like one',
        'POST /v1/take HTTP/1.1\r\nHost: 127.g.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
        '40[03]',
      ],
      ['no name, in HTTP/1.0', 'GET /health HTTP/1.0\r\n\r\n', 403],
      ['no name, in HTTP/1.1', 'GET /health HTTP/1.1\r\n\r\n', 400],
      ['a whole URL as the target', `GET http://evil.example/health HTTP/1.1\r\n${HOST}\r\n`, 200],
      ['an unknown path', `GET /nothing?x=%zz HTTP/1.1\r\n${HOST}\r\n`, 404],
      ['a POST without a body', `POST /health HTTP/1.1\r\n${HOST}\r\n`, 405],
      ['a POST without the body it needs', `POST /v1/take HTTP/1.1\r\n${HOST}\r\n`, 400],
      ['a header that is none', `GET /health HTTP/1.1\r\n${HOST}a b: c\r\n\r\n`, 400],
    ])('to %s', async (_what, request, status) => {
      const { port } = await t.listen()
      const client = dial(port, request)
      await client.received('\r\n\r\n')
      expect(client.text()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      client.socket.destroy()
    })

    test('HEAD without a body', async () => {
      const { port } = await t.listen()
      const client = dial(port, `HEAD /health HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
      await client.closed
      expect(client.text()).toStartWith('HTTP/1.1 200')
      expect(client.text()).toEndWith('\r\n\r\n')
    })

    test('a body, whatever else the connection was offered for', async () => {
      const { port } = await t.listen()
      const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
      const client = dial(port, `${JSON_POST}${offer}Content-Length: 16\r\n\r\n{"text":`)
      client.socket.write('"12345"}')
      await client.received('{"length":5}')
      expect(client.text()).toStartWith('HTTP/1.1 200')
      client.socket.destroy()
    })

    test.each([
      ['a WebSocket', WEBSOCKET, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
      [
        'another protocol',
        `${JSON_POST}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 16\r\n\r\n{"text":"12345"}`,
        '{"length":5}',
      ],
    ])('who asks for %s behind a request that still runs, after it', async (_what, request, answer) => {
      await using t = await start()
      const { port, url } = await t.listen()
      const client = dial(port, `GET /v1/slow HTTP/1.1\r\n${HOST}\r\n${request}`)
      await t.slow.begun
      t.slow.finish()
      await client.received(answer)
      expect(client.text().indexOf('{"done":true}')).toBeWithin(0, client.text().indexOf(answer))
      client.socket.destroy()
      expect((await fetch(`${url}/health`)).status).toBe(200)
    })

    test.each([
      ['without a Host', 'GET /health HTTP/1.1\r\n\r\n'],
      ['with an expectation that nobody knows', `GET /health HTTP/1.1\r\n${HOST}Expect: wonders\r\n\r\n`],
    ])('whoever asks for a WebSocket behind a request %s', async (_what, before) => {
      const { port, url } = await t.listen()
      const client = dial(port, `${before}${WEBSOCKET}`)
      await client.received('HTTP/1.1 ')
      client.socket.destroy()
      expect((await fetch(`${url}/health`)).status).toBe(200)
    })

    test('request after request that offers another protocol, on one connection', async () => {
      const { port } = await t.listen()
      const request = `GET /health HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`
      const client = dial(port, '')
      for (let count = 1; count <= 30; count += 1) {
        client.socket.write(request)
        while (client.text().split('HTTP/1.1 200').length <= count) await new Promise((go) => setImmediate(go))
      }
      client.socket.destroy()
    })

    test('what is sent ahead, in order, as far as anyone sends ahead', async () => {
      const { port, url } = await t.listen()
      const ahead = (count: number): string =>
        Array.from(
          { length: count },
          (_, at) => `GET /nothing/${at} HTTP/1.1\r\n${HOST}X-Request-Id: n${at}.\r\n\r\n`,
        ).join('')
      const client = dial(port, ahead(32))
      await client.received('"n31."')
      const answered = [...client.text().matchAll(/"request_id":"n(\d+)/g)].map(([, at]) => Number(at))
      expect(answered).toEqual(Array.from({ length: 32 }, (_, at) => at))
      client.socket.destroy()
      if (runtime !== 'Node') return
      // Bun takes the next when the one before is answered; node:http takes all of them, and would hold every answer.
      const greedy = dial(port, ahead(1_000))
      await greedy.closed
      expect(greedy.text().match(/"request_id"/g)?.length ?? 0).toBeLessThan(200)
      expect((await fetch(`${url}/health`)).status).toBe(200)
    })

    test('a body in pieces without a length', async () => {
      const { port } = await t.listen()
      const client = dial(port, `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n`)
      for (const piece of ['{"text":', '"äö', 'ü"}']) {
        client.socket.write(`${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`)
      }
      client.socket.write('0\r\n\r\n')
      await client.received('{"length":3}')
      client.socket.destroy()
    })
  })

  describe('refuses bodies over the limit', () => {
    test('by what is announced, unread', async () => {
      await using t = await start({ bodyLimitBytes: 100 })
      const { port } = await t.listen()
      const client = dial(port, `${JSON_POST}Content-Length: 1000000000\r\n\r\n{`)
      await client.received('"code":"payload_too_large"')
      expect(client.text()).toStartWith('HTTP/1.1 413')
      client.socket.destroy()
    })

    test.each([
      ['JSON', JSON_POST, 2 ** 53 + 2],
      ['multipart', UPLOAD, 2 ** 53 + 2],
      ['multipart, just over the limit', UPLOAD, 2 ** 36 + 2 ** 20 + 1],
      ['without a place to go', `POST /v1/nothing HTTP/1.1\r\n${HOST}`, 2 ** 53 + 2],
    ])('in the words of every other error, whatever length is announced: %s', async (what, head, length) => {
      const { port } = await t.listen()
      const client = dial(port, `${head}Content-Length: ${length}\r\n\r\n`)
      await Promise.race([client.received('"request_id"'), client.closed])
      expect(client.text().toLowerCase()).toContain('content-type: application/problem+json')
      expect(client.text()).toContain(what === 'without a place to go' ? '"not_found"' : '"payload_too_large"')
      client.socket.destroy()
    })

    test('when they have come that far, in pieces without a length', async () => {
      await using t = await start({ bodyLimitBytes: 100_000 })
      const { port, url } = await t.listen()
      const client = dial(port, `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n`)
      const piece = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`
      client.socket.write(piece + piece + piece)
      await client.received('"code":"payload_too_large"')
      expect(client.text()).toStartWith('HTTP/1.1 413')
      client.socket.destroy()
      expect((await fetch(`${url}/health`)).status).toBe(200)
    })
  })

  describe('takes files', () => {
    const left = (): string[] => (existsSync(t.uploadsDir) ? readdirSync(t.uploadsDir) : [])
    const form = { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=B' } }
    const head = (name: string) => `--B\r\nContent-Disposition: form-data; name="${name}"; filename="big"\r\n\r\n`

    test('of many pieces', async () => {
      const { url } = await t.listen()
      const piece = new Uint8Array(1 << 20).fill(7)
      const body = async function* () {
        yield Buffer.from(head('file'))
        for (let count = 0; count < 48; count += 1) yield piece
        yield Buffer.from('\r\n--B--\r\n')
      }
      const response = await fetch(`${url}/v1/store`, { ...form, body: body() })
      expect(await response.json()).toEqual({ size_bytes: 48 << 20 })
      expect(left()).toEqual([])
    })

    test('and answers a refused one that is still being sent', async () => {
      const { url } = await t.listen()
      const body = Buffer.concat([Buffer.from(head('other')), Buffer.alloc(24 << 20), Buffer.from('\r\n--B--\r\n')])
      const response = await fetch(`${url}/v1/store`, { ...form, body })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('must come as the field file')
      expect(left()).toEqual([])
    })

    test.each([
      ['with its length', 'Content-Length: 1000000\r\n\r\n', (text: string) => text],
      ['of more than is ever thrown away', 'Content-Length: 1000000000\r\n\r\n', (text: string) => text],
      [
        'in pieces, without a length',
        'Transfer-Encoding: chunked\r\n\r\n',
        (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`,
      ],
    ])('and leaves nothing of one whose sender stops in the middle, %s', async (_what, length, framed) => {
      await using t = await start({ bodySilenceMs: 5 })
      const { port } = await t.listen()
      const client = dial(port, `${UPLOAD}${length}${framed(`${head('file')}${'x'.repeat(100_000)}`)}`)
      await client.closed
      expect(client.text()).toStartWith('HTTP/1.1 400')
      expect(client.text()).toContain('The body stopped in the middle: nothing came for 0.005 s')
      expect(existsSync(t.uploadsDir) ? readdirSync(t.uploadsDir) : []).toEqual([])
      await gaugeIs(t, 'airkeep_http_requests_in_flight', 0)
    })

    test('and leaves nothing of one whose sender goes away', async () => {
      const { port } = await t.listen()
      const { socket } = dial(port, `${UPLOAD}Content-Length: 1000000\r\n\r\n${head('file')}`)
      socket.write('x'.repeat(100_000))
      while (left().length === 0) await new Promise((go) => setImmediate(go))
      socket.destroy()
      while (left().length > 0) await new Promise((go) => setImmediate(go))
      await gaugeIs(t, 'airkeep_http_requests_in_flight', 0)
    })
  })

  describe('notices that a client has gone, which', () => {
    test.each([
      ['ends a GET', { method: 'get', effect: 'read' }, true],
      ['ends a long read that is a POST', { name: 'calculate_sha256', method: 'post', effect: 'read' }, true],
      ['does not tear a write', { method: 'post', effect: 'write' }, false],
    ] as const)('%s', async (_what, slow, ends) => {
      await using t = await start({ slow })
      const { port, url } = await t.listen()
      const path = `/v1/${'name' in slow ? slow.name : 'slow'}`
      const client = dial(port, `${slow.method.toUpperCase()} ${path} HTTP/1.1\r\n${HOST}\r\n`)
      await t.slow.begun
      client.socket.destroy()
      if (ends) await t.slow.aborted
      else {
        // The server has noticed by the time that another connection was served.
        await client.closed
        for (let count = 0; count < 5; count += 1) await fetch(`${url}/health`)
      }
      expect(await t.slow.wasAborted()).toBe(ends)
      t.slow.finish()
      await t.slow.ended
    })

    test('forgets its streams', async () => {
      await using t = await start()
      const { url } = await t.listen()
      const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(`${url}/v1/events`)))
      await gaugeIs(t, 'airkeep_http_streams_open', 5)
      for (const stream of streams) stream.close()
      await gaugeIs(t, 'airkeep_http_streams_open', 0)
      await t.change('imp_a', { status: 'analyzing' })
    })
  })

  describe('streams', () => {
    test('what happens, when it happens, with signs of life between', async () => {
      await using t = await start({ heartbeatMs: 5 })
      const { url } = await t.listen()
      const stream = await openStream(`${url}/v1/events`)
      expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      expect(await stream.next()).toEqual({ retry: '3000', comment: 'connected' })
      for (let count = 0; count < 3; count += 1) expect(await stream.next()).toEqual({ comment: 'still here' })
      await t.change('imp_a', { status: 'analyzing' })
      expect(await stream.events(1)).toEqual([
        { id: '1', event: 'job', data: { job_id: 'imp_a', status: 'analyzing' } },
      ])
      t.progress('imp_a', { progress: 0.5 })
      expect(await stream.events(1)).toMatchObject([{ data: { progress: 0.5 } }])
      stream.close()
    })

    test('to the end of a job', async () => {
      await using t = await start()
      const { url } = await t.listen()
      await t.change('imp_a', { status: 'analyzing' })
      const stream = await openStream(`${url}/v1/prompts/import/imp_a/events`)
      expect(await stream.events(1)).toMatchObject([{ id: '1' }])
      await t.change('imp_a', { status: 'completed', final: true })
      expect(await stream.rest()).toMatchObject([{ id: '2' }, { comment: 'end of stream' }])
      await gaugeIs(t, 'airkeep_http_streams_open', 0)
    })

    test('no further to one that does not read, which gets everything when it resumes', async () => {
      await using t = await start()
      const { url, port } = await t.listen()
      const slow = dial(port, `GET /v1/events HTTP/1.1\r\n${HOST}\r\n`)
      await slow.received('connected')
      slow.socket.pause()
      // Some megabytes fill what the kernel takes, then 256 states fill what waits.
      const padding = 'x'.repeat(50_000)
      let count = 0
      for (; !(await t.metrics.text()).includes('airkeep_http_streams_open 0'); count += 1) {
        await t.change('imp_a', { status: 'analyzing', data: { padding } })
        if (count > 3000) throw new Error('never cut off')
      }
      expect(count).toBeGreaterThan(256)
      const again = await openStream(`${url}/v1/events`, { 'last-event-id': '0' })
      const frames = await again.events(count)
      expect(frames.map(({ id }) => Number(id))).toEqual(Array.from({ length: count }, (_, at) => at + 1))
      again.close()
      slow.socket.resume()
      await slow.closed
    })
  })

  describe('stops', () => {
    test('after what runs, and takes no other', async () => {
      await using t = await start({ slow: { method: 'post', effect: 'write' } })
      const server = await t.listen()
      const idle = dial(server.port, `GET /health HTTP/1.1\r\n${HOST}\r\n`)
      await idle.received('200 OK')
      const answer = fetch(`${server.url}/v1/slow`, { method: 'POST' })
      await t.slow.begun
      const stopped = server.stop({ force: false })
      await idle.closed
      await rejection(fetch(`${server.url}/health`))
      t.slow.finish()
      expect(await (await answer).json()).toEqual({ done: true })
      await stopped
    })

    test('after the last event of each stream', async () => {
      await using t = await start()
      const server = await t.listen()
      const stream = await openStream(`${server.url}/v1/events`)
      await stream.next()
      await t.change('imp_a', { status: 'analyzing' })
      await server.stop({ force: false })
      expect(await stream.rest()).toMatchObject([{ id: '1' }, { comment: 'end of stream' }])
    })

    test('after an answer that its client takes slowly', async () => {
      await using t = await start()
      const server = await t.listen()
      const client = dial(server.port, `GET /v1/large HTTP/1.1\r\n${HOST}\r\n`)
      await client.received('200 OK')
      client.socket.pause()
      await gaugeIs(t, 'airkeep_http_requests_in_flight', 0)
      const stopped = server.stop({ force: false })
      await rejection(fetch(`${server.url}/health`))
      client.socket.resume()
      await client.received('"}')
      expect(client.text().length).toBeGreaterThan(8_000_000)
      await stopped
    })

    test('when the grace is over', async () => {
      await using t = await start()
      const server = await t.listen()
      const answer = rejection(fetch(`${server.url}/v1/slow`))
      await t.slow.begun
      await server.stop({ force: false, graceMs: 1 })
      expect(await answer).toBeInstanceOf(Error)
      await t.slow.aborted
      t.slow.finish()
    })

    test('at once, where it is told a second time', async () => {
      await using t = await start({ slow: { method: 'post', effect: 'write' } })
      const server = await t.listen()
      const answer = rejection(fetch(`${server.url}/v1/slow`, { method: 'POST' }))
      await t.slow.begun
      const first = server.stop({ force: false })
      await server.stop({ force: true })
      await first
      expect(await answer).toBeInstanceOf(Error)
      t.slow.finish()
    })
  })
})
