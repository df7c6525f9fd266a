import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { openStream } from './sse-client.ts'
import { startApp, type TestApp } from './test-app.ts'

const auth = (token: string) => ({ authorization: `Bearer ${token}` })

/** Resolves when the app has no open stream any more. */
async function noStreams(t: TestApp): Promise<void> {
  while (!(await t.metrics.text()).includes('airkeep_http_streams_open 0')) await new Promise((go) => setImmediate(go))
}

describe('a stream', () => {
  test('has the headers, frames and end that the contract says', async () => {
    await using t = await startApp()
    const { url } = await t.listen()
    await t.change('imp_a', { status: 'analyzing' })
    const stream = await openStream(`${url}/v1/prompts/import/imp_a/events`)
    expect(stream.response.status).toBe(200)
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no')
    expect(stream.response.headers.get('cache-control')).toContain('no-transform')
    expect(stream.response.headers.get('content-encoding')).toBeNull()
    expect(await stream.next()).toEqual({ retry: '3000', comment: 'connected' })
    expect(await stream.events(1)).toEqual([{ id: '1', event: 'job', data: { job_id: 'imp_a', status: 'analyzing' } }])
    t.progress('imp_a', { progress: 0.5 })
    expect(await stream.events(1)).toEqual([
      { event: 'job', data: { job_id: 'imp_a', status: 'analyzing', progress: 0.5 } },
    ])
    await t.change('imp_a', { status: 'completed', final: true })
    expect(await stream.rest()).toEqual([
      { id: '2', event: 'job', data: { job_id: 'imp_a', status: 'completed' } },
      { comment: 'end of stream' },
    ])
    await noStreams(t)
  })

  test('shows life on silence', async () => {
    await using t = await startApp({ heartbeatMs: 5 })
    const { url } = await t.listen()
    const stream = await openStream(`${url}/v1/events`)
    await stream.next()
    for (let count = 0; count < 3; count += 1) expect(await stream.next()).toEqual({ comment: 'still here' })
    await t.change('imp_a', { status: 'analyzing' })
    expect(await stream.events(1)).toMatchObject([{ id: '1' }])
    stream.close()
  })

  test.each([
    ['/v1/events', ['imp_a', 'scan_a', 'cat_a']],
    ['/v1/events?types=scan,import', ['imp_a', 'scan_a']],
    ['/v1/events?types=scan&types=import', ['imp_a', 'scan_a']],
    ['/v1/events?types=job', ['imp_a', 'scan_a', 'cat_a']],
    ['/v1/events?types=nothing,import', ['imp_a']],
    ['/v1/models/events', ['scan_a']],
    ['/v1/models/events?types=import', []],
    ['/v1/prompts/import/events', ['imp_a']],
  ])('%s has %j', async (path, jobs) => {
    await using t = await startApp()
    const { url } = await t.listen()
    const stream = await openStream(`${url}${path}`)
    await stream.next()
    await t.change('imp_a', { status: 'analyzing' })
    await t.change('scan_a', { status: 'running', kind: 'scan' })
    await t.change('cat_a', { status: 'running', kind: 'catalog' })
    t.app.endStreams()
    const frames = await stream.rest()
    expect(
      frames.filter(({ event }) => event === 'job').map(({ data }) => (data as { job_id: string }).job_id),
    ).toEqual(jobs)
  })

  test.each([
    ['the header', '', { 'last-event-id': '2' }],
    ['the query', '?last_event_id=2', {}],
    ['the header before the query', '?last_event_id=0', { 'last-event-id': '2' }],
  ])('resumes after the id in %s', async (_what, query, headers) => {
    await using t = await startApp()
    const { url } = await t.listen()
    for (const status of ['analyzing', 'resolving', 'downloading', 'completed']) await t.change('imp_a', { status })
    const stream = await openStream(`${url}/v1/events${query}`, headers)
    expect(await stream.events(2)).toMatchObject([{ id: '3' }, { id: '4' }])
    await t.change('imp_b', { status: 'analyzing' })
    expect(await stream.events(1)).toMatchObject([{ id: '5' }])
    stream.close()
  })

  test('replays without gap or repetition while commits go on', async () => {
    await using t = await startApp()
    const { url } = await t.listen()
    for (let at = 0; at < 150; at += 1) await t.change(`imp_${at}`, { status: 'analyzing' })
    let writing = true
    const writer = (async () => {
      for (let at = 150; writing || at < 300; at += 1) await t.change(`imp_${at}`, { status: 'analyzing' })
    })()
    const streams = await Promise.all(
      [0, 7, 149].map((id) => openStream(`${url}/v1/events`, { 'last-event-id': `${id}` })),
    )
    for (const [at, from] of [0, 7, 149].entries()) {
      const frames = (await streams[at]?.events(200)) ?? []
      expect(frames.map(({ id }) => Number(id))).toEqual(Array.from({ length: 200 }, (_, n) => from + n + 1))
    }
    writing = false
    await writer
    for (const stream of streams) stream.close()
  })

  test.each([
    ['/v1/events?job_id=../x', {}, 400, 'job_id must be a job ID'],
    ['/v1/events?job_id=imp_a&job_id=imp_b', {}, 400, 'job_id must be a job ID'],
    ['/v1/prompts/import/IMP/events', {}, 400, 'job_id must be a job ID'],
    ['/v1/events?job_id=imp_none', {}, 404, 'Record not found'],
    ['/v1/prompts/import/imp_none/events', {}, 404, 'Record not found'],
    ['/v1/prompts/import/scan_a/events', {}, 404, 'Record not found'],
    ['/v1/models/events?job_id=imp_a', {}, 404, 'Record not found'],
    ['/v1/events', { 'last-event-id': 'abc' }, 400, 'Last-Event-ID'],
    ['/v1/events', { 'last-event-id': '-1' }, 400, 'Last-Event-ID'],
    ['/v1/events', { 'last-event-id': '9'.repeat(16) }, 400, 'Last-Event-ID'],
    ['/v1/events', { authorization: 'Bearer wrong' }, 401, 'not valid'],
  ])('%s %j is refused with %i before it begins', async (path, headers, status, says) => {
    await using t = await startApp()
    await t.change('imp_a', { status: 'analyzing' })
    await t.change('scan_a', { status: 'running', kind: 'scan' })
    const response = await t.fetch(path, { headers })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.text()).toContain(says)
    expect(await t.metrics.text()).toContain('airkeep_http_streams_open 0')
  })

  test('asked for by HEAD is its headers alone', async () => {
    await using t = await startApp()
    const response = await t.fetch('/v1/events', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await response.text()).toBe('')
    await noStreams(t)
  })
})

