import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import canonicalize from 'canonicalize'
import type { JsonObject } from '../../src/lib/json.ts'
import { ask } from '../http/files/ask.ts'
import { openDescriptors, settled } from '../http/files/descriptors.ts'
import { createSwarmClient } from '../http/swarm/swarm-client.ts'
import { aBoundlessModelFile, aRandomModelFile } from '../support/big-models.ts'
import { runIn } from '../support/command.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { versionOf } from '../support/mcp.ts'
import { aModelFile, type MadeModel } from '../support/model-files.ts'
import { rejection } from '../support/rejection.ts'
import { needs } from '../support/requires.ts'
import { readSse } from '../support/sse.ts'
import { overHttp } from '../support/surfaces.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Catalog {
  readonly path: string
  readonly sha256: string | null
  readonly state: string
}

async function catalogOf(url: string, headers: Record<string, string> = {}): Promise<readonly Catalog[]> {
  const response = await fetch(`${url}/v1/models/catalog?limit=500`, { headers })
  expect(response.status).toBe(200)
  return ((await response.json()) as { items: Catalog[] }).items
}

describe('a server over model folders', () => {
  let executable: Executable
  beforeAll(() => {
    executable = installExecutable()
  })
  afterAll(() => executable.remove())

  let folder: TempDir | undefined
  afterEach(() => {
    folder?.[Symbol.dispose]()
    folder = undefined
  })
  function newRoot(): string {
    folder = tempDir()
    return join(folder.path, 'models')
  }
  const dataOf = (root: string): string => join(root, '../data')

  test('sees by itself what comes, changes and goes', async () => {
    const root = newRoot()
    const first = aModelFile(root, 'loras/first.safetensors', 1)
    const server = await executable.serve(['--models', root], { data: dataOf(root) })
    const knows = (models: readonly MadeModel[]): Promise<void> =>
      settled(async () => {
        const digests = new Map((await catalogOf(server.url)).map(({ path, sha256 }) => [path, sha256]))
        return digests.size === models.length && models.every(({ path, sha256 }) => digests.get(path) === sha256)
      })
    await knows([first])
    // In a folder that is new as well.
    const second = aModelFile(root, 'checkpoints/xl/second.safetensors', 2)
    await knows([first, second])
    // As downloads end.
    const made = aModelFile(root, 'loras/third.safetensors.part', 3)
    const third = { ...made, path: join(root, 'loras/third.safetensors') }
    renameSync(made.path, third.path)
    const changed = aModelFile(root, 'loras/first.safetensors', 4)
    await knows([changed, second, third])
    rmSync(second.path)
    rmSync(third.path)
    await knows([changed])
    expect(await server.stop()).toBe(0)
  })

  test('answers while it hashes; a scan can be paused over a restart, continued, cancelled and run again', async () => {
    const root = newRoot()
    const small = aModelFile(root, 'loras/small.safetensors', 1)
    // One for each core.
    for (const name of ['one', 'two']) aBoundlessModelFile(root, `checkpoints/${name}.safetensors`)
    const options = { data: dataOf(root), env: { AIRKEEP_AUTO_SCAN: 'false' } }
    const server = await executable.serve(['--models', root], options)
    const { invoke } = overHttp(server.url)
    const { job_id } = await invoke('scan_models', {})
    const isHashing = async (ask: typeof invoke): Promise<boolean> => {
      const { phase, status, hashed_bytes } = await ask('get_model_job', { job_id: job_id ?? '' })
      return phase === 'hashing' && status === 'analyzing' && Number(hashed_bytes) > 0
    }
    await settled(() => isHashing(invoke))

    for (let round = 0; round < 50; round += 1) {
      const [health, known] = await Promise.all([fetch(`${server.url}/health`), catalogOf(server.url)])
      expect(health.status).toBe(200)
      expect(known.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
    }
    // Whoever needs one digest has it before the files that are read.
    const late = aModelFile(root, 'loras/late.safetensors', 2)
    const prompt = `a cat <lora:late:1>\nSteps: 20, Lora hashes: "late: ${late.tensorSha256.slice(0, 12)}"`
    const { job_id: imported } = await invoke('import_prompt', { payload: prompt })
    let last: JsonObject = {}
    for await (const { data } of readSse(`${server.url}/v1/prompts/import/${imported}/events`)) last = data
    expect(last).toMatchObject({ status: 'completed', dependencies: [{ resolved_path: late.path }] })
    expect(await isHashing(invoke)).toBe(true)

    const again = await invoke('scan_models', {})
    expect(again.job_id).toBe(job_id)
    expect(await invoke('pause_model_job', { job_id: job_id ?? '' })).toMatchObject({ status: 'paused' })
    await settled(() => openDescriptors(server.pid, root) === 0)
    expect(await server.stop()).toBe(0)

    const second = await executable.serve(['--models', root], options)
    const after = overHttp(second.url)
    expect(await after.invoke('get_model_job', { job_id: job_id ?? '' })).toMatchObject({ status: 'paused' })
    expect(openDescriptors(second.pid, root)).toBe(0)
    await after.invoke('retry_model_job', { job_id: job_id ?? '' })
    await settled(() => isHashing(after.invoke))
    expect(await after.invoke('cancel_model_job', { job_id: job_id ?? '' })).toMatchObject({ status: 'cancelled' })
    await settled(() => openDescriptors(second.pid, root) === 0)
    const digests = new Map((await catalogOf(second.url)).map(({ path, sha256 }) => [path, sha256]))
    expect([digests.get(small.path), digests.get(late.path)]).toEqual([small.sha256, late.sha256])
    await after.invoke('retry_model_job', { job_id: job_id ?? '' })
    await settled(() => isHashing(after.invoke))
    second.kill('SIGKILL')
    await second.exited

    // What a kill has interrupted goes on by itself.
    const third = await executable.serve(['--models', root], options)
    await settled(() => isHashing(overHttp(third.url).invoke))
    expect(await third.stop()).toBe(0)
  })

  test('its stream shows scans to their end', async () => {
    const root = newRoot()
    aBoundlessModelFile(root, 'endless/x.safetensors')
    const one = aModelFile(root, 'loras/one.safetensors', 1)
    const server = await executable.serve(['--models', root], {
      data: dataOf(root),
      env: { AIRKEEP_AUTO_SCAN: 'false' },
    })
    const { invoke } = overHttp(server.url)
    const { job_id: endless } = await invoke('scan_models', { roots: [join(root, 'endless')] })
    const shown: string[] = []
    let short: JsonObject | undefined
    for await (const { event, data } of readSse(`${server.url}/v1/models/events`)) {
      expect(event).toBe('job')
      const { job_id, status } = data
      const name = job_id === endless ? 'endless' : 'short'
      if (shown.at(-1) !== `${name} ${status}`) shown.push(`${name} ${status}`)
      if (job_id === endless && status === 'analyzing' && Number(data.hashed_bytes) > 0) {
        // Its last event comes once: what follows is a scan of its own.
        await invoke('cancel_model_job', { job_id: endless ?? '' })
      }
      if (job_id === endless && status === 'cancelled' && short === undefined) {
        short = await invoke('scan_models', { roots: [join(root, 'loras')] })
      }
      if (job_id === short?.job_id && status === 'completed') {
        expect(data).toMatchObject({ progress: 1, files: 1, files_hashed: 1 })
        break
      }
    }
    expect(shown).toEqual(['endless analyzing', 'endless cancelled', 'short analyzing', 'short completed'])
    // That of one job ends with it.
    const states: unknown[] = []
    for await (const { data } of readSse(`${server.url}/v1/models/events?job_id=${short?.job_id}`)) {
      states.push(data.status)
    }
    expect(states).toEqual(['completed'])
    const digests = (await catalogOf(server.url)).map(({ path, sha256 }) => [path, sha256])
    expect(digests).toContainEqual([one.path, one.sha256])
    expect(await server.stop()).toBe(0)
  })

  test('agents have its tools, but name no nodes', async () => {
    const root = newRoot()
    const model = aModelFile(root, 'loras/harbor.safetensors', 1)
    const server = await executable.serve(['--models', root], { data: dataOf(root) })
    const client = new Client({ name: 'test', version: '1' }, versionOf('2026'))
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)))
    const names = (await client.listTools()).tools.map(({ name }) => name)
    for (const name of [
      'scan_models',
      'verify_models',
      'list_models',
      'link_duplicates',
      'get_model_manifest',
      'get_model_job',
      'list_model_jobs',
      'cancel_model_job',
      'retry_model_job',
      'pause_model_job',
      'list_nodes',
    ]) {
      expect(names).toContain(name)
    }
    expect(names).not.toContain('add_node')
    expect(names).not.toContain('remove_node')
    await settled(async () => {
      const found = await client.callTool({ name: 'list_models', arguments: { hash: model.sha256 } })
      return (found.structuredContent as { count: number }).count === 1
    })
    const manifest = await client.callTool({ name: 'get_model_manifest', arguments: {} })
    expect(manifest.structuredContent).toMatchObject({ models: [{ sha256: model.sha256 }] })
    await client.close()
    expect(await server.stop()).toBe(0)
  })
})

