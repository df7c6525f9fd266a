import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { idField, limitField } from '../../src/operation/fields.ts'
import { jsonObjectField } from '../../src/operation/json-object-field.ts'
import { anEcho, anOperation, startApp, type TestApp } from './test-app.ts'

const operations = [
  anEcho('get_thing', 'get', '/v1/things/{thing_id}', v.strictObject({ thing_id: idField('thing_id', 'id') })),
  anEcho(
    'find_thing',
    'get',
    '/v1/things/find',
    v.strictObject({
      text: v.optional(v.string()),
      limit: limitField(50, 100),
      flag: v.optional(v.boolean()),
      kinds: v.optional(v.array(v.string())),
    }),
  ),
  anEcho(
    'update_thing',
    'patch',
    '/v1/things/{thing_id}',
    v.strictObject({
      thing_id: idField('thing_id', 'id'),
      text: v.nullish(v.pipe(v.string(), v.maxLength(100))),
      metadata: v.nullish(jsonObjectField('any')),
    }),
  ),
  anEcho(
    'delete_thing',
    'delete',
    '/v1/things/{thing_id}',
    v.strictObject({ thing_id: v.string(), hard: v.optional(v.boolean()) }),
  ),
  anOperation({
    name: 'create_thing',
    http: { method: 'post', path: '/v1/things', status: 201 },
    effect: 'write',
    permission: 'track:write',
    aliases: { title: 'text' },
    input: v.strictObject({ text: v.optional(v.string()), ids: v.optional(v.array(v.string())) }),
    run: async (input) => input,
  }),
  anOperation({
    name: 'fail_thing',
    http: { method: 'post', path: '/v1/fail' },
    input: v.strictObject({ how: v.string() }),
    run: async ({ how }) => {
      if (how === 'conflict') {
        throw new AppError('conflict', 'It is there', { existing: { asset_id: '7' }, hint: 'Use that one' })
      }
      if (how === 'rate') throw new AppError('rate_limited', 'Too often', { retryAfterSeconds: 2.1 })
      throw new Error('SELECT secret FROM table')
    },
  }),
  anOperation({
    name: 'start_thing',
    http: { method: 'post', path: '/v1/start', status: 202, statusFor: ({ dry }) => (dry === true ? 200 : 202) },
    input: v.strictObject({ dry: v.optional(v.boolean(), false) }),
    run: async (input) => input,
  }),
  anOperation({
    name: 'agent_only',
    http: { method: 'post', path: '/v1/agent-only' },
    surfaces: ['mcp'],
    input: v.strictObject({}),
    run: async () => ({}),
  }),
]

let t: TestApp
let reader: string
beforeAll(async () => {
  t = await startApp({ operations, settings: { body_limit: 1000 } })
})
afterAll(() => t[Symbol.asyncDispose]())

interface Row {
  readonly request: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly raw?: string
  readonly status: number
  /** Texts of the body, or `name: value` of a header. */
  readonly has?: readonly string[]
  readonly hasNot?: readonly string[]
}

async function run({ request, headers = {}, body, raw, status, has = [], hasNot = [] }: Row): Promise<void> {
  const [method = '', path = ''] = request.split(' ')
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await t.fetch(path, {
    method,
    headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(text === undefined ? {} : { body: text }),
  })
  const answer = await response.text()
  const all = `${[...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${answer}`
  for (const part of has) expect(all).toContain(part)
  for (const part of hasNot) expect(all).not.toContain(part)
  expect({ status: response.status, answer }).toMatchObject({ status })
  expect(response.headers.get('x-request-id')).toMatch(/^[\w.:-]+$/)
  if (status >= 400) {
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(method === 'HEAD' || JSON.parse(answer).status === status).toBe(true)
  } else if (method !== 'HEAD') expect(response.headers.get('content-type')).toBe('application/json')
}

const scenarios = (what: string, rows: readonly Row[]): void =>
  describe(what, () => {
    test.each(
      rows.map((row) => [`${row.request} ${row.raw ?? JSON.stringify(row.body) ?? ''}`.slice(0, 100), row] as const),
    )('%s', (_name, row) => run(row))
  })

