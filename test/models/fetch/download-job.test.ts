import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { AppEvent } from '../../../src/events/event.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { DownloadState, WantedPlace } from '../../../src/models/fetch/downloads.ts'
import type { Offer } from '../../../src/models/fetch/wanted.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { type Conduct, type FileRequest, type FileServer, startFileServer } from '../../support/file-server.ts'
import { aModelFile } from '../../support/model-files.ts'
import { HIGH, LOW, payloadBytes } from '../../support/payloads.ts'
import { ok, startRawServer } from '../../support/raw-server.ts'
import { aTokenActor } from '../../support/track.ts'
import {
  anOffer,
  closeHashes,
  type DownloadHost,
  type DownloadHostOptions,
  hashes,
  openDownloads,
} from './download-host.ts'

const LORA: WantedPlace = { type: 'lora' }
const never = new AbortController().signal
const payloads = [HIGH, LOW].map((payload) => ({ ...payload, bytes: payloadBytes(payload.seed) }))

function aPayload(seed: number): (typeof payloads)[number] {
  const found = payloads[seed - 1]
  if (found === undefined) throw new Error(`There is no payload ${seed}`)
  return found
}

const one = aPayload(1)

const servers: FileServer[] = []
let host: DownloadHost
afterEach(async () => {
  await host.close()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})
afterAll(closeHashes)

async function serve(seed = 1, conduct?: (request: FileRequest) => Conduct | undefined): Promise<FileServer> {
  const server = await startFileServer(aPayload(seed).bytes, conduct)
  servers.push(server)
  return server
}

const start = async (options?: DownloadHostOptions): Promise<void> => {
  host = await openDownloads(options)
}

async function order(offers: readonly Offer[], place = LORA, actor: Actor = OWNER): Promise<string> {
  return (await host.downloads.order({ offers, place, actor })).jobId
}

const known = (url: string, seed = 1, changes: Partial<Offer> = {}): Offer =>
  anOffer(url, { sha256: aPayload(seed).sha256, size_bytes: aPayload(seed).bytes.length, ...changes })

