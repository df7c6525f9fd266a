import { describe, expect, test } from 'bun:test'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import fc from 'fast-check'
import { createRemoteBackend } from '../../src/cli/remote-backend.ts'
import { ConnectionLost, sendRequest } from '../../src/cli/request.ts'
import { createSession } from '../../src/cli/session.ts'
import { parseSse, type SseEvent } from '../../src/cli/sse.ts'
import { createCliJobs } from '../support/cli-jobs.ts'
import { createCliOperations } from '../support/cli-operations.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

async function parse(...chunks: Uint8Array[]): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  async function* source() {
    yield* chunks
  }
  for await (const event of parseSse(source())) events.push(event)
  return events
}

describe('parseSse', () => {
  const stream =
    ': comment\n\nevent: job\nid: 7\ndata: {"a":\ndata: "ü"}\n\r\ndata:x\r\n\r\n\revent: none\r\r' +
    'id: 8\rdata\r\rdata: y\nunknown: z\n\ndata: cut off'
  const expected: SseEvent[] = [
    { event: 'job', id: '7', data: '{"a":\n"ü"}' },
    { event: 'message', id: undefined, data: 'x' },
    { event: 'message', id: '8', data: '' },
    { event: 'message', id: undefined, data: 'y' },
  ]

  test('reads every line ending, comments and what is cut off', async () => {
    expect(await parse(encode(stream))).toEqual(expected)
  })

  test('wherever the chunks end', async () => {
    const bytes = encode(stream)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end))
        expect(await parse(...chunks)).toEqual(expected)
      }),
    )
  })
})

