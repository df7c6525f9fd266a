import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import type { Upload } from '../../src/operation/operation.ts'
import { anOperation, startApp, type TestApp } from './test-app.ts'

const seen: { upload: Upload | undefined; content?: string; mode?: number }[] = []

const operations = [
  anOperation({
    name: 'import_thing',
    http: { method: 'post', path: '/v1/import', status: 202, upload: 'file' },
    permission: 'models:download',
    effect: 'write',
    input: v.strictObject({
      format: v.optional(v.string()),
      dry: v.optional(v.boolean()),
      limit: v.optional(v.number()),
      names: v.optional(v.array(v.string())),
      payload: v.optional(v.union([v.string(), v.record(v.string(), v.unknown())])),
      how: v.optional(v.string()),
    }),
    async run(input, { upload }) {
      if (upload !== undefined) {
        const { size, mode } = statSync(upload.path)
        const content = size < 10_000 ? await readFile(upload.path, 'latin1') : `${size} bytes`
        seen.push({ upload, content, mode: mode & 0o777 })
        if (input.how === 'keep') renameSync(upload.path, `${upload.path}.kept`)
      } else seen.push({ upload })
      if (input.how === 'fail') throw new AppError('invalid_input', 'no')
      return input
    },
  }),
]

let t: TestApp
beforeAll(async () => {
  t = await startApp({ operations, settings: { body_limit: 10_000 } })
})
afterAll(() => t[Symbol.asyncDispose]())

const left = (): string[] => (existsSync(t.uploadsDir) ? readdirSync(t.uploadsDir) : [])

async function post(form: FormData, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
  seen.length = 0
  const response = await t.fetch('/v1/import', { method: 'POST', body: form, headers })
  return { status: response.status, body: await response.json() }
}

function aForm(fields: Record<string, string | Blob | readonly string[]>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, one)
  }
  return form
}

test('a file lies on disk while the call lasts, beside fields of the types that the schema asks for', async () => {
  const form = aForm({
    format: 'auto',
    file: new File(['\0\r\n--bytes'], 'a picture.png'),
    dry: 'true',
    limit: '7',
    names: ['a,b', 'c'],
    payload: '{"a":1}',
  })
  expect(await post(form)).toEqual({
    status: 202,
    body: { format: 'auto', dry: true, limit: 7, names: ['a,b', 'c'], payload: '{"a":1}' },
  })
  expect(seen).toMatchObject([
    { upload: { filename: 'a picture.png', sizeBytes: 10 }, content: '\0\r\n--bytes', mode: 0o600 },
  ])
  expect(seen[0]?.upload?.path).toStartWith(join(t.uploadsDir, 'upload_'))
  expect(left()).toEqual([])
})

test('a file that the operation moved stays', async () => {
  expect((await post(aForm({ file: new File(['x'], 'x'), how: 'keep' }))).status).toBe(202)
  const [kept] = left()
  expect(kept).toMatch(/^upload_\w+\.kept$/)
  rmSync(join(t.uploadsDir, kept ?? ''))
})

describe('a name from outside is a label', () => {
  test.each([
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['/absolute', 'absolute'],
    ['..', 'upload'],
    ['.', 'upload'],
    ['a/', 'upload'],
    ['a\u0000b\u0007.png', 'ab.png'],
    ['ünï 図.png', 'ünï 図.png'],
    [`${'x'.repeat(300)}.png`, 'x'.repeat(255)],
  ])('%j is %j', async (name, label) => {
    const body = `--B\r\nContent-Disposition: form-data; name="file"; filename="${name.replaceAll('\\', '\\\\')}"\r\n\r\nx\r\n--B--`
    seen.length = 0
    const response = await t.fetch('/v1/import', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=B' },
      body,
    })
    expect(response.status).toBe(202)
    expect(seen[0]?.upload?.filename).toBe(label)
  })
})