describe('a download', () => {
  test('puts the verified file where the UI loads it from, and the library knows it without reading it again', async () => {
    await start()
    const server = await serve()
    const id = await order([known(server.url, 1, { tensor_sha256: one.tensorSha256 })], {
      type: 'lora',
      name: 'style\\harbor.safetensors',
    })
    const path = join(host.models, 'loras/style/harbor.safetensors')
    expect(await host.downloads.follow(id, { signal: never })).toEqual({
      status: 'completed',
      path,
      name: 'style/harbor.safetensors',
      sha256: one.sha256,
      sizeBytes: one.bytes.length,
      source: 'url',
    })
    expect(readFileSync(path).equals(one.bytes)).toBe(true)
    expect(readdirSync(dirname(path))).toEqual(['harbor.safetensors'])
    expect(await host.row(path)).toMatchObject({
      sha256: one.sha256,
      tensorSha256: one.tensorSha256,
      digestSource: 'computed',
      state: 'ok',
      name: 'style/harbor.safetensors',
    })
    expect((await host.row(path))?.hashedAt).not.toBeNull()
    expect(await host.files.usedBytes()).toBe(one.bytes.length)
    expect(await host.job(id)).toMatchObject({
      kind: 'download',
      status: 'completed',
      progress: 1,
      bytes_done: one.bytes.length,
      sources: [{ id: `url:${server.url}`, bytes: one.bytes.length }],
    })
  })

  test('has the digests that hashing the file would give', async () => {
    await start()
    const server = await serve()
    await order([known(server.url, 1, { tensor_sha256: one.tensorSha256 })])
    await host.jobs.whenIdle()
    const path = join(host.models, 'loras/harbor.safetensors')
    const { sha256, tensorSha256, autoV1, sample } = await hashes().hashFile(path, { tensor: true, sample: true })
    expect(await host.row(path)).toMatchObject({ sha256, tensorSha256, autoV1, sample })
  })

  test('of which only the whole digest is known leaves the rest to the next scan', async () => {
    await start()
    const server = await serve()
    await order([known(server.url)])
    await host.jobs.whenIdle()
    const row = await host.row(join(host.models, 'loras/harbor.safetensors'))
    expect(row).toMatchObject({ sha256: one.sha256 })
    // The tensor digest needs a reading of its own, unless the engine has taken it on the way.
    expect(row?.hashedAt === null).toBe(row?.tensorSha256 === null)
  })

  test('is one for each content, however many ask', async () => {
    await start()
    const server = await serve()
    const orders = [known(server.url), known(`${server.url}?mirror`), known(server.url)]
    const ids = await Promise.all(orders.map((offer) => order([offer])))
    expect(new Set(ids).size).toBe(1)
    await host.jobs.whenIdle()
    expect(server.sentBytes()).toBeLessThan(one.bytes.length + 2)
  })

  test('waits for another that turns out to fetch the same bytes', async () => {
    await start()
    const server = await serve()
    host.search = async () => ({ offers: [known(server.url)], candidates: [], steps: [] })
    const first = await order([known(server.url)])
    const { job_id } = await host.invoke('request_model_download', { url: `${server.url}?v=2`, type: 'lora' })
    expect(job_id).not.toBe(first)
    expect(await host.ended(String(job_id))).toMatchObject({ status: 'completed' })
    const states = [await host.job(first), await host.job(String(job_id))].map(({ source }) => source)
    expect(states.toSorted()).toEqual(['local', 'url'])
  })

  test('fetches nothing that is here already, under whatever name', async () => {
    await start()
    const server = await serve()
    const path = join(host.models, 'loras/renamed.safetensors')
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, one.bytes)
    const roots = [{ path: host.models, type: undefined, layout: 'comfyui' as const }]
    await host.library.refresher.refresh({ roots, signal: never })
    await host.library.reader.inspectAll(never)
    // Not hashed yet: its size says that it may be the one.
    const id = await order([known(server.url)])
    expect(await host.ended(id)).toMatchObject({
      status: 'completed',
      path,
      source: 'local',
      name: 'renamed.safetensors',
    })
    expect(server.requests).toEqual([])
  })

  test('leaves another file of that name alone and takes the next free name', async () => {
    await start()
    aModelFile(host.models, 'loras/harbor.safetensors', 9)
    const server = await serve()
    const id = await order([known(server.url)])
    expect(await host.ended(id)).toMatchObject({ status: 'completed', name: 'harbor-2.safetensors' })
    expect(readFileSync(join(host.models, 'loras/harbor-2.safetensors')).equals(one.bytes)).toBe(true)
  })

  test('two of one name and different bytes do not get in each other’s way', async () => {
    await start()
    const servers = await Promise.all([serve(1), serve(2)])
    const ids = await Promise.all(servers.map(({ url }, at) => order([known(url, at + 1)])))
    await host.jobs.whenIdle()
    const jobs = await Promise.all(ids.map(host.job))
    expect(jobs.map(({ status }) => status)).toEqual(['completed', 'completed'])
    expect(readdirSync(join(host.models, 'loras')).toSorted()).toEqual(['harbor-2.safetensors', 'harbor.safetensors'])
  })

  test('that fails at one source goes on with the next', async () => {
    await start()
    const [bad, good] = [await serve(1, () => ({ status: 404 })), await serve(1)]
    const id = await order([known(bad.url), known(good.url)])
    expect(await host.ended(id)).toMatchObject({ status: 'completed' })
  })

  test('that a distrusted node would serve comes from the next source, and is told of where there is none', async () => {
    await start()
    const server = await serve()
    const { sha256: _, ...node } = known(server.url, 1, {
      source: 'remote',
      ref: { kind: 'node', node: 'box', hash: `0x${one.tensorSha256}`, filename: 'harbor.safetensors' },
      tensor_sha256: one.tensorSha256,
    })
    const refused = await host.ended(await order([node]))
    expect(refused).toMatchObject({ status: 'failed', reason: 'Nothing is fetched from box: it has another key' })
    const id = await order([node, known(server.url, 1, { tensor_sha256: one.tensorSha256 })])
    expect(await host.ended(id)).toMatchObject({ status: 'completed', source: 'url' })
  })

  test('that no node can give any more comes from elsewhere by its digest', async () => {
    await start()
    const server = await serve()
    const node = known(server.url, 1, {
      source: 'remote',
      ref: { kind: 'node', node: 'box', hash: one.sha256, filename: 'harbor.safetensors' },
    })
    const asked: unknown[] = []
    host.search = async ({ hashes }, { prefer }) => {
      asked.push({ hashes, prefer })
      return { offers: [known(server.url), known(server.url, 2), node], candidates: [], steps: [] }
    }
    expect(await host.ended(await order([node]))).toMatchObject({ status: 'completed', source: 'url' })
    expect(asked).toEqual([
      { hashes: [{ algorithm: 'sha256', value: one.sha256 }], prefer: ['civitai', 'huggingface'] },
    ])
  })

  test('with other bytes than it should have fails and names both digests', async () => {
    await start()
    const server = await serve(2)
    const id = await order([known(server.url)])
    const job = await host.ended(id)
    expect(job).toMatchObject({ status: 'failed', error_code: 'checksum_mismatch', reason_code: null })
    expect(`${job.reason}`).toContain(aPayload(2).sha256)
    expect(await host.downloads.follow(id, { signal: never })).toMatchObject({ status: 'failed' })
    expect(existsSync(join(host.models, 'loras/harbor.safetensors'))).toBe(false)
  })

  test('of a type that only the source tells goes to the folder of that', async () => {
    await start()
    const server = await serve()
    const id = await order([known(server.url, 1, { type: 'vae' })], { type: 'other' })
    expect(await host.ended(id)).toMatchObject({ type: 'vae', path: join(host.models, 'vae/harbor.safetensors') })
  })
})