describe('who sees what', () => {
  test('a foreign job is the same not_found as an unknown one', async () => {
    await using t = await startApp()
    const { url } = await t.listen()
    await t.change('imp_a', { status: 'analyzing', owner: 'reader' })
    const reader = await t.token('reader', 'models:download')
    const other = await t.token('other', 'models:download')
    const own = await openStream(`${url}/v1/prompts/import/imp_a/events`, auth(reader))
    expect(await own.events(1)).toMatchObject([{ data: { job_id: 'imp_a' } }])
    const answers = await Promise.all(
      ['imp_a', 'imp_b'].map(async (id) => {
        const response = await fetch(`${url}/v1/prompts/import/${id}/events`, { headers: auth(other) })
        const { request_id: _, ...problem } = (await response.json()) as Record<string, unknown>
        return [response.status, problem]
      }),
    )
    expect(answers[0]).toEqual(answers[1] ?? [])
    expect(answers[0]?.[0]).toBe(404)
    own.close()
  })

  test('a stream ends with its token', async () => {
    await using t = await startApp({ heartbeatMs: 5 })
    const { url } = await t.listen()
    const stream = await openStream(`${url}/v1/events`, auth(await t.token('agent', 'models:read')))
    await stream.next()
    await t.tokens.revoke('agent', 'local')
    expect((await stream.rest()).at(-1)).toEqual({ comment: 'end of stream' })
    await noStreams(t)
  })
})

