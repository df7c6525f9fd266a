import { afterEach, beforeEach, expect, test } from 'bun:test'
import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import type { AppEvent } from '../../src/events/event.ts'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import type { JobKind, RunningJob } from '../../src/jobs/job.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const inputSchema = v.object({ name: v.string() })
type Input = v.InferOutput<typeof inputSchema>

let temp: TempDb
let events: EventHub
let store: JobStore
let seen: AppEvent[]

beforeEach(async () => {
  temp = await openTempDb()
  seen = []
  ;({ events, store } = wire(temp.db))
  events.subscribe((event) => seen.push(event))
})
afterEach(() => temp.close())

function wire(db: TempDb['db'], clock: Clock = systemClock): { events: EventHub; store: JobStore } {
  const instanceId = () => 'here'
  const hub = createEventHub({ db, clock, instanceId })
  return { events: hub, store: createJobStore({ db, events: hub, clock, instanceId }) }
}

function aKind(run: (job: RunningJob<Input>) => Promise<void>, concurrency = 1): JobKind<Input> {
  return {
    kind: 'import',
    prefix: 'imp',
    permission: 'models:read',
    concurrency,
    input: inputSchema,
    async run(job) {
      await run(job)
      return { status: 'succeeded', view: { status: 'completed', name: job.input.name } }
    },
    reopened: () => ({ status: 'analyzing' }),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message }),
  }
}

function runnerOf(kind: JobKind<Input>, of = { store, events }): JobRunner {
  const runner = createJobRunner({ ...of, log: silentLog })
  runner.register(kind)
  return runner
}

const create = (runner: JobRunner, name: string, key?: string) =>
  runner.create('import', {
    actor: OWNER,
    input: { name },
    view: { status: 'analyzing' },
    ...(key === undefined ? {} : { key }),
  })

const viewOf = async (id: string) => (await store.find(id))?.view

test('jobs run in order, one at a time, and every state goes out as an event', async () => {
  const order: string[] = []
  let running = 0
  const runner = runnerOf(
    aKind(async (job) => {
      running += 1
      expect(running).toBe(1)
      await job.save({ status: 'resolving' })
      order.push(job.input.name)
      running -= 1
    }),
  )
  const ids = [await create(runner, 'a'), await create(runner, 'b'), await create(runner, 'c')].map(({ id }) => id)
  expect(order).toEqual([])
  await runner.start()
  await runner.whenIdle()
  expect(order).toEqual(['a', 'b', 'c'])
  const ofFirst = seen.filter(({ jobId }) => jobId === ids[0])
  expect(ofFirst.map(({ data }) => data.status)).toEqual(['analyzing', 'analyzing', 'resolving', 'completed'])
  expect(ofFirst.map(({ final }) => final)).toEqual([false, false, false, true])
  const numbers = seen.map(({ id }) => id ?? 0)
  expect(numbers).toEqual(numbers.toSorted((x, y) => x - y))
  expect(await events.replay(0, {}, 100)).toHaveLength(seen.length)
})

test('jobs of one millisecond run in the order in which they were made', async () => {
  const order: string[] = []
  const frozen = wire(temp.db, { now: () => 1 })
  const runner = runnerOf(
    aKind(async ({ input }) => void order.push(input.name)),
    frozen,
  )
  const names = Array.from({ length: 12 }, (_, at) => `job ${at}`)
  for (const name of names) await create(runner, name)
  await runner.start()
  await runner.whenIdle()
  expect(order).toEqual(names)
})

test('a job that throws has failed, with its reason and without the words of foreign errors', async () => {
  const runner = runnerOf(
    aKind(async ({ input }) => {
      if (input.name === 'known') throw new AppError('not_found', 'There is no such file')
      throw new Error('secret path')
    }),
  )
  const known = await create(runner, 'known')
  const foreign = await create(runner, 'foreign')
  await runner.start()
  await runner.whenIdle()
  expect(await viewOf(known.id)).toEqual({ status: 'failed', error: 'There is no such file' })
  expect(JSON.stringify(await viewOf(foreign.id))).not.toContain('secret')
})

