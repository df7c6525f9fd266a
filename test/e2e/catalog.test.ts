import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { settled } from '../http/files/descriptors.ts'
import { pageText } from '../support/catalog.ts'
import { type Executable, installExecutable } from '../support/executable.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { type FileServer, startFileServer } from '../support/file-server.ts'
import { aModelFile } from '../support/model-files.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { needs } from '../support/requires.ts'
import { readSse } from '../support/sse.ts'
import { startSshServer } from '../support/ssh-server.ts'
import { overCommands, overHttp, overMcp } from '../support/surfaces.ts'

/** A catalog and the executable, alone in an empty folder: real processes, sockets and files. */
let executable: Executable
let home: string
let catalog: string
beforeEach(() => {
  executable = installExecutable()
  home = join(executable.folder, 'ComfyUI')
  catalog = join(executable.folder, 'pages')
  mkdirSync(join(home, 'models/loras'), { recursive: true })
  page('loras/harbor.md', wget('harbor.safetensors'), 'AIR: urn:air:sdxl:lora:civitai:900100@910201')
  page('loras/dusk.md', 'civitdl "https://civitai.com/models/900100?modelVersionId=910201" "$UI_HOME"/models/Lora')
  page('words.md', 'true')
  aModelFile(join(home, 'models'), 'loras/harbor.safetensors', 1)
})
afterEach(() => executable.remove())

const KEY = '0123456789abcdef0123456789abcdef'
const wget = (name: string): string => `wget -P "$UI_HOME"/models/loras https://example.com/${name}?token=${KEY}`
function page(path: string, code: string, front = ''): void {
  mkdirSync(dirname(join(catalog, path)), { recursive: true })
  writeFileSync(join(catalog, path), pageText(front, code))
}
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  UI_HOME: home,
  AIRKEEP_CATALOG: catalog,
  ...more,
})

const EXPECTED = {
  success: true,
  results: {
    'loras/harbor.md': { downloaded: true, status: 'all', syntax_type: 'WGET_WITH_AIR' },
    'loras/dusk.md': { downloaded: false, status: 'none', path: null, files: [{ status: 'missing' }] },
    'words.md': { downloaded: false, status: 'not_applicable' },
  },
  summary: { pages: 3, all: 1, none: 1, not_applicable: 1, unknown: 0, files: 2, files_missing: 1 },
}

test('every way in judges the same pages and finds the same files', async () => {
  const commands = overCommands(executable, env())
  const statistics = { total_pages: 3, valid: { count: 1 }, with_commands: { count: 2 } }
  expect(await commands.invoke('validate_catalog', { catalog_dir: catalog })).toMatchObject({ statistics })
  const first = await commands.invoke('check_downloads', { catalog_dir: catalog })
  expect(first).toMatchObject({ ...EXPECTED, ui_home: home })
  const server = await executable.serve([], { env: env() })
  const mcp = await overMcp(server.url)
  for (const surface of [overHttp(server.url), mcp, commands]) {
    const again = await surface.invoke('check_downloads', { catalog_dir: catalog })
    expect(again).toMatchObject({ ...EXPECTED, instance: first.instance, ui_home: home })
  }
  await mcp.close()
  const older = { items: [{ file_path: 'loras/harbor.md', air: 'urn:air:sdxl:lora:civitai:900100@910201' }] }
  expect(await overHttp(server.url).invoke('check_downloads', older)).toMatchObject({
    results: { 'loras/harbor.md': { downloaded: true, path: join(home, 'models/loras/harbor.safetensors') } },
  })
})

test('a check that nobody waits for is a job, whose events end with its answer', async () => {
  const server = await executable.serve([], { env: env() })
  const { invoke } = overHttp(server.url)
  const { job_id: id } = await invoke('check_downloads', { catalog_dir: catalog, wait: false })
  let last: JsonObject = {}
  for await (const { data } of readSse(`${server.url}/v1/events?job_id=${String(id)}`)) last = data
  expect(last).toMatchObject({ ...EXPECTED, job_id: id, status: 'completed', progress: 1 })
  expect(await invoke('get_model_job', { job_id: String(id) })).toMatchObject(EXPECTED)
})

