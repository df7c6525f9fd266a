import { afterEach, describe, expect, test } from 'bun:test'
import { silentLog } from '../../../src/lib/log.ts'
import { createUiRefresher, type UiRefresher } from '../../../src/models/fetch/refresh-uis.ts'
import type { ModelType } from '../../../src/models/model-file.ts'
import { createGuardedFetch } from '../../../src/net/fetch.ts'
import { createGuard } from '../../../src/net/guard.ts'
import { type Answer, ok, type RawRequest, type RawServer, startRawServer } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'

const never = new AbortController().signal
let server: RawServer
afterEach(() => server.close())

const usual = ({ path }: RawRequest): Answer => ok(path === '/API/GetNewSession' ? '{"session_id":"s1"}' : 'null')

interface Setup {
  readonly answer?: (request: RawRequest) => Answer
  readonly gather?: () => Promise<void>
  readonly uis?: readonly ('a1111' | 'swarm')[]
  readonly login?: string
}

async function start({ answer = usual, gather = async () => {}, uis = ['a1111', 'swarm'], login = '' }: Setup = {}) {
  server = await startRawServer(answer)
  const url = `http://${login}127.0.0.1:${server.port}/`
  return createUiRefresher({
    // Nothing private is allowed but what the settings name.
    fetch: createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' }),
    a1111Url: uis.includes('a1111') ? url : '',
    swarmUrl: uis.includes('swarm') ? url : '',
    log: silentLog,
    gather,
    timeoutMs: 200,
  })
}

const paths = (): string[] => server.requests.map(({ method, path }) => `${method} ${path}`).toSorted()

describe('A1111 is told by type', () => {
  test.each<[ModelType, string[]]>([
    ['checkpoint', ['POST /sdapi/v1/refresh-checkpoints']],
    ['diffusion_model', ['POST /sdapi/v1/refresh-checkpoints']],
    ['lora', ['POST /sdapi/v1/refresh-loras']],
    ['vae', ['POST /sdapi/v1/refresh-vae']],
    ['text_encoder', ['POST /sdapi/v1/refresh-vae']],
    ['embedding', ['POST /sdapi/v1/refresh-embeddings']],
    ['upscaler', []],
  ])('%s', async (type, expected) => {
    const refresher = await start({ uis: ['a1111'] })
    await refresher.refresh(type, never)
    expect(paths()).toEqual(expected)
  })

  test('with the login that its address holds, in a header alone', async () => {
    const refresher = await start({ uis: ['a1111'], login: 'me:p%40ss@' })
    await refresher.refresh('lora', never)
    expect(server.requests[0]?.headers['authorization']).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
    expect(server.requests[0]?.headers['host']).toBe(`127.0.0.1:${server.port}`)
  })
})

test('SwarmUI is told within a session', async () => {
  const refresher = await start({ uis: ['swarm'] })
  await refresher.refresh('upscaler', never)
  expect(paths()).toEqual(['POST /API/GetNewSession', 'POST /API/TriggerRefresh'])
  expect(JSON.parse(server.requests[1]?.body ?? '')).toEqual({ session_id: 's1', strong: true })
})

test('downloads that end together are told of once', async () => {
  let go = (): void => {}
  const gathered = new Promise<void>((resolve) => {
    go = resolve
  })
  const refresher = await start({ gather: () => gathered })
  const types: ModelType[] = ['lora', 'lora', 'vae', 'lora']
  const told = Promise.all(types.map((type) => refresher.refresh(type, never)))
  go()
  await told
  expect(paths()).toEqual([
    'POST /API/GetNewSession',
    'POST /API/TriggerRefresh',
    'POST /sdapi/v1/refresh-loras',
    'POST /sdapi/v1/refresh-vae',
  ])
  await refresher.refresh('lora', never)
  expect(paths()).toHaveLength(7)
})

describe('nothing that a UI does keeps a download from its end', () => {
  test.each<[string, (request: RawRequest) => Answer]>([
    ['refuses', () => 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n'],
    ['answers no JSON', () => ok('<html>')],
    ['gives no session', () => ok('{"error":"no"}')],
    ['redirects', () => 'HTTP/1.1 302 Found\r\nlocation: http://example.org/\r\ncontent-length: 0\r\n\r\n'],
    ['breaks off', () => (socket) => void socket.destroy()],
    ['is silent', () => () => {}],
  ])('one that %s', async (_, answer) => {
    const refresher: UiRefresher = await start({ answer })
    await refresher.refresh('lora', never)
    expect(server.requests.length).toBeGreaterThan(0)
  })

  test('one that is not there', async () => {
    const refresher = await start()
    await server.close()
    await refresher.refresh('lora', never)
  })
})

test('whoever has had enough does not wait', async () => {
  const refresher = await start({ gather: () => new Promise(() => {}) })
  const abort = new AbortController()
  const waiting = rejection(refresher.refresh('lora', abort.signal))
  abort.abort(new Error('enough'))
  expect(await waiting).toMatchObject({ message: 'enough' })
})

test('without addresses nobody is asked', async () => {
  const refresher = await start({ uis: [], gather: () => Promise.reject(new Error('nothing to gather for')) })
  await refresher.refresh('lora', never)
  expect(server.requests).toEqual([])
})
