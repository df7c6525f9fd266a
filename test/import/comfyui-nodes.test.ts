import { afterEach, describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { type ComfyNodesDeps, createComfyNodes } from '../../src/import/comfyui-nodes.ts'
import { type NodeCatalogData, readObjectInfo } from '../../src/import/parse/comfyui/object-info.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import {
  type Answer,
  ok,
  pour,
  type RawRequest,
  type RawServer,
  redirect,
  startRawServer,
} from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'

const servers: RawServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const INFO = JSON.stringify({ VAELoader: { input: { required: { vae_name: [['v.pt']] } } } })
const NODES: NodeCatalogData = { classes: { VAELoader: { widgets: ['vae_name'], models: { vae_name: 'vae' } } } }
const UNKNOWN = { place: 'comfyui:object_info', reason: 'ComfyUI could not be asked; its nodes are not known' }
const SECOND = 1000

/** A ComfyUI that answers as told, and who asks it; nothing but the request itself may allow its private address. */
async function start(answer: (request: RawRequest) => Answer, over: Partial<ComfyNodesDeps> = {}) {
  const server = await startRawServer(answer)
  servers.push(server)
  const clock = { at: 0, now: () => clock.at }
  const warnings: string[] = []
  const nodes = createComfyNodes({
    fetch: createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '1.2.3' }),
    url: `http://127.0.0.1:${server.port}`,
    log: { ...silentLog, warn: (_, message) => warnings.push(message) },
    clock,
    parse: async (text) => readObjectInfo(text),
    ...over,
  })
  return { nodes, server, clock, warnings, get: () => nodes.get(new AbortController().signal) }
}

const json = (body: string): string => ok(body, { 'content-type': 'application/json' })

test('the nodes of a ComfyUI are asked for once in five minutes', async () => {
  const { server, clock, nodes, get, warnings } = await start(() => json(INFO))
  expect(await get()).toEqual(NODES)
  clock.at = 300 * SECOND - 1
  expect(await get()).toEqual(NODES)
  expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /object_info'])
  clock.at += 1
  expect(await get()).toEqual(NODES)
  expect(server.requests).toHaveLength(2)
  expect(nodes.warning()).toBeUndefined()
  expect(warnings).toEqual([])
})

test('all who ask at the same time wait for one request', async () => {
  const { server, get } = await start(() => json(INFO))
  expect(await Promise.all([get(), get(), get()])).toEqual([NODES, NODES, NODES])
  expect(server.requests).toHaveLength(1)
})

test.each(['/', '//', '/comfy', '/comfy/'])('an address that ends with %s', async (end) => {
  const paths: string[] = []
  const { server } = await start(({ path }) => {
    paths.push(path)
    return json(INFO)
  })
  const other = await start(() => json(INFO), { url: `http://127.0.0.1:${server.port}${end}` })
  expect(await other.get()).toEqual(NODES)
  expect(paths).toEqual([`${end.replace(/\/+$/, '')}/object_info`])
})

test('without an address nothing is asked and nothing said', async () => {
  const { nodes, get, server } = await start(() => json(INFO), { url: '' })
  expect(await get()).toBeUndefined()
  expect(nodes.warning()).toBeUndefined()
  expect(server.connections()).toBe(0)
})

test('a compressed answer is read', async () => {
  const packed = gzipSync(INFO)
  const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`
  const { get } = await start(() => Buffer.concat([Buffer.from(head), packed]))
  expect(await get()).toEqual(NODES)
})

const bomb = gzipSync(Buffer.alloc(8 * 2 ** 20, ' '))

describe('a ComfyUI that misbehaves is no reason to fail', () => {
  const slow = { timeLimitMs: 30 }
  const small = { maxBytes: 1000 }
  test.each<[string, (request: RawRequest) => Answer, Partial<ComfyNodesDeps>]>([
    ['an error of the server', () => 'HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno', {}],
    ['a page', () => ok('<!doctype html><title>x</title>', { 'content-type': 'text/html' }), {}],
    ['half an answer', () => json(INFO).slice(0, -5), {}],
    ['a list', () => json('[]'), {}],
    ['no HTTP', () => 'boo', {}],
    ['nothing', () => '', {}],
    ['silence', () => () => {}, slow],
    [
      'an answer that never ends',
      () => (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
      slow,
    ],
    ['a large answer', () => json(INFO + ' '.repeat(1000)), small],
    [
      'an answer without a length that goes on',
      () => (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        pour(socket, Buffer.alloc(65_536, ' '))
      },
      small,
    ],
    [
      'an answer that inflates',
      () =>
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`),
          bomb,
        ]),
      { maxBytes: 2 ** 20 },
    ],
    ['a redirect to another host', () => redirect('http://localhost:1/object_info'), {}],
    ['a circle of redirects', () => redirect('/object_info'), {}],
    ['no address at all', () => json(INFO), { url: 'not an address' }],
    ['an address of another kind', () => json(INFO), { url: 'file:///etc' }],
    ['nobody there', () => json(INFO), { url: 'http://127.0.0.1:9' }],
    ['what parses nothing', () => json(INFO), { parse: () => Promise.reject(new Error('no thread')) }],
  ])('%s', async (_, answer, over) => {
    const { nodes, get, warnings } = await start(answer, over)
    expect(await get()).toBeUndefined()
    expect(nodes.warning()).toEqual(UNKNOWN)
    expect(warnings).toEqual(['ComfyUI did not say which nodes it has'])
  })

  test('it is asked again after half a minute, not before', async () => {
    let works = false
    const { nodes, server, clock, get } = await start(() => (works ? json(INFO) : 'HTTP/1.1 503 No\r\n\r\n'))
    expect(await get()).toBeUndefined()
    works = true
    clock.at = 30 * SECOND - 1
    expect(await get()).toBeUndefined()
    expect(nodes.warning()).toEqual(UNKNOWN)
    expect(server.requests).toHaveLength(1)
    clock.at += 1
    expect(await get()).toEqual(NODES)
    expect(nodes.warning()).toBeUndefined()
  })

  test('what it said before is used on', async () => {
    let works = true
    const { nodes, clock, get } = await start(() => (works ? json(INFO) : 'HTTP/1.1 503 No\r\n\r\n'))
    expect(await get()).toEqual(NODES)
    works = false
    clock.at = 300 * SECOND
    expect(await get()).toEqual(NODES)
    expect(nodes.warning()?.reason).toBe('ComfyUI could not be asked; its nodes are taken to be as they were before')
  })
})

describe('who cancels', () => {
  test('stops waiting, and the others go on', async () => {
    let finish: (() => void) | undefined
    const asked = Promise.withResolvers<void>()
    const { nodes, server } = await start(() => (socket) => {
      finish = () => socket.end(json(INFO))
      asked.resolve()
    })
    const controller = new AbortController()
    const left = rejection(nodes.get(controller.signal))
    const stays = nodes.get(new AbortController().signal)
    await asked.promise
    controller.abort(new Error('enough'))
    expect(await left).toMatchObject({ message: 'enough' })
    finish?.()
    expect(await stays).toEqual(NODES)
    expect(server.requests).toHaveLength(1)
  })

  test('before asking asks nothing', async () => {
    const { nodes, server } = await start(() => json(INFO))
    expect(await rejection(nodes.get(AbortSignal.abort(new Error('enough'))))).toMatchObject({ message: 'enough' })
    expect(server.connections()).toBe(0)
    const asked = await start(() => json(INFO))
    expect(await asked.get()).toEqual(NODES)
    expect(await rejection(asked.nodes.get(AbortSignal.abort(new Error('enough'))))).toMatchObject({
      message: 'enough',
    })
  })
})
