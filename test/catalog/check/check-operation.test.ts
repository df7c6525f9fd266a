import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalHost } from '../../../src/catalog/detect/local/local-host.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { pageText } from '../../support/catalog.ts'
import { rejection } from '../../support/rejection.ts'
import { needs } from '../../support/requires.ts'
import { freePort, type SshServer, startSshServer } from '../../support/ssh-server.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { aTokenActor } from '../../support/track.ts'
import { type CheckWorld, openCheckWorld } from './check-world.ts'

const able = needs('sshd') && needs('ssh') && needs('ssh-keygen')
const HEADER = '{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}'
/** The smallest model there is. */
const HARBOR = `${String.fromCharCode(HEADER.length)}${'\0'.repeat(7)}${HEADER}lanterns`
const SHA256 = createHash('sha256').update(HARBOR).digest('hex')
const KEY = '0123456789abcdef0123456789abcdef'
const wget = (name: string, folder = 'loras'): string =>
  `wget --progress=bar:force -P "$UI_HOME"/models/${folder} https://example.com/${name}`
const CIVITDL = 'civitdl "https://civitai.com/models/1?modelVersionId=2255476" "$UI_HOME"/models/loras'

let folder: TempDir
let home: string
let server: SshServer
beforeAll(async () => {
  folder = tempDir()
  home = join(folder.path, 'ComfyUI')
  mkdirSync(join(home, 'models/loras'), { recursive: true })
  mkdirSync(join(home, 'models/checkpoints'), { recursive: true })
  writeFileSync(join(home, 'models/loras/harbor.safetensors'), HARBOR)
  writeFileSync(join(home, 'models/loras/half.safetensors'), 'ha')
  writeFileSync(join(home, 'models/loras/half.safetensors.aria2'), '')
  writeFileSync(join(home, 'models/loras/other-mid_1-vid_12255476.safetensors'), 'of another version')
  if (able) server = await startSshServer({ folder: join(folder.path, 'sshd') })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

let world: CheckWorld
beforeAll(async () => {
  world = await openCheckWorld()
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  for (const name of readdirSync(world.catalog)) rmSync(join(world.catalog, name), { recursive: true })
})

const line = (): string => `ssh -p ${server.port} -i ${server.key} ${server.user}@127.0.0.1 -L 8080:localhost:8080`
const check = (input: object = {}, actor?: ReturnType<typeof aTokenActor>): Promise<JsonObject> =>
  world.invoke(
    'check_downloads',
    { catalog_dir: world.catalog, ssh_host: line(), ui_home: home, ...input },
    actor === undefined ? {} : { actor },
  )
const resultsOf = ({ results }: JsonObject) => results as Record<string, JsonObject>

describe.skipIf(!able)('a host that ssh reaches', () => {
  test('is unknown with its fingerprint until its key is accepted, and nothing is called missing', async () => {
    world.page('a.md', pageText('', wget('harbor.safetensors')))
    world.page('b.md', '# words\n')
    const refused = await check()
    expect(refused).toMatchObject({
      success: false,
      instance: `${server.user}@127.0.0.1:${server.port}`,
      host_status: 'host_key_unknown',
      error_code: 'forbidden',
      host_key: { type: 'ssh-ed25519', fingerprint: server.fingerprint },
      results: {
        'a.md': { downloaded: false, status: 'unknown', path: null, files: [{ status: 'unknown' }] },
        'b.md': { downloaded: false, status: 'not_applicable' },
      },
      summary: { pages: 2, unknown: 1, not_applicable: 1, none: 0, files: 1, files_unknown: 1, files_missing: 0 },
    })
    expect(refused.reason).toContain(server.fingerprint)
    expect(resultsOf(refused)['a.md']?.reason).toContain(server.fingerprint)
    const other = `SHA256:${'A'.repeat(43)}`
    expect(await rejection(check({ accept_host_key: other }))).toMatchObject({ code: 'conflict' })
    const accepted = await check({ accept_host_key: server.fingerprint })
    expect(accepted).toMatchObject({ success: true, results: { 'a.md': { downloaded: true, status: 'all' } } })
    expect(await check()).toMatchObject({ success: true })
  })

  test('is asked once for all pages, and answers for each file', async () => {
    world.page('loras/here.md', pageText('', wget('harbor.safetensors')))
    world.page('loras/half.md', pageText('', `${wget('half.safetensors')}\n${wget('harbor.safetensors')}`))
    world.page('loras/other.md', pageText('AIR: urn:air:sdxl:lora:civitai:1@2255476', CIVITDL))
    world.page('loras/far.md', pageText('', wget('harbor.safetensors', 'checkpoints')))
    world.page('words.md', '# words\n')
    world.page('broken.md', '---\na: [\n---\n')
    await check({ accept_host_key: true })
    const before = server.connections()
    const done: number[] = []
    const answer = await world.invoke(
      'check_downloads',
      { catalog_dir: world.catalog, ssh_host: line(), ui_home: home },
      { progress: (state) => done.push(state.done) },
    )
    expect(server.connections() - before).toBe(1)
    // Six pages are read, then files are listed.
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    expect(done.at(-1)).toBeGreaterThan(6)
    expect(answer).toMatchObject({ success: true, ui_home: home, notes: [] })
    expect(Date.parse(String(answer.checked_at))).toBeGreaterThan(Date.now() - 60_000)
    const path = join(home, 'models/loras/harbor.safetensors')
    expect(resultsOf(answer)).toMatchObject({
      'loras/here.md': { downloaded: true, status: 'all', path, files: [{ status: 'present', path }] },
      'loras/half.md': { downloaded: false, status: 'partial', files: [{ status: 'partial' }, { status: 'present' }] },
      'loras/other.md': { downloaded: false, status: 'none', files: [{ status: 'missing' }] },
      'words.md': { status: 'not_applicable' },
      'broken.md': { status: 'invalid' },
    })
    expect(answer.summary).toMatchObject({ pages: 6, all: 1, partial: 1, not_applicable: 1, invalid: 1 })
  })

  test('reads a file where the page says its SHA-256, and tells another one from it', async () => {
    const sum = (sha256: string): string =>
      `${wget('harbor.safetensors')}\necho "${sha256}  harbor.safetensors" | sha256sum -c`
    world.page('right.md', pageText('', sum(SHA256)))
    world.page('wrong.md', pageText('', sum('f'.repeat(64))))
    const answer = await check({ accept_host_key: true })
    expect(resultsOf(answer)).toMatchObject({
      'right.md': { downloaded: true, files: [{ status: 'verified', matched_by: 'sha256', sha256: SHA256 }] },
      'wrong.md': { downloaded: false, files: [{ status: 'corrupt' }] },
    })
  })

  test('what is no model under its name counts as it does here', async () => {
    const put = (name: string, content: string): void => writeFileSync(join(home, 'models/loras', name), content)
    put('page.safetensors', '<!DOCTYPE html><html><title>Log in</title></html>')
    put('pointer.safetensors', `version https://git-lfs.github.com/spec/v1\noid sha256:${SHA256}\nsize 123456\n`)
    put('answer.safetensors', '{"error":"Unauthorized"}')
    put('empty.safetensors', '')
    // Of two that may be meant the one that is a model.
    mkdirSync(join(home, 'models/loras/sub'), { recursive: true })
    put('sub/page.safetensors', HARBOR)
    const names = ['page', 'pointer', 'answer', 'empty']
    for (const name of names) world.page(`${name}.md`, pageText('', wget(`${name}.safetensors`)))
    const before = server.connections()
    const answer = await check({ accept_host_key: true })
    expect(server.connections() - before).toBeLessThanOrEqual(2)
    const file = (name: string): unknown => (resultsOf(answer)[`${name}.md`]?.files as JsonObject[] | undefined)?.[0]
    expect(file('pointer')).toMatchObject({ status: 'corrupt', reason: expect.stringContaining('Git LFS') })
    expect(file('answer')).toMatchObject({ status: 'corrupt', reason: expect.stringContaining('JSON') })
    expect(file('empty')).toMatchObject({ status: 'corrupt' })
    expect(file('page')).toMatchObject({ status: 'elsewhere', path: join(home, 'models/loras/sub/page.safetensors') })
    rmSync(join(home, 'models/loras/sub'), { recursive: true })
    const again = await check()
    expect(resultsOf(again)['page.md']).toMatchObject({
      downloaded: false,
      files: [{ status: 'corrupt', reason: 'It is a web page' }],
    })
    for (const name of names) rmSync(join(home, 'models/loras', `${name}.safetensors`))
  })

  test('in the words of older programs: host, port and items of a configured catalog', async () => {
    world.page('loras/a.md', pageText('', wget('harbor.safetensors')))
    await check({ accept_host_key: true })
    const air = 'urn:air:sdxl:lora:civitai:1@2'
    const items = [
      { file_path: 'loras/a.md', air },
      { file_path: 'loras/../../etc/passwd.md', air },
      { file_path: 'loras/none.md', air },
    ]
    const { results, success } = await check({ catalog_dir: undefined, items })
    expect(success).toBe(true)
    expect(results).toMatchObject({
      'loras/a.md': { downloaded: true },
      'loras/../../etc/passwd.md': { downloaded: false, status: 'invalid', path: null },
      'loras/none.md': { downloaded: false, status: 'invalid' },
    })
    const before = server.connections()
    expect(await check({ catalog_dir: undefined, items: [] })).toMatchObject({ success: true, results: {} })
    expect(server.connections()).toBe(before)
  })

  test('the configured catalog where nobody names one, for callers with a token too', async () => {
    world.page('loras/a.md', pageText('', wget('harbor.safetensors')))
    await check({ accept_host_key: true })
    const all = { 'loras/a.md': { downloaded: true } }
    expect(await check({ catalog_dir: undefined })).toMatchObject({
      success: true,
      results: all,
      summary: { pages: 1 },
    })
    await using named = await openCheckWorld({ sshHosts: ['127.0.0.1'] })
    named.page('a.md', '# words\n')
    const input = { ssh_host: '127.0.0.1', ssh_port: await freePort() }
    const answer = await named.invoke('check_downloads', input, { actor: aTokenActor('ci', 'catalog:read') })
    expect(answer).toMatchObject({ success: false, results: { 'a.md': { status: 'not_applicable' } } })
  })

  test('user@host is a host with its user', async () => {
    world.page('a.md', pageText('', wget('harbor.safetensors')))
    const port = await freePort()
    expect(await check({ ssh_host: 'somebody@127.0.0.1', ssh_port: port })).toMatchObject({
      instance: `somebody@127.0.0.1:${port}`,
    })
    const other = check({ ssh_host: 'somebody@127.0.0.1', ssh_user: 'root' })
    expect(await rejection(other)).toMatchObject({ errors: [{ path: 'ssh_user' }] })
  })

  test('that nobody answers on is unknown', async () => {
    world.page('a.md', pageText('', wget('harbor.safetensors')))
    const answer = await check({ ssh_host: '127.0.0.1', ssh_port: await freePort() })
    expect(answer).toMatchObject({
      success: false,
      host_status: 'connection_refused',
      results: {
        'a.md': { status: 'unknown', downloaded: false, files: [{ status: 'unknown', reason: answer.reason }] },
      },
    })
  })

  test('is looked at by a job where nobody waits', async () => {
    world.page('a.md', pageText('', `${wget('harbor.safetensors')}?token=${KEY}`))
    await check({ accept_host_key: true })
    const { job_id: id, success, results } = await check({ wait: false })
    expect({ success, results }).toEqual({ success: true, results: undefined })
    await world.jobs.whenIdle()
    const row = await world.store.find(String(id))
    expect(row?.view).toMatchObject({
      status: 'completed',
      progress: 1,
      success: true,
      results: { 'a.md': { downloaded: true } },
    })
    expect(JSON.stringify(row)).not.toContain(KEY)
    const lost = await check({ wait: false, ssh_host: '127.0.0.1', ssh_port: await freePort() })
    await world.jobs.whenIdle()
    expect((await world.store.find(String(lost.job_id)))?.view).toMatchObject({
      status: 'failed',
      error_code: 'upstream_unavailable',
      success: false,
      results: { 'a.md': { status: 'unknown' } },
    })
  })

  test('is not for callers with a token, unless the settings name it', async () => {
    world.page('a.md', pageText('', wget('harbor.safetensors')))
    const token = aTokenActor('ci', 'catalog:read')
    const here = { ssh_host: '127.0.0.1', ssh_port: server.port, ssh_user: server.user }
    expect(await rejection(check(here, token))).toMatchObject({ code: 'forbidden' })
    expect(await rejection(check({ ...here, wait: false }, token))).toMatchObject({ code: 'forbidden' })
    await using named = await openCheckWorld({ sshHosts: [`127.0.0.1:${server.port}`] })
    named.page('a.md', pageText('', wget('harbor.safetensors')))
    const ask = (input: object): Promise<JsonObject> =>
      named.invoke('check_downloads', { catalog_dir: named.catalog, ui_home: home, ...input }, { actor: token })
    expect(await ask(here)).toMatchObject({ success: false, host_status: 'host_key_unknown' })
    expect(await rejection(ask({ ...here, accept_host_key: true }))).toMatchObject({ code: 'forbidden' })
    const key = await rejection(ask({ ssh_host: line() }))
    expect(key).toMatchObject({ code: 'forbidden', message: expect.stringMatching('key file') })
    expect(await rejection(ask({ ...here, catalog_dir: '/etc' }))).toMatchObject({ code: 'forbidden' })
  })
})

test('this host without a home of a UI is one that cannot be looked at', async () => {
  const file = { expected: 'harbor.safetensors', status: 'unknown' as const }
  const localHost: LocalHost = {
    at: (uiHome) => ({
      check: async (pages) => ({
        instance: 'here',
        ui_home: uiHome ?? null,
        checkedAt: 0,
        results: new Map(
          pages.map(({ report: { files, ...report } }) => [
            report.file_path,
            { ...report, downloaded: false, status: 'unknown', path: null, files: files.map(() => file) },
          ]),
        ),
      }),
    }),
  }
  await using bare = await openCheckWorld({ localHost })
  bare.page('a.md', pageText('', wget('harbor.safetensors')))
  const reason = 'Cannot look at this host: nothing here says where the UI is'
  expect(await bare.invoke('check_downloads', {})).toMatchObject({
    success: false,
    error_code: 'not_found',
    host_status: 'no_ui_home',
    instance: 'here',
    reason,
    results: { 'a.md': { status: 'unknown', reason, files: [{ status: 'unknown', reason }] } },
  })
  expect(await rejection(bare.invoke('download_missing', {}))).toMatchObject({ code: 'not_found', message: reason })
  expect(await bare.invoke('check_downloads', { ui_home: home })).toMatchObject({ success: true })
  bare.page('a.md', pageText('', 'wget -P /data https://example.com/harbor.safetensors'))
  expect(await bare.invoke('check_downloads', {})).toMatchObject({ success: true })
})

test('callers with a token have nothing placed in other homes than those of this host', async () => {
  const localHost: LocalHost = {
    at: (uiHome) => ({
      check: async () => ({ instance: 'here', ui_home: uiHome ?? null, checkedAt: 0, results: new Map() }),
    }),
  }
  await using other = await openCheckWorld({ localHost })
  const actor = aTokenActor('ci', 'models:download')
  const input = { items: [], ui_home: home }
  expect(await rejection(other.invoke('download_missing', input, { actor }))).toMatchObject({ code: 'forbidden' })
  expect(await rejection(other.invoke('download_missing', input))).not.toMatchObject({ code: 'forbidden' })
})

test('a home that the settings name by a symlink is theirs under its own path too', async () => {
  const link = join(folder.path, 'link')
  symlinkSync(home, link)
  const localHost: LocalHost = {
    at: (uiHome) => ({
      check: async () => ({ instance: 'here', ui_home: uiHome ?? null, checkedAt: 0, results: new Map() }),
    }),
  }
  await using other = await openCheckWorld({ localHost, uiHomes: [link] })
  const actor = aTokenActor('ci', 'models:download')
  // There is no such job in this world: as far as that it was allowed.
  const refused = await rejection(other.invoke('download_missing', { items: [], ui_home: home }, { actor }))
  expect(refused).not.toMatchObject({ code: 'forbidden' })
})

describe('what cannot be asked is refused', () => {
  test.each<[object, string]>([
    [{ ssh_host: '-oProxyCommand=touch /tmp/x' }, 'ssh_host'],
    [{ ssh_host: 'host; reboot' }, 'ssh_host'],
    [{ ssh_host: 'ssh -o ProxyCommand=x root@host' }, 'ssh_host'],
    [{ ssh_host: 'ssh root@host reboot' }, 'ssh_host'],
    [{ ssh_host: '-oProxyCommand=x@host' }, 'ssh_host'],
    [{ ssh_host: 'root@-oProxyCommand=x' }, 'ssh_host'],
    [{ ssh_host: '-l@host' }, 'ssh_host'],
    [{ ssh_host: 'root@host reboot' }, 'ssh_host'],
    [{ ssh_host: 'root@host@other' }, 'ssh_host'],
    [{ ssh_host: 'ro ot@host' }, 'ssh_host'],
    [{ ssh_host: '' }, 'ssh_host'],
    [{ ssh_host: 'host', ssh_port: 0 }, 'ssh_port'],
    [{ ssh_host: 'host', ssh_port: 65_536 }, 'ssh_port'],
    [{ ssh_host: 'host', ssh_user: '-l' }, 'ssh_user'],
    [{ ssh_host: 'host', node: 'box' }, 'node'],
    [{ ssh_port: 22 }, 'ssh_port'],
    [{ accept_host_key: true }, 'accept_host_key'],
    [{ ssh_host: 'host', accept_host_key: 'yes' }, 'accept_host_key'],
    [{ ssh_host: 'host', items: [{ air: 'civitai:1@2' }] }, 'items.0.file_path'],
    [
      {
        ssh_host: 'host',
        items: [
          { file_path: 'a.md', content: 'a' },
          { file_path: 'a.md', content: 'b' },
        ],
      },
      'items.1.file_path',
    ],
  ])('%j names %s', async (input, path) => {
    const error = await rejection(world.invoke('check_downloads', { items: [], ...input }))
    expect(error).toMatchObject({ code: 'invalid_input', errors: [{ path }] })
  })

  test('neither a folder nor items, where no catalog is configured', async () => {
    await using bare = await openCheckWorld({ isUnconfigured: true })
    const error = await rejection(bare.invoke('check_downloads', { ssh_host: 'host' }))
    expect(error).toMatchObject({ code: 'invalid_input', errors: [{ path: 'catalog_dir' }] })
  })

  test('downloads by ssh, with a hint', async () => {
    const error = await rejection(world.invoke('download_missing', { ssh_host: 'host', items: [] }))
    expect(error).toMatchObject({ code: 'invalid_input', hint: expect.stringMatching('Run airkeep on that host') })
  })
})
