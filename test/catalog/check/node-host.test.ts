import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PageToCheck } from '../../../src/catalog/detect/catalog-host.ts'
import { createNodeClient } from '../../../src/catalog/detect/node-client.ts'
import { NodeFailure } from '../../../src/catalog/detect/node-failure.ts'
import { createNodeHost } from '../../../src/catalog/detect/node-host.ts'
import { toPageReport } from '../../../src/catalog/page-report.ts'
import { createAudit } from '../../../src/db/audit.ts'
import { isAppError } from '../../../src/errors.ts'
import { outsideRoots } from '../../../src/lib/exact-file.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createSealer } from '../../../src/lib/sealed.ts'
import { createGreet } from '../../../src/models/nodes/greet.ts'
import { createNodeStore, type NodeStore } from '../../../src/models/nodes/store.ts'
import { createGuardedFetch } from '../../../src/net/fetch.ts'
import { createGuard } from '../../../src/net/guard.ts'
import { type FakeNode, startFakeNode } from '../../models/nodes/fake-node.ts'
import { pageText, verdictOf } from '../../support/catalog.ts'
import { type Answer, ok, type RawRequest, redirect } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { aCall, createTestClock } from '../../support/track.ts'

const TOKEN = 'ak_a-token-that-nobody-may-see'
const KEY = '0123456789abcdef0123456789abcdef'
const CODE = `wget "https://example.com/harbor.safetensors?token=${KEY}" -P "$UI_HOME"/models/loras`
const PATH = '/api/catalog/check-downloads'
const GOOD = {
  downloaded: true,
  status: 'all',
  path: '/ui/models/loras/harbor.safetensors',
  syntax_type: 'WGET_NO_AIR',
  is_valid: true,
  air: null,
  download_count: 1,
  checkable: true,
  files: [{ expected: 'harbor.safetensors', status: 'present', path: '/ui/models/loras/harbor.safetensors' }],
  notes: [],
}
const TOP = { success: true, instance: 'inst_there', ui_home: '/ui', checked_at: '2026-01-01T00:00:00.000Z' }

let temp: TempDb
let node: FakeNode
let nodes: NodeStore
beforeEach(async () => {
  temp = await openTempDb()
  node = await startFakeNode()
  nodes = createNodeStore({
    db: temp.db,
    audit: createAudit(temp.db),
    clock: createTestClock(),
    sealer: createSealer({ keyFile: join(temp.dir, 'seal-key') }),
    instanceId: () => 'inst_here',
  })
  const added = { name: 'box', url: node.url, token: TOKEN, publicKey: await node.publicKey() }
  await nodes.add({ ...added, dialect: 'airkeep' }, 'local')
})
afterEach(async () => {
  await node[Symbol.asyncDispose]()
  await temp.close()
})

