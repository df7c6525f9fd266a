import { afterEach, beforeEach, expect, test } from 'bun:test'
import * as v from 'valibot'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import { createJobFollower, type JobFollower } from '../../src/jobs/follow-job.ts'
import type { RunningJob } from '../../src/jobs/job.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { rejection } from '../support/rejection.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const inputSchema = v.object({ name: v.string() })
type Job = RunningJob<v.InferOutput<typeof inputSchema>>

let temp: TempDb
let events: EventHub
let store: JobStore
let follower: JobFollower
let runner: JobRunner
let run: (job: Job) => Promise<void>

beforeEach(async () => {
  temp = await openTempDb()
  const parts = { clock: systemClock, instanceId: () => 'here' }
  events = createEventHub({ db: temp.db, ...parts })
  store = createJobStore({ db: temp.db, events, ...parts })
  follower = createJobFollower({ events, store })
  runner = createJobRunner({ store, events, log: silentLog })
  runner.register({
    kind: 'download',
    prefix: 'dl',
    permission: 'models:read',
    concurrency: 1,
    input: inputSchema,
    async run(job: Job) {
      await run(job)
      return { status: 'succeeded', view: { status: 'completed' } }
    },
    reopened: () => ({ status: 'analyzing' }),
    ended: (view, how) => ({ ...view, status: how }),
  })
  await runner.start()
})
afterEach(async () => {
  await runner.stop()
  follower.close()
  await temp.close()
})

const create = (name: string) =>
  runner.create('download', { actor: OWNER, input: { name }, view: { status: 'analyzing' } })
const never = new AbortController().signal

test('whoever follows a job sees its progress and its end', async () => {
  const seen: JsonObject[] = []
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  run = async (job) => {
    begun.resolve()
    await go.promise
    job.show({ status: 'downloading', bytes: 7 })
  }
  const { id } = await create('one')
  await begun.promise
  const followed = follower.follow(id, { signal: never, onChange: (view) => seen.push(view) })
  const again = follower.follow(id, { signal: never })
  go.resolve()
  expect(await followed).toMatchObject({ id, status: 'succeeded', view: { status: 'completed' } })
  expect((await again).status).toBe('succeeded')
  expect(seen).toContainEqual(expect.objectContaining({ job_id: id, bytes: 7 }))
  expect(seen.at(-1)).toMatchObject({ status: 'completed' })
})

test('what was stored does not come after what was told since', async () => {
  await runner.stop()
  const { id } = await create('one')
  const seen: JsonObject[] = []
  const ended = follower.follow(id, { signal: never, onChange: (view) => seen.push(view) })
  const newer = { kind: 'download', jobId: id, owner: 'local', permission: 'models:read', final: false } as const
  events.progress({ type: 'job', ...newer, data: { status: 'downloading', bytes: 7 } })
  await runner.cancel(id)
  await ended
  expect(seen.map(({ status }) => status)).toEqual(['downloading', 'cancelled'])
})

test('a job that goes on at the moment of its end is followed to the next one', async () => {
  const permission = 'models:read'
  await runner.stop()
  const { id } = await create('a')
  await store.claim('download', permission)
  const begun = Promise.withResolvers<void>()
  const ended = follower.follow(id, { signal: never, onChange: () => begun.resolve() })
  await begun.promise
  // In one commit.
  await Promise.all([
    store.change(id, ['running'], 'succeeded', { status: 'partially_completed' }, permission),
    store.change(id, ['succeeded'], 'queued', { status: 'analyzing' }, permission),
  ])
  await store.claim('download', permission)
  await store.change(id, ['running'], 'succeeded', { status: 'completed' }, permission)
  expect(await ended).toMatchObject({ status: 'succeeded', view: { status: 'completed' } })
})

test('a job that has ended already is answered at once', async () => {
  run = async () => {}
  const { id } = await create('one')
  await runner.whenIdle()
  expect((await follower.follow(id, { signal: never })).status).toBe('succeeded')
})

test('an unknown job and an end of the waiting are errors', async () => {
  expect(await rejection(follower.follow('dl_none', { signal: never }))).toMatchObject({ code: 'not_found' })
  const abort = new AbortController()
  const stopped = Promise.withResolvers<void>()
  run = () => stopped.promise
  const { id } = await create('one')
  const followed = follower.follow(id, { signal: abort.signal })
  abort.abort(new Error('enough'))
  expect(await rejection(followed)).toMatchObject({ message: 'enough' })
  stopped.resolve()
})

test('a job that waits aside keeps no other of its kind waiting', async () => {
  const order: string[] = []
  const release = Promise.withResolvers<void>()
  run = async (job) => {
    order.push(`${job.input.name} begins`)
    if (job.input.name === 'first') await job.aside(() => release.promise)
    else release.resolve()
    order.push(`${job.input.name} ends`)
  }
  const first = await create('first')
  const second = await create('second')
  await Promise.all([first, second].map(({ id }) => follower.follow(id, { signal: never })))
  expect(order.slice(0, 2)).toEqual(['first begins', 'second begins'])
  expect(order).toHaveLength(4)
})