scenarios('routes', [
  { request: 'GET /v1/things/7', status: 200, has: ['{"thing_id":"7"}', 'content-type: application/json'] },
  { request: 'HEAD /v1/things/7', status: 200, hasNot: ['thing_id'] },
  { request: 'GET /v1/things/find', status: 200, has: ['"limit":50'] },
  { request: 'PATCH /v1/things/7', body: {}, status: 200 },
  { request: 'DELETE /v1/things/7?hard=true', status: 200, has: ['"hard":true'] },
  { request: 'POST /v1/things', body: { text: 'x' }, status: 201, has: ['{"text":"x"}'] },
  { request: 'POST /v1/things', body: { title: 'x' }, status: 201, has: ['{"text":"x"}'] },
  { request: 'POST /v1/start', body: {}, status: 202 },
  { request: 'POST /v1/start', body: { dry: true }, status: 200 },
  // A fixed path wins over the placeholder, for every method.
  { request: 'PATCH /v1/things/find', body: {}, status: 405, has: ['allow: GET, HEAD', '"method_not_allowed"'] },
  { request: 'PUT /v1/things/7', status: 405, has: ['allow: DELETE, GET, HEAD, PATCH'] },
  { request: 'OPTIONS /v1/things', status: 405, has: ['allow: POST'] },
  { request: 'GET /v1/things', status: 405, has: ['allow: POST'] },
  { request: 'POST /health', status: 405, has: ['allow: GET, HEAD'] },
  { request: 'GET /v1/nothing', status: 404, has: ['"code":"not_found"'] },
  { request: 'GET /', status: 404 },
  { request: 'GET /v1/things/', status: 404 },
  { request: 'GET /v1/things/7/', status: 404 },
  { request: 'POST /v1/agent-only', body: {}, status: 404 },
  { request: 'GET /health', status: 200, has: ['"status":"ok"'] },
  { request: 'HEAD /health', status: 200 },
])

scenarios('fields in the path', [
  { request: 'GET /v1/things/abc', status: 400, has: ['thing_id must be a valid integer ID', '"path":"thing_id"'] },
  { request: 'GET /v1/things/-1', status: 400, has: ['thing_id must be a valid integer ID'] },
  { request: 'GET /v1/things/1.5', status: 400, has: ['thing_id must be a valid integer ID'] },
  { request: 'GET /v1/things/0', status: 400, has: ['thing_id must be a valid integer ID'] },
  { request: 'GET /v1/things/9007199254740993', status: 400, has: ['must be a valid integer ID'] },
  { request: `GET /v1/things/${'9'.repeat(30)}`, status: 400, has: ['must be a valid integer ID'] },
  { request: 'GET /v1/things/%00', status: 400, has: ['without NUL'] },
  { request: 'GET /v1/things/%ff%fe', status: 400 },
  { request: "GET /v1/things/1%27%20OR%20'1'='1", status: 400, has: ['must be a valid integer ID'], hasNot: ['OR'] },
  { request: 'GET /v1/things/7?thing_id=7', status: 200 },
  { request: 'GET /v1/things/7?thing_id=8', status: 400, has: ['thing_id contradicts the path'] },
  { request: 'PATCH /v1/things/7', body: { thing_id: '7' }, status: 200 },
  { request: 'PATCH /v1/things/7', body: { thing_id: '8' }, status: 400, has: ['thing_id contradicts the path'] },
  { request: 'PATCH /v1/things/7', body: { thing_id: 7 }, status: 400, has: ['thing_id contradicts the path'] },
  { request: 'PATCH /v1/things/7', body: { thing_id: null }, status: 400, has: ['thing_id contradicts the path'] },
])

scenarios('fields in the query', [
  {
    request: 'GET /v1/things/find?limit=7&flag=true&text=a+b',
    status: 200,
    has: ['"limit":7', '"flag":true', '"a b"'],
  },
  { request: 'GET /v1/things/find?kinds=a&kinds=b', status: 200, has: ['"kinds":["a","b"]'] },
  { request: 'GET /v1/things/find?kinds=a,b', status: 200, has: ['"kinds":["a","b"]'] },
  { request: 'GET /v1/things/find?text=', status: 200, has: ['"text":""'] },
  { request: 'GET /v1/things/find?text=null', status: 200, has: ['"text":"null"'] },
  { request: 'GET /v1/things/find?limit=x', status: 400, has: ['limit must be'], hasNot: ['"x"'] },
  { request: 'GET /v1/things/find?limit=1000', status: 400, has: ['limit must be at most 100'] },
  { request: 'GET /v1/things/find?text=a&text=b', status: 400, has: ['text may be given once'] },
  { request: 'GET /v1/things/find?unknown=1', status: 400, has: ['unknown is not a field'] },
  { request: 'GET /v1/things/find?__proto__=1', status: 400, has: ['__proto__ is not a field'] },
  { request: 'GET /v1/things/find?text=%00', status: 400, has: ['without NUL'] },
  { request: 'GET /v1/things/find?text=%ED%A0%80', status: 200 },
  // On POST and PATCH the query is not read.
  { request: 'POST /v1/things?text=query', body: {}, status: 201, hasNot: ['query'] },
])

