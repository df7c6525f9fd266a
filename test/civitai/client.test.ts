import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { type CivitaiClient, type CivitaiClientDeps, createCivitaiClient } from '../../src/civitai/client.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { type Misbehaviour, startFakeCivitai } from '../support/fake-civitai.ts'
import { rejection } from '../support/rejection.ts'

const civitai = await startFakeCivitai()
const sibling = await startFakeCivitai()
afterAll(async () => {
  await civitai.close()
  await sibling.close()
})

const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
const fetch = createGuardedFetch({ guard, version: '1.2.3' })
const { signal } = new AbortController()
let waits: number[] = []

function aClient(changes: Partial<CivitaiClientDeps> = {}): CivitaiClient {
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms)
  }
  return createCivitaiClient({ fetch, log: silentLog, baseUrl: civitai.url, sleep, ...changes })
}
const client = aClient()

beforeEach(() => {
  civitai.misbehave(undefined)
  sibling.misbehave(undefined)
  civitai.requests.length = 0
  sibling.requests.length = 0
  waits = []
})

const idsOf = (images: readonly { id: string }[]): string[] => images.map(({ id }) => id)
const posted = civitai.addPost('7001001', [{}, { browsingLevel: 16 }, { type: 'video' }, { browsingLevel: 2 }, {}])
const ids = posted.map(({ id }) => String(id))

async function allOf(made: CivitaiClient, limit: number): Promise<string[]> {
  const found: string[] = []
  for await (const { images } of made.postImagePages('7001001', { limit, signal })) found.push(...idsOf(images))
  return found
}

describe('the request', () => {
  test('asks for everything: every level, flat meta, a limit of its own', async () => {
    const { images, nextCursor } = await client.fetchPostImages('7001001', { limit: 50, page: 1, signal })
    expect(idsOf(images)).toEqual(ids)
    expect(nextCursor).toBeUndefined()
    expect(images[0]).toMatchObject({ postId: '7001001', meta: { prompt: 'a harbor at dusk' }, stats: { like: 37 } })
    const [request] = civitai.requests
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      postId: '7001001',
      limit: '50',
      withMeta: 'true',
      flatMeta: 'true',
      browsingLevel: '31',
    })
    expect(request?.headers['user-agent']).toBe('airkeep/1.2.3')
    expect(request?.headers.authorization).toBeUndefined()
  })

  test('carries the token in a header, and no part of the answer shows it', async () => {
    const page = await client.fetchPostImages('7001001', { limit: 2, page: 1, token: 'secret-key', signal })
    expect(civitai.requests[0]?.headers.authorization).toBe('Bearer secret-key')
    expect(civitai.requests[0]?.path).not.toContain('secret-key')
    expect(JSON.stringify(page)).not.toContain('secret-key')
  })

  test('respects a path in the base URL', async () => {
    const below = aClient({ baseUrl: `${civitai.url}/mirror/` })
    expect(await rejection(below.fetchPostImages('1', { limit: 1, page: 1, signal }))).toMatchObject({
      message: expect.stringContaining('answered 404'),
    })
    expect(civitai.mediaRequests.at(-1)?.path).toBe('/mirror/api/v1/images')
  })
})

describe('pages', () => {
  test.each([
    [1, ids.slice(0, 2), true],
    [2, ids.slice(2, 4), true],
    [3, ids.slice(4), false],
    [4, [], false],
    [200, [], false],
  ])('page %p is reached by cursors', async (page, expected, more) => {
    const found = await client.fetchPostImages('7001001', { limit: 2, page, signal })
    expect(idsOf(found.images)).toEqual(expected)
    expect(found.nextCursor !== undefined).toBe(more)
    expect(civitai.requests.every(({ query }) => !query.has('page'))).toBe(true)
    expect(civitai.requests.length).toBe(Math.min(page, 3))
  })

  test('all of them, in order', async () => {
    expect(await allOf(client, 2)).toEqual(ids)
    expect(civitai.requests.map(({ query }) => query.get('cursor')?.split('|')[0])).toEqual([undefined, '2', '4'])
  })

  test('an image that comes again on the next page is given once', async () => {
    civitai.misbehave({ kind: 'odd', overlapping: true })
    const found = await allOf(client, 2)
    expect(found.toSorted()).toEqual(ids)
  })

  test('a cursor that comes again ends them', async () => {
    civitai.misbehave({ kind: 'odd', endless: true })
    expect(await allOf(client, 2)).toEqual(ids)
    expect(civitai.requests.length).toBeLessThan(6)
  })

  test('an unknown post is an empty page', async () => {
    expect(await client.fetchPostImages('404', { limit: 2, page: 1, signal })).toEqual({
      images: [],
      nextCursor: undefined,
    })
  })
})

