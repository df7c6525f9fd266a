import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { createEventHub } from '../../src/events/hub.ts'
import type { JobKind } from '../../src/jobs/job.ts'
import { createReopener, type Reopener } from '../../src/jobs/reopener.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { toIso } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'
import { aTokenActor, createTestClock, type TestClock } from '../support/track.ts'

let temp: TempDb
let clock: TestClock
let store: JobStore
let jobs: JobRunner
/** Ids of jobs in the order of their runs. */
let runs: string[]

beforeEach(async () => {
  temp = await openTempDb()
  clock = createTestClock()
  const instanceId = (): string => 'here'
  const events = createEventHub({ db: temp.db, clock, instanceId })
  store = createJobStore({ db: temp.db, events, clock, instanceId })
  jobs = createJobRunner({ store, events, log: silentLog })
  for (const kind of ['download', 'import', 'scan']) jobs.register(ends(kind))
  runs = []
  await jobs.start()
})
afterEach(async () => {
  await jobs.stop()
  await temp.close()
})

/** Ends with what its input says, the same in each run. */
const ends = (kind: string): JobKind => ({
  kind,
  prefix: kind.slice(0, 3),
  permission: 'models:read',
  concurrency: 1,
  input: v.custom<JsonObject>(() => true),
  async run({ id, input }) {
    runs.push(id)
    return { status: 'succeeded', view: input }
  },
  reopened: () => ({ status: 'analyzing' }),
  ended: (view, how) => ({ ...view, status: how }),
})

async function ended(kind: string, view: JsonObject, actor: Actor = OWNER): Promise<string> {
  const { id } = await jobs.create(kind, { actor, input: view, view: { status: 'analyzing' } })
  await jobs.whenIdle()
  return id
}

const dependsOn = (...blocked: readonly JsonObject[]): JsonObject => ({
  status: 'partially_completed',
  dependencies: [{ status: 'resolved', reason_code: null }, ...blocked],
})
const blockedBy = (reason: string, more: JsonObject = {}): JsonObject => ({ reason_code: reason, ...more })

const aReopener = (policy: JsonObject = {}, keys: JsonObject = {}): Reopener =>
  createReopener({
    jobs,
    store,
    clock,
    log: silentLog,
    kinds: ['download', 'import'],
    policy,
    keys,
    file: join(temp.dir, 'policy'),
  })

/** Which jobs ran because of it. */
async function reopenedBy(work: () => Promise<unknown>): Promise<string[]> {
  runs = []
  await work()
  await jobs.whenIdle()
  return [...runs]
}

test('jobs that are blocked for the reason go on, downloads before the imports that wait for them', async () => {
  const imported = await ended('import', dependsOn(blockedBy('license'), blockedBy('terms')))
  const download = await ended('download', { status: 'partially_completed', ...blockedBy('terms') })
  await ended('import', dependsOn(blockedBy('license')))
  await ended('import', { ...dependsOn(blockedBy('terms')), status: 'completed' })
  await ended('scan', { status: 'partially_completed', ...blockedBy('terms') })
  await ended('download', { status: 'failed' })
  expect(await reopenedBy(() => aReopener().reopenBlocked('terms'))).toEqual([download, imported])
})

test('what one caller did moves the jobs of nobody else', async () => {
  const agent = aTokenActor('agent', 'models:download')
  await ended('import', dependsOn(blockedBy('login')))
  const own = await ended('import', dependsOn(blockedBy('login')), agent)
  expect(await reopenedBy(() => aReopener().reopenBlocked('login', 'agent'))).toEqual([own])
  expect(await reopenedBy(() => aReopener().reopenBlocked('login'))).toHaveLength(2)
})

test('another token for a node moves what waited for a login there', async () => {
  const box = { reason_code: 'login', resolved_node: 'box' }
  const imported = await ended('import', dependsOn(blockedBy('login'), box))
  const download = await ended('download', { status: 'partially_completed', ...blockedBy('login', { node: 'box' }) })
  await ended('import', dependsOn(blockedBy('login', { resolved_node: 'attic' })))
  await ended('import', dependsOn(blockedBy('login')))
  await ended('import', dependsOn(blockedBy('license', { resolved_node: 'box' })))
  expect(await reopenedBy(() => aReopener().reopenForNode('box'))).toEqual([download, imported])
})