describe('refused, and nothing stays', () => {
  const file = new File(['x'], 'x')
  test.each([
    ['a second file', aForm({ file: [file, file] as never }), 400, 'file may be given once'],
    ['a file under another name', aForm({ other: file }), 400, 'must come as the field file'],
    ['an unknown field', aForm({ file, unknown: '1' }), 400, 'unknown is not a field'],
    ['a wrong type', aForm({ file, limit: 'x' }), 400, 'limit must be'],
    ['a field twice', aForm({ file, format: ['a', 'b'] }), 400, 'format may be given once'],
    ['fields past the limit', aForm({ file, format: 'x'.repeat(10_001) }), 413, '10000 bytes'],
    ['many fields past the limit', aForm({ names: Array(20).fill('x'.repeat(600)), file }), 413, '10000 bytes'],
    ['what the operation refuses', aForm({ file, how: 'fail' }), 400, 'no'],
  ])('%s', async (_what, form, status, says) => {
    const answer = await post(form)
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body)).toContain(says)
    expect(left()).toEqual([])
  })

  test('text that is no UTF-8', async () => {
    const body = Buffer.from('--B\r\nContent-Disposition: form-data; name="format"\r\n\r\n\xff\r\n--B--', 'latin1')
    const response = await t.fetch('/v1/import', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=B' },
      body,
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('format must be UTF-8 text')
  })

  test('more than 64 GiB, by what is announced', async () => {
    const response = await t.fetch('/v1/import', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=B', 'content-length': String(2 ** 36 + 1) },
      body: '--B--',
    })
    expect(response.status).toBe(413)
  })

  test('from a caller who holds nothing in that area, before the body is read', async () => {
    await using own = await startApp({ operations })
    const answer = async (permission: 'track:read' | 'models:read' | 'models:download') => {
      const token = await own.token(permission.replace(':', '-'), permission)
      const body = new ReadableStream(
        {
          pull(controller) {
            pulled += 1
            controller.enqueue(Buffer.from('--B\r\nbroken\r\n\r\n'))
          },
        },
        { highWaterMark: 0 },
      )
      let pulled = 0
      const response = await own.fetch('/v1/import', {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=B', authorization: `Bearer ${token}` },
        body,
      })
      return [response.status, pulled > 0]
    }
    expect(await answer('track:read')).toEqual([403, false])
    // Which permission is needed may depend on the fields: these are read.
    expect(await answer('models:read')).toEqual([400, true])
    expect(await answer('models:download')).toEqual([400, true])
  })
})

describe('over a connection', () => {
  test('a large file passes in pieces', async () => {
    const { url } = await t.listen()
    seen.length = 0
    const piece = new Uint8Array(1 << 20).fill(7)
    const head = Buffer.from('--B\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n')
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent === 0) controller.enqueue(head)
        if (sent++ < 48) controller.enqueue(piece)
        else {
          controller.enqueue(Buffer.from('\r\n--B--\r\n'))
          controller.close()
        }
      },
    })
    const response = await fetch(`${url}/v1/import`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=B' },
      body,
    })
    expect(response.status).toBe(202)
    expect(seen).toMatchObject([{ content: `${48 << 20} bytes` }])
    expect(left()).toEqual([])
  })

  test.each([
    ['with its length', (made: Response) => made.arrayBuffer()],
    ['in pieces, without a length', async (made: Response) => made.body],
  ])('a large file that is refused at its beginning gets the answer, %s', async (_what, toBody) => {
    const { url } = await t.listen()
    const made = new Response(aForm({ other: new File([new Uint8Array(24 << 20)], 'big') }))
    const headers = { 'content-type': made.headers.get('content-type') ?? '' }
    const response = await fetch(`${url}/v1/import`, { method: 'POST', body: await toBody(made), headers })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('must come as the field file')
    expect(left()).toEqual([])
  })

  test('a sender that goes away in the middle leaves nothing', async () => {
    const { port } = await t.listen()
    const lines = t.log.length
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(
      'POST /v1/import HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 1000000\r\n\r\n--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n',
    )
    socket.write('x'.repeat(100_000))
    while (left().length === 0) await new Promise((go) => setImmediate(go))
    socket.destroy()
    while (t.log.length === lines) await new Promise((go) => setImmediate(go))
    expect(t.log.at(-1)).toMatchObject({ path: '/v1/import', status: 409 })
    expect(left()).toEqual([])
  })
})