describe('odd answers', () => {
  test('images of other posts are left out', async () => {
    civitai.misbehave({ kind: 'odd', foreign: true })
    expect(await allOf(client, 50)).toEqual(ids)
  })

  test('items that are no images are left out', async () => {
    civitai.misbehave({ kind: 'odd', junk: true })
    expect(await allOf(client, 50)).toEqual(ids)
  })

  test('previews become originals, nested meta flat, the internal spelling of stats is read', async () => {
    civitai.misbehave({ kind: 'odd', previews: true, nestedMeta: true, stats: 'all-time' })
    const { images } = await client.fetchPostImages('7001001', { limit: 1, page: 1, signal })
    expect(images[0]?.url).toContain('/original=true/')
    expect(images[0]).toMatchObject({ meta: { prompt: 'a harbor at dusk' }, stats: { like: 37, comment: 3 } })
  })

  test('what the site answers itself is read too', async () => {
    civitai.misbehave({ kind: 'odd', internal: true, stats: 'missing' })
    const { images } = await client.fetchPostImages('7001001', { limit: 1, page: 1, signal })
    expect(images[0]?.url).toStartWith('https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/')
    expect(images[0]).toMatchObject({ username: 'night_ferry', stats: { like: null } })
  })
})

describe('failures', () => {
  const page = () => client.fetchPostImages('7001001', { limit: 50, page: 1, signal })
  const html = '<!DOCTYPE html><html><body>Just a moment...</body></html>'
  const tooManyPages = JSON.stringify({ error: "You've requested too many pages, please use cursors instead" })

  test.each<[string, Misbehaviour, number]>([
    ['503 with Retry-After', { kind: 'fail', status: 503, headers: { 'retry-after': '2' }, times: 2 }, 3],
    ['429 without one', { kind: 'fail', status: 429, times: 1 }, 2],
    ['500', { kind: 'fail', status: 500, times: 3 }, 4],
    ['502 as a page', { kind: 'fail', status: 502, body: html, times: 1 }, 2],
    ['a body cut short', { kind: 'cut', times: 2 }, 3],
  ])('%s is asked again', async (_, how, requests) => {
    civitai.misbehave(how)
    expect(idsOf((await page()).images)).toEqual(ids)
    expect(civitai.requests.length).toBe(requests)
    expect(waits.length).toBe(requests - 1)
  })

  test('the server says how long to wait, else it doubles from a second', async () => {
    civitai.misbehave({ kind: 'fail', status: 503, headers: { 'retry-after': '2' }, times: 1 })
    await page()
    expect(waits).toEqual([2_000])
    waits = []
    civitai.misbehave({ kind: 'fail', status: 429, times: 3 })
    await page()
    for (const [attempt, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(500 * 2 ** attempt)
      expect(ms).toBeLessThanOrEqual(1_000 * 2 ** attempt)
    }
    expect(waits.length).toBe(3)
  })

  test.each<[string, Misbehaviour, number, object]>([
    [
      '429 for good',
      { kind: 'fail', status: 429, headers: { 'retry-after': '3' } },
      4,
      { code: 'rate_limited', retryAfterSeconds: 3 },
    ],
    ['503 for good', { kind: 'fail', status: 503 }, 4, { code: 'upstream_unavailable' }],
    [
      'a longer wait than anyone stays for',
      { kind: 'fail', status: 429, headers: { 'retry-after': '3600' } },
      1,
      { code: 'rate_limited', retryAfterSeconds: 3_600 },
    ],
    [
      'too many pages',
      { kind: 'fail', status: 429, body: tooManyPages },
      1,
      { code: 'upstream_unavailable', message: expect.stringContaining('too many pages') },
    ],
    [
      'HTML instead of JSON',
      { kind: 'body', body: html },
      1,
      { code: 'upstream_unavailable', message: expect.stringContaining('an HTML page instead of JSON') },
    ],
    [
      'no JSON',
      { kind: 'body', body: '{"items":[' },
      1,
      { code: 'upstream_unavailable', message: expect.stringContaining('something else instead of JSON') },
    ],
    [
      'JSON of another kind',
      { kind: 'body', body: '[]' },
      1,
      { code: 'upstream_unavailable', message: expect.stringContaining('no list of images') },
    ],
    [
      'a blocked region',
      { kind: 'fail', status: 451, body: '{"error":"Access …","code":"REGION_BLOCKED"}' },
      1,
      { code: 'forbidden', reason: 'region', message: expect.stringContaining('blocked in the region') },
    ],
    [
      'a login wall',
      { kind: 'fail', status: 403, body: html },
      1,
      { code: 'upstream_unavailable', message: expect.stringContaining('403 with an HTML page') },
    ],
    [
      'a refused request',
      { kind: 'fail', status: 400, body: '{"error":{"issues":[]}}' },
      1,
      { code: 'upstream_unavailable', message: expect.stringContaining('answered 400') },
    ],
    [
      'a login',
      { kind: 'fail', status: 401, body: '{"error":"Unauthorized"}' },
      1,
      { code: 'forbidden', reason: 'login', hint: expect.stringContaining('CIVITAI_TOKEN') },
    ],
    ['a body always cut short', { kind: 'cut' }, 4, { code: 'upstream_unavailable' }],
  ])('%s', async (_, how, requests, error) => {
    civitai.misbehave(how)
    expect(await rejection(page())).toMatchObject(error)
    expect(civitai.requests.length).toBe(requests)
  })

  test('an answer without end is not read without end', async () => {
    civitai.misbehave({ kind: 'huge' })
    const small = aClient({ maxAnswerBytes: 100_000 })
    const asked = small.fetchPostImages('7001001', { limit: 50, page: 1, signal })
    expect(await rejection(asked)).toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('too large'),
    })
    expect(civitai.requests.length).toBe(1)
  })

  test('a host that refuses connections', async () => {
    const nobody = aClient({ baseUrl: 'http://127.0.0.1:1' })
    const asked = nobody.fetchPostImages('1', { limit: 1, page: 1, signal })
    expect(await rejection(asked)).toMatchObject({ code: expect.stringMatching(/upstream_unavailable|forbidden/) })
  })

  test('a private host that nobody allowed is refused, once', async () => {
    const strict = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '1.2.3' })
    const asked = aClient({ fetch: strict }).fetchPostImages('1', { limit: 1, page: 1, signal })
    expect(await rejection(asked)).toMatchObject({ code: 'forbidden' })
    expect(waits).toEqual([])
  })

  test('cancelling ends the request and the wait between two', async () => {
    const during = new AbortController()
    civitai.misbehave({ kind: 'silent', onRequest: () => during.abort() })
    const asked = client.fetchPostImages('7001001', { limit: 50, page: 1, signal: during.signal })
    expect(await rejection(asked)).toMatchObject({ code: 'cancelled' })

    const between = new AbortController()
    civitai.misbehave({ kind: 'fail', status: 503 })
    const patient = createCivitaiClient({
      fetch,
      baseUrl: civitai.url,
      log: { ...silentLog, debug: () => queueMicrotask(() => between.abort()) },
    })
    const waiting = patient.fetchPostImages('7001001', { limit: 50, page: 1, signal: between.signal })
    expect(await rejection(waiting)).toMatchObject({ code: 'cancelled' })
  })
})

