import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ask } from '../files/ask.ts'
import { someBytes } from '../files/model-on-disk.ts'
import { createSwarmClient, type Entry, type Manifest } from './swarm-client.ts'
import { type MadeModel, type SwarmHost, safetensors, startSwarmHost } from './swarm-host.ts'

const BODY = someBytes(5000)
const header = {
  'modelspec.title': 'Harbor Lights High',
  'modelspec.architecture': 'wan-2_2-image2video-14b/lora',
  'modelspec.description': 'Lights.',
  'modelspec.resolution': '960x544',
  'modelspec.author': 'night_ferry',
  'modelspec.tags': 'night, harbor,',
  'modelspec.trigger_phrase': 'h4rbor',
  'modelspec.thumbnail': 'data:image/jpeg;base64,AAAA',
}

/** Each must lead to its own file. */
const NASTY = [
  'style/deep/er/foo.safetensors',
  'with blanks and +.safetensors',
  'größe/漢字 😀.safetensors',
  '100%/50%2F50.safetensors',
  'question?#hash&amp;=.safetensors',
  'quote"\'`;.safetensors',
  'back\\slash.safetensors',
  'line\nbreak.safetensors',
  '..dots/...safetensors',
  'old/merge.ckpt',
  'foo.ckpt',
  'foo.ckpt.safetensors',
  'a/b.gguf',
  'a.gguf/b.gguf',
  'b.gguf',
  '0x/0x.gguf',
]

