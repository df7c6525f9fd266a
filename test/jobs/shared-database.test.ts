import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { createDb, type Db } from '../../src/db/db.ts'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { rejection } from '../support/rejection.ts'
import { needsSqld, type Sqld, startSqld } from '../support/sqld.ts'
import { dbDefaults } from '../support/temp-db.ts'

interface Host {
  readonly db: Db
  readonly store: JobStore
  readonly events: EventHub
  readonly runner: JobRunner
  /** Names of the jobs that ran here. */
  readonly ran: string[]
  create(name: string, key?: string): ReturnType<JobRunner['create']>
}

describe.skipIf(!needsSqld())('hosts that share a database', () => {
  let sqld: Sqld
  let hosts: Host[]
  /** What a job does between its two states. */
  let work: () => Promise<unknown>

  async function host(name: string): Promise<Host> {
    const db = createDb({ ...dbDefaults('/nonexistent'), url: sqld.url, authToken: sqld.token })
    await db.open()
    const instanceId = () => name
    const events = createEventHub({ db, clock: systemClock, instanceId })
    const store = createJobStore({ db, events, clock: systemClock, instanceId })
    const runner = createJobRunner({ store, events, log: silentLog })
    const ran: string[] = []
    runner.register({
      kind: 'import',
      prefix: 'imp',
      permission: 'models:read',
      concurrency: 1,
      input: v.object({ name: v.string() }),
      async run(job) {
        ran.push(job.input.name)
        await work()
        await job.save({ status: 'resolving' })
        return { status: 'succeeded', view: { status: 'completed' } }
      },
      reopened: () => ({ status: 'analyzing' }),
      ended: (view, how) => ({ ...view, status: how }),
    })
    const made: Host = {
      db,
      store,
      events,
      runner,
      ran,
      create: (text, key) =>
        runner.create('import', {
          actor: OWNER,
          input: { name: text },
          view: { status: 'analyzing' },
          ...(key === undefined ? {} : { key }),
        }),
    }
    hosts.push(made)
    return made
  }

  beforeEach(async () => {
    sqld = await startSqld()
    hosts = []
    work = async () => {}
  })
  afterEach(async () => {
    for (const { runner, db } of hosts) {
      await runner.stop()
      await db.close()
    }
    await sqld.close()
  })

  test('each runs its own jobs and replays its own events', async () => {
    const [here, there] = [await host('here'), await host('there')]
    await Promise.all([here.runner.start(), there.runner.start()])
    const mine = await Promise.all(['a', 'b', 'c'].map((name) => here.create(`here ${name}`)))
    const theirs = await Promise.all(['a', 'b', 'c'].map((name) => there.create(`there ${name}`)))
    await Promise.all([here.runner.whenIdle(), there.runner.whenIdle()])
    expect(here.ran).toEqual(['here a', 'here b', 'here c'])
    expect(there.ran).toEqual(['there a', 'there b', 'there c'])
    for (const [at, jobs] of [
      [here, mine],
      [there, theirs],
    ] as const) {
      const replayed = await at.events.replay(0, {}, 100)
      expect(new Set(replayed.map(({ jobId }) => jobId))).toEqual(new Set(jobs.map(({ id }) => id)))
      expect(replayed).toHaveLength(jobs.length * 4)
    }
  })

  test('a job of the other host is none that could be looked at, cancelled or begun again here', async () => {
    const [here, there] = [await host('here'), await host('there')]
    const { id } = await there.create('theirs')
    expect(await here.store.find(id)).toBeUndefined()
    expect(await here.store.list({ kinds: ['import'] }, 10, 0)).toEqual([])
    expect(await there.store.list({ kinds: ['import'] }, 10, 0)).toMatchObject([{ id }])
    for (const ask of [here.runner.cancel, here.runner.retry]) {
      expect(await rejection(ask(id))).toMatchObject({ code: 'not_found' })
    }
    await here.runner.start()
    await here.runner.whenIdle()
    expect([here.ran, (await there.store.find(id))?.status]).toEqual([[], 'queued'])
  })

  test('one key is one job on each host', async () => {
    const [here, there] = [await host('here'), await host('there')]
    const [one, two, other] = await Promise.all([here.create('a', 'k'), here.create('b', 'k'), there.create('c', 'k')])
    expect(one.id).toBe(two.id)
    expect(other.id).not.toBe(one.id)
  })

  test('what one left running when it was killed, the other does not take up', async () => {
    const here = await host('here')
    await here.create('left')
    await here.store.claim('import', 'models:read')
    const there = await host('there')
    await there.runner.start()
    await there.runner.whenIdle()
    expect(there.ran).toEqual([])
    const again = await host('here')
    await again.runner.start()
    await again.runner.whenIdle()
    expect(again.ran).toEqual(['left'])
  })

  test('a job during which the database goes away ends when it is back, and those that wait go on', async () => {
    const here = await host('here')
    work = async () => {
      work = async () => {}
      await sqld.kill()
      // Nobody waits for this one: it comes back while the job waits for it.
      setTimeout(() => void sqld.start(), 50)
    }
    const first = await here.create('first')
    const second = await here.create('second')
    await here.runner.start()
    await here.runner.whenIdle()
    expect(here.ran).toEqual(['first', 'second'])
    for (const { id } of [first, second]) {
      expect(await here.store.find(id)).toMatchObject({ status: 'succeeded', attempts: 1 })
    }
  })

  test('a queue that cannot be read is read again when the database is back', async () => {
    const here = await host('here')
    const first = await here.create('first')
    const second = await here.create('second')
    const away = Promise.withResolvers<void>()
    here.events.subscribe(({ jobId, final }) => {
      // Between the end of the first and the claim of the second.
      if (jobId === first.id && final) away.resolve(sqld.kill())
    })
    await here.runner.start()
    await away.promise
    setTimeout(() => void sqld.start(), 50)
    await here.runner.whenIdle()
    expect(await here.store.find(second.id)).toMatchObject({ status: 'succeeded', attempts: 1 })
  })
})