test('another airkeep answers for its own host', async () => {
  const far = await executable.serve([], { env: env(), data: join(executable.folder, 'far') })
  const near = await executable.serve([], { env: { AIRKEEP_CATALOG: catalog } })
  const { invoke } = overHttp(near.url)
  await invoke('add_node', { name: 'box', url: far.url })
  const here = await invoke('check_downloads', { catalog_dir: catalog })
  expect(here).toMatchObject({ results: { 'loras/harbor.md': { downloaded: false } } })
  const there = await invoke('check_downloads', { catalog_dir: catalog, node: 'box' })
  expect(there).toMatchObject({ ...EXPECTED, ui_home: home })
  expect(there.instance).not.toBe(here.instance)
  const { job_id: id } = await invoke('check_downloads', { catalog_dir: catalog, node: 'box', wait: false })
  let last: JsonObject = {}
  for await (const { data } of readSse(`${near.url}/v1/events?job_id=${String(id)}`)) last = data
  expect(last).toMatchObject({ ...EXPECTED, status: 'completed', instance: there.instance })
  for (const data of [executable.data, join(executable.folder, 'far')]) {
    for (const name of readdirSync(data).filter((each) => each.startsWith('airkeep.db'))) {
      expect(readFileSync(join(data, name)).includes(KEY)).toBe(false)
    }
  }
  const started = await invoke('download_missing', { catalog_dir: catalog, node: 'box' })
  expect(started).toMatchObject({ node: 'box', jobs: [{ file_paths: ['loras/dusk.md'] }] })
  expect(await overHttp(far.url).invoke('get_model_job', { job_id: String(started.job_id) })).toMatchObject({
    kind: 'download_missing',
  })
  await far.stop()
  const lost = await invoke('check_downloads', { catalog_dir: catalog, node: 'box' })
  expect(lost).toMatchObject({
    success: false,
    host_status: 'node_unreachable',
    results: { 'loras/harbor.md': { status: 'unknown', downloaded: false }, 'words.md': { status: 'not_applicable' } },
  })
})

const able = needs('sshd') && needs('ssh') && needs('ssh-keygen')
test.skipIf(!able)('a host that ssh reaches, once its key is accepted', async () => {
  await using sshd = await startSshServer({ folder: join(executable.folder, 'sshd') })
  const line = `ssh -p ${sshd.port} -i ${sshd.key} ${sshd.user}@127.0.0.1 -L 8080:localhost:8080`
  const server = await executable.serve([], { env: { AIRKEEP_CATALOG: catalog } })
  const { invoke } = overHttp(server.url)
  const ask = (more: JsonObject = {}) =>
    invoke('check_downloads', { catalog_dir: catalog, ssh_host: line, ui_home: home, ...more })
  expect(await ask()).toMatchObject({
    success: false,
    host_status: 'host_key_unknown',
    host_key: { fingerprint: sshd.fingerprint },
    results: { 'loras/harbor.md': { status: 'unknown', downloaded: false } },
  })
  expect(await ask({ accept_host_key: sshd.fingerprint })).toMatchObject({ ...EXPECTED, ui_home: home })
  const before = sshd.connections()
  const command = await executable.run(['catalog', 'check', catalog, '--ssh', line, '--ui-home', home, '--json'])
  expect(command.json()).toMatchObject(EXPECTED)
  expect(command.exitCode).toBe(10)
  expect(sshd.connections() - before).toBe(1)
})

test('what is no host and no page is refused with its name', async () => {
  const server = await executable.serve([], { env: env() })
  const { invoke } = overHttp(server.url)
  const refused: readonly (readonly [JsonObject, string, RegExp])[] = [
    [{ ssh_host: '-oProxyCommand=touch /tmp/x' }, 'invalid_input', /ssh_host must be a host name/],
    [{ ssh_host: 'ssh root@host reboot' }, 'invalid_input', /a command after the host/],
    [{ ssh_host: 'host', ssh_port: 70_000 }, 'invalid_input', /port/],
    [{ node: 'nobody' }, 'not_found', /no node named nobody/],
    [{ ui_home: '/no/such/folder' }, 'not_found', /./],
    [{ catalog_dir: '/no/such/folder' }, 'not_found', /./],
  ]
  for (const [input, code, message] of refused) {
    const error = await rejection(invoke('check_downloads', { catalog_dir: catalog, ...input }))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  }
  const items = [{ file_path: '../outside.md' }, { file_path: '/etc/passwd' }, { file_path: 'none.md' }]
  const { results } = await invoke('check_downloads', { catalog_dir: catalog, items })
  for (const { file_path } of items) {
    expect((results as JsonObject)[file_path]).toMatchObject({ downloaded: false, status: 'invalid', path: null })
  }
})