describe('the dialect', () => {
  let host: SwarmHost
  let port: number
  let url: string
  let lights: MadeModel
  let large: MadeModel
  let nasty: readonly MadeModel[]

  beforeAll(async () => {
    host = await startSwarmHost()
    lights = await host.add('wan/harbor_lights_high.safetensors', safetensors(BODY, header), {
      claims: { header },
      license: 'apache-2.0',
    })
    large = await host.add('large.gguf', someBytes(6 * 2 ** 20 + 11, 7), { type: 'checkpoint' })
    nasty = await host.addAll(
      NASTY.map((name, at) => {
        const bytes = someBytes(1000 + at, 100 + at)
        return [name, name.endsWith('.safetensors') ? safetensors(bytes) : bytes]
      }),
    )
    const listening = await host.t.listen()
    port = listening.port
    url = `http://127.0.0.1:${port}`
  })
  afterAll(() => host[Symbol.asyncDispose]())

  const client = (more: { loseAfter?: number; headers?: Record<string, string> } = {}) =>
    createSwarmClient({ url, ...more })
  const entryOf = ({ models }: Manifest, name: string): Entry => {
    const found = models.find((entry) => entry.name === name)
    if (found === undefined) throw new Error(`${name} is not listed`)
    return found
  }

  test('opens sessions', async () => {
    const response = await host.t.fetch('/API/GetNewSession', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({
      session_id: expect.stringMatching(/^[\w-]{43}$/),
      user_id: 'local',
      output_append_user: false,
      version: '1.2.3',
      server_id: 'inst_swarm',
      permissions: ['fundamental_model_access'],
    })
  })

  test('lists what a model is, without pictures', async () => {
    const manifest = await client().manifest('LoRA')
    expect(manifest).toMatchObject({ node_id: 'inst_swarm', generated_at: '2026-08-01T00:00:00.000Z', subtype: 'LoRA' })
    expect(entryOf(manifest, 'wan/harbor_lights_high.safetensors')).toEqual({
      name: 'wan/harbor_lights_high.safetensors',
      title: 'Harbor Lights High',
      filename: 'harbor_lights_high.safetensors',
      size: lights.bytes.length,
      sha256: `0x${lights.tensorSha256}`,
      file_sha256: lights.sha256,
      architecture: 'wan-2_2-image2video-14b/lora',
      description: 'Lights.',
      standard_width: 960,
      standard_height: 544,
      download_url: `/DownloadModel/LoRA/0x${lights.tensorSha256}/harbor_lights_high.safetensors`,
      metadata: {
        author: 'night_ferry',
        license: 'apache-2.0',
        trigger_phrase: 'h4rbor',
        tags: ['night', 'harbor'],
      },
    } as unknown as Entry)
    expect(entryOf(manifest, 'old/merge.ckpt')).toEqual({
      name: 'old/merge.ckpt',
      title: 'merge',
      filename: 'merge.ckpt',
      size: 1009,
      sha256: null,
      file_sha256: expect.any(String),
      architecture: 'unknown',
      description: '',
      standard_width: 0,
      standard_height: 0,
      download_url: '/DownloadModel/LoRA/old%2Fmerge.ckpt/merge.ckpt',
    } as unknown as Entry)
  })

  test('hands every model out to the client that it is known from, over connections that are lost', async () => {
    const swarm = client({ loseAfter: 700 })
    const { models } = await swarm.manifest('LoRA')
    expect(models).toHaveLength(NASTY.length + 1)
    for (const entry of models) {
      const bytes = await swarm.download(entry)
      const made = [lights, ...nasty].find(({ row }) => row.name === entry.name)
      expect(made?.bytes.equals(bytes)).toBe(true)
    }
    expect(swarm.requests).toBeGreaterThan(models.length * 2)
    expect(swarm.renewals).toBe(1)
  })

  test('renews a session that has ended', async () => {
    const swarm = client()
    await swarm.manifest('LoRA')
    const before = swarm.session
    host.t.time.now += 7 * 3_600_000
    expect((await swarm.manifest('lora')).subtype).toBe('LoRA')
    expect([swarm.renewals, swarm.session === before]).toEqual([2, false])
  })

  test.each([
    ['Stable-Diffusion', 1],
    ['LoRA', NASTY.length + 1],
    ['VAE', 0],
    ['Embedding', 0],
    ['ControlNet', 0],
    ['Clip', 0],
    ['ClipVision', 0],
    [undefined, 1],
  ])('has the subtype %p', async (subtype, count) => {
    const answer = await client().call('GetModelManifest', { ...(subtype === undefined ? {} : { subtype }) })
    expect([answer.subtype, (answer.models as unknown[]).length]).toEqual([subtype ?? 'Stable-Diffusion', count])
  })

  describe('sends', () => {
    const path = (): string => '/DownloadModel/Stable-Diffusion/large.gguf/large.gguf'

    test('a file with all that is known of it', async () => {
      const { status, headers, body, complete } = await ask(
        port,
        `/DownloadModel/LoRA/0x${lights.tensorSha256}/harbor_lights_high.safetensors`,
      )
      expect([status, complete, body.equals(lights.bytes)]).toEqual([200, true, true])
      expect(headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-length': String(lights.bytes.length),
        'content-disposition': 'attachment; filename="harbor_lights_high.safetensors"',
        'accept-ranges': 'bytes',
        'x-model-sha256': `0x${lights.tensorSha256}`,
        'x-model-file-sha256': lights.sha256,
        etag: `"${lights.sha256}"`,
      })
    })

    test('no digest of the tensors where there are none', async () => {
      const { headers } = await ask(port, path(), { method: 'HEAD' })
      expect(headers).not.toHaveProperty('x-model-sha256')
      expect(headers).toMatchObject({
        'x-model-file-sha256': large.sha256,
        'content-length': String(large.bytes.length),
        'content-disposition': 'attachment; filename="large.gguf"',
      })
    })

    const size = 6 * 2 ** 20 + 11
    test.each([
      ['bytes=0-0', 0, 0],
      ['bytes=5-9', 5, 9],
      ['bytes=5000000-5999999', 5_000_000, 5_999_999],
      ['bytes=6000000-', 6_000_000, size - 1],
      ['bytes=-7', size - 7, size - 1],
      ['bytes=-99999999', 0, size - 1],
      ['bytes=6291460-99999999', 6_291_460, size - 1],
    ])('%s', async (range, first, last) => {
      const { status, headers, body, complete } = await ask(port, path(), { headers: { range } })
      expect([status, headers['content-range'], complete]).toEqual([206, `bytes ${first}-${last}/${size}`, true])
      expect(body.equals(large.bytes.subarray(first, last + 1))).toBe(true)
    })

    test.each(['bytes=6291467-', 'bytes=99999999-', 'bytes=-0', 'bytes=0-1,5-6'])('nothing for %s', async (range) => {
      const { status, headers } = await ask(port, path(), { headers: { range } })
      expect([status, headers['content-range']]).toEqual([416, `bytes */${size}`])
    })

    test('what a client has not got yet, and all where it has another file', async () => {
      const range = 'bytes=6291460-'
      const same = await ask(port, path(), { headers: { range, 'if-range': `"${large.sha256}"` } })
      expect([same.status, same.body.length]).toEqual([206, 7])
      const other = await ask(port, path(), { headers: { range, 'if-range': `"${lights.sha256}"` } })
      expect([other.status, other.body.length]).toEqual([200, size])
      const known = await ask(port, path(), { headers: { 'if-none-match': `"${large.sha256}"` } })
      expect(known.status).toBe(304)
    })

    test.each([
      ['the tensor digest in capitals', () => `LoRA/0x${lights.tensorSha256?.toUpperCase()}/x`],
      ['it without 0x', () => `LoRA/${lights.tensorSha256}/x`],
      ['it alone', () => `LoRA/0x${lights.tensorSha256}`],
      ['the name', () => 'LoRA/wan%2Fharbor_lights_high.safetensors/x'],
      ['the name without its extension', () => 'LoRA/wan%2Fharbor_lights_high/x'],
      ['the name as a path', () => 'LoRA/wan/harbor_lights_high.safetensors/harbor_lights_high.safetensors'],
      ['the name as a path, alone', () => 'LoRA/wan/harbor_lights_high.safetensors'],
      ['the name from Windows', () => 'LoRA/wan%5Charbor_lights_high.safetensors/x'],
      ['another spelling of the subtype', () => 'lora/wan%2fharbor_lights_high.safetensors/x'],
      ['encoded letters', () => 'L%6fRA/w%61n%2Fharbor_lights_high.safetensors/%78'],
    ])('a file for %s', async (_what, reference) => {
      const { status, body } = await ask(port, `/DownloadModel/${reference()}`)
      expect([status, body.equals(lights.bytes)]).toEqual([200, true])
    })

    test('a file where the existing server left the digest out', async () => {
      expect((await ask(port, '/DownloadModel/LoRA//foo.ckpt')).body.length).toBe(1000 + NASTY.indexOf('foo.ckpt'))
    })
  })

  describe('refuses', () => {
    const zeros = '0'.repeat(64)
    test.each([
      ['/DownloadModel', 400, 'invalid_format'],
      ['/DownloadModel/', 400, 'invalid_format'],
      ['/DownloadModel/LoRA', 400, 'invalid_format'],
      ['/DownloadModel/LoRA//', 400, 'invalid_format'],
      ['/DownloadModel/LoRA/%/x', 400, 'invalid_format'],
      ['/DownloadModel/LoRA/%ff/x', 400, 'invalid_format'],
      ['/DownloadModel/Wildcards/a/a', 404, 'invalid_subtype'],
      ['/DownloadModel/__proto__/a/a', 404, 'invalid_subtype'],
      ['/DownloadModel/upscaler/a/a', 404, 'invalid_subtype'],
      [`/DownloadModel/LoRA/0x${zeros}/x.safetensors`, 404, 'model_not_found'],
      ['/DownloadModel/LoRA/constructor/x', 404, 'model_not_found'],
      ['/DownloadModel/VAE/wan%2Fharbor_lights_high.safetensors/x', 404, 'model_not_found'],
      ['/DownloadModel/LoRA/harbor_lights_high.safetensors/x', 404, 'model_not_found'],
      ['/DownloadModel/LoRA/harbor/x', 404, 'model_not_found'],
      ['/DownloadModel/LoRA/wan%2f..%2fwan%2fharbor_lights_high.safetensors/x', 404, 'model_not_found'],
      ['/DownloadModel/LoRA/%2Fetc%2Fpasswd/passwd', 404, 'model_not_found'],
      ['/DownloadModel/LoRA/a%00/x', 404, 'model_not_found'],
    ])('GET %s', async (path, status, id) => {
      const reply = await ask(port, path)
      expect([reply.status, JSON.parse(reply.body.toString())]).toEqual([
        status,
        { error: expect.any(String), error_id: id },
      ])
      expect(reply.headers['content-type']).toBe('application/json')
    })

    const NO_SESSION = [401, { error: expect.any(String), error_id: 'invalid_session_id' }] as const
    test.each([
      ['no session', {}],
      ['an unknown one', { session_id: 'x' }],
      ['one that is no text', { session_id: 5 }],
      ['none', { session_id: null }],
      ['a key of objects', { session_id: '__proto__' }],
    ])('%s', async (_what, fields) => {
      for (const name of ['GetModelManifest', 'ListModels', 'DescribeModel', 'GetModelHash']) {
        const response = await post(name, fields)
        expect([response.status, await response.json()]).toEqual([...NO_SESSION])
      }
    })

    test.each([
      ['GetModelManifest', { subtype: 'Wildcards' }, 404, 'invalid_subtype'],
      ['GetModelManifest', { subtype: 7 }, 404, 'invalid_subtype'],
      ['GetModelManifest', { subtype: null }, 404, 'invalid_subtype'],
      ['ListModels', { subtype: 'x' }, 404, 'invalid_subtype'],
      ['DescribeModel', { subtype: 'x', modelName: 'a' }, 404, 'invalid_subtype'],
      ['DescribeModel', { subtype: 'LoRA', modelName: 'nothing' }, 404, 'model_not_found'],
      ['DescribeModel', { subtype: 'LoRA' }, 404, 'model_not_found'],
      ['GetModelHash', { subtype: 'LoRA', modelName: ['x'] }, 404, 'model_not_found'],
    ])('%s %p', async (name, fields, status, id) => {
      const { session_id } = (await (await post('GetNewSession', {})).json()) as { session_id: string }
      const response = await post(name, { session_id, ...fields })
      expect([response.status, await response.json()]).toEqual([status, { error: expect.any(String), error_id: id }])
    })

    test.each<[string, number, RequestInit]>([
      ['a body that is no JSON', 400, { body: '{' }],
      ['a body that is no object', 400, { body: '[]' }],
      ['another type of body', 415, { body: '{}', headers: { 'content-type': 'text/plain' } }],
      ['a body that is too large', 413, { body: JSON.stringify({ x: 'x'.repeat(70_000) }) }],
      ['the page of another site', 403, { body: '{}', headers: { origin: 'https://example.org' } }],
      ['another name of the host', 403, { body: '{}', headers: { host: 'example.org' } }],
    ])('%s as every route does', async (_what, status, { body, headers }) => {
      for (const name of ['GetNewSession', 'GetModelManifest']) {
        const response = await post(name, body as string, headers as Record<string, string>)
        expect(response.status).toBe(status)
        expect(response.headers.get('content-type')).toBe('application/problem+json')
      }
    })

    test('other methods', async () => {
      for (const [method, path, allow] of [
        ['GET', '/API/GetModelManifest', 'POST'],
        ['POST', '/DownloadModel/LoRA/a/b', 'GET, HEAD'],
      ] as const) {
        const response = await host.t.fetch(path, { method })
        expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
      }
    })
  })

  const post = (name: string, body: object | string, headers: Record<string, string> = {}): Promise<Response> =>
    host.t.fetch(`/API/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  describe('as SwarmUI without downloads speaks it', () => {
    const list = async (fields: object) => {
      const { folders, files } = await client().call('ListModels', { subtype: 'LoRA', ...fields })
      return { folders, names: (files as { name: string }[]).map(({ name }) => name) }
    }

    test('lists everything', async () => {
      const { folders, names } = await list({ path: '', depth: 999, allowRemote: true })
      expect(names).toEqual([...NASTY, 'wan/harbor_lights_high.safetensors'].sort())
      expect(folders).toEqual(expect.arrayContaining(['style', 'style/deep', 'style/deep/er', 'wan', 'größe']))
    })

    test.each([
      [{ path: '', depth: 1 }, (name: string) => !name.includes('/')],
      [{}, (name: string) => !name.includes('/')],
      [{ path: 'wan', depth: 1 }, (name: string) => name.startsWith('wan/')],
      [{ path: '/wan//', depth: 5 }, (name: string) => name.startsWith('wan/')],
      [{ path: 'wa', depth: 5 }, () => false],
      [{ path: 'style', depth: 2 }, () => false],
      [{ path: 'style', depth: '3' }, (name: string) => name.startsWith('style/')],
      [{ path: 7, depth: 'x' }, (name: string) => !name.includes('/')],
    ])('lists %p', async (fields, expected) => {
      const all = [...NASTY, 'wan/harbor_lights_high.safetensors'].sort()
      expect((await list(fields)).names).toEqual(all.filter(expected))
    })

    test('names folders relative to the one that was asked for', async () => {
      expect((await list({ path: 'style', depth: 1 })).folders).toEqual(['deep'])
    })

    test.each([
      'wan/harbor_lights_high.safetensors',
      'wan/harbor_lights_high',
      '\\wan\\harbor_lights_high.safetensors',
    ])('describes %s', async (modelName) => {
      const { model } = await client().call('DescribeModel', { subtype: 'LoRA', modelName })
      expect(model).toMatchObject({
        name: 'wan/harbor_lights_high.safetensors',
        title: 'Harbor Lights High',
        author: 'night_ferry',
        preview_image: null,
        architecture: 'wan-2_2-image2video-14b/lora',
        standard_width: 960,
        is_supported_model_format: true,
        local: true,
        hash: `0x${lights.tensorSha256}`,
      })
      expect(await client().call('GetModelHash', { subtype: 'LoRA', modelName })).toEqual({
        hash: `0x${lights.tensorSha256}`,
      })
    })

    test('has no hash for what has no tensors', async () => {
      expect(await client().call('GetModelHash', { modelName: 'large.gguf' })).toEqual({ hash: null })
    })
  })
})

test('without it there are no such routes', async () => {
  const host = await startSwarmHost({ app: { swarm: undefined } })
  try {
    for (const name of ['GetNewSession', 'GetModelManifest', 'ListModels', 'DescribeModel', 'GetModelHash']) {
      expect((await host.t.fetch(`/API/${name}`, { method: 'POST', body: '{}' })).status).toBe(404)
    }
    const response = await host.t.fetch('/DownloadModel/LoRA/a/b')
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  } finally {
    await host[Symbol.asyncDispose]()
  }
})
