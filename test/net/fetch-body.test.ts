import { afterEach, describe, expect, test } from 'bun:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedRequest } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import type { GuardedResponse } from '../../src/net/response.ts'
import { type Answer, ok, pour, type RawServer, startRawServer } from '../support/raw-server.ts'

const servers: RawServer[] = []
const serve = async (answer: Answer): Promise<RawServer> => {
  const server = await startRawServer(() => answer)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const fetch = createGuardedFetch({
  guard: createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog }),
  version: '0',
})
const get = (server: RawServer, over: Partial<GuardedRequest> = {}): Promise<GuardedResponse> =>
  fetch({ url: `http://127.0.0.1:${server.port}/f?token=secret`, hosts: 'any', ...over })

const MIB = 1024 * 1024
const head = (...lines: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`

test.each<[string, Answer, string]>([
  ['with a length', ok('hello'), 'hello'],
  ['in chunks', `${head('transfer-encoding: chunked')}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`, 'hello'],
  ['of HTTP/1.0 without a length', 'HTTP/1.0 200 OK\r\n\r\nhello', 'hello'],
  ['of no bytes', ok(''), ''],
  ['after early hints', `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok('hello')}`, 'hello'],
  ['with more than its length', `${head('content-length: 5')}hello, and more`, 'hello'],
  ['of a status without one', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n', ''],
])('a body %s is read', async (_name, answer, expected) => {
  const server = await serve(answer)
  expect(await (await get(server)).text()).toBe(expected)
  await server.idle()
})

describe('a large body stays whole, whatever becomes of the memory that it came in', () => {
  const body = Buffer.from(
    Uint8Array.from({ length: 6 * MIB + 5 }, (_, at) => (at * 31 + (at >> 8) + (at >> 16)) & 255),
  )
  const inChunks = (bytes: Buffer): Buffer =>
    Buffer.concat([
      ...Array.from({ length: Math.ceil(bytes.length / 300_001) }, (_, at) => {
        const part = bytes.subarray(at * 300_001, (at + 1) * 300_001)
        return Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
      }),
      Buffer.from('0\r\nx-last: word\r\n\r\n'),
    ])
  const packed = gzipSync(body, { level: 0 })
  test.each<[string, string, Buffer]>([
    ['with a length', head(`content-length: ${body.length}`), body],
    ['in chunks', head('transfer-encoding: chunked'), inChunks(body)],
    ['compressed', head('content-encoding: gzip', `content-length: ${packed.length}`), packed],
    ['up to the end of the connection', head(), body],
  ])('%s', async (_name, first, bytes) => {
    const server = await serve(Buffer.concat([Buffer.from(first), bytes]))
    const chunks: Uint8Array[] = []
    for await (const chunk of (await get(server)).body) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(body)).toBe(true)
    await server.idle()
  })
})

test('a HEAD has the length and no body', async () => {
  const server = await serve(head('content-length: 7000000000'))
  const response = await get(server, { method: 'HEAD', maxBytes: 10 })
  expect(response.contentLength).toBe(7_000_000_000)
  expect(await response.text()).toBe('')
  await server.idle()
})

test('an answer of an error status is an answer', async () => {
  const server = await serve('HTTP/1.1 404 Not Found\r\ncontent-length: 20\r\n\r\n{"error":"not found"}')
  const response = await get(server, { maxBytes: 5 })
  expect(response.status).toBe(404)
  response.discard()
  await server.idle()
})

describe('a body that breaks off', () => {
  test.each<[string, Answer, string]>([
    ['short of its length', `${head('content-length: 100')}hello`, 'it ended after 5 of 100 bytes'],
    [
      'before its last chunk',
      `${head('transfer-encoding: chunked')}5\r\nhello\r\n`,
      'it ended after 5 bytes, before its end',
    ],
    ['by a chunk that is none', `${head('transfer-encoding: chunked')}5\r\nhello\r\nzz\r\n`, 'not valid HTTP'],
    [
      'by a reset',
      (socket) => socket.write(`${head('content-length: 100')}hello`, () => socket.resetAndDestroy()),
      'it ended after',
    ],
    ['as damaged gzip', `${head('content-encoding: gzip', 'content-length: 5')}hello`, 'compressed body is damaged'],
    [
      'in the middle of gzip',
      Buffer.concat([
        Buffer.from(head('content-encoding: gzip', 'content-length: 999')),
        gzipSync('hello').subarray(0, 12),
      ]),
      'it ended after',
    ],
  ])('%s', async (_name, answer, message) => {
    const server = await serve(answer)
    const response = await get(server)
    const error = await response.text().catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'upstream_unavailable', message: expect.stringContaining(message) })
    expect(error).toMatchObject({ message: expect.not.stringContaining('secret') })
    await server.idle()
  })

  test('in silence', async () => {
    const server = await serve((socket) => socket.write(`${head('content-length: 100')}hello`))
    await expect((await get(server, { idleTimeoutMs: 50 })).text()).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: `Cannot fetch http://127.0.0.1:${server.port}/f: silent for 0.05 s after 5 bytes`,
    })
    await server.idle()
  })

  test('hands out what came before', async () => {
    const server = await serve(`${head('content-length: 100')}hello`)
    const { body } = await get(server)
    const got: Uint8Array[] = []
    const walk = async (): Promise<void> => {
      for await (const chunk of body) got.push(chunk)
    }
    await expect(walk()).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(Buffer.concat(got).toString()).toBe('hello')
  })
})