describe('what may not be fetched', () => {
  const civitai = (url: string, changes: Partial<Offer> = {}): Offer =>
    known(url, 1, {
      source: 'civitai',
      ref: { kind: 'url', url, by_caller: false },
      civitai: { model_id: 900100, version_id: 910201 },
      ...changes,
    })

  test.each<[string, DownloadHostOptions, Partial<Offer>, string]>([
    ['license', { policy: { allowedLicences: ['commercial'] } }, {}, 'AllowedLicenses'],
    ['size', { policy: { maxSizeBytes: 1000 } }, {}, '--max-size-bytes'],
    ['pickle', {}, { filename: 'harbor.ckpt' }, 'AIRKEEP_ALLOW_PICKLE'],
    ['terms', {}, { facts: { gated: 'auto' } }, 'accept_terms'],
    ['disk', { minFreeBytes: 2 ** 53 }, {}, 'have to stay free'],
  ])('ends blocked, with the reason %s and what would change it', async (reason, options, changes, words) => {
    await start(options)
    const server = await serve()
    const id = await order([civitai(server.url, changes)])
    const job = await host.ended(id)
    expect(job).toMatchObject({ status: 'partially_completed', reason_code: reason })
    expect(`${job.reason}`).toContain(words)
    expect(await host.downloads.follow(id, { signal: never })).toMatchObject({ status: 'blocked', reasonCode: reason })
    // How much room it needs is known only when its source has been asked.
    if (reason !== 'disk') expect(server.requests).toEqual([])
    expect(existsSync(join(host.models, 'loras/harbor.safetensors'))).toBe(false)
  })

  test('goes on when the terms are accepted, and when a setting is another', async () => {
    await start()
    const server = await serve()
    const offer = civitai(server.url, { facts: { gated: 'auto' } })
    const id = await order([offer])
    expect(await host.ended(id)).toMatchObject({ reason_code: 'terms' })
    await host.reopen(['login'])
    expect(await host.ended(id)).toMatchObject({ reason_code: 'terms' })
    await host.terms.accept('civitai:version:910201', undefined, OWNER)
    await host.reopen(['terms'])
    expect(await host.ended(id)).toMatchObject({ status: 'completed', reason_code: null, reason: null })
  })

  test('goes on after a restart with other settings', async () => {
    await start({ policy: { maxSizeBytes: 1000 } })
    const server = await serve()
    const id = await order([civitai(server.url)])
    expect(await host.ended(id)).toMatchObject({ reason_code: 'size' })
    host = await host.restart({ policy: { maxSizeBytes: 10 ** 9 } })
    await host.reopen(['size'])
    expect(await host.ended(id)).toMatchObject({ status: 'completed' })
  })

  test('is decided once for the order, and again only where it is refused; all of it is in the audit log', async () => {
    await start({ policy: { allowedLicences: ['noncommercial'] } })
    const server = await serve()
    const facts = { commercial_use: [], base_model: 'SDXL 1.0' }
    const [fine, refused] = [civitai(server.url, { facts }), civitai(`${server.url}?v=2`)]
    const studio = aTokenActor('studio', 'models:download')
    const decided = await host.downloads.decide([refused, fine], { actor: studio, signal: never, type: 'lora' })
    expect(decided).toEqual({ allowed: [fine] })
    await order([fine], LORA, studio)
    await host.jobs.whenIdle()
    expect(await host.audit()).toMatchObject([
      {
        actor: 'studio',
        table: 'model_downloads',
        rowId: `url:${server.url}?v=2`,
        before: null,
        after: { verdict: 'ask', reason: 'license', source: 'civitai', licenses: [], type: 'lora', caller: 'token' },
      },
      { after: { verdict: 'allow', reason: null, size_bytes: one.bytes.length } },
    ])
  })

  test('a pickle does not get in under a name that the prompt has for it', async () => {
    await start()
    const server = await serve()
    const id = await order([civitai(server.url, { filename: 'download' })], { type: 'lora', name: 'foo.pt' })
    expect(await host.ended(id)).toMatchObject({ reason_code: 'pickle' })
  })

  test('an address that a token names is not the owner’s own', async () => {
    await start({ policy: { allowedLicences: ['commercial'] } })
    const offers = [known('https://files.example.org/a.safetensors')]
    const call = { signal: never, type: 'lora' as const }
    expect(await host.downloads.decide(offers, { ...call, actor: OWNER })).toHaveProperty('allowed')
    const studio = aTokenActor('studio', 'models:download')
    expect(await host.downloads.decide(offers, { ...call, actor: studio })).toMatchObject({ reasonCode: 'license' })
  })
})

