import type { Socket } from 'node:net'
import { isAppError } from '../../src/errors.ts'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import type { Answer } from './raw-server.ts'
import { ok, pour } from './raw-server.ts'

/** What no upstream should answer, and some day one does. */

export const ODD_VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    '',
    'x',
    '1',
    '-1',
    '1e30',
    'NaN',
    0,
    -1,
    1.5,
    1e30,
    -1e30,
    2 ** 53,
    [],
    {},
    [[]],
    [null],
    [{}],
    { a: [] },
  ],
  ...[
    '../../etc/passwd',
    '..',
    '.',
    'a/../b',
    'C:\\x',
    'a\0b',
    'a\nb\r',
    '\u001b[31m',
    '\u202egnp.exe',
    '\ud800',
    '%',
    '%2e%2e',
  ],
  ...[
    'x'.repeat(100_000),
    'A'.repeat(64),
    'g'.repeat(64),
    'ab',
    EMPTY_SHA256,
    EMPTY_SHA256.toUpperCase(),
    '0'.repeat(64),
  ],
  ...[
    'javascript:alert(1)',
    'file:///etc/passwd',
    'http://169.254.169.254/latest',
    'https://u:p@x/?token=y',
    '//x',
    'http://',
  ],
  ...[
    '9999-99-99T99:99:99Z',
    '2026-01-01',
    '+275760-09-13T00:00:00.000Z',
    '{Sell}',
    '{',
    { length: 5 },
    { toString: 1 },
  ],
]

/** `value` with one of its fields, however deep, in place of which stands each odd value. */
export function* oddVariants(value: unknown, odd: readonly unknown[] = ODD_VALUES): Generator<unknown> {
  yield* odd
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const withInner = (one: unknown): unknown =>
      Array.isArray(value) ? value.map((each, at) => (String(at) === key ? one : each)) : { ...value, [key]: one }
    yield withInner(undefined)
    for (const one of oddVariants(inner, odd)) yield withInner(one)
  }
}

const NESTED = 200_000

export const json = (body: string): string => ok(body, { 'content-type': 'application/json' })

/** Whole answers; most are the same for every request. */
export const HOSTILE_ANSWERS: readonly (readonly [string, Answer])[] = [
  ['a page', ok('<!doctype html><html>Log in</html>', { 'content-type': 'text/html' })],
  ['a page as JSON', json('<html>')],
  ['nothing', json('')],
  ['half of it', json('{"items":[{"id":1')],
  ['lists in lists', json('['.repeat(NESTED) + ']'.repeat(NESTED))],
  ['objects in objects', json(`${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}`)],
  [
    'items in items',
    json(`{"items":${'['.repeat(NESTED)}${']'.repeat(NESTED)},"files":${'['.repeat(NESTED)}${']'.repeat(NESTED)}}`),
  ],
  [
    'an image with too much in it',
    json(`{"items":[{"id":1,"url":"https://x.test/1.jpeg","meta":{"a":${'['.repeat(NESTED)}${']'.repeat(NESTED)}}}]}`),
  ],
  ['a prototype', json('{"__proto__":{"items":[]},"constructor":5,"items":{"__proto__":[]},"id":1}')],
  ['a number without end', json(`{"id":${'9'.repeat(100_000)},"size":-1e999}`)],
  ['bytes', ok('\u00ff\u00fe\u0000\u0001', { 'content-type': 'application/json' })],
  ['compressed nonsense', 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello'],
  ['no HTTP', 'hello\r\n\r\n'],
  ['no status', 'HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n'],
  ['another length', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}'],
  ['nothing at all', ''],
  ['a redirect to itself', 'HTTP/1.1 302 X\r\nlocation: ?\r\ncontent-length: 0\r\n\r\n'],
  ['a redirect to nowhere', 'HTTP/1.1 302 X\r\nlocation: http://\r\ncontent-length: 0\r\n\r\n'],
  ['a redirect to a file', 'HTTP/1.1 307 X\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n'],
  ['a redirect inwards', 'HTTP/1.1 307 X\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n'],
  ['a redirect without a place', 'HTTP/1.1 301 X\r\ncontent-length: 0\r\n\r\n'],
  ['a redirect of bytes', 'HTTP/1.1 302 X\r\nlocation: \u00ff\u00fe%zz\ud800\r\ncontent-length: 0\r\n\r\n'],
  ...[400, 401, 403, 404, 410, 418, 429, 451, 500, 503].map(
    (status) =>
      [
        `${status} with odd words`,
        `HTTP/1.1 ${status} X\r\nretry-after: 99999999999999\r\nx-error-code: \u00ff\u00fe\r\nx-error-message: ${'x '.repeat(5_000)}\r\nratelimit: "a";r=0;t=${'9'.repeat(30)}\r\n\r\n{"error":{"message":"${'x'.repeat(50_000)}"},"message":["\\ud800"],"code":5,"deadline":"x"}`,
      ] as const,
  ),
  ['a body without end', (socket: Socket) => pourJson(socket)],
]

function pourJson(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[')
  pour(socket, Buffer.alloc(1 << 20, '0,'))
}

/** Why a call ended badly; undefined where it ended as all calls may: with an answer, or with an AppError of ours. */
export async function badEnd(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    // Whoever asked stores or sends it.
    JSON.stringify((await ask()) ?? null)
    return undefined
  } catch (error) {
    if (!isAppError(error)) return `threw ${String(error).slice(0, 300)}`
    const { code, message, hint = '' } = error
    if (code === 'internal') return `internal: ${message.slice(0, 300)}`
    if (message.length > 1_500) return `a message of ${message.length} characters`
    return /[\p{Cc}\u202e]/u.test(message + hint) ? `a message of several lines: ${JSON.stringify(message)}` : undefined
  }
}