test('two live jobs with one key are one job; after its end there is a new one', async () => {
  const runner = runnerOf(aKind(async () => {}))
  const [one, two] = await Promise.all([create(runner, 'a', 'k'), create(runner, 'b', 'k')])
  expect(one.id).toBe(two.id)
  expect((await create(runner, 'c', 'other')).id).not.toBe(one.id)
  await runner.start()
  await runner.whenIdle()
  expect((await create(runner, 'd', 'k')).id).not.toBe(one.id)
})

test('cancel ends a running job at once and a waiting one before it began', async () => {
  const begun = Promise.withResolvers<void>()
  const runner = runnerOf(
    aKind(async ({ signal }) => {
      begun.resolve()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }),
  )
  const first = await create(runner, 'runs')
  const second = await create(runner, 'waits')
  await runner.start()
  await begun.promise
  expect((await runner.cancel(second.id)).status).toBe('cancelled')
  expect((await runner.cancel(first.id)).status).toBe('cancelled')
  await runner.whenIdle()
  expect(await viewOf(first.id)).toEqual({ status: 'cancelled', error: 'Cancelled on request' })
  expect((await store.find(second.id))?.attempts).toBe(0)
  expect((await runner.cancel(first.id)).status).toBe('cancelled')
})

test('a job runs again under its id when it is retried', async () => {
  let fail = true
  const runner = runnerOf(
    aKind(async () => {
      if (fail) throw new AppError('upstream_unavailable', 'not now')
    }),
  )
  await runner.start()
  const { id } = await create(runner, 'a')
  await runner.whenIdle()
  expect((await store.find(id))?.status).toBe('failed')
  fail = false
  await runner.retry(id)
  await runner.whenIdle()
  expect(await store.find(id)).toMatchObject({ status: 'succeeded', attempts: 1 })
})

test('a retried job no longer tells of its end, neither in the answer nor in its events', async () => {
  const runner = runnerOf(
    aKind(async () => {
      throw new AppError('upstream_unavailable', 'not now')
    }),
  )
  await runner.start()
  const { id } = await create(runner, 'a')
  await runner.whenIdle()
  seen.length = 0
  expect(await runner.retry(id)).toMatchObject({ status: 'queued', state: 'analyzing', view: { status: 'analyzing' } })
  await runner.whenIdle()
  expect(seen.map(({ data, final }) => [data.status, data.error, final])).toEqual([
    ['analyzing', undefined, false],
    ['analyzing', undefined, false],
    ['failed', 'not now', true],
  ])
})

test('a job that is retried while its cancelled run still ends runs after it and can be cancelled again', async () => {
  const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const letGo = Promise.withResolvers<void>()
  let runs = 0
  let atOnce = 0
  const runner = runnerOf(
    aKind(async ({ signal }) => {
      const run = runs
      runs += 1
      atOnce += 1
      expect(atOnce).toBe(1)
      begun[run]?.resolve()
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      if (run === 0) await letGo.promise
      atOnce -= 1
      signal.throwIfAborted()
    }, 2),
  )
  await runner.start()
  const { id } = await create(runner, 'a')
  await begun[0]?.promise
  const first = runner.cancel(id)
  while ((await store.find(id))?.status !== 'cancelled') await Bun.sleep(0)
  await runner.retry(id)
  while ((await store.find(id))?.status !== 'running') await Bun.sleep(0)
  letGo.resolve()
  await first
  await begun[1]?.promise
  expect(runner.running).toBe(1)
  expect((await runner.cancel(id)).status).toBe('cancelled')
  await runner.whenIdle()
  expect([runs, runner.running]).toEqual([2, 0])
})

test('a start that is overtaken by stop takes up nothing', async () => {
  let runs = 0
  const runner = runnerOf(
    aKind(async () => {
      runs += 1
    }),
  )
  const { id } = await create(runner, 'a')
  const starting = runner.start()
  await runner.stop()
  await starting
  await runner.whenIdle()
  expect([runs, (await store.find(id))?.status]).toEqual([0, 'queued'])
})

test('a job that was being claimed when stop came does not begin', async () => {
  let runs = 0
  const runner = runnerOf(
    aKind(async () => {
      runs += 1
    }),
  )
  const { id } = await create(runner, 'a')
  await runner.start()
  await runner.stop()
  expect([runs, runner.running, (await store.find(id))?.status]).toEqual([0, 0, 'queued'])
})