/** The node tells its models as ever, and this of catalogs. */
function answers(answer: (request: RawRequest) => Answer): void {
  const manifest = node.answer
  node.answer = (request) => (request.path === PATH ? answer(request) : manifest(request))
}
const json = (body: unknown): Answer => ok(JSON.stringify(body), { 'content-type': 'application/json' })
const status = (code: number, problem?: object): Answer => {
  const body = problem === undefined ? '' : JSON.stringify(problem)
  return `HTTP/1.1 ${code} No\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

const page = (file_path: string, code = CODE): PageToCheck => ({
  report: toPageReport(file_path, verdictOf(code)),
  content: pageText('', code),
})
function check(pages: readonly PageToCheck[], name = 'box', uiHome?: string) {
  const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' })
  const open = createNodeClient({ nodes, greet: createGreet({ fetch }), fetch })
  return createNodeHost({ open, name, uiHome }).check(pages, aCall())
}
const failure = async (pages: readonly PageToCheck[] = [page('a.md')]): Promise<NodeFailure> => {
  const error = await rejection(check(pages))
  if (error instanceof NodeFailure) return error
  throw error
}

describe('another airkeep', () => {
  test('is asked once with the text of all pages, and without their keys', async () => {
    const path = join(temp.dir, 'b.md')
    writeFileSync(path, pageText('', CODE))
    const { content: _, ...onDisk } = page('b.md')
    answers(() => json({ ...TOP, results: { 'a.md': GOOD, 'b.md': { ...GOOD, downloaded: false, status: 'none' } } }))
    const answer = await check([page('a.md'), { ...onDisk, page_path: path }], 'box', '/ui')
    expect(answer).toMatchObject({ instance: 'inst_there', ui_home: '/ui', checkedAt: Date.UTC(2026, 0, 1) })
    expect(answer.results.get('a.md')).toMatchObject({ downloaded: true, status: 'all' })
    expect(answer.results.get('b.md')).toMatchObject({ downloaded: false, status: 'none' })
    const asked = node.requests.filter((request) => request.path === PATH)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.headers['authorization']).toBe(`Bearer ${TOKEN}`)
    expect(asked[0]?.body).not.toContain(KEY)
    const body = JSON.parse(asked[0]?.body ?? '') as JsonObject
    expect(body).toMatchObject({ ui_home: '/ui', items: [{ file_path: 'a.md' }, { file_path: 'b.md' }] })
  })

  test('gets no absolute names', async () => {
    answers(() => json({ ...TOP, results: { 'cat/a.md': GOOD } }))
    const { results } = await check([page('/cat/a.md')])
    expect(results.get('/cat/a.md')).toMatchObject({ downloaded: true })
  })

  test('keeps the notes that were made here', async () => {
    answers(() => json({ ...TOP, results: { 'a.md': { ...GOOD, notes: ['of the node'] } } }))
    const { results } = await check([page('a.md')])
    expect(results.get('a.md')?.notes).toContain('of the node')
    expect(results.get('a.md')?.notes.join()).toMatch(/secret|key/)
  })

  test('names nobody can be fooled with', async () => {
    const path = '/ui/\u001b[2Jx\n.safetensors'
    const files = [{ ...GOOD.files[0], path, reason: 'a\u202eb' }]
    answers(() => json({ ...TOP, instance: 'in\u0007st', results: { 'a.md': { ...GOOD, path, files } } }))
    const { results, instance } = await check([page('a.md')])
    expect(instance).toBe('in\\u0007st')
    expect(results.get('a.md')?.path).toBe('/ui/\\u001b[2Jx\\n.safetensors')
    expect(results.get('a.md')?.files[0]?.reason).toBe('a\\u202eb')
  })

  test.each([
    ['a page it does not answer for', {}],
    ['one that it knows under another name', { 'b.md': GOOD }],
    ['all without files', { 'a.md': { ...GOOD, files: [] } }],
    ['all with one missing', { 'a.md': { ...GOOD, files: [...GOOD.files, { expected: 'x', status: 'missing' }] } }],
    ['downloaded and none', { 'a.md': { ...GOOD, status: 'none' } }],
    ['all and not downloaded', { 'a.md': { ...GOOD, downloaded: false } }],
  ])('%s is unknown, not missing', async (_, results) => {
    answers(() => json({ ...TOP, results }))
    const answer = await check([page('a.md')])
    expect(answer.results.get('a.md')).toMatchObject({ downloaded: false, status: 'unknown', path: null })
    expect(answer.results.get('a.md')?.files).toMatchObject([{ status: 'unknown' }])
    expect([...answer.results.keys()]).toEqual(['a.md'])
  })

  test.each<[what: string, answer: () => Answer, code: string, says: RegExp]>([
    ['one that is older', () => status(404), 'node_unsupported', /does not know check_downloads \(HTTP 404\)/],
    ['a token too small', () => status(403, { detail: 'needs catalog:read' }), 'node_refused', /needs catalog:read/],
    ['no token', () => status(401), 'node_refused', /refuses the token/],
    ['its own refusal', () => status(400, { detail: 'no\u001b[31m folder' }), 'node_declined', /: no folder$/],
    ['a key', () => status(400, { detail: `token=${'0a'.repeat(16)}` }), 'node_declined', /: token=\*\*\*$/],
    ['a redirect', () => redirect('http://127.0.0.1:1/'), 'node_unreachable', /redirects/],
    ['trouble', () => status(503), 'node_unreachable', /HTTP 503/],
    ['no JSON', () => ok('<html>'), 'node_unusable', /no JSON/],
    ['half an answer', () => ok('{"success":true}').slice(0, -4), 'node_unusable', /broke off/],
    ['other JSON', () => json({ results: [] }), 'node_unusable', /not that of check_downloads/],
    [
      'a status of its own',
      () => json({ ...TOP, results: { 'a.md': { ...GOOD, status: 'yes' } } }),
      'node_unusable',
      /./,
    ],
    ['a time that is none', () => json({ ...TOP, checked_at: 'now', results: {} }), 'node_unusable', /./],
    ['a long name', () => json({ ...TOP, instance: 'x'.repeat(301), results: {} }), 'node_unusable', /./],
    [
      'a failure of its own',
      () => json({ ...TOP, success: false, reason: 'no UI', results: {} }),
      'node_declined',
      /no UI/,
    ],
    [
      'no UI of its own',
      () => json({ ...TOP, success: false, reason: 'no UI', host_status: 'no_ui_home', results: {} }),
      'no_ui_home',
      /no UI/,
    ],
    ['a closed door', () => (socket) => socket.destroy(), 'node_unreachable', /Cannot ask the node box/],
  ])('%s is a failure with its reason', async (_, answer, code, says) => {
    answers(answer)
    const error = await failure()
    expect(error.status as string).toBe(code)
    expect(error.message).toMatch(says)
    expect(JSON.stringify([error.message, error.hint])).not.toContain(TOKEN)
  })

  test.each([
    ['too small a token', undefined, /token of that host that may call check_downloads/],
    ['too small a token, whatever home', '/ui', /token of that host that may call check_downloads/],
  ])('%s is mended by another one', async (_, uiHome, hint) => {
    answers(() => status(403, { code: 'forbidden', detail: 'check_downloads needs the permission catalog:read' }))
    expect(await rejection(check([page('a.md')], 'box', uiHome))).toMatchObject({
      status: 'node_refused',
      hint: expect.stringMatching(hint),
    })
  })

  test('a home that the token may not name is not a matter of the token', async () => {
    const { message, hint } = outsideRoots()
    answers(() => status(403, { code: 'forbidden', detail: message, hint }))
    const error = await rejection(check([page('a.md')], 'box', '/elsewhere'))
    expect(error).toMatchObject({
      status: 'node_declined',
      message: expect.stringContaining('outside the folders'),
      hint: expect.stringMatching(/^Leave ui_home out, .* AIRKEEP_ALLOW_READ/),
    })
  })

  test('a home that is not there is not a matter of its version', async () => {
    answers(() => status(404, { code: 'not_found', detail: '/gone does not exist' }))
    const error = await rejection(check([page('a.md')], 'box', '/gone'))
    expect(error).toMatchObject({
      status: 'node_declined',
      message: expect.stringContaining('/gone does not exist'),
      hint: 'Leave ui_home out, or name one of that host',
    })
  })

  test('with another key than before it gets no page', async () => {
    node.changeKey()
    expect((await failure()).status).toBe('node_changed')
    expect(node.requests.filter(({ path }) => path === PATH)).toEqual([])
  })

  test('is known by its name alone', async () => {
    const error = await rejection(check([page('a.md')], 'other'))
    expect(isAppError(error) && error.code).toBe('not_found')
    await nodes.add({ name: 'swarm', url: node.url, dialect: 'swarmui', token: undefined, publicKey: undefined }, 'x')
    expect(await rejection(check([page('a.md')], 'swarm'))).toMatchObject({ code: 'invalid_input' })
  })

  test('more pages than one request takes come in several', async () => {
    const filler = `# ${'x'.repeat(3 * 2 ** 20)}\n`
    const pages = ['a.md', 'b.md', 'c.md'].map((name): PageToCheck => ({ ...page(name), content: filler }))
    answers(({ body }) => {
      const { items } = JSON.parse(body) as { items: { file_path: string }[] }
      return json({ ...TOP, results: Object.fromEntries(items.map(({ file_path }) => [file_path, GOOD])) })
    })
    const { results } = await check(pages)
    expect(node.requests.filter(({ path }) => path === PATH)).toHaveLength(2)
    expect([...results.values()].map((each) => each.status)).toEqual(['all', 'all', 'all'])
  })
})
