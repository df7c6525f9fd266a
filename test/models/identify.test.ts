import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { asc } from 'drizzle-orm'
import { createCivitaiModels } from '../../src/civitai/models.ts'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createIdentifier, type IdentifierDeps, type IdentifyOptions } from '../../src/models/identify.ts'
import { modelFilesTable } from '../../src/models/table.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'
import { addModelRows } from '../support/model-rows.ts'
import { rejection } from '../support/rejection.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const civitai = await startFakeCivitai()
const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
const client = createCivitaiModels({
  fetch: createGuardedFetch({ guard, version: '1.2.3' }),
  log: silentLog,
  baseUrl: civitai.url,
  sleep: async () => {},
})
const temp: TempDb = await openTempDb()
afterAll(async () => {
  await civitai.close()
  await temp.close()
})

const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
let now = START
const { db } = temp

const anIdentifier = (changes: Partial<IdentifierDeps> = {}) =>
  createIdentifier({
    db,
    clock: { now: () => now },
    instanceId: () => 'here',
    civitai: client,
    log: silentLog,
    ...changes,
  })
const identify = (options: Partial<IdentifyOptions> = {}) =>
  anIdentifier().identify({ signal: new AbortController().signal, ...options })

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex')
const rows = () => db.read.select().from(modelFilesTable).orderBy(asc(modelFilesTable.path))
const asked = (): string[] =>
  civitai.requests.filter(({ method }) => method === 'POST').flatMap(({ body }) => JSON.parse(body) as string[])

civitai.models.add({
  id: 100,
  name: 'Harbor Lights',
  versions: [
    { id: 101, name: 'HIGH', baseModel: 'Wan Video 2.2', sha256s: [digestOf('high')] },
    { id: 102, name: 'LOW', baseModel: 'Wan Video 2.2', sha256s: [digestOf('low')] },
  ],
})
civitai.models.add({ id: 200, type: 'Checkpoint', versions: [{ id: 201, sha256s: [digestOf('checkpoint')] }] })

beforeEach(async () => {
  now = START
  civitai.misbehave(undefined)
  civitai.models.odd = {}
  civitai.requests.length = 0
  await db.write(async (tx) => {
    await tx.delete(modelFilesTable).run()
  })
})

