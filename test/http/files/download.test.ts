import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ServedModel } from '../../../src/http/files/model-source.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { runtimes } from '../runtimes.ts'
import type { World } from '../world.ts'
import { ask, type Reply } from './ask.ts'
import { sha256Of, someBytes, writeModel } from './model-on-disk.ts'

const digest = (bytes: Uint8Array): string => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

const SMALL = someBytes(1000)
/** More than is read before it is sent, and no multiple of anything. */
const LARGE = someBytes(9 * 2 ** 20 + 77, 2)
const CHUNK = 2 ** 20
const TENSOR = 'ab'.repeat(32)
const MODIFIED = 'Wed, 15 Jan 2025 10:00:00 GMT'
const EARLIER = 'Wed, 15 Jan 2025 09:59:59 GMT'
const LATER = 'Wed, 15 Jan 2025 10:00:01 GMT'

describe.each(runtimes())('model files from %s', (runtime, start) => {
  let dir: TempDir
  let t: World
  let port: number
  let small: ServedModel
  let large: ServedModel
  let empty: ServedModel
  let blocked: ServedModel

  beforeAll(async () => {
    const { utimesSync } = await import('node:fs')
    dir = tempDir()
    const modified = Date.parse(MODIFIED) / 1000
    const write = (name: string, bytes: Uint8Array, more: Partial<ServedModel> = {}): ServedModel => {
      const path = join(dir.path, name)
      writeModel(path, bytes)
      utimesSync(path, modified, modified)
      return { ...writeless(path, bytes), ...more }
    }
    const writeless = (path: string, bytes: Uint8Array): ServedModel => ({
      path,
      sizeBytes: bytes.byteLength,
      modifiedUs: modified * 1_000_000,
      sha256: sha256Of(bytes),
      filename: 'small.safetensors',
    })
    small = write('small', SMALL, { tensorSha256: TENSOR })
    large = write('large', LARGE, { filename: 'größe "1"/..\r\n.safetensors' })
    empty = write('empty', new Uint8Array())
    blocked = write('blocked', someBytes(10, 3))
    t = await start({
      files: { models: [small, large, empty, blocked], chunkBytes: CHUNK, blocked: [blocked.sha256] },
    })
    port = (await t.listen()).port
  })
  afterAll(async () => {
    await t[Symbol.asyncDispose]()
    dir[Symbol.dispose]()
  })

  const download = (model: ServedModel, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> =>
    ask(port, `/v1/models/download?hash=${model.sha256}`, { method, headers })

  test('whole, with everything that is known of them', async () => {
    const reply = await download(small)
    expect(reply.status).toBe(200)
    expect(reply.headers).toMatchObject({
      'content-length': '1000',
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="small.safetensors"',
      'accept-ranges': 'bytes',
      etag: `"${small.sha256}"`,
      'last-modified': MODIFIED,
      'repr-digest': digest(SMALL),
      'content-digest': digest(SMALL),
      'x-model-sha256': small.sha256,
      'x-model-tensor-sha256': TENSOR,
      'cache-control': 'private, no-transform',
      'x-content-type-options': 'nosniff',
    })
    expect(reply.headers).not.toHaveProperty('content-range')
    expect(reply.body.equals(SMALL)).toBe(true)
  })

  test('that are large, with their length and under a name that can do no harm', async () => {
    const reply = await download(large)
    expect([reply.status, reply.headers['content-length'], reply.complete]).toEqual([200, String(LARGE.length), true])
    expect(reply.headers['content-disposition']).toBe(
      `attachment; filename="gr__e _1__..__.safetensors"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22_..__.safetensors`,
    )
    expect(reply.headers['content-digest']).toBe(digest(LARGE))
    expect(reply.body.equals(LARGE)).toBe(true)
  })

  test('that are empty', async () => {
    const reply = await download(empty)
    expect([reply.status, reply.headers['content-length'], reply.body.length]).toEqual([200, '0', 0])
    expect((await download(empty, { range: 'bytes=0-' })).headers['content-range']).toBe('bytes */0')
  })

  test.each([
    ['its SHA-256 in capitals', () => small.sha256.toUpperCase()],
    ['0x before it', () => `0x${small.sha256}`],
    ['sha256: before it', () => `sha256:${small.sha256}`],
    ['the digest of its tensors', () => TENSOR],
    ['that as SwarmUI writes it', () => `0x${TENSOR}`],
  ])('by %s', async (_what, hash) => {
    const { status, headers } = await ask(port, `/v1/models/download?hash=${hash()}`)
    expect([status, headers.etag]).toEqual([200, `"${small.sha256}"`])
  })

  test.each([
    ['no hash', '', 400, 'invalid_input'],
    ['an empty hash', '?hash=', 400, 'invalid_input'],
    ['two of them', `?hash=${TENSOR}&hash=${TENSOR}`, 400, 'invalid_input'],
    ['a short one', '?hash=abcdef', 400, 'invalid_input'],
    ['no hex', `?hash=${'g'.repeat(64)}`, 400, 'invalid_input'],
    ['an unknown one', `?hash=${'0'.repeat(64)}`, 404, 'not_found'],
  ])('refused: %s', async (_what, query, status, code) => {
    const reply = await ask(port, `/v1/models/download${query}`)
    expect(reply.headers['content-type']).toBe('application/problem+json')
    expect([reply.status, JSON.parse(reply.body.toString()).code]).toEqual([status, code])
  })

  test('refused where a licence forbids it, and for other methods', async () => {
    expect((await download(blocked)).status).toBe(451)
    const posted = await download(small, { 'content-length': '0' }, 'POST')
    expect([posted.status, posted.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  test('for those who hold models:serve', async () => {
    await using t = await start({ files: { models: [small] } })
    const { port } = await t.listen()
    const paths = ['download?hash=', 'chunks/', 'chunks/'].map(
      (path, at) => `/v1/models/${path}${small.sha256}${at === 2 ? '/0' : ''}`,
    )
    const statuses = async (token: string): Promise<number[]> =>
      Promise.all(
        paths.map(async (path) => (await ask(port, path, { headers: { authorization: `Bearer ${token}` } })).status),
      )
    const allowed = await t.token('serve', 'models:serve')
    expect(await statuses(allowed)).toEqual([200, 200, 200])
    expect(await statuses(await t.token('admin', 'admin'))).toEqual([200, 200, 200])
    expect(await statuses(await t.token('read', 'models:read', 'models:download'))).toEqual([403, 403, 403])
    expect(await statuses('airkeep_none')).toEqual([401, 401, 401])
    const conditional = { authorization: `Bearer ${await t.token('other', 'track:read')}`, 'if-none-match': '*' }
    expect((await ask(port, paths[0] ?? '', { headers: conditional })).status).toBe(403)
  })

  describe('in ranges', () => {
    const size = LARGE.length
    test.each([
      ['bytes=0-0', 0, 0],
      ['bytes=0-99', 0, 99],
      ['BYTES=5-9', 5, 9],
      ['bytes= 5-9 ', 5, 9],
      ['bytes=,5-9,', 5, 9],
      ['bytes=5-', 5, size - 1],
      ['bytes=0-', 0, size - 1],
      ['bytes=-1', size - 1, size - 1],
      ['bytes=-6000000', size - 6_000_000, size - 1],
      [`bytes=-${size}`, 0, size - 1],
      ['bytes=-99999999999999999999', 0, size - 1],
      ['bytes=1048577-7340033', 1_048_577, 7_340_033],
      [`bytes=${size - 10}-99999999999999999999`, size - 10, size - 1],
      ['bytes=0005-0009', 5, 9],
    ])('%s', async (range, first, last) => {
      const reply = await download(large, { range })
      expect([reply.status, reply.headers['content-range'], reply.headers['content-length'], reply.complete]).toEqual([
        206,
        `bytes ${first}-${last}/${size}`,
        String(last - first + 1),
        true,
      ])
      expect(reply.body.equals(LARGE.subarray(first, last + 1))).toBe(true)
      expect(reply.headers['repr-digest']).toBe(digest(LARGE))
      expect(reply.headers).not.toHaveProperty('content-digest')
    })

    test.each(['bytes=9437261-', 'bytes=99999999999999999999-', 'bytes=-0', 'bytes=99999999-99999999'])(
      '%s lies outside',
      async (range) => {
        const reply = await download(large, { range })
        expect([reply.status, reply.headers['content-range']]).toEqual([416, `bytes */${size}`])
        expect(JSON.parse(reply.body.toString())).toMatchObject({ status: 416, code: 'invalid_input' })
      },
    )

    test.each(['bytes=0-0,2-3', 'bytes=0-1, -1', 'bytes=5-,0-3', 'bytes=0-0,0-0'])(
      '%s are several, which are refused',
      async (range) => {
        const reply = await download(large, { range })
        expect([reply.status, reply.headers['content-range']]).toEqual([416, `bytes */${size}`])
        expect(reply.body.toString()).toContain('One range is sent at a time')
      },
    )

    test.each([
      'bytes=5-2',
      'bytes=-',
      'bytes=',
      'bytes=a-b',
      'bytes 0-5',
      'bytes=0-5x',
      'lines=0-5',
      'bytes=0-5,a',
      '0-5',
    ])('%s is ignored', async (range) => {
      const reply = await download(small, { range })
      expect([reply.status, reply.headers['content-length']]).toEqual([200, '1000'])
      expect(reply.body.equals(SMALL)).toBe(true)
    })

    test('that are one chunk, with its digest where that is known', async () => {
      const list = await ask(port, `/v1/models/chunks/${large.sha256}`)
      const { hashes } = JSON.parse(list.body.toString())
      const chunk = LARGE.subarray(CHUNK, 2 * CHUNK)
      expect(hashes[1]).toBe(sha256Of(chunk))
      const digests = async (range: string): Promise<string | undefined> =>
        (await download(large, { range })).headers['content-digest']
      expect(await digests(`bytes=${CHUNK}-${2 * CHUNK - 1}`)).toBe(digest(chunk))
      expect(await digests(`bytes=${9 * CHUNK}-`)).toBe(digest(LARGE.subarray(9 * CHUNK)))
      expect(await digests(`bytes=${CHUNK}-${2 * CHUNK}`)).toBeUndefined()
      expect(await digests(`bytes=${CHUNK + 1}-${2 * CHUNK}`)).toBeUndefined()
    })
  })

  describe('on conditions', () => {
    const etag = () => `"${small.sha256}"`
    const other = '"0000"'
    test.each([
      ['If-None-Match', () => ({ 'if-none-match': etag() }), 304],
      ['If-None-Match, weak', () => ({ 'if-none-match': `W/${etag()}` }), 304],
      ['If-None-Match, one of several', () => ({ 'if-none-match': `${other}, ${etag()}` }), 304],
      ['If-None-Match: *', () => ({ 'if-none-match': '*' }), 304],
      ['If-None-Match of another', () => ({ 'if-none-match': other }), 200],
      [
        'If-None-Match of another, before If-Modified-Since',
        () => ({ 'if-none-match': other, 'if-modified-since': LATER }),
        200,
      ],
      ['If-Modified-Since the same', () => ({ 'if-modified-since': MODIFIED }), 304],
      ['If-Modified-Since later', () => ({ 'if-modified-since': LATER }), 304],
      ['If-Modified-Since earlier', () => ({ 'if-modified-since': EARLIER }), 200],
      [
        'If-Modified-Since in the form of RFC 850',
        () => ({ 'if-modified-since': 'Wednesday, 15-Jan-25 10:00:00 GMT' }),
        304,
      ],
      ['If-Modified-Since in the form of asctime', () => ({ 'if-modified-since': 'Wed Jan 15 10:00:00 2025' }), 304],
      ['If-Modified-Since no date', () => ({ 'if-modified-since': '2099-01-01' }), 200],
      ['If-Match', () => ({ 'if-match': etag() }), 200],
      ['If-Match: *', () => ({ 'if-match': '*' }), 200],
      ['If-Match, weak', () => ({ 'if-match': `W/${etag()}` }), 412],
      ['If-Match of another', () => ({ 'if-match': other }), 412],
      ['If-Match of another, before If-None-Match', () => ({ 'if-match': other, 'if-none-match': etag() }), 412],
      ['If-Match, then If-None-Match', () => ({ 'if-match': etag(), 'if-none-match': etag() }), 304],
      ['If-Match, before If-Unmodified-Since', () => ({ 'if-match': etag(), 'if-unmodified-since': EARLIER }), 200],
      ['If-Unmodified-Since the same', () => ({ 'if-unmodified-since': MODIFIED }), 200],
      ['If-Unmodified-Since earlier', () => ({ 'if-unmodified-since': EARLIER }), 412],
      ['If-None-Match, before Range', () => ({ 'if-none-match': etag(), range: 'bytes=0-9' }), 304],
      ['If-Match of another, before Range', () => ({ 'if-match': other, range: 'bytes=99999-' }), 412],
      ['If-Range', () => ({ 'if-range': etag(), range: 'bytes=0-9' }), 206],
      ['If-Range, weak', () => ({ 'if-range': `W/${etag()}`, range: 'bytes=0-9' }), 200],
      ['If-Range of another', () => ({ 'if-range': other, range: 'bytes=0-9' }), 200],
      ['If-Range of another, before a range outside', () => ({ 'if-range': other, range: 'bytes=99999-' }), 200],
      ['If-Range the date', () => ({ 'if-range': MODIFIED, range: 'bytes=0-9' }), 206],
      ['If-Range a later date', () => ({ 'if-range': LATER, range: 'bytes=0-9' }), 200],
      ['If-Range nothing that it could be', () => ({ 'if-range': 'x', range: 'bytes=0-9' }), 200],
      ['If-Range without Range', () => ({ 'if-range': other }), 200],
    ] as const)('%s', async (_what, headers, status) => {
      const reply = await download(small, headers())
      expect(reply.status).toBe(status)
      expect(reply.headers.etag).toBe(etag())
      expect(reply.complete).toBe(true)
      if (status === 200) expect(reply.body.equals(SMALL)).toBe(true)
      if (status === 206) expect(reply.body.equals(SMALL.subarray(0, 10))).toBe(true)
      if (status === 304) expect(reply.body.length).toBe(0)
      if (status === 412)
        expect(JSON.parse(reply.body.toString())).toMatchObject({ status: 412, code: 'invalid_input' })
    })

    test('a large file whole, where If-Range names another', async () => {
      const reply = await download(large, { 'if-range': other, range: 'bytes=0-9' })
      expect([reply.status, reply.headers['content-range'], reply.complete]).toEqual([200, undefined, true])
      expect(reply.body.equals(LARGE)).toBe(true)
    })
  })

  test('HEAD: what GET would say, without the bytes', async () => {
    for (const model of [small, large]) {
      const head = await download(model, {}, 'HEAD')
      const { headers } = await download(model)
      const { date: _date, connection: _connection, 'x-request-id': _id, ...said } = headers
      expect(head.headers).toMatchObject(said)
      expect(head.body.length).toBe(0)
    }
    expect((await download(large, { range: 'bytes=0-9' }, 'HEAD')).headers['content-length']).toBe(String(LARGE.length))
    expect((await download(small, { 'if-none-match': '*' }, 'HEAD')).status).toBe(304)
    expect((await ask(port, '/v1/models/download?hash=1', { method: 'HEAD' })).status).toBe(400)
  })

  describe('in chunks', () => {
    const path = (index: number | string): string => `/v1/models/chunks/${large.sha256}/${index}`

    test('that are listed', async () => {
      const reply = await ask(port, `/v1/models/chunks/0x${large.sha256}`)
      const list = JSON.parse(reply.body.toString())
      expect(list).toMatchObject({ sha256: large.sha256, size_bytes: LARGE.length, chunk_bytes: CHUNK, count: 10 })
      expect(list.hashes).toHaveLength(10)
    })

    test.each([0, 4, 9])('number %d', async (index) => {
      const bytes = LARGE.subarray(index * CHUNK, (index + 1) * CHUNK)
      const reply = await ask(port, path(index))
      expect(reply.headers).toMatchObject({
        'content-length': String(bytes.length),
        etag: `"${sha256Of(bytes)}"`,
        'content-digest': digest(bytes),
        'x-chunk-sha256': sha256Of(bytes),
        'x-chunk-count': '10',
        'x-model-sha256': large.sha256,
      })
      expect(reply.body.equals(bytes)).toBe(true)
      const head = await ask(port, path(index), { method: 'HEAD' })
      expect([head.headers['content-length'], head.body.length]).toEqual([String(bytes.length), 0])
      const part = await ask(port, path(index), { headers: { range: 'bytes=-5' } })
      expect([part.status, part.body]).toEqual([206, bytes.subarray(-5)])
      const again = await ask(port, path(index), { headers: { 'if-none-match': `"${sha256Of(bytes)}"` } })
      expect(again.status).toBe(304)
    })

    test.each([
      ['10', 404],
      ['999999999', 404],
      ['-1', 400],
      ['01', 400],
      ['1e3', 400],
      ['x', 400],
    ])('%s: %d', async (index, status) => {
      expect((await ask(port, path(index))).status).toBe(status)
    })
  })

  test(`count among what ${runtime} has open while they are sent`, async () => {
    expect(await t.metrics.text()).toContain('airkeep_http_file_transfers_open ')
  })
})