describe('tickets', () => {
  test('open one stream, as whom they were made for', async () => {
    await using t = await startApp()
    const { url } = await t.listen()
    const token = await t.token('agent', 'models:download')
    await t.change('imp_mine', { status: 'analyzing', owner: 'agent' })
    await t.change('imp_other', { status: 'analyzing', owner: 'x' })
    const made = await fetch(`${url}/v1/stream-tickets`, { method: 'POST', headers: auth(token) })
    expect(made.status).toBe(201)
    expect(made.headers.get('cache-control')).toBe('no-store')
    const { ticket, expires_at } = (await made.json()) as { ticket: string; expires_at: string }
    expect(Date.parse(expires_at)).toBe(t.time.now + 60_000)
    const stream = await openStream(`${url}/v1/events?last_event_id=0&ticket=${ticket}`)
    expect(await stream.events(1)).toMatchObject([{ data: { job_id: 'imp_mine' } }])
    const again = await fetch(`${url}/v1/events?ticket=${ticket}`)
    expect(again.status).toBe(401)
    expect(again.headers.get('www-authenticate')).not.toBeNull()
    expect(await again.text()).not.toContain(ticket)
    stream.close()
  })

  test('are used up by a refused stream too, end after 60 seconds, and do nothing elsewhere', async () => {
    await using t = await startApp()
    const token = await t.token('agent', 'models:read')
    const ticket = async (): Promise<string> => {
      const response = await t.fetch('/v1/stream-tickets', { method: 'POST', headers: auth(token) })
      return ((await response.json()) as { ticket: string }).ticket
    }
    const refused = await ticket()
    expect((await t.fetch(`/v1/events?job_id=imp_none&ticket=${refused}`)).status).toBe(404)
    expect((await t.fetch(`/v1/events?job_id=imp_none&ticket=${refused}`)).status).toBe(401)
    const late = await ticket()
    t.time.now += 60_000
    expect((await t.fetch(`/v1/events?ticket=${late}`)).status).toBe(401)
    const fresh = await ticket()
    for (const path of ['/metrics', '/v1/stream-tickets']) {
      const method = path === '/metrics' ? 'GET' : 'POST'
      expect((await t.fetch(`${path}?ticket=${fresh}`, { method })).status).toBe(401)
    }
    // A wrong ticket is not helped by a good token beside it.
    expect((await t.fetch('/v1/events?ticket=wrong', { headers: auth(token) })).status).toBe(401)
    expect((await t.fetch('/v1/events?ticket=a&ticket=b')).status).toBe(401)
    expect((await t.fetch('/v1/stream-tickets', { method: 'POST' })).status).toBe(401)
  })

  test('of a revoked token open nothing', async () => {
    await using t = await startApp({ heartbeatMs: 5 })
    const { url } = await t.listen()
    const token = await t.token('agent', 'models:read')
    const made = await fetch(`${url}/v1/stream-tickets`, { method: 'POST', headers: auth(token) })
    const { ticket } = (await made.json()) as { ticket: string }
    await t.tokens.revoke('agent', 'local')
    const response = await fetch(`${url}/v1/events?ticket=${ticket}`)
    expect(response.status).toBe(401)
  })
})

describe('connections', () => {
  test('a subscriber that goes away is forgotten', async () => {
    await using t = await startApp()
    const { url } = await t.listen()
    const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(`${url}/v1/events`)))
    expect(await t.metrics.text()).toContain('airkeep_http_streams_open 5')
    for (const stream of streams) stream.close()
    await noStreams(t)
    await t.change('imp_a', { status: 'analyzing' })
  })

  test('one that does not read is cut off, and gets everything when it resumes', async () => {
    await using t = await startApp()
    const { url, port } = await t.listen()
    const slow = connect(port, '127.0.0.1')
    const closed = new Promise<void>((resolve) => slow.on('close', () => resolve()))
    slow.write('GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await new Promise((resolve) => slow.once('data', resolve))
    slow.pause()
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
    slow.resume()
    await closed
  })
})
