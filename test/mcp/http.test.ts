import { describe, expect, test } from 'bun:test'
import type { Actor } from '../../src/operation/permission.ts'
import { aLog, anMcp, connect, ERAS } from '../support/mcp.ts'
import { aHoldOperation, OPERATIONS } from '../support/mcp-operations.ts'

const READER: Actor = { kind: 'token', name: 'reader', permissions: new Set(['track:read']) }

const PROMPT = { name: 'record_work', title: 'Record work', description: 'How to record', text: '# Record\n\nFirst …' }
const RESOURCE = { ...PROMPT, uri: 'airkeep://guides/recording', mimeType: 'text/markdown' }

describe.each(ERAS.map((era) => [era] as const))('a client of %s', (era) => {
  test('sees the operations that an agent may hold, with schemas and hints', async () => {
    await using connection = await connect(anMcp({ operations: OPERATIONS, instructions: 'Read the guide' }), era)
    const { client } = connection
    expect(client.getServerVersion()).toMatchObject({ name: 'airkeep', version: '1.2.3' })
    expect(client.getInstructions()).toBe('Read the guide')
    expect(client.getServerCapabilities()).toEqual({
      tools: { listChanged: false },
      prompts: { listChanged: false },
      resources: { listChanged: false },
      ...(era === '2025' ? { logging: {} } : {}),
    })

    const { tools } = await client.listTools()
    const names = OPERATIONS.map(({ name }) => name).filter((name) => name !== 'set_key')
    expect(tools.map(({ name }) => name)).toEqual(names)
    expect(tools[0]).toMatchObject({
      title: 'A thing',
      description: 'Gives back what it is given.\n\nExample: {"text":"hello"}',
      inputSchema: {
        type: 'object',
        properties: { text: { type: 'string', maxLength: 20, description: 'What to give back' } },
        required: ['text'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: { text: { type: 'string' } },
        anyOf: [{ required: ['text', 'by'] }, { required: ['code', 'detail'] }],
      },
    })
    expect(Object.keys(tools[0]?.inputSchema.properties ?? {})).not.toContain('words')
  })

  test.each([
    ['echo_text', { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }],
    ['create_thing', { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true }],
    ['update_thing', { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false }],
    ['delete_thing', { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false }],
    ['get_bad_output', { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }],
  ])('is told what %s does', async (name, annotations) => {
    await using connection = await connect(anMcp({ operations: OPERATIONS }), era)
    const { tools } = await connection.client.listTools()
    expect(tools.find((tool) => tool.name === name)?.annotations).toEqual(annotations)
  })

  test.each([
    ['a plain input', { text: 'abc' }, 'abc'],
    ['a default and an alias', { words: 'ab', times: 2 }, 'abab'],
  ])('gets the answer to %s, structured and as text', async (_, input, text) => {
    await using connection = await connect(anMcp({ operations: OPERATIONS }), era)
    await connection.client.listTools() // so that the client checks the answer against the output schema
    const result = await connection.client.callTool({ name: 'echo_text', arguments: input })
    expect(result.isError).toBeUndefined()
    expect(result.structuredContent).toEqual({ text, by: 'local' })
    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify({ text, by: 'local' }) }])
  })

  const errors: [string, string, Record<string, unknown>, Record<string, unknown>, string][] = [
    [
      'a missing field',
      'echo_text',
      {},
      {
        code: 'invalid_input',
        detail: 'text is required',
        errors: [{ path: 'text', expected: 'text is required' }],
      },
      'invalid_input: text is required',
    ],
    [
      'several bad fields',
      'echo_text',
      { text: 7, times: 0 },
      { code: 'invalid_input', detail: 'text must be a string' },
      'invalid_input: text must be a string\n- times must be at least 1',
    ],
    [
      'an unknown field',
      'echo_text',
      { text: 'a', txet: 'b' },
      { code: 'invalid_input', detail: 'txet is not a field of this operation' },
      'invalid_input: txet is not a field of this operation',
    ],
    [
      'a NUL',
      'echo_text',
      { text: 'a\0b' },
      { code: 'invalid_input', detail: 'text must have text without NUL characters' },
      'invalid_input: text must have text without NUL characters',
    ],
    [
      'no arguments at all for a tool without required ones',
      'update_thing',
      {},
      { code: 'rate_limited', detail: 'Civitai asks for patience', retry_after_seconds: 30 },
      'rate_limited: Civitai asks for patience\nretry after 30 s',
    ],
    [
      'what is there already',
      'create_thing',
      { url: '/media/a.png' },
      {
        code: 'conflict',
        detail: 'This thing is recorded already',
        hint: 'Use the asset that is there',
        existing: { asset_id: '7' },
      },
      'conflict: This thing is recorded already\nexisting: {"asset_id":"7"}\nhint: Use the asset that is there',
    ],
  ]
  test.each(errors)('reads our error for %s', async (_, name, input, structured, text) => {
    await using connection = await connect(anMcp({ operations: OPERATIONS }), era)
    await connection.client.listTools()
    const result = await connection.client.callTool({ name, arguments: input })
    expect(result.isError).toBe(true)
    expect(result.structuredContent).toMatchObject(structured)
    expect(result.content).toEqual([{ type: 'text', text }])
  })

  test('is refused input that is nested deeper than any reader would follow', async () => {
    await using connection = await connect(anMcp({ operations: OPERATIONS }), era)
    let metadata: Record<string, unknown> = {}
    for (let level = 0; level < 100; level += 1) metadata = { metadata }
    const result = await connection.client.callTool({ name: 'echo_text', arguments: { text: 'a', metadata } })
    expect(result.structuredContent).toMatchObject({
      code: 'invalid_input',
      detail: 'metadata must have at most 64 levels of nesting',
    })
  })

  test.each([
    ['throws something unknown', 'delete_thing', 'SELECT secret FROM /etc/things'],
    [
      'answers what its schema forbids',
      'get_bad_output',
      'get_bad_output answered what its output schema forbids at items.0.id',
    ],
  ])('learns nothing of an operation that %s; the log does', async (_, name, logged) => {
    const { log, errors } = aLog()
    await using connection = await connect(anMcp({ operations: OPERATIONS, log }), era)
    const result = await connection.client.callTool({ name, arguments: {} })
    expect(result.isError).toBe(true)
    const { request_id, ...rest } = result.structuredContent as Record<string, unknown>
    expect(rest).toEqual({
      code: 'internal',
      detail: 'Something went wrong inside airkeep',
      hint: 'Look for the request id in the log',
    })
    expect(JSON.stringify(result)).not.toContain(logged)
    expect(errors).toEqual([
      {
        message: 'Tool call failed',
        fields: { operation: name, request_id, err: expect.objectContaining({ message: logged }) },
      },
    ])
  })

  test.each(['no_such_tool', 'constructor', '__proto__', 'set_key', ''])('cannot call "%s"', async (name) => {
    await using connection = await connect(anMcp({ operations: OPERATIONS }), era)
    await expect(connection.client.callTool({ name, arguments: {} })).rejects.toMatchObject({ code: -32602 })
  })

  test('lists everything with a token, and is told which permission a call lacks', async () => {
    await using connection = await connect(anMcp({ operations: OPERATIONS }), era, READER)
    const { tools } = await connection.client.listTools()
    expect(tools.map(({ name }) => name)).toContain('create_thing')
    const echo = await connection.client.callTool({ name: 'echo_text', arguments: { text: 'a' } })
    expect(echo.structuredContent).toEqual({ text: 'a', by: 'reader' })
    const create = await connection.client.callTool({ name: 'create_thing', arguments: { url: 7 } })
    expect(create.structuredContent).toEqual({
      code: 'forbidden',
      detail: 'create_thing needs the permission track:write',
      hint: 'Ask the owner for a token with --permission track:write',
    })
  })

  test('gets prompts and resources', async () => {
    const mcp = anMcp({ operations: [], prompts: [PROMPT], resources: [RESOURCE] })
    await using connection = await connect(mcp, era)
    const { client } = connection
    const { text, ...listed } = PROMPT
    expect((await client.listPrompts()).prompts).toEqual([listed])
    expect(await client.getPrompt({ name: 'record_work' })).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text } }],
    })
    await expect(client.getPrompt({ name: 'other' })).rejects.toMatchObject({ code: -32602 })
    expect((await client.listResources()).resources).toEqual([
      { ...listed, uri: RESOURCE.uri, mimeType: 'text/markdown' },
    ])
    expect(await client.readResource({ uri: RESOURCE.uri })).toMatchObject({
      contents: [{ uri: RESOURCE.uri, mimeType: 'text/markdown', text }],
    })
    await expect(client.readResource({ uri: 'airkeep://guides/other' })).rejects.toMatchObject({ code: -32602 })
  })

  test('receives rising progress in order, before the result', async () => {
    let now = 0
    const clock = { now: () => (now += 1000) }
    await using connection = await connect(anMcp({ operations: OPERATIONS, clock }), era)
    const seen: unknown[] = []
    const result = await connection.client.callTool(
      { name: 'hash_bytes', arguments: {} },
      { onprogress: (progress) => void seen.push(progress) },
    )
    expect(result.structuredContent).toEqual({ text: 'done' })
    expect(seen).toEqual([0, 10, 20, 40].map((progress) => ({ progress, total: 40, message: `${progress} bytes` })))
  })

  test('has its own answer when another caller uses the same JSON-RPC id', async () => {
    const hold = aHoldOperation()
    const mcp = anMcp({ operations: [hold.operation] })
    await using first = await connect(mcp, era)
    await using second = await connect(mcp, era, READER)
    const calls = [
      first.client.callTool({ name: 'hold', arguments: { text: 'one' } }),
      second.client.callTool({ name: 'hold', arguments: { text: 'two' } }),
    ]
    await hold.began
    hold.release()
    const answers = await Promise.all(calls)
    expect(answers.map(({ structuredContent }) => structuredContent)).toEqual([
      { text: 'one', by: 'local' },
      { text: 'two', by: 'reader' },
    ])
    const ids = [first, second].map(({ sent }) => sent.find(({ method }) => method === 'tools/call')?.id)
    expect(ids[0]).toBeDefined()
    expect(ids[0]).toBe(ids[1])
  })

  test('may send a message of the size that was set, and is refused a larger one', async () => {
    const mcp = anMcp({ operations: OPERATIONS, bodyLimitBytes: 10_000 })
    await using connection = await connect(mcp, era)
    const call = (length: number) =>
      connection.client.callTool({ name: 'echo_text', arguments: { text: 'x'.repeat(length) } })
    expect((await call(9000)).structuredContent).toMatchObject({
      detail: 'text must have at most 20 characters or items',
    })
    await expect(call(10_001)).rejects.toMatchObject({ status: 413 })
  })
})