scenarios('bodies', [
  { request: 'POST /v1/things', status: 201, has: ['{}'] },
  { request: 'POST /v1/things', raw: '', headers: { 'content-type': 'application/json' }, status: 201 },
  { request: 'POST /v1/things', raw: ' \n ', status: 201 },
  {
    request: 'POST /v1/things',
    raw: '{"text":"x"}',
    headers: { 'content-type': 'Application/JSON; charset=UTF-8' },
    status: 201,
  },
  { request: 'POST /v1/things', raw: '\ufeff{"text":"x"}', status: 201 },
  { request: 'POST /v1/things', raw: '{"text":"x"}', headers: { 'content-type': 'text/plain' }, status: 415 },
  { request: 'POST /v1/things', raw: '{"text":"x"}', headers: { 'content-type': '' }, status: 415 },
  {
    request: 'POST /v1/things',
    raw: 'text=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
  },
  { request: 'POST /v1/things', headers: { 'content-type': 'text/plain' }, status: 415 },
  {
    request: 'POST /v1/things',
    raw: '--B--',
    headers: { 'content-type': 'multipart/form-data; boundary=B' },
    status: 415,
  },
  {
    request: 'POST /v1/things',
    raw: '{"text": "hunter2",\n "ids": [1,]}',
    status: 400,
    has: ['not valid JSON: see line 2, column 12'],
    hasNot: ['hunter2'],
  },
  { request: 'POST /v1/things', raw: 'hunter2', status: 400, has: ['line 1, column 1'], hasNot: ['hunter2'] },
  { request: 'POST /v1/things', raw: '[]', status: 400, has: ['must be a JSON object'] },
  { request: 'POST /v1/things', raw: 'null', status: 400, has: ['must be a JSON object'] },
  { request: 'POST /v1/things', raw: '"text"', status: 400, has: ['must be a JSON object'] },
  { request: 'POST /v1/things', raw: '{"__proto__":{"text":"x"}}', status: 400, has: ['__proto__ is not a field'] },
  { request: 'POST /v1/things', raw: '{"constructor":1}', status: 400, has: ['constructor is not a field'] },
  { request: 'POST /v1/things', body: { txt: 'x' }, status: 400, has: ['txt is not a field'] },
  { request: 'POST /v1/things', body: { text: 5 }, status: 400, has: ['text must be a string'] },
  { request: 'POST /v1/things', body: { text: null }, status: 400, has: ['text must be a string'] },
  { request: 'POST /v1/things', body: { text: 'a\0b' }, status: 400, has: ['text must have text without NUL'] },
  { request: 'POST /v1/things', raw: '{"text":"\\ud800"}', status: 400, has: ['well-formed Unicode'] },
  { request: 'POST /v1/things', body: { text: 'a', title: 'b' }, status: 400, has: ['must not disagree'] },
  { request: 'POST /v1/things', body: { ids: { 0: 'a' } }, status: 400, has: ['ids must be a list'] },
  { request: 'POST /v1/things', body: { text: "'; DROP TABLE things; --" }, status: 201, has: ['DROP TABLE things'] },
  {
    request: 'POST /v1/things',
    body: { text: 'x'.repeat(1000) },
    status: 413,
    has: ['payload_too_large'],
  },
  { request: 'PATCH /v1/things/7', body: { text: null }, status: 200, has: ['"text":null'] },
  {
    request: 'PATCH /v1/things/7',
    raw: `{"metadata":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`,
    status: 400,
    has: ['64 levels'],
  },
  {
    request: 'PATCH /v1/things/7',
    body: { text: 'y'.repeat(101) },
    status: 400,
    has: ['text must have at most 100'],
    hasNot: ['yyy'],
  },
])

scenarios('failures', [
  {
    request: 'POST /v1/fail',
    body: { how: 'conflict' },
    status: 409,
    has: ['"code":"conflict"', '"detail":"It is there"', '"hint":"Use that one"', '"existing":{"asset_id":"7"}'],
  },
  { request: 'POST /v1/fail', body: { how: 'rate' }, status: 429, has: ['retry-after: 3'] },
  {
    request: 'POST /v1/fail',
    body: { how: 'x' },
    status: 500,
    has: ['"code":"internal"'],
    hasNot: ['SELECT', 'stack'],
  },
])

