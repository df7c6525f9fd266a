import { afterEach, beforeEach, expect, jest, test } from 'bun:test'
import { readChunks } from '../../src/http/body.ts'
import { failureOf } from '../hash/outcome.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

const MINUTE_MS = 60_000

function aRequest() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(made) {
      controller = made
    },
  })
  return {
    request: new Request('http://127.0.0.1/', { method: 'POST', body }),
    send: () => controller?.enqueue(Uint8Array.of(1)),
    end: () => controller?.close(),
  }
}

test('a body may take for ever, as long as something comes each minute', async () => {
  const { request, send, end } = aRequest()
  const chunks = readChunks(request, 1000)
  for (let count = 0; count < 10; count += 1) {
    const next = chunks.next()
    jest.advanceTimersByTime(MINUTE_MS - 1)
    send()
    expect(await next).toMatchObject({ done: false })
    // However long what has come is worked on.
    jest.advanceTimersByTime(10 * MINUTE_MS)
  }
  const last = chunks.next()
  end()
  expect(await last).toMatchObject({ done: true })
})

test('a minute of silence ends it', async () => {
  const { request, send } = aRequest()
  const chunks = readChunks(request, 1000)
  const first = chunks.next()
  send()
  await first
  const next = failureOf(chunks.next())
  jest.advanceTimersByTime(MINUTE_MS)
  expect(await next).toEqual({
    code: 'invalid_input',
    message: 'The body stopped in the middle: nothing came for 60 s',
  })
  expect(request.body?.locked).toBe(false)
})
