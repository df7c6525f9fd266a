import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import type { AppEvent } from '../../src/events/event.ts'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import type { RunningJob } from '../../src/jobs/job.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { fillDb, makeRoomInDb } from '../support/full-db.ts'
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
/** What was told of jobs that wait for room. */
let waits: AppEvent[]
let wake: () => void

beforeEach(async () => {
  temp = await openTempDb()
  const instanceId = () => 'here'
  events = createEventHub({ db: temp.db, clock: systemClock, instanceId })
  store = createJobStore({ db: temp.db, events, clock: systemClock, instanceId })
  runner = aRunner()
  run = async () => {}
  failures = []
  waits = []
  wake = () => {}
  events.subscribe((event) => {
    if (event.data['status'] === 'failed') failures.push(event)
    if (event.data['waiting'] !== undefined) waits.push(event)
    wake()
  })
})
afterEach(async () => {
  await runner.stop()
  await temp.close()
})

/** @param toldAfterMs 0: whoever follows a job is told at once that it failed for now */
function aRunner(toldAfterMs?: number): JobRunner {
  const made = createJobRunner({
    ...{ store, events, log: silentLog },
    ...(toldAfterMs === undefined ? {} : { toldAfterMs }),
  })
  made.register({
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
  return made
}

const fillDisk = (): Promise<void> => fillDb(temp.db)
const makeRoom = (): Promise<void> => makeRoomInDb(temp.db)

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
  test('a job that cannot go on waits, whoever follows it is told, and it goes on where it was', async () => {
    let runs = 0
    run = async (job) => {
      runs += 1
      await fillDisk()
      await job.save({ status: 'resolving', long: LONG })
      await job.save({ status: 'downloading' })
    }
    await runner.start()
    const { id } = await create()
    await until(() => waits.length > 0)
    const waiting = expect.stringContaining('the disk is full')
    expect(waits[0]).toMatchObject({ id: undefined, final: false, data: { job_id: id, status: 'resolving', waiting } })
    const row = await store.find(id)
    expect(row).toMatchObject({ status: 'running', view: { status: 'analyzing' } })
    if (row !== undefined) expect(runner.latest(row).view).toMatchObject({ status: 'resolving', waiting })
    await makeRoom()
    await runner.whenIdle()
    expect(await store.find(id)).toMatchObject({ status: 'succeeded', view: { status: 'completed', found: LONG } })
    expect(runs).toBe(1)
    expect(failures).toEqual([])
  })

  test('a job that has something else to write begins anew when there is room', async () => {
    const seen: unknown[] = []
    run = async (job) => {
      seen.push(job.view?.['status'])
      await job.save({ status: 'resolving' })
      if (seen.length === 1) await fillDisk()
      await create({ long: LONG })
    }
    await runner.start()
    const { id } = await create()
    await until(() => waits.length > 0)
    run = async (job) => void seen.push(job.view?.['status'])
    await makeRoom()
    await runner.whenIdle()
    expect(seen).toEqual(['analyzing', 'resolving'])
    expect(await store.find(id)).toMatchObject({ status: 'succeeded' })
    expect(failures).toEqual([])
  })

  test('a job that waits to begin anew does not when airkeep stops', async () => {
    let runs = 0
    run = async () => {
      runs += 1
      await fillDisk()
      await create({ long: LONG })
    }
    await runner.start()
    await create()
    await until(() => waits.length > 0)
    await runner.stop()
    expect(runs).toBe(1)
  })

  test('a disk that stays full is told as a failure, and the job goes on all the same', async () => {
    runner = aRunner(0)
    run = async (job) => {
      await fillDisk()
      await job.save({ status: 'resolving', long: LONG })
    }
    await runner.start()
    const { id } = await create()
    await until(() => failures.length > 0)
    expect(failures[0]).toMatchObject({ id: undefined, final: true, data: { job_id: id, error_code: 'disk_full' } })
    expect(waits).toEqual([])
    await makeRoom()
    await runner.whenIdle()
    expect(await store.find(id)).toMatchObject({ status: 'succeeded' })
  })

  test('a job that waits for room can be cancelled', async () => {
    run = async (job) => {
      await fillDisk()
      await job.save({ status: 'resolving', long: LONG })
    }
    await runner.start()
    const { id } = await create({ long: LONG })
    await until(() => waits.length > 0)
    await makeRoom()
    await runner.cancel(id)
    await runner.whenIdle()
    const row = await store.find(id)
    expect(row).toMatchObject({ status: 'cancelled' })
    expect(row?.view).not.toHaveProperty('waiting')
  })

  test('a job that is through is told to have failed until its end is stored', async () => {
    runner = aRunner(0)
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
    runner = aRunner(0)
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
    await until(() => waits.length > 0)
    expect(await rejection(create({ long: LONG }))).toMatchObject({ code: 'disk_full' })
    await runner.stop()
    expect(await store.find(id)).toMatchObject({ status: 'running' })
  })
})