test('a caller with a token looks at what the owner opened, and nowhere else', async () => {
  const create = await executable.run(['token', 'create', '--name', 'ci', '--permission', 'catalog:read', '--json'], {
    env: env(),
  })
  const token = String(create.json().token)
  const server = await executable.serve([], { env: env() })
  const ask = async (path: string, body: object): Promise<[number, JsonObject]> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return [response.status, (await response.json()) as JsonObject]
  }
  const check = '/api/catalog/check-downloads'
  expect(await ask(check, { catalog_dir: catalog })).toMatchObject([200, EXPECTED])
  const [, { job_id: id }] = await ask(check, { catalog_dir: catalog, wait: false })
  expect(id).toMatch(/^check_/)
  for (const body of [
    { catalog_dir: '/etc' },
    { catalog_dir: catalog, ui_home: '/root' },
    { catalog_dir: catalog, ssh_host: '127.0.0.1' },
    { catalog_dir: catalog, ssh_host: '127.0.0.1', wait: false },
    { catalog_dir: catalog, ssh_host: '127.0.0.1', accept_host_key: true },
  ]) {
    expect(await ask(check, body)).toMatchObject([403, { code: 'forbidden' }])
  }
  expect(await ask('/v1/catalog/download-missing', { catalog_dir: catalog })).toMatchObject([403, {}])
  expect(await ask('/v1/catalog/fix', { file_path: 'loras/dusk.md' })).toMatchObject([403, {}])
})

