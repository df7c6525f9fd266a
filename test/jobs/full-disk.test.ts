import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import * as v from 'valibot'
import type { AppEvent } from '../../src/events/event.ts'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import type { RunningJob } from '../../src/jobs/job.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { rejection } from '../support/rejection.ts'
import { backend, openTempDb, type TempDb } from '../support/temp-db.ts'

/** Fits into no page that has some room left. */
const LONG = 'x'.repeat(20_000)

let temp: TempDb
let events: EventHub
let store: JobStore
let runner: JobRunner
let run: (job: RunningJob<object>) => Promise<void>
/** What was told of jobs that failed, stored or not. */
let failures: AppEvent[]
let wake: () => void

beforeEach(async () => {
  temp = await openTempDb()
  const instanceId = () => 'here'
  events = createEventHub({ db: temp.db, clock: systemClock, instanceId })
  store = createJobStore({ db: temp.db, events, clock: systemClock, instanceId })
  runner = createJobRunner({ store, events, log: silentLog })
  run = async () => {}
  failures = []
  wake = () => {}
  events.subscribe((event) => {
    if (event.data['status'] === 'failed') failures.push(event)
    wake()
  })
  runner.register({
    kind: 'scan',
    prefix: 'scan',
    permission: 'models:read',
    concurrency: 1,
    input: v.object({}),
    async run(job) {
      await run(job)
      return { status: 'succeeded', view: { status: 'completed', found: LONG } }
    },
    reopened: () => ({ status: 'analyzing' }),
    ended: (view, how, error) => ({ ...view, long: LONG, status: how, error_code: error.code }),
  })
})
afterEach(async () => {
  await runner.stop()
  await temp.close()
})

/** SQLite itself says that the disk is full, until there is room again. */
async function fillDisk(): Promise<void> {
  await temp.db.write(async (tx) => {
    await tx.all(sql`pragma max_page_count = 1`)
  })
}
async function makeRoom(): Promise<void> {
  await temp.db.write(async (tx) => {
    await tx.all(sql`pragma max_page_count = 1000000`)
  })
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}

const create = (view = {}) => runner.create('scan', { actor: OWNER, input: {}, view: { status: 'analyzing', ...view } })

// A server has its own ways to be full.
describe.skipIf(backend !== 'file')('while the disk is full', () => {
  test('a job that cannot go on fails, whoever follows it is told, and its end is stored when there is room', async () => {
    run = async (job) => {
      await fillDisk()
      await job.save({ status: 'resolving', long: LONG })
    }
    await runner.start()
    const { id } = await create()
    await until(() => failures.length > 0)
    expect(failures[0]).toMatchObject({ id: undefined, final: true, data: { job_id: id, error_code: 'disk_full' } })
    expect(await store.find(id)).toMatchObject({ status: 'running' })
    await makeRoom()
    await until(() => failures.some((event) => event.id !== undefined))
    await runner.whenIdle()
    expect(await store.find(id)).toMatchObject({ status: 'failed', view: { error_code: 'disk_full' } })
  })

  test('a job that is through is told to have failed until its end is stored', async () => {
    run = fillDisk
    await runner.start()
    const { id } = await create()
    await until(() => failures.length > 0)
    expect(failures[0]).toMatchObject({ id: undefined, final: true, data: { job_id: id, error_code: 'disk_full' } })
    await makeRoom()
    await runner.whenIdle()
    expect(await store.find(id)).toMatchObject({ status: 'succeeded', view: { status: 'completed' } })
  })

  test('a job that cannot begin is told of, and begins when there is room', async () => {
    // The event of its beginning holds all of it.
    const { id } = await create({ long: LONG })
    await fillDisk()
    await runner.start()
    await until(() => failures.length > 0)
    expect(failures[0]).toMatchObject({ id: undefined, final: true, data: { job_id: id, error_code: 'disk_full' } })
    expect(await store.find(id)).toMatchObject({ status: 'queued' })
    await makeRoom()
    await runner.whenIdle()
    expect(await store.find(id)).toMatchObject({ status: 'succeeded' })
  })

  test('none is created, and airkeep can stop', async () => {
    run = async (job) => {
      await fillDisk()
      await job.save({ status: 'resolving', long: LONG })
    }
    await runner.start()
    const { id } = await create()
    await until(() => failures.length > 0)
    expect(await rejection(create({ long: LONG }))).toMatchObject({ code: 'disk_full' })
    await runner.stop()
    expect(await store.find(id)).toMatchObject({ status: 'running' })
  })
})
