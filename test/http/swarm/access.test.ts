import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type MadeModel, type SwarmHost, safetensors, startSwarmHost } from './swarm-host.ts'

type Headers = Readonly<Record<string, string>>

describe('who may ask', () => {
  let host: SwarmHost
  let model: MadeModel
  let serve: string
  let other: string
  let read: string
  let path: string

  beforeAll(async () => {
    host = await startSwarmHost()
    model = await host.add('foo.safetensors', safetensors('tensors'))
    path = `/DownloadModel/LoRA/0x${model.tensorSha256}/foo.safetensors`
    serve = await host.t.token('serve', 'models:serve')
    other = await host.t.token('other', 'models:serve')
    read = await host.t.token('read', 'models:read', 'models:download')
  })
  afterAll(() => host[Symbol.asyncDispose]())

  const post = async (name: string, fields: object, headers: Headers, peer?: string) => {
    const response = await host.t.fetch(`/API/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(fields),
      ...(peer === undefined ? {} : { peer }),
    })
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    }
  }
  const session = async (headers: Headers): Promise<string> => {
    const { body } = await post('GetNewSession', {}, headers)
    if (typeof body.session_id !== 'string') throw new Error(`no session: ${JSON.stringify(body)}`)
    return body.session_id
  }
  const list = async (id: string, headers: Headers = {}): Promise<[number, unknown]> => {
    const { status, body } = await post('GetModelManifest', { session_id: id, subtype: 'LoRA' }, headers)
    return [status, body.error_id ?? (body.models as unknown[]).length]
  }
  const get = async (headers: Headers, at = path): Promise<[number, unknown]> => {
    const response = await host.t.fetch(at, { headers })
    return [
      response.status,
      response.ok
        ? (await response.arrayBuffer()).byteLength
        : ((await response.json()) as { error_id: string }).error_id,
    ]
  }
  const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })
  const cookie = (token: string): Headers => ({ cookie: `a=b; swarm_token=${token}; c=d` })

  test.each([
    ['a token', () => bearer(serve), 'serve'],
    ['a token in the cookie', () => cookie(serve), 'serve'],
    ['both', () => ({ ...bearer(serve), ...cookie(serve) }), 'serve'],
    ['a token beside a cookie of another host', () => ({ ...bearer(serve), ...cookie('u.t.v') }), 'serve'],
  ])('%s opens a session and fetches files', async (_what, headers, user) => {
    expect((await post('GetNewSession', {}, headers())).body).toMatchObject({ user_id: user })
    expect(await list(await session(headers()))).toEqual([200, 1])
    expect(await get(headers())).toEqual([200, model.bytes.length])
  })

  test.each([
    ['nothing', () => ({}), 401, 'invalid_user'],
    ['a wrong token', () => bearer('ak_wrong'), 401, 'invalid_user'],
    ['a wrong cookie', () => cookie('u.t.v'), 401, 'invalid_user'],
    ['an empty cookie', () => cookie(''), 401, 'invalid_user'],
    ['a cookie of another name', () => ({ cookie: `x_swarm_token=${serve}` }), 401, 'invalid_user'],
    ['another kind of authorization', () => ({ authorization: 'Basic YTpi' }), 401, 'invalid_user'],
    ['a token that may not', () => bearer(read), 403, 'bad_permissions'],
    ['a cookie that may not', () => cookie(read), 403, 'bad_permissions'],
    ["SwarmUI's own header for users", () => ({ 'x-swarm-user_id': 'local' }), 401, 'invalid_user'],
  ])('%s does not', async (_what, headers, status, id) => {
    const { body, ...opened } = await post('GetNewSession', {}, headers())
    expect([opened.status, body]).toEqual([status, { error: expect.any(String), error_id: id }])
    expect(opened.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer realm="airkeep"' : null)
    expect(await get(headers())).toEqual([status, id])
  })

  test('a session is enough for the calls, and in a header for files', async () => {
    const id = await session(bearer(serve))
    expect(await list(id)).toEqual([200, 1])
    expect(await get({ 'x-session-id': id })).toEqual([200, model.bytes.length])
    const { status } = await post('GetModelManifest', { subtype: 'LoRA' }, { 'x-session-id': id })
    expect(status).toBe(200)
    expect(await get({ 'x-session-id': 'x' })).toEqual([401, 'invalid_session_id'])
  })

  test('nothing in a URL opens anything', async () => {
    const id = await session(bearer(serve))
    expect(await get({}, `${path}?session_id=${id}`)).toEqual([401, 'invalid_user'])
    expect((await host.t.fetch(`${path}?token=${serve}`)).status).toBe(401)
  })

  test('a session is for its own token alone', async () => {
    const id = await session(bearer(serve))
    expect(await list(id, bearer(serve))).toEqual([200, 1])
    expect(await list(id, bearer(other))).toEqual([401, 'invalid_session_id'])
    expect(await list(id, cookie(other))).toEqual([401, 'invalid_session_id'])
    expect(await list(id, bearer('ak_wrong'))).toEqual([401, 'invalid_user'])
    expect(await list(id)).toEqual([200, 1])
  })

  test('a session ends with its token', async () => {
    const id = await session(bearer(await host.t.token('short', 'models:serve')))
    expect(await list(id)).toEqual([200, 1])
    await host.t.tokens.revoke('short', 'local')
    expect(await list(id)).toEqual([401, 'invalid_session_id'])
    expect(await get({ 'x-session-id': id })).toEqual([401, 'invalid_session_id'])
  })

  test('neither tokens nor sessions get into the log', async () => {
    const id = await session(cookie(serve))
    await list(id)
    await get({ 'x-session-id': id })
    const lines = JSON.stringify(host.t.log)
    expect(lines).toContain('/DownloadModel/LoRA/')
    expect(lines).toContain('"actor":"serve"')
    for (const secret of [serve, other, read, id]) expect(lines).not.toContain(secret)
  })
})

describe('without any token', () => {
  test('the local owner has it all, and nobody else, not even with a session', async () => {
    const host = await startSwarmHost()
    try {
      const model = await host.add('foo.safetensors', safetensors('tensors'))
      const path = `/DownloadModel/LoRA/0x${model.tensorSha256}/foo.safetensors`
      const post = (name: string, fields: object, peer: string) =>
        host.t.fetch(`/API/${name}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(fields),
          peer,
        })
      const [home, away] = ['127.0.0.1', '203.0.113.7']
      const { session_id } = (await (await post('GetNewSession', {}, home)).json()) as { session_id: string }
      const fields = { session_id, subtype: 'LoRA' }
      expect((await post('GetModelManifest', fields, home)).status).toBe(200)
      expect((await host.t.fetch(path, { peer: home })).status).toBe(200)
      expect((await post('GetNewSession', {}, away)).status).toBe(401)
      expect((await post('GetModelManifest', fields, away)).status).toBe(401)
      expect((await host.t.fetch(path, { peer: away })).status).toBe(401)
      expect((await host.t.fetch(path, { peer: away, headers: { 'x-session-id': session_id } })).status).toBe(401)
      // From the first token on it takes one, on this machine too.
      await host.t.token('first', 'models:serve')
      expect((await post('GetModelManifest', fields, home)).status).toBe(401)
    } finally {
      await host[Symbol.asyncDispose]()
    }
  })
})

test('the limit of transfers holds for both ways to fetch together', async () => {
  const host = await startSwarmHost({ connections: 1 })
  try {
    const bytes = safetensors(Buffer.alloc(12 * 2 ** 20))
    const model = await host.add('foo.safetensors', bytes)
    const first = await host.t.fetch(`/v1/models/download?hash=${model.sha256}`)
    expect(first.status).toBe(200)
    const path = `/DownloadModel/LoRA/0x${model.tensorSha256}/foo.safetensors`
    const second = await host.t.fetch(path)
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1'])
    expect((await first.arrayBuffer()).byteLength).toBe(bytes.length)
    const third = await host.t.fetch(path)
    expect([third.status, (await third.arrayBuffer()).byteLength]).toEqual([200, bytes.length])
  } finally {
    await host[Symbol.asyncDispose]()
  }
})
