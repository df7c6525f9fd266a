import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { createAudit } from '../../../src/db/audit.ts'
import { auditTable } from '../../../src/db/audit-table.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createSealer } from '../../../src/lib/sealed.ts'
import { createGreet } from '../../../src/models/nodes/greet.ts'
import { createNodeOperations } from '../../../src/models/nodes/operations.ts'
import { createNodeStore, type NodeStore } from '../../../src/models/nodes/store.ts'
import { nodesTable } from '../../../src/models/nodes/table.ts'
import { createGuardedFetch } from '../../../src/net/fetch.ts'
import { createGuard } from '../../../src/net/guard.ts'
import type { Call } from '../../../src/operation/operation.ts'
import { ok, pour, redirect, startRawServer } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { aCall, aTokenActor, createTestClock, type TestClock } from '../../support/track.ts'
import { type FakeNode, startFakeNode } from './fake-node.ts'

const TOKEN = 'ak_a-token-that-nobody-may-see'

interface World {
  readonly nodes: NodeStore
  invoke(name: string, input: unknown, call?: Partial<Call>): Promise<JsonObject>
}

let temp: TempDb
let clock: TestClock
let node: FakeNode
let world: World
/** Nodes for which jobs were to go on. */
let reopened: string[]
beforeEach(async () => {
  reopened = []
  temp = await openTempDb()
  clock = createTestClock()
  node = await startFakeNode()
  world = open()
})
afterEach(async () => {
  await node[Symbol.asyncDispose]()
  await temp.close()
})

function open({ instance = 'inst_here', answerWithinMs = 10_000 } = {}): World {
  const nodes = createNodeStore({
    db: temp.db,
    audit: createAudit(temp.db),
    clock,
    sealer: createSealer({ keyFile: join(temp.dir, 'seal-key') }),
    instanceId: () => instance,
  })
  // Nothing private is allowed beside the node itself.
  const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' })
  const operations = createNodeOperations({
    ...{ nodes, greet: createGreet({ fetch, answerWithinMs }) },
    reopen: async (name) => void reopened.push(name),
  })
  return {
    nodes,
    async invoke(name, input, call = {}) {
      const operation = operations.find((one) => one.name === name)
      if (operation === undefined) throw new Error(`There is no operation ${name}`)
      const output = await operation.invoke(input, aCall(call))
      expect(v.safeParse(operation.outputSchema, output).success).toBe(true)
      return output
    },
  }
}

const add = (input: object = {}, call: Partial<Call> = {}) =>
  world.invoke('add_node', { name: 'box', url: node.url, ...input }, call)
const listed = async (): Promise<JsonObject[]> => (await world.invoke('list_nodes', {})).items as JsonObject[]