describe('the other host of the same site', () => {
  /** The two names of the site lead to the two servers here. */
  const toServers: GuardedFetch = (request) => {
    const url = new URL(request.url)
    const target = url.hostname === 'civitai.com' ? civitai : sibling
    return fetch({ ...request, url: `${target.url}${url.pathname}${url.search}`, hosts: 'any' })
  }
  const official = aClient({ fetch: toServers, baseUrl: 'https://civitai.com' })
  const [red, redder] = sibling.addPost('7001002', [{}, {}])

  test('is asked where the first has nothing, and goes on with the pages', async () => {
    const page = await official.fetchPostImages('7001002', { limit: 1, page: 2, token: 'secret-key', signal })
    expect(idsOf(page.images)).toEqual([String(redder?.id)])
    expect(civitai.requests.length).toBe(1)
    expect(sibling.requests.length).toBe(2)
    expect(red).toBeDefined()
  })

  test('never gets the token', async () => {
    await official.fetchPostImages('7001002', { limit: 1, page: 1, token: 'secret-key', signal })
    expect(civitai.requests[0]?.headers.authorization).toBe('Bearer secret-key')
    expect(sibling.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('is not asked where the first knows the post', async () => {
    expect(await allOf(official, 50)).toEqual(ids)
    expect(sibling.requests.length).toBe(0)
  })

  test('is asked once where the first answers 404', async () => {
    civitai.misbehave({ kind: 'fail', status: 404 })
    expect((await official.fetchPostImages('7001002', { limit: 5, page: 1, signal })).images.length).toBe(2)
    expect(await rejection(official.fetchPostImages('9', { limit: 5, page: 1, signal }))).toMatchObject({
      message: expect.stringContaining('answered 404'),
    })
  })

  test('its failure changes nothing', async () => {
    sibling.misbehave({ kind: 'fail', status: 451 })
    expect((await official.fetchPostImages('9', { limit: 5, page: 1, signal })).images).toEqual([])
  })

  test('does not exist for a mirror', async () => {
    expect((await client.fetchPostImages('7001002', { limit: 5, page: 1, signal })).images).toEqual([])
    expect(sibling.requests.length).toBe(0)
  })
})
