import { afterEach, beforeEach, expect, test } from 'bun:test'
import * as v from 'valibot'
import { anOperation, startApp, type TestApp } from './test-app.ts'

const ETAG = '"abc,def"'
const TEXT = '{"exact": "text", "as":"it is"}'

let app: TestApp
beforeEach(async () => {
  app = await startApp({
    operations: [
      anOperation({
        name: 'get_thing',
        http: {
          method: 'get',
          path: '/v1/thing',
          representation: (output) => ('x' in output ? { text: TEXT, etag: ETAG } : undefined),
        },
        input: v.strictObject({ plain: v.optional(v.boolean(), false) }),
        run: async ({ plain }) => (plain ? { y: 1 } : { x: 1 }),
      }),
    ],
  })
})
afterEach(() => app[Symbol.asyncDispose]())

const get = (ifNoneMatch?: string, method = 'GET') =>
  app.fetch('/v1/thing', { method, headers: ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch } })

test('a result with a text of its own is sent as that, with its ETag', async () => {
  const response = await get()
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(TEXT)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    etag: ETAG,
    'content-type': 'application/json',
    'cache-control': 'private, no-cache',
    'x-content-type-options': 'nosniff',
  })
  expect(response.headers.get('x-request-id')).not.toBeNull()
})

test.each([ETAG, `W/${ETAG}`, `"old", ${ETAG}`, '*', ` ${ETAG} , "x"`])(
  'If-None-Match: %s saves the body',
  async (tags) => {
    const response = await get(tags)
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
    expect(response.headers.get('etag')).toBe(ETAG)
  },
)

test.each(['', '"abc"', '"abc, def"', 'abc,def', '"def"', 'W/*'])('If-None-Match: %s does not', async (tags) => {
  const response = await get(tags)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(TEXT)
})

test('HEAD tells the same', async () => {
  expect((await get(undefined, 'HEAD')).headers.get('etag')).toBe(ETAG)
  expect((await get(ETAG, 'HEAD')).status).toBe(304)
})

test('one without is answered as ever', async () => {
  const response = await app.fetch('/v1/thing?plain=true', { headers: { 'if-none-match': '*' } })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ y: 1 })
  expect(response.headers.get('etag')).toBeNull()
  expect(response.headers.get('cache-control')).toBe('no-store')
})