test('of two blocked downloads of one content one goes on', async () => {
  const view = { status: 'partially_completed', ...blockedBy('terms') }
  const make = async (): Promise<string> => {
    const row = await jobs.create('download', { actor: OWNER, input: view, view: { status: 'x' }, key: 'sha256:1' })
    await jobs.whenIdle()
    return row.id
  }
  const both = [await make(), await make()]
  await jobs.stop()
  expect(await aReopener().reopenBlocked('terms')).toBe(1)
  const rows = await Promise.all(both.map((id) => store.find(id)))
  expect(rows.map((row) => row?.status).toSorted()).toEqual(['queued', 'succeeded'])
})

test('early access goes on when its time has come, and once for each time', async () => {
  const until = toIso(clock.now() + 60_000)
  const waiting = await ended('import', dependsOn(blockedBy('early_access', { until })))
  const download = await ended('download', { status: 'partially_completed', ...blockedBy('early_access', { until }) })
  await ended('import', dependsOn(blockedBy('early_access')))
  await ended('import', dependsOn(blockedBy('terms', { until })))
  const reopener = aReopener()
  expect(await reopenedBy(() => reopener.reopenDue())).toEqual([])
  clock.advance(60_000)
  expect(await reopenedBy(() => reopener.reopenDue())).toEqual([download, waiting])
  // Still refused: nobody asks again every few minutes.
  clock.advance(1)
  expect(await reopenedBy(() => reopener.reopenDue())).toEqual([])
})

describe('at the start', () => {
  const started = (policy: JsonObject, keys?: JsonObject): Promise<string[]> =>
    reopenedBy(async () => {
      const reopener = aReopener(policy, keys)
      await reopener.start()
      reopener.stop()
    })

  test.each(['license', 'size', 'pickle', 'terms', 'disk'])('a changed policy lets %s go on', async (reason) => {
    const id = await ended('import', dependsOn(blockedBy(reason)))
    expect(await started({ max_size: 1, licences: ['a'] })).toEqual([])
    expect(await started({ licences: ['a'], max_size: 1 })).toEqual([])
    expect(await started({ max_size: 2, licences: ['a'] })).toEqual([id])
    expect(await started({ max_size: 2, licences: ['a'] })).toEqual([])
  })

  test('settings change nothing about what they do not decide', async () => {
    await ended('import', dependsOn(blockedBy('login'), blockedBy('archived')))
    await started({ max_size: 1 })
    expect(await started({ max_size: 2 })).toEqual([])
  })

  test('another key lets go on what wanted a login, and nothing else', async () => {
    await ended('import', dependsOn(blockedBy('license')))
    const id = await ended('import', dependsOn(blockedBy('login')))
    const download = await ended('download', { status: 'partially_completed', ...blockedBy('login') })
    expect(await started({ max_size: 1 }, { civitai: '' })).toEqual([])
    expect(await started({ max_size: 1 }, { civitai: 'a-key' })).toEqual([download, id])
    expect(await started({ max_size: 1 }, { civitai: 'a-key' })).toEqual([])
  })

  test('what an earlier version has remembered holds', async () => {
    const id = await ended('import', dependsOn(blockedBy('size')))
    await started({ max_size: 1 })
    const file = join(temp.dir, 'policy')
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 64))
    expect(await started({ max_size: 1 })).toEqual([])
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 64))
    expect(await started({ max_size: 2 })).toEqual([id])
  })

  test('what is remembered of policy and keys tells nothing of them', async () => {
    await started({ licences: ['a-name'] }, { civitai: 'a-key' })
    expect(readFileSync(join(temp.dir, 'policy'), 'utf8')).toMatch(/^[0-9a-f]{64}\n[0-9a-f]{64}$/)
  })

  test('what came due while nothing ran goes on', async () => {
    const id = await ended('import', dependsOn(blockedBy('early_access', { until: toIso(clock.now() + 5) })))
    clock.advance(10)
    expect(await started({})).toEqual([id])
  })
})