test('a cancelled call aborts the operation with an AbortError, whatever reason the client gave', async () => {
  const hold = aHoldOperation()
  const { log, errors } = aLog()
  await using connection = await connect(anMcp({ operations: [hold.operation], log }), '2026')
  const cancel = new AbortController()
  const call = connection.client.callTool({ name: 'hold', arguments: { text: 'a' } }, { signal: cancel.signal })
  await hold.began
  cancel.abort('the user pressed stop')
  await expect(call).rejects.toThrow()
  await hold.aborted
  expect(hold.reasons).toEqual([expect.objectContaining({ name: 'AbortError' })])
  expect(errors).toEqual([])
})

test.each(ERAS.map((era) => [era] as const))('closing cancels what runs, and a client of %s is told', async (era) => {
  const hold = aHoldOperation()
  const mcp = anMcp({ operations: [hold.operation] })
  await using connection = await connect(mcp, era)
  const call = connection.client.callTool({ name: 'hold', arguments: { text: 'a' } })
  await hold.began
  await mcp.close()
  expect((await call).structuredContent).toEqual({ code: 'cancelled', detail: 'The request was cancelled' })
})

test('a client of 2025 may set a log level', async () => {
  await using connection = await connect(anMcp({ operations: [] }), '2025')
  expect(await connection.client.setLoggingLevel('info')).toEqual({})
})

test('only JSON is taken', async () => {
  const mcp = anMcp({ operations: OPERATIONS })
  const send = (init: RequestInit) => mcp.fetch(new Request('http://127.0.0.1/mcp', init), READER)
  const text = await send({ method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } })
  expect(text.status).toBe(415)
  const broken = await send({
    method: 'POST',
    body: '{"jsonrpc"',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  })
  expect(broken.status).toBe(400)
  expect((await send({ method: 'GET', headers: { accept: 'text/event-stream' } })).status).toBe(405)
})

test('the request id of the surface is the one in the log', async () => {
  const { log, errors } = aLog()
  const mcp = anMcp({ operations: OPERATIONS, log })
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'delete_thing', arguments: {} } }
  const response = await mcp.fetch(
    new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    }),
    { kind: 'owner', name: 'local', permissions: new Set() },
    { requestId: 'req_from_http' },
  )
  expect(await response.text()).toContain('req_from_http')
  expect(errors[0]?.fields.request_id).toBe('req_from_http')
})