describe('bodies past the usual', () => {
  test('bytes that are no UTF-8', async () => {
    const body = Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    const response = await t.fetch('/v1/things', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('must be UTF-8')
  })

  test.each([
    ['closed', `{"metadata":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['objects', `{"metadata":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
    ['cut off', '['.repeat(1_000_000)],
    ['beside the metadata', `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('a bomb of a hundred thousand levels, %s, is refused and the server goes on', async (_what, body) => {
    await using big = await startApp({ operations })
    const response = await big.fetch('/v1/things/7', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(400)
    expect((await response.text()).length).toBeLessThan(1000)
    expect((await big.fetch('/health')).status).toBe(200)
  })
})

describe('the request id', () => {
  const idOf = async (id: string): Promise<string | null> =>
    (await t.fetch('/health', { headers: { 'x-request-id': id } })).headers.get('x-request-id')

  test('is the caller’s where it is sane', async () => {
    expect(await idOf('abc-1.2:3_4')).toBe('abc-1.2:3_4')
    for (const wrong of ['a b', 'x'.repeat(129), '{"a":1}', 'ä']) expect(await idOf(wrong)).toMatch(/^req_[0-9a-z]+$/)
  })

  test('is another for every request, and stands in problem and log', async () => {
    const [first, second] = [await t.fetch('/v1/nothing'), await t.fetch('/v1/nothing')]
    const id = first.headers.get('x-request-id')
    expect(id).not.toBe(second.headers.get('x-request-id'))
    expect(await first.json()).toMatchObject({ request_id: id })
    expect(t.log.find(({ request_id }) => request_id === id)).toMatchObject({ path: '/v1/nothing', status: 404 })
  })
})

describe('permissions', () => {
  test('without a token 401, without the permission 403, before the body is looked at', async () => {
    await using own = await startApp({ operations })
    reader = await own.token('reader', 'track:read')
    const post = (headers: Record<string, string>) =>
      own.fetch('/v1/things', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"text":1}',
      })
    const none = await post({})
    expect(none.status).toBe(401)
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="airkeep"')
    const wrong = await post({ authorization: 'Bearer ak_wrong' })
    expect(wrong.status).toBe(401)
    const may = await post({ authorization: `Bearer ${reader}` })
    expect(may.status).toBe(403)
    expect(await may.json()).toMatchObject({
      code: 'forbidden',
      detail: 'create_thing needs the permission track:write',
    })
    expect((await own.fetch('/v1/things/7', { headers: { authorization: `Bearer ${reader}` } })).status).toBe(200)
    expect(
      (await own.fetch('/v1/things/7', { headers: { authorization: 'Bearer secret-of-serve-json' } })).status,
    ).toBe(200)
  })

  test('from afar nobody is the owner, whatever the Host says', async () => {
    expect((await t.fetch('/v1/things/7', { peer: '10.0.0.9' })).status).toBe(401)
    expect((await t.app.fetch(new Request('http://x/v1/things/7', { headers: { host: 'localhost' } }))).status).toBe(
      401,
    )
    expect((await t.fetch('/health', { peer: '10.0.0.9' })).status).toBe(200)
  })

  test.each(['token', 'access_token', 'TOKEN'])('a token as ?%s= is refused everywhere', async (name) => {
    for (const path of ['/v1/things/7', '/v1/events', '/health', '/v1/nothing']) {
      const response = await t.fetch(`${path}?a=1&${name}=${reader}`)
      expect(response.status).toBe(401)
      expect(await response.text()).not.toContain(reader)
    }
  })
})

describe('the log', () => {
  test('has one line for each request, without query, header or body', async () => {
    await using own = await startApp({ operations })
    const token = await own.token('reader', 'track:read')
    await own.fetch('/v1/things/7?thing_id=7', { headers: { authorization: `Bearer ${token}` } })
    await own.fetch('/v1/things/find?text=private&token=abcdef')
    await own.fetch('/v1/events?ticket=sensitive')
    await own.fetch('/v1/things', {
      method: 'POST',
      body: '{"text":"confidential',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
    expect(own.log.map(({ method, path, status, actor }) => [method, path, status, actor])).toEqual([
      ['GET', '/v1/things/7', 200, 'reader'],
      ['GET', '/v1/things/find', 401, undefined],
      ['GET', '/v1/events', 401, undefined],
      ['POST', '/v1/things', 400, 'reader'],
    ])
    const text = JSON.stringify(own.log)
    for (const secret of [token, 'private', 'abcdef', 'sensitive', 'confidential']) expect(text).not.toContain(secret)
  })

  test('tells of what went wrong inside', async () => {
    await using own = await startApp({ operations })
    await own.fetch('/v1/fail', {
      method: 'POST',
      body: '{"how":"x"}',
      headers: { 'content-type': 'application/json' },
    })
    const [error] = own.log.filter(({ level }) => level === 'error')
    expect(error?.err).toBeInstanceOf(Error)
    expect(error?.request_id).toMatch(/^req_/)
  })
})