describe('two hosts', () => {
  let a: Executable
  let b: Executable
  let server: Server
  let root: string
  let files: TempDir
  let token: string
  let reader: string
  let large: ReturnType<typeof aRandomModelFile>
  let small: MadeModel
  let secret: MadeModel
  const env = { AIRKEEP_SERVE_EXCLUDE: 'secret.*', AIRKEEP_SWARM_DIALECT: 'true', AIRKEEP_LOG: 'error' }

  const as = (bearer: string): Record<string, string> => ({ authorization: `Bearer ${bearer}` })
  const port = (): number => Number(new URL(server.url).port)
  const createToken = async (name: string, ...permissions: string[]): Promise<string> => {
    const flags = permissions.flatMap((permission) => ['--permission', permission])
    const { stdout } = await a.run(['token', 'create', '--name', name, ...flags, '--json'])
    return String(JSON.parse(stdout).token)
  }
  const serve = async (at: number): Promise<void> => {
    server = await a.serve(['--port', String(at), '--models', root], { env })
  }
  const isServed = async (hash: string): Promise<boolean> =>
    (await ask(port(), `/v1/models/download?hash=${hash}`, { method: 'HEAD', headers: as(token) })).status === 200

  beforeAll(async () => {
    a = installExecutable()
    b = installExecutable()
    root = join(a.folder, 'models')
    files = tempDir()
    // Of three chunks.
    large = aRandomModelFile(root, 'checkpoints/large.safetensors', 40 * 2 ** 20)
    small = aModelFile(root, 'loras/small model.safetensors', 1)
    secret = aModelFile(root, 'loras/secret.safetensors', 2)
    aModelFile(root, 'loras/copy of it.safetensors', 2)
    token = await createToken('b', 'models:read', 'models:serve')
    reader = await createToken('reader', 'models:read')
    await serve(0)
    await settled(async () => {
      const known = await catalogOf(server.url, as(token))
      return known.length === 4 && known.every(({ sha256 }) => sha256 !== null)
    })
  })
  afterAll(async () => {
    await a.remove()
    await b.remove()
    files[Symbol.dispose]()
  })

  interface Manifest extends JsonObject {
    readonly node: { readonly id: string; readonly public_key: string; readonly sig_algo: string }
    readonly models: {
      readonly filename: string
      readonly sha256: string
      readonly download: { readonly http: string }
    }[]
    readonly signature: string
  }
  async function manifestOf(): Promise<Manifest> {
    const response = await fetch(`${server.url}/v1/models/manifest`, { headers: as(reader) })
    expect(response.status).toBe(200)
    return (await response.json()) as Manifest
  }

  test('the manifest names what is served, and its signature holds', async () => {
    const { signature, ...content } = await manifestOf()
    expect(content.models.map(({ filename }) => filename).sort()).toEqual([
      'large.safetensors',
      'small model.safetensors',
    ])
    expect(content.node.sig_algo).toBe('ed25519')
    const x = Buffer.from(content.node.public_key, 'base64').toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const holds = (text: string | undefined): boolean =>
      verify(null, Buffer.from(text ?? ''), key, Buffer.from(signature, 'base64'))
    expect(holds(canonicalize(content))).toBe(true)
    expect(holds(canonicalize({ ...content, models: content.models.slice(1) }))).toBe(false)
    const own = (await a.run(['get-model-manifest', '--json'])).json()
    expect(own.node).toEqual(content.node)
  })

  test('bytes need a token, and one that may have them', async () => {
    const path = `/v1/models/download?hash=${small.sha256}`
    const statuses = async (headers: Record<string, string>): Promise<number[]> =>
      Promise.all(
        [path, `/v1/models/chunks/${small.sha256}`, `/v1/models/chunks/${small.sha256}/0`].map(
          async (each) => (await ask(port(), each, { headers })).status,
        ),
      )
    expect(await statuses({})).toEqual([401, 401, 401])
    expect(await statuses(as('ak_another'))).toEqual([401, 401, 401])
    expect(await statuses(as(reader))).toEqual([403, 403, 403])
    expect(await statuses(as(token))).toEqual([200, 200, 200])
    const code = async (hash: string) =>
      (await ask(port(), `/v1/models/download?hash=${hash}`, { headers: as(token) })).status
    expect(await code('0'.repeat(64))).toBe(404)
    expect(await code('0'.repeat(63))).toBe(400)
    expect(await code(small.tensorSha256)).toBe(200)
  })

  test.skipIf(!needs('curl'))('curl: head, whole, and the rest of what it has', async () => {
    const address = `${server.url}/v1/models/download?hash=${large.sha256}`
    const curl = (...args: string[]) =>
      runIn(files.path, ['curl', '-sS', '--fail', '-H', `Authorization: Bearer ${token}`, ...args, address])
    const head = await curl('-I')
    expect(head.stdout).toMatch(new RegExp(`^content-length: ${large.bytes.length}\r$`, 'im'))
    expect(head.stdout).toMatch(new RegExp(`^x-model-sha256: ${large.sha256}\r$`, 'im'))
    expect(head.stdout).toMatch(/^accept-ranges: bytes\r$/im)

    const whole = await curl('-O', '-J', '-w', '%{http_code} %{size_download}')
    expect(whole).toMatchObject({ exitCode: 0, stdout: `200 ${large.bytes.length}` })
    expect(sha256Of(readFileSync(join(files.path, 'large.safetensors')))).toBe(large.sha256)

    const part = join(files.path, 'part')
    const had = 10_000_001
    writeFileSync(part, large.bytes.subarray(0, had))
    const rest = await curl('-C', '-', '-o', part, '-w', '%{http_code} %{size_download}')
    expect(rest).toMatchObject({ exitCode: 0, stdout: `206 ${large.bytes.length - had}` })
    expect(sha256Of(readFileSync(part))).toBe(large.sha256)
  })

  test.skipIf(!needs('aria2c'))('aria2c: eight connections, and its own checksum', async () => {
    const { exitCode, stdout } = await runIn(files.path, [
      'aria2c',
      ...['--no-conf', '--quiet', '-x8', '-s8', '-k1M', '--file-allocation=none'],
      ...[`--checksum=sha-256=${large.sha256}`, `--header=Authorization: Bearer ${token}`, '-o', 'by-aria2'],
      `${server.url}/v1/models/download?hash=${large.tensorSha256}`,
    ])
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(sha256Of(readFileSync(join(files.path, 'by-aria2')))).toBe(large.sha256)
  })

  test('chunks are those of the file', async () => {
    const address = `${server.url}/v1/models/chunks/${large.sha256}`
    const list = (await (await fetch(address, { headers: as(token) })).json()) as JsonObject
    expect(list).toMatchObject({ sha256: large.sha256, size_bytes: large.bytes.length, count: 3 })
    const size = Number(list.chunk_bytes)
    const parts = [0, 1, 2].map((at) => large.bytes.subarray(at * size, (at + 1) * size))
    expect(list.hashes).toEqual(parts.map(sha256Of))
    const got = await Promise.all(
      parts.map(async (_, at) => (await fetch(`${address}/${at}`, { headers: as(token) })).arrayBuffer()),
    )
    expect(Buffer.concat(got.map((each) => Buffer.from(each))).equals(large.bytes)).toBe(true)
    expect((await fetch(`${address}/3`, { headers: as(token) })).status).toBe(404)
  })

  test('what is excluded is nowhere, under whatever name its bytes have', async () => {
    expect(JSON.stringify(await manifestOf())).not.toContain(secret.sha256)
    const statusOf = async (path: string) => (await ask(port(), path, { headers: as(token) })).status
    for (const hash of [secret.sha256, secret.tensorSha256]) {
      expect(await statusOf(`/v1/models/download?hash=${hash}`)).toBe(404)
      expect(await statusOf(`/v1/models/chunks/${hash}`)).toBe(404)
      expect(await statusOf(`/v1/models/chunks/${hash}/0`)).toBe(404)
    }
    const swarm = createSwarmClient({ url: server.url, headers: as(token) })
    expect((await swarm.manifest('LoRA')).models.map(({ filename }) => filename)).toEqual(['small model.safetensors'])
    for (const model of [`0x${secret.tensorSha256}`, 'secret.safetensors', 'copy%20of%20it.safetensors']) {
      expect(await statusOf(`/DownloadModel/LoRA/${model}/secret.safetensors`)).toBe(404)
    }
    // On the host itself it is there.
    expect((await catalogOf(server.url, as(token))).map(({ sha256 }) => sha256)).toContain(secret.sha256)
  })

  test('the dialect of SwarmUI: a session, the list, the bytes', async () => {
    const swarm = createSwarmClient({ url: server.url, headers: as(token) })
    for (const [subtype, model] of [
      ['LoRA', small],
      ['Stable-Diffusion', large],
    ] as const) {
      const [entry, ...others] = (await swarm.manifest(subtype)).models
      if (entry === undefined) throw new Error(`no ${subtype}`)
      expect(others).toEqual([])
      expect(entry).toMatchObject({ sha256: `0x${model.tensorSha256}`, size: statSync(model.path).size })
      // Compares size and digests.
      expect(sha256Of(await swarm.download(entry))).toBe(model.sha256)
    }
    expect(swarm.renewals).toBe(1)
    const refused = createSwarmClient({ url: server.url, headers: as(reader) })
    expect(await rejection(refused.manifest('LoRA'))).toMatchObject({
      message: expect.stringContaining('bad_permissions'),
    })
    // A session alone is enough for lists, as SwarmUI's hosts have them; nothing in a URL is.
    const address = `/DownloadModel/LoRA/0x${small.tensorSha256}/x?session_id=${swarm.session}`
    expect((await ask(port(), address)).status).toBe(401)
  })

  test('that dialect is off unless it is asked for', async () => {
    const quiet = await b.serve([], { env: { AIRKEEP_LOG: 'error' } })
    for (const name of ['GetNewSession', 'GetModelManifest', 'ListModels']) {
      const response = await fetch(`${quiet.url}/API/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      expect(response.status).toBe(404)
    }
    expect((await fetch(`${quiet.url}/DownloadModel/LoRA/x/x`)).status).toBe(404)
    expect(await quiet.stop()).toBe(0)
  })

  test('a file that changes under its name is never given as what it was', async () => {
    const victim = aRandomModelFile(root, 'checkpoints/victim.safetensors', 24 * 2 ** 20)
    await settled(() => isServed(victim.sha256))
    const fresh = aRandomModelFile(root, 'new.part', 24 * 2 ** 20)
    // What was begun ends with the file that it was begun with.
    const begun = await ask(port(), `/v1/models/download?hash=${victim.sha256}`, {
      headers: as(token),
      pause: { afterBytes: 2 ** 17, until: async () => renameSync(fresh.path, victim.path) },
    })
    expect([begun.status, begun.complete, sha256Of(begun.body)]).toEqual([200, true, victim.sha256])
    const after = await ask(port(), `/v1/models/download?hash=${victim.sha256}`, { headers: as(token) })
    // Whether the watcher has seen it or not yet.
    expect([404, 409]).toContain(after.status)
    await settled(() => isServed(fresh.sha256))
    const now = await ask(port(), `/v1/models/download?hash=${fresh.sha256}`, { headers: as(token) })
    expect(sha256Of(now.body)).toBe(fresh.sha256)
    expect(await isServed(victim.sha256)).toBe(false)
  })

  test('a node is known by its key: another one in its place is refused', async () => {
    const at = port()
    const add = () => b.run(['node', 'add', '--name', 'a', '--url', server.url, '--json'], { stdin: `${token}\n` })
    const added = await add()
    expect([added.exitCode, added.stderr]).toEqual([0, ''])
    const { public_key } = (await manifestOf()).node
    expect(added.json()).toMatchObject({ name: 'a', url: server.url, public_key, has_token: true })
    expect(added.stdout).not.toContain(token)
    for (const name of readdirSync(b.data).filter((each) => each.startsWith('airkeep.db'))) {
      expect(readFileSync(join(b.data, name)).includes(token)).toBe(false)
    }
    expect(statSync(join(a.data, 'node-key')).mode & 0o777).toBe(0o600)
    const table = await b.run(['node', 'list'])
    expect(table.stdout).toContain(public_key)

    expect(await server.stop()).toBe(0)
    await serve(at)
    expect((await add()).exitCode).toBe(0)

    expect(await server.stop()).toBe(0)
    rmSync(join(a.data, 'node-key'))
    await serve(at)
    expect((await manifestOf()).node.public_key).not.toBe(public_key)
    const again = await add()
    expect([again.exitCode, again.json().code]).toEqual([5, 'conflict'])
    expect(again.json().detail).toContain('another key')
    expect((await b.run(['node', 'list', '--json'])).json().items).toMatchObject([{ name: 'a', public_key }])
    // The owner of B decides.
    expect((await b.run(['node', 'remove', '--name', 'a'])).exitCode).toBe(0)
    const anew = await add()
    expect([anew.exitCode, anew.json().public_key]).toEqual([0, (await manifestOf()).node.public_key])
    expect(await server.stop()).toBe(0)
  })
})
