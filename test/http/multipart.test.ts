import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { boundaryOf, readParts } from '../../src/http/multipart.ts'
import { failureOf } from '../hash/outcome.ts'

interface Sent {
  readonly name: string
  readonly filename: string | undefined
  readonly content: string
}

/** In pieces of the given sizes, over and over. */
async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? bytes.length)
    // A copy of its own, as a socket gives.
    yield Uint8Array.from(bytes.subarray(at, at + size))
    at += size
  }
}

async function collect(body: string | Uint8Array, boundary: string, sizes: readonly number[] = []): Promise<Sent[]> {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  const parts: Sent[] = []
  for await (const part of readParts(inPieces(bytes, sizes), boundary)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of part.bytes) chunks.push(chunk)
    parts.push({ name: part.name, filename: part.filename, content: Buffer.concat(chunks).toString('latin1') })
  }
  return parts
}

const part = (head: string, content: string, boundary = 'B'): string =>
  `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`

describe('any pieces, any content', () => {
  test('what FormData writes is read back', async () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('\r\n', '--', '\r\n--', '\r\n--x', ''))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,9}$/), value, fc.boolean()), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        async (fields, sizes) => {
          const form = new FormData()
          for (const [name, content, isFile] of fields) {
            if (isFile) form.append(name, new File([content], 'a "quoted" name.png'))
            else form.append(name, content)
          }
          const request = new Request('http://x/', { method: 'POST', body: form })
          const boundary = boundaryOf(request.headers.get('content-type') ?? '')
          const body = new Uint8Array(await request.arrayBuffer())
          const sent = await collect(body, boundary, sizes)
          expect(sent).toEqual(await collect(body, boundary))
          const expected = fields.map(([name, content, isFile]) => ({
            name,
            filename: isFile ? 'a "quoted" name.png' : undefined,
            content: Buffer.from(content.toWellFormed()).toString('latin1'),
          }))
          expect(sent.map(({ name, filename }) => ({ name, filename }))).toEqual(
            expected.map(({ name, filename }) => ({ name, filename })),
          )
          // FormData turns lone line breaks of plain fields into CRLF.
          const plain = (text: string): string => text.replace(/\r\n|\r|\n/g, '\n')
          expect(sent.map(({ content }) => plain(content))).toEqual(expected.map(({ content }) => plain(content)))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any bytes end in parts or in invalid_input', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(fc.constantFrom('--B', '\r\n', '--', 'a', ': ', 'Content-Disposition: form-data; name="x"'))
        .map((all) => Uint8Array.from(Buffer.from(all.join('')))),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const outcome = await collect(body, 'B', [7]).then(
          () => 'parts',
          (error: { code?: string }) => error.code,
        )
        expect(['parts', 'invalid_input']).toContain(outcome ?? '')
      }),
      { numRuns: 500 },
    )
  })
})

describe('details', () => {
  test('text before the first and after the last boundary means nothing', async () => {
    const body = `preamble\r\n${part('name="a"', '1')}--B--\r\nepilogue --B`
    expect(await collect(body, 'B', [3])).toEqual([{ name: 'a', filename: undefined, content: '1' }])
  })

  test('a part that nobody reads does not get into the next', async () => {
    const body = `${part('name="file"; filename="x"', 'long '.repeat(1000))}${part('name="b"', '2')}--B--`
    const names: string[] = []
    for await (const { name, bytes } of readParts(inPieces(Buffer.from(body), [64]), 'B')) {
      names.push(name)
      if (name === 'file') for await (const _ of bytes) break
    }
    expect(names).toEqual(['file', 'b'])
  })

  test.each([
    ['name="a"; filename="C:\\\\x\\"y.png"', 'C:\\x"y.png'],
    ['name="a"; filename="a%22b%0D%0A.png"', 'a"b\r\n.png'],
    ['name=a; filename=plain.png', 'plain.png'],
    ['name="a"; filename=""', ''],
  ])('%s', async (head, filename) => {
    expect(await collect(`${part(head, '')}--B--`, 'B')).toMatchObject([{ name: 'a', filename }])
  })

  test.each([
    ['empty', ''],
    ['no boundary', 'hello'],
    ['cut in a part', '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nhel'],
    ['cut before the end', part('name="a"', '1')],
    ['no disposition', '--B\r\nContent-Type: text/plain\r\n\r\n1\r\n--B--'],
    ['no name', `${part('filename="x"', '1')}--B--`],
    ['a head without end', `--B\r\nX: ${'y'.repeat(20_000)}`],
    ['a longer boundary', '--BB\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--BB--'],
    ['parts without number', `${part('name="a"', '1').repeat(1001)}--B--`],
  ])('%s is invalid_input', async (_what, body) => {
    expect(await failureOf(collect(body, 'B'))).toEqual({
      code: 'invalid_input',
      message: 'The multipart body is broken or ends early',
    })
  })

  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data; charset=utf-8; boundary="a b:c"', 'a b:c'],
    ['Multipart/Form-Data; BOUNDARY=----WebKit123', '----WebKit123'],
  ])('boundary of %s', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary)
  })

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
  ])('no boundary in %s', (type) => {
    expect(() => boundaryOf(type)).toThrow('needs a boundary')
  })
})