describe('with Civitai', () => {
  let civitai: FakeCivitai
  let storage: FileServer
  beforeEach(async () => {
    civitai = await startFakeCivitai()
    storage = await startFileServer(payloadBytes(HIGH.seed))
    const file = {
      id: 9_102_010,
      name: 'dusk.safetensors',
      type: 'Model',
      primary: true,
      sizeKB: HIGH.sizeBytes / 1024,
      hashes: { SHA256: HIGH.sha256.toUpperCase() },
      pickleScanResult: 'Success',
      virusScanResult: 'Success',
    }
    civitai.models.add({
      id: 900_100,
      name: 'Dusk',
      type: 'LORA',
      versions: [{ id: 910_201, sha256s: [HIGH.sha256], wire: { files: [file] } }],
    })
    civitai.downloads.add({ versionId: 910_201, fileId: file.id, primary: true, location: storage.url })
  })
  afterEach(async () => {
    await storage.close()
    await civitai.close()
  })
  const network = (): Record<string, string> =>
    env({
      AIRKEEP_CIVITAI_URL: civitai.url,
      AIRKEEP_ALLOW_NET: '127.0.0.1',
      AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
      AIRKEEP_MIN_FREE: '0',
    })

  test('download_missing fetches each file once into the folder of this UI, and the next check finds it', async () => {
    page('loras/again.md', 'civitdl "https://civitai.com/models/900100?modelVersionId=910201" "$UI_HOME"/models/loras')
    const ran = await executable.run(['download-missing', '--catalog-dir', catalog, '--json'], { env: network() })
    expect(ran.json()).toMatchObject({
      status: 'completed',
      dependencies: [{ status: 'resolved', sha256: HIGH.sha256, file_paths: ['loras/again.md', 'loras/dusk.md'] }],
    })
    expect(ran.exitCode).toBe(0)
    expect(storage.sentBytes()).toBe(HIGH.sizeBytes)
    const name = 'dusk-mid_900100-vid_910201.safetensors'
    expect(readdirSync(join(home, 'models/loras')).toSorted()).toEqual([name, 'harbor.safetensors'])
    const checked = await executable.run(['check-downloads', '--catalog-dir', catalog, '--json'], { env: network() })
    expect(checked.json()).toMatchObject({
      results: { 'loras/again.md': { downloaded: true }, 'loras/dusk.md': { downloaded: true } },
    })
    const again = await executable.run(['download-missing', '--catalog-dir', catalog, '--json'], { env: network() })
    expect(again.json()).toMatchObject({ status: 'completed', dependencies: [] })
  })

  test('download_missing places files in the UI that is named, once for each place', async () => {
    const other = join(executable.folder, 'other/ComfyUI')
    mkdirSync(join(other, 'models/loras'), { recursive: true })
    page(
      'only.md',
      `wget -O "$UI_HOME"/models/vae/second.safetensors ${storage.url}\nwget -O "$UI_HOME"/models/loras/first.safetensors ${storage.url}`,
    )
    const args = ['--items', '[{"file_path":"only.md"}]', '--ui-home', other, '--json']
    const ran = await executable.run(['download-missing', ...args], { env: network() })
    expect(ran.json()).toMatchObject({ status: 'completed' })
    expect(storage.sentBytes()).toBeLessThan(HIGH.sizeBytes + 100)
    const checked = await executable.run(['check-downloads', ...args], { env: network() })
    expect(checked.json()).toMatchObject({ ui_home: other, results: { 'only.md': { status: 'all' } } })
    expect(existsSync(join(home, 'models/loras/first.safetensors'))).toBe(false)
  })

  test('a download that policy blocks stays missing with its reason, and goes on when it may', async () => {
    const small = { ...network(), AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES: '1000' }
    const args = ['download-missing', '--catalog-dir', catalog, '--json']
    const blocked = await executable.run(args, { env: small })
    expect(blocked.exitCode).toBe(10)
    expect(blocked.json()).toMatchObject({
      status: 'partially_completed',
      dependencies: [{ status: 'blocked', reason_code: 'size' }],
    })
    const server = await executable.serve([], { env: network() })
    const job = (): Promise<JsonObject> =>
      overHttp(server.url).invoke('get_model_job', { job_id: String(blocked.json().job_id) })
    await settled(async () => (await job()).status === 'completed')
    expect(await job()).toMatchObject({ dependencies: [{ status: 'resolved', sha256: HIGH.sha256 }] })
  })

  test('download_missing goes on where it is told to', async () => {
    const small = { ...network(), AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES: '1000' }
    const args = ['download-missing', '--catalog-dir', catalog, '--json']
    const id = String((await executable.run(args, { env: small })).json().job_id)
    const retried = await executable.run(['retry-model-job', '--job-id', id, '--json'], { env: network() })
    expect(retried.json()).toMatchObject({ job_id: id, status: 'completed', dependencies: [{ status: 'resolved' }] })
  })

  test('a page gets the AIR that it lacks from Civitai', async () => {
    const args = ['fix-catalog-page', '--file-path', 'loras/dusk.md', '--apply', '--json']
    const fixed = await executable.run(args, { env: network(), cwd: catalog })
    expect(fixed.json()).toMatchObject({ applied: true, notes: [] })
    expect(readFileSync(join(catalog, 'loras/dusk.md'), 'utf8')).toMatch(/urn:air:\w+:lora:civitai:900100@910201/)
  })

  test('download_missing never replaces a damaged file, and says what is in the way', async () => {
    const damaged = join(home, 'models/loras/broken.safetensors')
    writeFileSync(damaged, '<!DOCTYPE html><html>Log in</html>')
    page('only.md', `wget -O "$UI_HOME"/models/loras/broken.safetensors ${storage.url}`)
    const server = await executable.serve([], { env: network() })
    const { invoke } = overHttp(server.url)
    const items = [{ file_path: 'only.md' }]
    expect(await invoke('check_downloads', { items })).toMatchObject({
      results: { 'only.md': { downloaded: false, files: [{ status: 'corrupt', path: damaged }] } },
    })
    const { job_id: id, jobs } = await invoke('download_missing', { items })
    expect(jobs).toMatchObject([{ file_paths: ['only.md'], in_the_way: damaged }])
    let last: JsonObject = {}
    for await (const { data } of readSse(`${server.url}/v1/events?job_id=${String(id)}`)) last = data
    expect(last).toMatchObject({
      status: 'completed',
      dependencies: [{ status: 'resolved', sha256: HIGH.sha256, reason: expect.stringContaining(damaged) }],
    })
    expect(readFileSync(damaged, 'utf8')).toContain('Log in')
    rmSync(damaged)
    renameSync(String((last.dependencies as JsonObject[])[0]?.resolved_path), damaged)
    expect(await invoke('check_downloads', { items })).toMatchObject({ results: { 'only.md': { downloaded: true } } })
  })

  test('download_missing leaves out what this caller may not fetch, and says so', async () => {
    page('loras/far.md', 'wget -P "$UI_HOME"/models/loras https://files.example.net/far.safetensors')
    const args = ['token', 'create', '--name', 'ci', '--permission', 'models:download', '--json']
    const token = String((await executable.run(args, { env: env() })).json().token)
    const server = await executable.serve([], { env: network() })
    const response = await fetch(`${server.url}/v1/catalog/download-missing`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ items: [{ file_path: 'loras/far.md' }] }),
    })
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({
      jobs: [],
      left_out: [
        { file_path: 'loras/far.md', expected: 'far.safetensors', reason: expect.stringMatching('files.example.net') },
      ],
    })
    expect(existsSync(join(home, 'models/loras/far.safetensors'))).toBe(false)
  })
})
