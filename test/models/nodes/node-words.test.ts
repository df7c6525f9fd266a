import { afterEach, expect, test } from 'bun:test'
import type { AppError } from '../../../src/errors.ts'
import { probeFile } from '../../../src/models/nodes/node-file.ts'
import type { PeerNode } from '../../../src/models/nodes/peer-list.ts'
import { fakeFetch } from '../../support/civitai-client.ts'
import { type RawServer, startRawServer } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'

let server: RawServer | undefined
afterEach(() => server?.close())

async function refusalFor(status: string, body: string, headers = ''): Promise<AppError> {
  server = await startRawServer(
    () => `HTTP/1.1 ${status}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  const node: PeerNode = {
    name: 'box',
    url: `http://127.0.0.1:${server.port}`,
    dialect: 'airkeep',
    publicKey: undefined,
    identity: 'box',
    token: async () => undefined,
    pin: undefined,
  }
  const { signal } = new AbortController()
  const asked = probeFile({ fetch: fakeFetch, node }, { dialect: 'airkeep', path: '/x', range: 'bytes=0-0', signal })
  return (await rejection(asked)) as AppError
}

test.each([
  ['its own words', 'the disk is gone', 'the disk is gone'],
  ['no more than a line of them', `a\r\n\u001b[31mb\u202e${'c'.repeat(50_000)}`, `a b${'c'.repeat(197)}…`],
  [
    'nothing that opens something',
    'see https://u:p@x.test/?sig=abcdef1 Bearer abcdef123',
    'see https://x.test/ Bearer ***',
  ],
])('a node is quoted with %s', async (_, detail, quoted) => {
  const { message } = await refusalFor('500 No', JSON.stringify({ detail }))
  expect(message).toBe(`Cannot fetch from box: it answers HTTP 500: ${quoted}`)
})

test.each([['{"detail":{"a":1}}'], ['<html>'], ['['.repeat(50_000)], ['"x'], ['{"detail":""}']])(
  'a node that says nothing is not quoted: %s',
  async (body) => {
    expect((await refusalFor('500 No', body)).message).toBe('Cannot fetch from box: it answers HTTP 500')
  },
)

test.each([
  ['7', 7],
  ['-5', undefined],
  ['1e9', undefined],
  ['999999999', 86_400],
])('a wait of %s', async (seconds, expected) => {
  const { code, retryAfterSeconds } = await refusalFor('429 No', '', `retry-after: ${seconds}\r\n`)
  expect(code).toBe('rate_limited')
  expect(retryAfterSeconds).toBe(expected as number)
})