describe('what is stored', () => {
  test('the label, the ids and the base model, at every file with these bytes', async () => {
    await addModelRows(db, [
      { path: '/a', sha256: digestOf('high'), baseModel: 'SD 1.5' },
      { path: '/b', sha256: digestOf('high') },
      { path: '/c', sha256: digestOf('own'), baseModel: 'SD 1.5', civitaiVersionId: 7 },
      { path: '/d' },
    ])
    expect(await identify()).toEqual({ asked: 2, known: 1, unknown: 1, failed: 0 })
    const [a, b, c, d] = await rows()
    expect(a).toMatchObject({
      civitaiModelId: 100,
      civitaiVersionId: 101,
      baseModel: 'Wan Video 2.2',
      updatedAt: START,
    })
    expect(a?.civitai).toEqual({
      model_id: 100,
      version_id: 101,
      model_name: 'Harbor Lights',
      version_name: 'HIGH',
      type: 'LORA',
      base_model: 'Wan Video 2.2',
      trained_words: ['h4rbor lights'],
      license: {
        allow_no_credit: true,
        allow_commercial_use: ['Image', 'RentCivit'],
        allow_derivatives: true,
        allow_different_license: false,
      },
      nsfw: false,
      availability: 'Public',
      paid_access: null,
      asked_at: '2026-01-01T00:00:00.000Z',
    })
    expect(b?.civitai).toEqual(a?.civitai ?? null)
    // What a sidecar claimed is left alone.
    expect(c).toMatchObject({ baseModel: 'SD 1.5', civitaiVersionId: 7 })
    expect(c?.civitai).toEqual({ unknown: true, asked_at: '2026-01-01T00:00:00.000Z' })
    expect(d).toMatchObject({ civitai: null, updatedAt: 1 })
  })

  test('a base model that Civitai does not say is kept', async () => {
    civitai.models.add({ id: 300, versions: [{ id: 301, sha256s: [digestOf('bare')], wire: { baseModel: null } }] })
    await addModelRows(db, [{ sha256: digestOf('bare'), baseModel: 'SDXL 1.0' }])
    await identify()
    expect((await rows())[0]).toMatchObject({ baseModel: 'SDXL 1.0', civitaiVersionId: 301 })
  })

  test('a version that nobody shows keeps its ids', async () => {
    const odd = { ...client, fetchLabels: async () => new Map() }
    await addModelRows(db, [{ sha256: digestOf('high') }])
    const made = anIdentifier({ civitai: odd })
    const { signal } = new AbortController()
    expect(await made.identify({ signal })).toEqual({ asked: 1, known: 0, unknown: 0, failed: 1 })
    expect((await rows())[0]).toMatchObject({
      civitaiModelId: 100,
      civitaiVersionId: 101,
      civitai: { version_id: 101, incomplete: true, asked_at: '2026-01-01T00:00:00.000Z' },
    })
    now += 8 * DAY
    expect(await identify()).toMatchObject({ known: 1 })
    expect((await rows())[0]?.civitai).not.toHaveProperty('incomplete')
  })

  test('rows of other hosts stay as they are', async () => {
    await addModelRows(db, [
      { path: '/a', sha256: digestOf('high') },
      { path: '/a', sha256: digestOf('high'), instanceId: 'there' },
      { path: '/b', sha256: digestOf('own') },
      { path: '/b', sha256: digestOf('own'), instanceId: 'there' },
      { path: '/c', sha256: digestOf('low'), instanceId: 'there' },
    ])
    expect(await identify()).toMatchObject({ asked: 2 })
    const others = (await rows()).filter(({ instanceId }) => instanceId === 'there')
    expect(others.map(({ civitai: label }) => label)).toEqual([null, null, null])
  })
})

describe('who is asked for', () => {
  test('each digest once; never the empty hash, what is no digest, or a file that is gone', async () => {
    await addModelRows(db, [
      { sha256: digestOf('high') },
      { sha256: digestOf('high') },
      { sha256: EMPTY_SHA256 },
      { sha256: digestOf('low').slice(0, 12) },
      { sha256: digestOf('low').toUpperCase() },
      { sha256: digestOf('checkpoint'), goneAt: 5 },
    ])
    expect(await identify()).toEqual({ asked: 1, known: 1, unknown: 0, failed: 0 })
    expect(asked()).toEqual([digestOf('high').toUpperCase()])
  })

  test('nobody, where there is nothing: no request at all', async () => {
    await addModelRows(db, [{}, {}])
    expect(await identify()).toEqual({ asked: 0, known: 0, unknown: 0, failed: 0 })
    expect(civitai.requests).toEqual([])
  })

  test('labels again after 30 days, unknown digests after 7', async () => {
    await addModelRows(db, [
      { path: '/a', sha256: digestOf('high') },
      { path: '/b', sha256: digestOf('own') },
    ])
    await identify()
    const again = async (days: number): Promise<string[]> => {
      now = START + days * DAY
      civitai.requests.length = 0
      await identify()
      return asked()
    }
    expect(await again(6.9)).toEqual([])
    expect(await again(7)).toEqual([digestOf('own').toUpperCase()])
    expect(await again(29.9)).toEqual([digestOf('own').toUpperCase()])
    expect(await again(30)).toEqual([digestOf('high').toUpperCase()])
    // After a clock that was ahead.
    expect((await again(1)).length).toBe(2)
  })

  test('a new copy of a file that is labelled gets the label too', async () => {
    await addModelRows(db, [{ path: '/a', sha256: digestOf('high') }])
    await identify()
    await addModelRows(db, [{ path: '/b', sha256: digestOf('high') }])
    expect(await identify()).toMatchObject({ known: 1 })
    expect((await rows()).map(({ civitaiVersionId }) => civitaiVersionId)).toEqual([101, 101])
  })

  test('a model that was taken away keeps its name', async () => {
    await addModelRows(db, [{ sha256: digestOf('high') }])
    await identify()
    now += 31 * DAY
    const none = { ...client, findVersionIds: async () => new Map() }
    await anIdentifier({ civitai: none }).identify({ signal: new AbortController().signal })
    expect((await rows())[0]).toMatchObject({
      civitaiVersionId: 101,
      civitai: { model_name: 'Harbor Lights', unknown: true, asked_at: '2026-02-01T00:00:00.000Z' },
    })
  })
})