describe('paused, cancelled, cut off', () => {
  const HALF = one.bytes.length / 2
  /** Falls silent in the middle, the first time. */
  const halting = (request: FileRequest): Conduct | undefined =>
    request.begin === 0 && request.end === 1 ? undefined : first(request)
  let asked = 0
  const first = (_: FileRequest): Conduct | undefined => {
    asked += 1
    return asked === 1 ? { stallAfter: HALF } : undefined
  }

  async function underWay(before: () => void = () => {}): Promise<{ id: string; server: FileServer }> {
    asked = 0
    await start()
    before()
    const server = await serve(1, halting)
    const id = await order([known(server.url)])
    await server.stalled()
    // What was sent has to reach the disk.
    while ((await host.files.usedBytes()) < HALF / 2) await setImmediate()
    return { id, server }
  }
  const path = (): string => join(host.models, 'loras/harbor.safetensors')

  test.each(['pause_model_job', 'cancel_model_job'])(
    '%s keeps what has come, and retry fetches the rest',
    async (how) => {
      const { id, server } = await underWay()
      const stopped = await host.invoke(how, { job_id: id })
      expect(stopped).toMatchObject({ status: how === 'pause_model_job' ? 'paused' : 'cancelled' })
      expect(existsSync(`${path()}.part`)).toBe(true)
      expect(existsSync(path())).toBe(false)
      const { status } = await host.downloads.follow(id, { signal: never })
      expect(status).toBe(how === 'pause_model_job' ? 'paused' : 'cancelled')
      expect(await host.files.usedBytes()).toBeGreaterThan(0)
      await host.invoke('retry_model_job', { job_id: id })
      expect(await host.ended(id)).toMatchObject({ status: 'completed', bytes_done: one.bytes.length })
      expect(readFileSync(path()).equals(one.bytes)).toBe(true)
      expect(server.sentBytes()).toBeLessThan(1.2 * one.bytes.length)
    },
  )

  test.each(['pause_model_job', 'cancel_model_job'])(
    'what has come until %s is not lost to another file of that name',
    async (how) => {
      const { id, server } = await underWay()
      await host.invoke(how, { job_id: id })
      const other = await order([known((await serve(2)).url, 2)])
      expect(await host.ended(other)).toMatchObject({ status: 'completed', name: 'harbor.safetensors' })
      await host.invoke('retry_model_job', { job_id: id })
      expect(await host.ended(id)).toMatchObject({ status: 'completed', name: 'harbor-2.safetensors' })
      expect(readFileSync(join(host.models, 'loras/harbor-2.safetensors')).equals(one.bytes)).toBe(true)
      expect(server.sentBytes()).toBeLessThan(1.2 * one.bytes.length)
      expect(readdirSync(join(host.models, 'loras'))).toHaveLength(2)
    },
  )

  test('the next process goes on by itself', async () => {
    const { id, server } = await underWay()
    host = await host.restart()
    expect(await host.ended(id)).toMatchObject({ status: 'completed', job_id: id })
    expect(readFileSync(path()).equals(one.bytes)).toBe(true)
    expect(server.sentBytes()).toBeLessThan(1.2 * one.bytes.length)
  })

  test('goes on under the name that it has begun with', async () => {
    const { id, server } = await underWay(() => aModelFile(host.models, 'loras/harbor.safetensors', 9))
    expect(existsSync(join(host.models, 'loras/harbor-2.safetensors.part'))).toBe(true)
    // The name is free by now, but the bytes are under the other one.
    rmSync(path())
    host = await host.restart()
    expect(await host.ended(id)).toMatchObject({ name: 'harbor-2.safetensors' })
    expect(server.sentBytes()).toBeLessThan(1.2 * one.bytes.length)
  })

  test('a file that was there before its job was told so is not fetched again', async () => {
    await start()
    const server = await serve()
    mkdirSync(join(host.models, 'loras'))
    writeFileSync(path(), one.bytes)
    const id = await order([known(server.url)])
    expect(await host.ended(id)).toMatchObject({ status: 'completed', path: path() })
    expect(server.sentBytes()).toBeLessThan(2)
  })
})