interface Handled {
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A server whose answers are given one after another; the last one stays. */
async function serving(...answers: ((response: ServerResponse) => void)[]) {
  const requests: Handled[] = []
  const server: Server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers })
    request.resume()
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    answer?.(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Takes a connection and resets it as soon as bytes come. */
async function resettingServer() {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.resetAndDestroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const [createNote, getNote] = createCliOperations({ dataDir: '/nonexistent', jobs: createCliJobs() })
if (createNote === undefined || getNote === undefined) throw new Error('no operations')
const note = { kind: 'short', text: 'a' }
const call = { signal: new AbortController().signal, progress() {} }
const json =
  (status: number, body: unknown, type = 'application/json') =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

describe('an answer', () => {
  const gateway = 'The server answered with status 502 and no JSON'
  test.each([
    ['a proxy that answers HTML', json(502, '<html>', 'text/html'), 'upstream_unavailable', gateway],
    [
      'success that is no object',
      json(200, '[]'),
      'upstream_unavailable',
      'The server answered with status 200 and no JSON',
    ],
    [
      'JSON that is no problem document',
      json(500, { error: 'x' }),
      'upstream_unavailable',
      'The server answered with status 500 and no problem document',
    ],
    [
      'a redirect',
      json(302, {}),
      'upstream_unavailable',
      'The server answered with status 302 and no problem document',
    ],
    [
      'a code of another version',
      json(418, { code: 'teapot', detail: 'x' }),
      'upstream_unavailable',
      'The server answered with status 418 and no problem document',
    ],
    ['a problem', json(409, { code: 'conflict', detail: 'It is there', hint: 'Look' }), 'conflict', 'It is there'],
  ] as const)('%s', async (_, answer, code, message) => {
    await using server = await serving(answer)
    const backend = createRemoteBackend({ where: { kind: 'server', url: `${server.url}/base/` }, token: 't' })
    await expect(backend.invoke(createNote, note, call)).rejects.toMatchObject({ code, message })
    expect(server.requests).toMatchObject([{ url: '/base/v1/notes', headers: { authorization: 'Bearer t' } }])
  })

  test.each([
    ['before anything came', (response: ServerResponse) => void response.destroy()],
    [
      'in the middle of the body',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
        response.write('{"a":', () => response.destroy())
      },
    ],
    [
      'in the middle of a chunked body',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{"a":', () => response.destroy())
      },
    ],
  ])('that is cut %s is a lost connection', async (_, answer) => {
    await using server = await serving(answer)
    const backend = createRemoteBackend({ where: { kind: 'serve', url: server.url }, token: '' })
    const lost = await backend.invoke(createNote, note, call).catch((error: unknown) => error)
    expect(lost).toBeInstanceOf(ConnectionLost)
    expect(lost).toMatchObject({ sent: true })
  })

  test('that is reset is a lost connection', async () => {
    const reset = await resettingServer()
    try {
      const backend = createRemoteBackend({ where: { kind: 'serve', url: reset.url }, token: '' })
      const lost = await backend.invoke(createNote, note, call).catch((error: unknown) => error)
      expect(lost).toMatchObject({ name: 'ConnectionLost', sent: true })
    } finally {
      reset.close()
    }
  })

  test('a body that cannot be read is no lost connection', async () => {
    await using server = await serving(() => {})
    async function* broken() {
      yield new Uint8Array(10)
      throw Object.assign(new Error('disk'), { code: 'EIO', syscall: 'read' })
    }
    const url = new URL(server.url)
    const answer = sendRequest(url, { method: 'POST', headers: {}, body: broken(), signal: call.signal })
    await expect(answer).rejects.toMatchObject({ message: 'disk' })
  })

  test('a server that is not there did not get the request', async () => {
    const answer = sendRequest(new URL('http://127.0.0.1:1'), { method: 'GET', headers: {}, signal: call.signal })
    await expect(answer).rejects.toMatchObject({ name: 'ConnectionLost', sent: false })
  })

  test('that never comes is left when the signal aborts', async () => {
    await using server = await serving(() => controller.abort(new Error('enough')))
    const controller = new AbortController()
    const url = new URL(server.url)
    const answer = sendRequest(url, { method: 'GET', headers: {}, signal: controller.signal })
    await expect(answer).rejects.toThrow('enough')
  })

  test('a refusal before the whole body was sent counts', async () => {
    await using server = await serving(json(413, { code: 'payload_too_large', detail: 'Too much' }))
    async function* endless() {
      for (;;) yield new Uint8Array(65_536)
    }
    const url = new URL(server.url)
    const { signal } = new AbortController()
    const answer = await sendRequest(url, { method: 'POST', headers: {}, body: endless(), signal })
    expect(answer.status).toBe(413)
  })
})

describe('a session whose serve goes away', () => {
  const cut = (response: ServerResponse): void => void response.destroy()
  const reopened = (url: string) => {
    let opens = 0
    return {
      open: async () => {
        opens += 1
        return createRemoteBackend({
          where: { kind: 'serve', url: opens === 1 ? 'http://127.0.0.1:1' : url },
          token: '',
        })
      },
      opens: () => opens,
    }
  }

  test('sends a write again that was never sent', async () => {
    await using server = await serving(json(201, { note_id: '1' }))
    const { open, opens } = reopened(server.url)
    const session = await createSession(open)
    expect(await session.invoke(createNote, note, call)).toEqual({ output: { note_id: '1' }, started: false })
    expect(opens()).toBe(2)
  })

  test('sends a read again, a write not', async () => {
    await using server = await serving(cut, json(200, { note_id: '1' }))
    const open = async () => createRemoteBackend({ where: { kind: 'serve', url: server.url }, token: '' })
    const session = await createSession(open)
    expect((await session.invoke(getNote, { note_id: '1' }, call)).output).toEqual({ note_id: '1' })
    await using second = await serving(cut)
    const writing = await createSession(async () =>
      createRemoteBackend({ where: { kind: 'serve', url: second.url }, token: '' }),
    )
    await expect(writing.invoke(createNote, note, call)).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(second.requests).toHaveLength(1)
  })

  test('opens one successor for calls that fail together', async () => {
    await using server = await serving(json(200, { note_id: '1' }))
    const { open, opens } = reopened(server.url)
    const session = await createSession(open)
    const calls = [1, 2, 3].map(() => session.invoke(getNote, { note_id: '1' }, call))
    await Promise.all(calls)
    expect(opens()).toBe(2)
  })
})

describe('following a job', () => {
  const event = (id: number | undefined, job: object): string =>
    `event: job\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(job)}\n\n`
  const events = (text: string, end: 'ends' | 'cut') => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(text, () => (end === 'ends' ? response.end() : response.destroy()))
  }

  test('goes on behind the last event whenever the stream breaks', async () => {
    await using server = await serving(
      events(`: hi\n\n${event(4, { status: 'resolving' })}${event(undefined, { progress: 0.5 })}`, 'cut'),
      events(event(5, { status: 'downloading' }), 'ends'),
      events(event(6, { status: 'completed' }), 'ends'),
    )
    const backend = createRemoteBackend({ where: { kind: 'server', url: server.url }, token: '' })
    const seen: unknown[] = []
    const job = await backend.follow('imp_1', { signal: call.signal, onJob: (state) => seen.push(state) })
    expect(job).toEqual({ status: 'completed' })
    expect(seen).toEqual([
      { status: 'resolving' },
      { progress: 0.5 },
      { status: 'downloading' },
      { status: 'completed' },
    ])
    expect(server.requests.map(({ url, headers }) => [url, headers['last-event-id']])).toEqual([
      ['/v1/events?job_id=imp_1', '0'],
      ['/v1/events?job_id=imp_1', '4'],
      ['/v1/events?job_id=imp_1', '5'],
    ])
  })

  test('ends at a pause that nothing follows, though the stream goes on, and not at one of long ago', async () => {
    await using server = await serving((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const states = ['paused', 'analyzing', 'resolving', 'paused']
      response.write(states.map((status, at) => event(at + 1, { status, at })).join(''))
    })
    const backend = createRemoteBackend({ where: { kind: 'server', url: server.url }, token: '' })
    const seen: unknown[] = []
    const job = await backend.follow('scan_1', { signal: call.signal, onJob: ({ status }) => seen.push(status) })
    expect(job).toEqual({ status: 'paused', at: 3 })
    expect(seen).toEqual(['paused', 'analyzing', 'resolving', 'paused'])
    expect(server.requests).toHaveLength(1)
  })

  test('an unknown job is an error', async () => {
    await using server = await serving(json(404, { code: 'not_found', detail: 'Record not found' }))
    const backend = createRemoteBackend({ where: { kind: 'server', url: server.url }, token: '' })
    const follow = backend.follow('imp_1', { signal: call.signal, onJob() {} })
    await expect(follow).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a stream without an end is left when the signal aborts', async () => {
    await using server = await serving((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event(1, { status: 'resolving' }))
    })
    const controller = new AbortController()
    const backend = createRemoteBackend({ where: { kind: 'server', url: server.url }, token: '' })
    const follow = backend.follow('imp_1', {
      signal: controller.signal,
      onJob: () => controller.abort(new Error('left')),
    })
    await expect(follow).rejects.toThrow('left')
  })
})