describe('many files', () => {
  const MANY = 1_200
  for (let at = 0; at < 150; at += 1) {
    civitai.models.add({ id: 5_000 + at, versions: [{ id: 50_000 + at, sha256s: [digestOf(`many ${at}`)] }] })
  }
  test('in pages of the table, a hundred models a request; each step is told', async () => {
    await addModelRows(
      db,
      Array.from({ length: MANY }, (_, at) => ({ sha256: digestOf(`many ${at}`) })),
    )
    const told: unknown[] = []
    const result = await identify({ onProgress: (progress) => told.push(progress) })
    expect(result).toEqual({ asked: MANY, known: 150, unknown: MANY - 150, failed: 0 })
    expect(civitai.requests.map(({ method, query }) => query.get('ids')?.split(',').length ?? method)).toEqual([
      'POST',
      100,
      50,
    ])
    const step = { failed: 0, total: MANY }
    expect(told).toEqual([
      { asked: 0, known: 0, unknown: 0, ...step },
      { asked: 1_050, known: 0, unknown: 1_050, ...step },
      { asked: 1_150, known: 100, unknown: 1_050, ...step },
      { asked: 1_200, known: 150, unknown: 1_050, ...step },
    ])
    expect((await rows()).filter(({ civitai: label }) => label !== null).length).toBe(MANY)
  })

  test('a run that breaks off loses nothing, and the next goes on where it stopped', async () => {
    await addModelRows(
      db,
      Array.from({ length: 150 }, (_, at) => ({ sha256: digestOf(`many ${at}`) })),
    )
    await addModelRows(db, [{ sha256: digestOf('own') }])
    const stop = new AbortController()
    const cancelled = identify({ signal: stop.signal, onProgress: ({ known }) => known > 0 && stop.abort() })
    expect(await rejection(cancelled)).toMatchObject({ code: 'cancelled' })
    expect((await rows()).filter(({ civitai: label }) => label !== null).length).toBe(101)
    civitai.requests.length = 0
    expect(await identify()).toEqual({ asked: 50, known: 50, unknown: 0, failed: 0 })
  })

  test.each([
    ['away', { kind: 'fail', status: 503 } as const, 'upstream_unavailable'],
    ['slowing us down', { kind: 'fail', status: 429 } as const, 'rate_limited'],
  ])('Civitai is %s: that is told, after what was learned is stored', async (_, how, code) => {
    await addModelRows(db, [
      { path: '/a', sha256: digestOf('high') },
      { path: '/b', sha256: digestOf('own') },
    ])
    civitai.misbehave(how, /models$/)
    expect(await rejection(identify())).toMatchObject({ code })
    expect((await rows()).map(({ civitai: label }) => label)).toEqual([
      null,
      { unknown: true, asked_at: '2026-01-01T00:00:00.000Z' },
    ])
    civitai.misbehave(how)
    expect(await rejection(identify())).toMatchObject({ code })
  })

  test('answers in other case, with entries for others, twice, and in parts', async () => {
    civitai.models.odd = { junk: true, twice: true, pageSize: 1, withoutModelIds: true }
    await addModelRows(db, [{ sha256: digestOf('high') }, { sha256: digestOf('checkpoint') }])
    expect(await identify()).toEqual({ asked: 2, known: 2, unknown: 0, failed: 0 })
  })
})
