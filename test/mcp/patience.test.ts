import { describe, expect, test } from 'bun:test'
import { withPatience } from '../../src/mcp/patience.ts'
import { anMcp, connect } from '../support/mcp.ts'
import { aHoldOperation } from '../support/mcp-operations.ts'

const NEVER_SILENT = { patienceMs: 0, keepAliveMs: 1 }
const SILENT = { patienceMs: 0, keepAliveMs: 1_000_000 }

const events = (text: string): Response => new Response(text, { headers: { 'content-type': 'text/event-stream' } })

describe('an answer that comes soon', () => {
  test('is handed on with its status', async () => {
    const answer = Response.json({ error: 'no' }, { status: 400 })
    expect(await withPatience(Promise.resolve(answer), { ...SILENT, patienceMs: 1_000_000 })).toBe(answer)
  })

  test('is refused as it was', async () => {
    const answer = Promise.reject(new Error('gone'))
    await expect(withPatience(answer, { ...SILENT, patienceMs: 1_000_000 })).rejects.toThrow('gone')
  })
})

describe('an answer that takes long', () => {
  test.each([
    ['JSON becomes one event', () => Response.json({ id: 1 }), 'event: message\ndata: {"id":1}\n\n'],
    ['a stream goes through', () => events('data: a\n\ndata: b\n\n'), 'data: a\n\ndata: b\n\n'],
  ])('%s', async (_, answer, text) => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const response = await withPatience(promise, SILENT)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    resolve(answer())
    expect(await response.text()).toBe(text)
  })

  test('is announced by signs of life', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const reader = (await withPatience(promise, NEVER_SILENT)).body?.getReader()
    const first = await reader?.read()
    expect(new TextDecoder().decode(first?.value)).toBe(': keepalive\n\n')
    resolve(Response.json({ id: 1 }))
    let rest = ''
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      rest += new TextDecoder().decode(part.value)
    }
    expect(rest).toEndWith('event: message\ndata: {"id":1}\n\n')
  })

  test('ends the stream in an error where there is none', async () => {
    const { promise, reject } = Promise.withResolvers<Response>()
    const response = await withPatience(promise, SILENT)
    reject(new Error('gone'))
    await expect(response.text()).rejects.toThrow('gone')
  })

  test('is let go of when nobody reads on', async () => {
    const { promise: cancelled, resolve: tell } = Promise.withResolvers<string>()
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(': more\n\n')),
      cancel: () => tell('cancelled'),
    })
    const { promise, resolve } = Promise.withResolvers<Response>()
    const reader = (await withPatience(promise, SILENT)).body?.getReader()
    resolve(new Response(endless, { headers: { 'content-type': 'text/event-stream' } }))
    await reader?.read()
    await reader?.cancel()
    expect(await cancelled).toBe('cancelled')
  })
})

test('a slow call of a 2026 client is answered over the stream, and can be cancelled', async () => {
  const hold = aHoldOperation()
  const mcp = anMcp({ operations: [hold.operation], patienceMs: 0 })
  await using connection = await connect(mcp, '2026')
  const answer = connection.client.callTool({ name: 'hold', arguments: { text: 'slow' } })
  await hold.began
  hold.release()
  expect((await answer).structuredContent).toEqual({ text: 'slow', by: 'local' })

  const other = aHoldOperation()
  await using second = await connect(anMcp({ operations: [other.operation], patienceMs: 0 }), '2026')
  const cancel = new AbortController()
  const call = second.client.callTool({ name: 'hold', arguments: { text: 'a' } }, { signal: cancel.signal })
  await other.began
  cancel.abort()
  await expect(call).rejects.toThrow()
  await other.aborted
})
