import { afterAll, expect, test } from 'bun:test'
import { createHuggingFace } from '../../src/huggingface/client.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { redirect, startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'
import { LEAF, TEST_CA } from '../support/tls-identity.ts'

const plain = await startRawServer(() => 'HTTP/1.1 200 OK\r\n\r\n')
let location = ''
const hub = await startRawServer(() => redirect(location), { tls: LEAF })
afterAll(() => Promise.all([plain.close(), hub.close()]))

const guard = createGuard({
  allowPrivate: ['127.0.0.0/8'],
  log: silentLog,
  lookup: async () => [{ address: '127.0.0.1', family: 4 }],
})
const fetch = createGuardedFetch({ guard, version: '1.2.3', ca: TEST_CA })
const client = createHuggingFace({ fetch, log: silentLog, baseUrl: `https://secure.test:${hub.port}` })
const where = { repo: 'acme/harbor', revision: 'main', path: 'a.pt' }
const { signal } = new AbortController()

test('what began with https is not carried on without it', async () => {
  location = `http://storage.test:${plain.port}/a.pt?Signature=SECRET`
  const error = await rejection(client.getFile(where, { signal, token: 'hf_x' }))
  expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('leads away from https') })
  expect(String(error)).not.toContain('SECRET')
  expect(plain.requests).toEqual([])
})

test('another host is neither asked nor shown the key', async () => {
  location = `https://other.test:${hub.port}/a.pt?Signature=1`
  const before = hub.requests.length
  const file = await client.getFile(where, { signal, token: 'hf_x' })
  expect(file).toMatchObject({ address: location, headers: {}, hosts: 'any' })
  expect(hub.requests).toHaveLength(before + 1)
})

test('not even for a list does the key go elsewhere', async () => {
  location = `https://other.test:${plain.port}/api`
  expect(await rejection(client.listFiles(where, { signal, token: 'hf_x' }))).toMatchObject({ code: 'forbidden' })
  expect(plain.connections()).toBe(0)
})
