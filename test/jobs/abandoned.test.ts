import { afterEach, beforeEach, expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { createEventHub } from '../../src/events/hub.ts'
import type { JobKind } from '../../src/jobs/job.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

let temp: TempDb
let store: JobStore
let jobs: JobRunner
/** Ids in the order of what became of them. */
let told: string[]
let fails = false

const kind: JobKind = {
  kind: 'import',
  prefix: 'imp',
  permission: 'models:read',
  concurrency: 1,
  input: v.custom<JsonObject>(() => true),
  async run({ id, input, signal }) {
    if (input.breaks === true) throw new Error('It broke in the middle')
    if (input.waits !== true) return { status: 'succeeded', view: { status: 'completed' } }
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        told.push(`${id} is through`)
        reject(signal.reason)
      })
    })
  },
  reopened: (view) => ({ ...view, status: 'analyzing' }),
  ended: (view, how) => ({ ...view, status: how }),
  async abandoned({ id, status }) {
    told.push(`${id} is ${status}`)
    if (fails) throw new Error('The other side is gone')
  },
}

beforeEach(async () => {
  temp = await openTempDb()
  const parts = { db: temp.db, clock: systemClock, instanceId: () => 'here' }
  const events = createEventHub(parts)
  store = createJobStore({ ...parts, events })
  jobs = createJobRunner({ store, events, log: silentLog })
  jobs.register(kind)
  told = []
  fails = false
  await jobs.start()
})
afterEach(async () => {
  await jobs.stop()
  await temp.close()
})

const create = async (input: JsonObject, view: JsonObject = {}): Promise<string> =>
  (await jobs.create('import', { actor: OWNER, input, view: { status: 'analyzing', ...view } })).id

async function begun(): Promise<string> {
  const id = await create({ waits: true })
  while ((await store.find(id))?.status !== 'running') await setImmediate()
  return id
}

test('what a job has started is ended once its run is through, where it is cancelled', async () => {
  const id = await begun()
  await jobs.cancel(id)
  expect(told).toEqual([`${id} is through`, `${id} is cancelled`])
  await jobs.cancel(id)
  expect(told).toHaveLength(2)
  await create({})
  await jobs.whenIdle()
  const left = await begun()
  await jobs.stop()
  expect(told.slice(2)).toEqual([`${left} is through`])
})

test('so it is where a job fails, and a retry begins after that', async () => {
  const id = await create({ breaks: true })
  await jobs.whenIdle()
  expect(told).toEqual([`${id} is failed`])
  fails = true
  await jobs.retry(id)
  await jobs.whenIdle()
  expect(await store.find(id)).toMatchObject({ status: 'failed' })
  expect(told).toHaveLength(2)
})

test('a job is cancelled whatever becomes of what it has started', async () => {
  fails = true
  const waiting = [await begun(), await create({})]
  for (const id of waiting.toReversed()) expect(await jobs.cancel(id)).toMatchObject({ status: 'cancelled' })
  expect(told).toContain(`${waiting[1]} is cancelled`)
})

test('live jobs tell for which download they wait', async () => {
  await jobs.stop()
  const dependencies = [{ download_job_id: 'dl_1' }, { reference: 'x' }, { download_job_id: 'dl_2' }]
  const both = await create({}, { dependencies })
  const one = await create({}, { dependencies: dependencies.slice(0, 1) })
  await create({}, { dependencies: [{ reference: 'x' }] })
  expect((await store.findWaitingFor('dl_1')).toSorted()).toEqual([both, one].toSorted())
  expect(await store.findWaitingFor('dl_2')).toEqual([both])
  await jobs.cancel(both)
  expect(await store.findWaitingFor('dl_2')).toEqual([])
})