describe('a body past its limit', () => {
  test('is given up when its length says so, before a byte is read', async () => {
    const server = await serve((socket) => socket.write(head('content-length: 1000')))
    const response = await get(server, { maxBytes: 999 })
    await expect(response.bytes()).rejects.toMatchObject({
      code: 'payload_too_large',
      message: `Stopped fetching http://127.0.0.1:${server.port}/f: it is larger than 999 bytes`,
    })
    await server.idle()
  })

  test('is given up when chunks go on without end, and no more than the limit is handed out', async () => {
    const chunk = Buffer.from(`10000\r\n${'a'.repeat(65_536)}\r\n`)
    const server = await serve((socket) => {
      socket.write(head('transfer-encoding: chunked'))
      pour(socket, chunk)
    })
    let received = 0
    const walk = async (): Promise<void> => {
      for await (const part of (await get(server, { maxBytes: MIB })).body) received += part.byteLength
    }
    await expect(walk()).rejects.toMatchObject({ code: 'payload_too_large' })
    expect(received).toBeLessThanOrEqual(MIB)
    expect(received).toBeGreaterThan(0)
    await server.idle()
  })

  test('is given up when it unpacks to more', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB))
    const server = await serve(Buffer.concat([Buffer.from(head('content-encoding: gzip')), bomb]))
    await expect((await get(server, { maxBytes: MIB })).bytes()).rejects.toMatchObject({ code: 'payload_too_large' })
    await server.idle()
  })

  test('may have exactly the limit', async () => {
    const server = await serve(ok('hello'))
    expect(await (await get(server, { maxBytes: 5 })).text(5)).toBe('hello')
  })

  test('and a reader may ask for less than the request', async () => {
    const server = await serve(`${head('transfer-encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`)
    await expect((await get(server)).text(4)).rejects.toMatchObject({ code: 'payload_too_large' })
  })
})

describe('a body compressed unasked', () => {
  test.each([
    ['gzip', gzipSync('hello')],
    ['br', brotliCompressSync('hello')],
    ['deflate', deflateSync('hello')],
    ['identity', Buffer.from('hello')],
    ['aws-chunked', Buffer.from('hello')],
  ])('%s is unpacked', async (coding, packed) => {
    const lines = [`content-encoding: ${coding}`, `content-length: ${packed.byteLength}`]
    const server = await serve(Buffer.concat([Buffer.from(head(...lines)), packed]))
    const response = await get(server)
    const plain = packed.toString() === 'hello'
    expect(response.contentLength).toBe(plain ? 5 : undefined)
    expect(response.headers.has('content-length')).toBe(plain)
    expect(await response.text()).toBe('hello')
    await server.idle()
  })

  test.each([
    ['HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\n\r\nhello', 'it sent as zstd, which was not asked for'],
    ['HTTP/1.1 206 Partial\r\ncontent-encoding: gzip\r\n\r\nhello', 'it sent a part of the file as gzip'],
  ])('%j is refused', async (answer, message) => {
    const server = await serve(answer)
    await expect(get(server)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining(message),
    })
    await server.idle()
  })
})