describe('what is told', () => {
  test('progress comes a few times a second at most, states are stored', async () => {
    await start()
    const events: AppEvent[] = []
    host.events.subscribe((event) => events.push(event))
    const server = await serve(1, ({ index }) => (index === 1 ? { stallAfter: 1_000_000 } : undefined))
    const id = await order([known(server.url)])
    const states: DownloadState[] = []
    const followed = host.downloads.follow(id, {
      signal: never,
      onState(state) {
        states.push(state)
        // What it does then is the engine's: it tells after a tenth of a second.
        if (state.status === 'downloading') void host.jobs.pause(id)
      },
    })
    expect(await followed).toMatchObject({ status: 'paused' })
    await host.jobs.retry(id)
    await host.jobs.whenIdle()
    const shown = events.filter((event) => event.jobId === id && event.id === undefined)
    const phases = shown.map(({ data }) => data.phase)
    // The clock stands: nothing but new phases may be shown, of two runs.
    expect(phases.length).toBeLessThan(8)
    expect(states).toContainEqual(expect.objectContaining({ status: 'downloading', bytesTotal: one.bytes.length }))
    const stored = events.filter((event) => event.jobId === id && event.id !== undefined).map(({ data }) => data.status)
    expect(stored.length).toBeLessThan(12)
    expect(stored.at(-1)).toBe('completed')
  })

  test('neither input nor job object hold what opens an address', async () => {
    await start()
    const server = await serve()
    const id = await order([known(`${server.url}?token=hidden&x=1`)])
    await host.jobs.whenIdle()
    const row = await host.store.find(id)
    expect(JSON.stringify([row?.input, row?.view])).not.toContain('hidden')
    expect(row?.view.status).toBe('completed')
  })

  test('path is told only once it is there', async () => {
    await start({ policy: { maxSizeBytes: 10 } })
    const server = await serve()
    const job: JsonObject = await host.ended(await order([known(server.url)]))
    expect(job).not.toHaveProperty('path')
  })
})