test('a second start leaves running jobs alone, and one after stop goes on with them', async () => {
  const begun = Promise.withResolvers<void>()
  let runs = 0
  const runner = runnerOf(
    aKind(async ({ signal }) => {
      runs += 1
      begun.resolve()
      if (runs > 1) return
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }, 2),
  )
  const { id } = await create(runner, 'a')
  await runner.start()
  await begun.promise
  await runner.start()
  expect([runs, (await store.find(id))?.status]).toEqual([1, 'running'])
  await runner.stop()
  await runner.start()
  await runner.whenIdle()
  expect([runs, (await store.find(id))?.status]).toEqual([2, 'succeeded'])
})

test('stop puts a running job back and the next start goes on with it', async () => {
  const begun = Promise.withResolvers<void>()
  const runner = runnerOf(
    aKind(async ({ signal }) => {
      begun.resolve()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }),
  )
  const { id } = await create(runner, 'a')
  await runner.start()
  await begun.promise
  await runner.stop()
  expect((await store.find(id))?.status).toBe('queued')

  const next = wire(await temp.reopen())
  const second = runnerOf(
    aKind(async () => {}),
    next,
  )
  await second.start()
  await second.whenIdle()
  expect(await next.store.find(id)).toMatchObject({ status: 'succeeded', attempts: 1 })
})

test('what a killed process left running is taken up again', async () => {
  const runner = runnerOf(aKind(async () => {}))
  const { id } = await create(runner, 'a')
  await store.claim('import', 'models:read')
  expect((await store.find(id))?.status).toBe('running')
  const next = wire(await temp.reopen())
  const second = runnerOf(
    aKind(async () => {}),
    next,
  )
  await second.start()
  await second.whenIdle()
  expect((await next.store.find(id))?.status).toBe('succeeded')
})

test('a job that ends its process again and again is given up, and can be retried', async () => {
  let runs = 0
  const runner = runnerOf(
    aKind(async () => {
      runs += 1
    }),
  )
  const { id } = await create(runner, 'a')
  // What five processes leave that died in the middle of it.
  for (let cutOff = 0; cutOff < 5; cutOff += 1) {
    await store.claim('import', 'models:read')
    await store.requeueLeftOver()
  }
  await runner.start()
  await runner.whenIdle()
  expect(runs).toBe(0)
  expect((await viewOf(id))?.error).toContain('cut off 5 times')
  await runner.retry(id)
  await runner.whenIdle()
  expect(runs).toBe(1)
  expect((await store.find(id))?.status).toBe('succeeded')
})

test('a stored input that no longer fits its schema fails the job instead of the runner', async () => {
  const runner = runnerOf(aKind(async () => {}))
  const bad = await runner.create('import', { actor: OWNER, input: { name: 5 }, view: { status: 'analyzing' } })
  const good = await create(runner, 'good')
  await runner.start()
  await runner.whenIdle()
  expect((await store.find(bad.id))?.status).toBe('failed')
  expect((await store.find(good.id))?.status).toBe('succeeded')
})

test('progress reaches listeners and is not stored', async () => {
  const runner = runnerOf(aKind(async (job) => job.show({ status: 'resolving', progress: 0.5 })))
  await runner.start()
  await create(runner, 'a')
  await runner.whenIdle()
  const transient = seen.filter(({ id }) => id === undefined)
  expect(transient.map(({ data }) => data.progress)).toEqual([0.5])
  const stored = await events.replay(0, {}, 100)
  expect(stored.some(({ data }) => data.progress === 0.5)).toBe(false)
})

test('whoever asks for a running job gets what it has shown last, also as it is paused or cancelled', async () => {
  const shows = (progress: number) => ({ status: 'resolving', progress })
  const pausable = {
    ...aKind(async (job) => {
      job.show(shows(job.input.name === 'a' ? 0.5 : 0.7))
      if (job.signal.aborted) throw job.signal.reason
      await new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason)))
    }, 2),
    paused: (view: JsonObject) => ({ ...view, status: 'paused' }),
  }
  const runner = runnerOf(pausable)
  const shown = new Promise<void>((resolve) => {
    let count = 0
    events.subscribe(({ id }) => {
      count += id === undefined ? 1 : 0
      if (count === 2) resolve()
    })
  })
  await runner.start()
  const [a, b] = [await create(runner, 'a'), await create(runner, 'b')]
  await shown
  const latest = async (id: string) => {
    const row = await store.find(id)
    return row === undefined ? undefined : runner.latest(row).view
  }
  expect([await latest(a.id), await latest(b.id)]).toEqual([shows(0.5), shows(0.7)])
  expect(await viewOf(a.id)).toEqual({ status: 'analyzing' })
  expect((await runner.pause(a.id)).view).toEqual({ status: 'paused', progress: 0.5 })
  expect((await runner.cancel(b.id)).view).toMatchObject({ status: 'cancelled', progress: 0.7 })
  expect([await latest(a.id), await latest(b.id)]).toMatchObject([{ status: 'paused' }, { status: 'cancelled' }])
  await runner.stop()
})