test('what is not JSON is told without its text', async () => {
  const server = await serve(ok('<html>secret', { 'content-type': 'text/html; charset=utf-8' }))
  const error = await (await get(server)).json().catch((error: unknown) => error)
  expect(error).toMatchObject({
    code: 'upstream_unavailable',
    message: `Cannot use the answer of http://127.0.0.1:${server.port}/f: it is text/html, not valid JSON`,
  })
})

describe('nothing is left running', () => {
  const endless: Answer = (socket) => {
    socket.write(head('content-length: 99999999999'))
    pour(socket, Buffer.alloc(65_536))
  }

  test('after a cancel in the middle of a body', async () => {
    const server = await serve(endless)
    const controller = new AbortController()
    const { body } = await get(server, { signal: controller.signal })
    const walk = async (): Promise<void> => {
      for await (const _chunk of body) controller.abort()
    }
    await expect(walk()).rejects.toMatchObject({ code: 'cancelled' })
    await server.idle()
  })

  test('after a cancel while the body is silent, or not yet read', async () => {
    const server = await serve((socket) => socket.write(head('content-length: 9')))
    const controller = new AbortController()
    const waiting = (await get(server, { signal: controller.signal })).text()
    await get(server, { signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    await server.idle()
  })

  test('after the reader left the loop', async () => {
    const server = await serve(endless)
    for await (const chunk of (await get(server)).body) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      break
    }
    await server.idle()
  })

  test('after a body was discarded', async () => {
    const server = await serve(endless)
    const response = await get(server)
    response.discard()
    response.discard()
    await server.idle()
  })

  test.each([
    ['HEAD', head('content-length: 5')],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n'],
  ])('after %s was answered by %j, though nobody reads and the server waits', async (method, answer) => {
    const server = await serve((socket) => socket.write(answer))
    await get(server, { method })
    await server.idle()
  })

  test.each<[string, Answer]>([
    ['plain', (socket) => socket.write(`${head('content-length: 100')}hello`, () => socket.resetAndDestroy())],
    ['damaged', `${head('content-encoding: gzip')}hello`],
    ['compressed', `${head('content-encoding: gzip', 'content-length: 100')}${'\x1f'}`],
  ])('after a %s body that nobody reads broke off', async (_name, answer) => {
    const server = await serve(answer)
    const response = await get(server)
    await server.idle()
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })

  test('on the signal of a long-lived caller', async () => {
    const server = await serve(ok('hello'))
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1
      removeEventListener.apply(signal, args)
    }
    await (await get(server, { signal })).text()
    await (await get(server, { signal, method: 'HEAD' })).text()
    await server.idle()
    expect(listeners).toBe(0)
  })

  test('and a body is read once', async () => {
    const server = await serve(ok('hello'))
    const response = await get(server)
    await response.text()
    await expect(response.text()).rejects.toThrow('only once')
  })
})

test('a slow reader holds the sender back', async () => {
  const size = 256 * MIB
  let sent = (): number => 0
  const server = await serve((socket) => {
    socket.write(head(`content-length: ${size}`))
    sent = pour(socket, Buffer.alloc(65_536), size).sent
  })
  const pings = await serve(ok())
  const { body } = await get(server)
  const reader = body[Symbol.asyncIterator]()
  let received = (await reader.next()).value?.byteLength ?? 0
  // The event loop goes round many times; a client that did not hold back would take in everything meanwhile.
  for (let ping = 0; ping < 300; ping += 1) await (await get(pings)).text()
  // What lies in kernel buffers of both sides counts as sent.
  expect(sent()).toBeLessThan(64 * MIB)
  for (;;) {
    const { done, value } = await reader.next()
    if (done) break
    received += value.byteLength
  }
  expect(received).toBe(size)
})