describe('add_node', () => {
  test('asks the node once with the token, verifies its signature and pins its key', async () => {
    const output = await add({ token: TOKEN, url: `${node.url}/` }, { actor: aTokenActor('boss', 'admin') })
    const publicKey = await node.publicKey()
    expect(output).toEqual({
      name: 'box',
      url: node.url,
      dialect: 'airkeep',
      public_key: publicKey,
      pinned_at: '2026-08-01T12:00:00.000Z',
      has_token: true,
      created_by: 'boss',
      updated_by: 'boss',
      on_behalf_of: null,
      created_at: '2026-08-01T12:00:00.000Z',
      updated_at: '2026-08-01T12:00:00.000Z',
    })
    expect(node.requests).toHaveLength(1)
    expect(node.requests[0]?.path).toBe(`/v1/models/manifest?hash=${'0'.repeat(64)}`)
    expect(node.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
    expect(await listed()).toEqual([output])
  })

  test('with a path in front, and without a token', async () => {
    const output = await add({ url: `${node.url}/air//` })
    expect(output).toMatchObject({ url: `${node.url}/air`, has_token: false })
    expect(node.requests[0]?.path).toStartWith('/air/v1/models/manifest?')
    expect(node.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('the same again replaces the token and keeps the key', async () => {
    const first = await add({ token: TOKEN })
    clock.advance(1000)
    const again = await add({ token: 'ak_new' })
    expect(again).toEqual({ ...first, updated_at: '2026-08-01T12:00:01.000Z' })
    expect(node.requests[1]?.headers.authorization).toBe('Bearer ak_new')
    // Left out, it is kept and used; null takes it away.
    expect(await add()).toMatchObject({ has_token: true })
    expect(node.requests[2]?.headers.authorization).toBe('Bearer ak_new')
    expect(await add({ token: null })).toMatchObject({ has_token: false, public_key: await node.publicKey() })
    expect(node.requests[3]?.headers.authorization).toBeUndefined()
  })

  test('jobs that waited for a token go on when there is one', async () => {
    await add()
    expect(reopened).toEqual([])
    await add({ token: TOKEN })
    expect(reopened).toEqual(['box'])
    await add({ token: null })
    expect(reopened).toEqual(['box'])
  })

  test('another URL or dialect under a known name is a conflict, and nobody is asked', async () => {
    await add({ token: TOKEN })
    for (const other of [{ url: `${node.url}/x` }, { url: 'http://127.0.0.1:1' }, { dialect: 'swarmui' }]) {
      expect(await rejection(add(other))).toMatchObject({ code: 'conflict' })
    }
    expect(node.requests).toHaveLength(1)
    expect((await listed())[0]).toMatchObject({ url: node.url, has_token: true })
  })

  test('a changed key is refused, naming the beginnings of both, and the token stays', async () => {
    await add({ token: TOKEN })
    const was = await node.publicKey()
    node.changeKey()
    const now = await node.publicKey()
    expect(await rejection(add({ token: 'ak_new' }))).toMatchObject({
      code: 'conflict',
      message: `The node has another key than before: ${now.slice(0, 12)} instead of ${was.slice(0, 12)}`,
    })
    const row = await world.nodes.find('box')
    expect(row?.publicKey).toBe(was)
    expect(row && (await world.nodes.tokenOf(row))).toBe(TOKEN)
    // Removed and added again, it is meant.
    await world.invoke('remove_node', { name: 'box' })
    expect(await add()).toMatchObject({ public_key: now })
  })

  test('a node that signed before must go on signing', async () => {
    await add()
    node.answer = () => ok(JSON.stringify({ node: { id: 'x' }, generated_at: 'x', models: [] }))
    expect(await rejection(add())).toMatchObject({ code: 'conflict' })
  })

  test('a signature that does not hold is refused, and nothing is stored', async () => {
    node.answer = async () => ok(await node.manifest({ generated_at: '2027-01-01T00:00:00.000Z' }))
    expect(await rejection(add({ token: TOKEN }))).toMatchObject({ code: 'checksum_mismatch' })
    expect(await listed()).toEqual([])
    expect(await temp.db.read.select().from(auditTable)).toEqual([])
  })

  test('pinned by somebody else in the meantime: the other key is refused', async () => {
    node.answer = () => 'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'
    await add()
    const manifest = node.manifest()
    node.answer = async () => {
      await world.nodes.pin('box', 'B'.repeat(43).concat('='), 'local')
      return ok(await manifest)
    }
    expect(await rejection(add())).toMatchObject({ code: 'conflict' })
  })
})

describe('a node that cannot be asked is stored without a key, with a warning:', () => {
  const cases: readonly [string, FakeNode['answer'], RegExp][] = [
    ['refused token', () => 'HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n', /refuses the token/],
    ['no such route', () => 'HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n', /no model manifest/],
    ['an error', () => 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n', /HTTP 500/],
    ['a redirect to a private address', () => redirect('http://169.254.169.254/latest/meta-data'), /redirects/],
    ['a web page', () => ok('<html>', { 'content-type': 'text/html' }), /text\/html/],
    ['other JSON', () => ok('{"models":7}'), /is missing or not valid/],
    ['a broken answer', () => 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{', /yet: cannot/],
    ['no HTTP', () => 'SSH-2.0-x\r\n', /yet: cannot/],
    ['a hang-up', () => (socket) => socket.destroy(), /yet: cannot/],
    [
      'a huge answer',
      () => (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n')
        pour(socket, Buffer.alloc(1 << 20, 'x'))
      },
      /yet: /,
    ],
    [
      'a huge answer of unknown length',
      () => (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        pour(socket, Buffer.alloc(1 << 20, ' '))
      },
      /yet: /,
    ],
    ['no signature', () => ok(JSON.stringify({ node: { id: 'x' }, generated_at: 'x', models: [] })), /does not sign/],
  ]
  test.each(cases)('%s', async (_, answer, warning) => {
    node.answer = answer
    const output = await add({ token: TOKEN })
    expect(output).toMatchObject({ public_key: null, pinned_at: null, has_token: true })
    expect(output.warning).toMatch(warning)
    expect(JSON.stringify(output)).not.toContain(TOKEN)
    expect(await listed()).toHaveLength(1)
    const right = await startFakeNode()
    node.answer = () => right.manifest().then((text) => ok(text))
    // As soon as it can be asked, it is pinned.
    expect(await add()).toMatchObject({ public_key: await right.publicKey() })
    await right[Symbol.asyncDispose]()
  })

  test('nobody listens', async () => {
    const server = await startRawServer(() => ok())
    await server.close()
    const output = await add({ url: `http://127.0.0.1:${server.port}` })
    expect(output.warning).toMatch(/could not be asked yet: cannot/)
  })

  test.each<[string, FakeNode['answer']]>([
    ['silence', () => () => {}],
    [
      'a drip',
      () => (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n')
        const drip = setInterval(() => socket.write(' '), 5)
        socket.on('close', () => clearInterval(drip))
      },
    ],
  ])('%s', async (_, answer) => {
    node.answer = answer
    world = open({ answerWithinMs: 100 })
    expect((await add()).warning).toMatch(/did not answer within 0\.1 s/)
  })

  test('unless the caller leaves: then nothing is stored', async () => {
    const left = new AbortController()
    node.answer = () => () => left.abort(new Error('left'))
    expect(await rejection(add({}, { signal: left.signal }))).toMatchObject({ message: 'left' })
    expect(await listed()).toEqual([])
  })

  test('a pinned one keeps its key', async () => {
    await add()
    node.answer = () => 'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'
    const output = await add({ token: TOKEN })
    expect(output).toMatchObject({ public_key: await node.publicKey(), has_token: true })
    expect(output.warning).toBeDefined()
  })
})

describe('the SwarmUI dialect', () => {
  test('asks for a session; there is no key', async () => {
    node.answer = () => ok('{"session_id":"abc"}')
    const output = await add({ dialect: 'swarmui', token: 'a.b.c' })
    expect(output).toMatchObject({ dialect: 'swarmui', public_key: null, has_token: true })
    expect(output.warning).toBeUndefined()
    expect(node.requests[0]).toMatchObject({ method: 'POST', path: '/API/GetNewSession', body: '{}' })
    expect(node.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer a.b.c',
      cookie: 'swarm_token=a.b.c',
    })
  })

  test.each(['{"error":"no"}', '[]', '{"session_id":7}'])('%s is no session', async (answer) => {
    node.answer = () => ok(answer)
    expect((await add({ dialect: 'swarmui' })).warning).toMatch(/no session/)
  })
})

describe('input', () => {
  test.each([
    [{ name: '' }],
    [{ name: 'Box' }],
    [{ name: '-x' }],
    [{ name: 'a/b' }],
    [{ name: 'x'.repeat(64) }],
    [{ url: 'box' }],
    [{ url: 'ftp://box' }],
    [{ url: 'file:///etc/passwd' }],
    [{ url: `http://user:${TOKEN}@box` }],
    [{ url: `http://user@box` }],
    [{ url: `http://box/?token=${TOKEN}` }],
    [{ url: 'http://box/?' }],
    [{ url: 'http://box/#x' }],
    [{ url: 'http://' }],
    [{ token: '' }],
    [{ token: 'a b' }],
    [{ token: 'a\nb' }],
    [{ token: 'a;b' }],
    [{ token: 'ä' }],
    [{ dialect: 'p2p' }],
    [{ public_key: 'x' }],
  ])('%j is refused', async (input) => {
    const error = await rejection(add(input))
    expect(error).toMatchObject({ code: 'invalid_input' })
    expect(JSON.stringify(error)).not.toContain(TOKEN)
    expect(String(error)).not.toContain(TOKEN)
    expect(node.requests).toEqual([])
  })

  test.each([
    ['add_node', 'models:download'],
    ['remove_node', 'models:serve'],
    ['list_nodes', 'track:read'],
  ] as const)('%s is not for %s', async (name, permission) => {
    expect(
      await rejection(world.invoke(name, { name: 'box', url: node.url }, { actor: aTokenActor('t', permission) })),
    ).toMatchObject({ code: 'forbidden' })
  })

  test('list_nodes is for models:read', async () => {
    await add()
    const call = { actor: aTokenActor('t', 'models:read') }
    expect(await world.invoke('list_nodes', { limit: 1 }, call)).toMatchObject({ count: 1, limit: 1, offset: 0 })
  })
})

describe('what is kept', () => {
  test('of the token nothing is readable in database, audit log and data directory', async () => {
    await add({ token: TOKEN })
    await add({ token: `${TOKEN}2` })
    await temp.db.write(async (tx) => void (await tx.select().from(nodesTable)))
    for (const name of readdirSync(temp.dir)) {
      if (!name.includes('.db') && name !== 'seal-key') continue
      expect(readFileSync(join(temp.dir, name)).includes(TOKEN)).toBe(false)
    }
    const entries = await temp.db.read.select().from(auditTable)
    expect(entries.map(({ op, table, rowId, actor }) => [op, table, rowId, actor])).toEqual([
      ['add_node', 'nodes', 'box', 'local'],
      ['add_node', 'nodes', 'box', 'local'],
    ])
    expect(entries[1]?.before).toMatchObject({ has_token: true })
    expect(entries[1]?.after).toMatchObject({ has_token: true, token_changed: true })
    expect(JSON.stringify(entries)).not.toContain(TOKEN)
    expect(JSON.stringify(entries)).not.toContain('v1:')
  })

  test('the token is there after a restart, for this row alone', async () => {
    await add({ token: TOKEN })
    world = open()
    const row = await world.nodes.find('box')
    if (row === undefined) throw new Error('It is gone')
    expect(await world.nodes.tokenOf(row)).toBe(TOKEN)
    expect(await rejection(world.nodes.tokenOf({ ...row, url: 'http://evil.example' }))).toMatchObject({
      code: 'conflict',
    })
    rmSync(join(temp.dir, 'seal-key'))
    expect(await rejection(open().nodes.tokenOf(row))).toMatchObject({ code: 'conflict' })
    // A new token needs no old key.
    world = open()
    expect(await add({ token: 'ak_new' })).toMatchObject({ has_token: true })
  })

  test('each host of a shared database has nodes of its own', async () => {
    await add()
    world = open({ instance: 'inst_there' })
    expect(await listed()).toEqual([])
    expect(await rejection(world.invoke('remove_node', { name: 'box' }))).toMatchObject({ code: 'not_found' })
    await add({ url: `${node.url}/other` })
    expect(await listed()).toHaveLength(1)
  })

  test('remove_node answers what was there, and is in the audit log', async () => {
    const added = await add({ token: TOKEN })
    expect(await world.invoke('remove_node', { name: 'box' })).toEqual(added)
    expect(await listed()).toEqual([])
    expect(await rejection(world.invoke('remove_node', { name: 'box' }))).toMatchObject({ code: 'not_found' })
    const entries = await temp.db.read.select().from(auditTable)
    expect(entries.at(-1)).toMatchObject({ op: 'remove_node', rowId: 'box', after: null })
  })

  test('origins are hosts with their ports, each once', async () => {
    const urls = ['https://a.example', 'https://a.example/prefix', 'http://a.example', 'http://[::1]:7801/x']
    for (const [n, url] of urls.entries()) {
      await world.nodes.add({ name: `n${n}`, url, dialect: 'airkeep', token: undefined, publicKey: undefined }, 'local')
    }
    const origins = await world.nodes.origins()
    expect(origins).toEqual(['a.example:443', 'a.example:80', '[::1]:7801'])
    // The guard can read them all.
    createGuard({ allowPrivate: origins, log: silentLog })
  })

  test('pin takes the first key alone', async () => {
    const key = 'A'.repeat(43).concat('=')
    const input = {
      name: 'n',
      url: 'http://a.example',
      dialect: 'airkeep',
      token: undefined,
      publicKey: undefined,
    } as const
    await world.nodes.add(input, 'local')
    expect(await world.nodes.pin('n', key, 'local')).toMatchObject({ publicKey: key, pinnedAt: clock.now() })
    clock.advance(1000)
    expect(await world.nodes.pin('n', key, 'local')).toMatchObject({ pinnedAt: clock.now() - 1000 })
    expect(await rejection(world.nodes.pin('n', 'B'.repeat(43).concat('='), 'local'))).toMatchObject({
      code: 'conflict',
    })
    expect(await rejection(world.nodes.pin('m', key, 'local'))).toMatchObject({ code: 'not_found' })
    const ops = (await temp.db.read.select().from(auditTable)).map(({ op }) => op)
    expect(ops).toEqual(['add_node', 'pin_node'])
  })
})