test('what is shown while a state is being stored is told after it', async () => {
  const runner = runnerOf(
    aKind(async (job) => {
      await job.save({ status: 'resolving', progress: 0.1 })
      const saved = job.save({ status: 'resolving', progress: 0.2 })
      job.show({ status: 'resolving', progress: 0.3 })
      job.show({ status: 'resolving', progress: 0.4 })
      await saved
      job.show({ status: 'resolving', progress: 0.5 })
    }),
  )
  await create(runner, 'a')
  await runner.start()
  await runner.whenIdle()
  const told = seen.flatMap(({ id, data }) => (data.status === 'resolving' ? [[id !== undefined, data.progress]] : []))
  expect(told).toEqual([
    [true, 0.1],
    [true, 0.2],
    [false, 0.4],
    [false, 0.5],
  ])
})

test('nothing is told of a run after its end', async () => {
  const runner = runnerOf(
    aKind(async (job) => {
      void job.save({ status: 'resolving', progress: 0.2 })
      job.show({ status: 'resolving', progress: 0.3 })
    }),
  )
  await create(runner, 'a')
  await runner.start()
  await runner.whenIdle()
  expect(seen.at(-1)).toMatchObject({ final: true })
})

test('a paused job holds still, over a restart too, until it is asked to go on', async () => {
  const begun: string[] = []
  let tellBegun = (): void => {}
  const hasBegun = new Promise<void>((resolve) => {
    tellBegun = resolve
  })
  const pausable = {
    ...aKind(async (job) => {
      begun.push(job.input.name)
      tellBegun()
      if (begun.length > 1) return
      await new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason)))
    }),
    paused: (view: JsonObject) => ({ ...view, status: 'paused' }),
  }
  const runner = runnerOf(pausable)
  await runner.start()
  const { id } = await create(runner, 'a', 'the same')
  await hasBegun
  expect(await runner.pause(id)).toMatchObject({ status: 'paused', view: { status: 'paused' } })
  await runner.stop()

  const next = runnerOf(pausable)
  await next.start()
  await next.whenIdle()
  expect(begun).toEqual(['a'])
  // Whoever asks for the same meets it.
  expect(await create(next, 'a', 'the same')).toMatchObject({ id, status: 'paused' })
  await next.retry(id)
  await next.whenIdle()
  expect(begun).toEqual(['a', 'a'])
  expect(await viewOf(id)).toEqual({ status: 'completed', name: 'a' })
  // One that has ended stays as it is.
  expect(await next.pause(id)).toMatchObject({ status: 'succeeded' })
  await next.stop()
})

test('a kind that cannot be paused says so', async () => {
  const runner = runnerOf(aKind(async () => {}))
  const { id } = await create(runner, 'a')
  expect(await runner.pause(id).catch((error: AppError) => error.code)).toBe('conflict')
})

test('the oldest are claimed together, no more than asked for, each once', async () => {
  const runner = runnerOf(aKind(async () => {}))
  const ids: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) ids.push((await create(runner, name)).id)
  const first = await store.claim('import', 'models:read', 3)
  expect(first.map(({ id, status, attempts }) => [id, status, attempts])).toEqual(
    ids.slice(0, 3).map((id) => [id, 'running', 1]),
  )
  expect((await store.claim('import', 'models:read', 3)).map(({ id }) => id)).toEqual(ids.slice(3))
  expect(await store.claim('import', 'models:read', 3)).toEqual([])
  expect(await Promise.all(ids.map(async (id) => (await store.find(id))?.status))).toEqual(Array(4).fill('running'))
})