test('a UI is told before the job ends', async () => {
  const webui = await startRawServer(() => ok('null'))
  try {
    await start({ a1111Url: `http://127.0.0.1:${webui.port}` })
    const server = await serve()
    const id = await order([known(server.url)])
    await host.downloads.follow(id, { signal: never })
    expect(webui.requests.map(({ path }) => path)).toEqual(['/sdapi/v1/refresh-loras'])
  } finally {
    await webui.close()
  }
})

describe('by setting', () => {
  const civitai = (url: string): Offer =>
    known(url, 1, {
      filename: 'Harbor Lights.safetensors',
      civitai: { model_id: 900100, version_id: 910201, file_id: 5 },
      title: 'Harbor Lights',
      trained_words: ['harbor'],
      facts: { base_model: 'SDXL 1.0', commercial_use: ['Image'] },
    })

  test('what Civitai says of a model is written beside it, and read by the library', async () => {
    await start({ settings: { civitaiInfo: true } })
    const server = await serve()
    const { path } = await host.ended(await order([civitai(server.url)]))
    expect(JSON.parse(readFileSync(`${path}`.replace('.safetensors', '.civitai.info'), 'utf8'))).toMatchObject({
      id: 910201,
      modelId: 900100,
      baseModel: 'SDXL 1.0',
      trainedWords: ['harbor'],
      model: { name: 'Harbor Lights' },
      files: [{ name: 'Harbor Lights.safetensors', hashes: { SHA256: one.sha256.toUpperCase() } }],
    })
    expect(await host.row(`${path}`)).toMatchObject({ civitaiModelId: 900100, civitaiVersionId: 910201 })
  })

  test('a note that is there stays as it is', async () => {
    await start({ settings: { civitaiInfo: true } })
    const server = await serve()
    const note = join(host.models, 'loras/Harbor Lights.civitai.info')
    mkdirSync(dirname(note))
    writeFileSync(note, '{"mine": true}')
    expect(await host.ended(await order([civitai(server.url)]))).toMatchObject({ status: 'completed' })
    expect(readFileSync(note, 'utf8')).toBe('{"mine": true}')
  })

  test.each([
    [undefined, 'Harbor Lights-mid_900100-vid_910201.safetensors'],
    ['style/foo', 'style/foo.safetensors'],
  ])('civitdl’s name where the prompt says %p: %s', async (name, expected) => {
    await start({ settings: { civitdlNames: true } })
    const server = await serve()
    const place = name === undefined ? LORA : { ...LORA, name }
    expect(await host.ended(await order([civitai(server.url)], place))).toMatchObject({ name: expected })
  })
})
