import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromJson, type JsonObject } from '../../../src/lib/json.ts'
import { bringCopy } from '../../../src/models/fetch/bring-copy.ts'
import type { DownloadInput } from '../../../src/models/fetch/download-input.ts'
import { DOWNLOAD_KIND } from '../../../src/models/fetch/download-job.ts'
import { firstDownloadView } from '../../../src/models/fetch/download-view.ts'
import type { Place } from '../../../src/models/fetch/placement.ts'
import { createPromisedNames } from '../../../src/models/fetch/promised-names.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { type FileServer, startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { anOffer, closeHashes, type DownloadHost, openDownloads } from './download-host.ts'

afterAll(closeHashes)

const { signal } = new AbortController()
const placeIn = (dir: string): Place => ({
  root: { path: dir, type: undefined, layout: 'folder' },
  dir,
  nameOf: (filename) => filename,
})
const bring = (from: string, dir: string, filename: string) =>
  bringCopy(createPromisedNames(), { from, place: placeIn(dir), filename }, signal)

describe('a file gets a second name', () => {
  test('that costs nothing, is free, and is not given twice', async () => {
    using folder = tempDir()
    const at = (name: string): string => join(folder.path, name)
    mkdirSync(at('vae'))
    writeFileSync(at('a.pt'), 'harbor')
    symlinkSync(at('a.pt'), at('link.pt'))
    expect(await bring(at('link.pt'), at('vae'), 'b.pt')).toBe(at('vae/b.pt'))
    expect(statSync(at('vae/b.pt')).ino).toBe(statSync(at('a.pt')).ino)
    expect(await bring(at('a.pt'), at('vae'), 'b.pt')).toBe(at('vae/b.pt'))
    writeFileSync(at('vae/c.pt'), 'another')
    const free = await bring(at('a.pt'), at('vae'), 'c.pt')
    expect(free).not.toBe(at('vae/c.pt'))
    expect([readFileSync(free, 'utf8'), readFileSync(at('vae/c.pt'), 'utf8')]).toEqual(['harbor', 'another'])
  })

  test('or becomes a copy on another filesystem', async () => {
    using folder = tempDir()
    const other = mkdtempSync('/dev/shm/airkeep-')
    try {
      const from = join(folder.path, 'a.pt')
      writeFileSync(from, 'harbor')
      expect(statSync(other).dev).not.toBe(statSync(folder.path).dev)
      const path = await bring(from, other, 'a.pt')
      expect(readFileSync(path, 'utf8')).toBe('harbor')
      expect(path).toBe(join(other, 'a.pt'))
    } finally {
      rmSync(other, { recursive: true })
    }
  })
})

describe('one address at several places', () => {
  let host: DownloadHost
  let storage: FileServer
  beforeEach(async () => {
    host = await openDownloads()
    storage = await startFileServer(payloadBytes(HIGH.seed))
  })
  afterEach(async () => {
    await host.close()
    await storage.close()
  })

  async function order(type: 'lora' | 'vae', name: string, offer = anOffer(storage.url)): Promise<string> {
    const input: DownloadInput = { offers: [offer], place: { type, name, exact: true } }
    const view = firstDownloadView(input)
    const key = `${type} ${name}`
    const { id } = await host.jobs.create(DOWNLOAD_KIND, {
      actor: OWNER,
      input: fromJson(input) as JsonObject,
      view,
      key,
    })
    return id
  }

  test.each([
    ['whose digest is known', { sha256: HIGH.sha256, size_bytes: HIGH.sizeBytes }],
    ['of which nothing is known', {}],
  ])('%s is fetched once, and is at all of them', async (_, known) => {
    const offer = anOffer(storage.url, known)
    const ids = [
      await order('vae', 'thing.safetensors', offer),
      await order('lora', 'sub/renamed.safetensors', offer),
      await order('lora', 'one.safetensors', offer),
    ]
    await host.jobs.whenIdle()
    const last = await order('vae', 'late.safetensors', offer)
    await host.jobs.whenIdle()
    const jobs = await Promise.all([...ids, last].map((id) => host.job(id)))
    const paths = ['vae/thing', 'loras/sub/renamed', 'loras/one', 'vae/late']
    const wanted = paths.map((path) => join(host.models, `${path}.safetensors`))
    expect(jobs.map(({ status, path }) => [status, path])).toEqual(wanted.map((path) => ['completed', path]))
    expect(new Set(wanted.map((path) => statSync(path).ino)).size).toBe(1)
    expect(storage.sentBytes()).toBeLessThan(HIGH.sizeBytes + 100)
  })

  test('one that failed is not settled by a file at another place', async () => {
    const offer = { sha256: HIGH.sha256, size_bytes: HIGH.sizeBytes }
    const failed = await order('vae', 'thing.safetensors', anOffer('http://127.0.0.1:1/x', offer))
    await host.jobs.whenIdle()
    const status = (await host.job(failed)).status
    await order('lora', 'one.safetensors', anOffer(storage.url, offer))
    await host.jobs.whenIdle()
    expect((await host.job(failed)).status).toBe(status as string)
    await host.jobs.retry(failed)
    await host.jobs.whenIdle()
    expect(await host.job(failed)).toMatchObject({
      status: 'completed',
      path: join(host.models, 'vae/thing.safetensors'),
    })
  })
})
