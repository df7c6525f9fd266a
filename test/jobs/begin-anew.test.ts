import { afterEach, beforeEach, expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import type { JobKind, JobRow, RunningJob } from '../../src/jobs/job.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const inputSchema = v.object({ names: v.array(v.string()) })
type Input = v.InferOutput<typeof inputSchema>

let temp: TempDb
let events: EventHub
let store: JobStore

beforeEach(async () => {
  temp = await openTempDb()
  const instanceId = (): string => 'here'
  events = createEventHub({ db: temp.db, clock: systemClock, instanceId })
  store = createJobStore({ db: temp.db, events, clock: systemClock, instanceId })
})
afterEach(() => temp.close())

const aKind = (run: (job: RunningJob<Input>) => Promise<void>, more: Partial<JobKind<Input>> = {}): JobKind<Input> => ({
  kind: 'import',
  prefix: 'imp',
  permission: 'models:read',
  concurrency: 30,
  input: inputSchema,
  async run(job) {
    await run(job)
    return { status: 'succeeded', view: { status: 'completed', names: job.input.names } }
  },
  reopened: () => ({ status: 'analyzing' }),
  ended: (view, how) => ({ ...view, status: how }),
  ...more,
})

const untilAborted = ({ signal }: RunningJob<Input>): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

function runnerOf(...kinds: readonly JobKind<Input>[]): JobRunner {
  const runner = createJobRunner({ store, events, log: silentLog })
  for (const kind of kinds) runner.register(kind)
  return runner
}

const create = (runner: JobRunner): Promise<JobRow> =>
  runner.create('import', { actor: OWNER, input: { names: [] }, view: { status: 'analyzing' } })

const adds =
  (name: string) =>
  (before: JsonObject): JsonObject => ({ ...before, names: [...new Set([...(before.names as string[]), name])] })

test('an ended job runs again with another input', async () => {
  const runner = runnerOf(aKind(async () => {}))
  await runner.start()
  const { id } = await create(runner)
  await runner.whenIdle()
  expect(await runner.retry(id, adds('a'))).toMatchObject({ status: 'queued', input: { names: ['a'] } })
  await runner.whenIdle()
  expect((await store.find(id))?.view).toEqual({ status: 'completed', names: ['a'] })
})

test('a job that waits keeps its place and gets the input', async () => {
  const runner = runnerOf(aKind(async () => {}))
  const { id } = await create(runner)
  await Promise.all([runner.retry(id, adds('a')), runner.retry(id, adds('b'))])
  await runner.start()
  await runner.whenIdle()
  expect((await store.find(id))?.view).toEqual({ status: 'completed', names: ['a', 'b'] })
})

test('the run of a job that gets another input is cut off, and none of several inputs is lost', async () => {
  const begun = Promise.withResolvers<void>()
  const seen: (readonly string[])[] = []
  const runner = runnerOf(
    aKind(async (job) => {
      seen.push(job.input.names)
      begun.resolve()
      if (job.input.names.length === 0) await untilAborted(job)
    }),
  )
  await runner.start()
  const { id } = await create(runner)
  await begun.promise
  await Promise.all(['a', 'b', 'c'].map((name) => runner.retry(id, adds(name))))
  await runner.whenIdle()
  expect(seen[0]).toEqual([])
  expect((await store.find(id))?.status).toBe('succeeded')
  expect((await store.find(id))?.input).toEqual({ names: ['a', 'b', 'c'] })
})

test('inputs that come one after another are all stored, whenever they come', async () => {
  const runner = runnerOf(
    aKind(async (job) => {
      if (job.input.names.length < 2) await untilAborted(job)
    }),
  )
  await runner.start()
  const ids = await Promise.all(
    Array.from({ length: 25 }, async (_, turns) => {
      const { id } = await create(runner)
      const wait = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) await setImmediate()
      }
      await wait()
      const first = runner.retry(id, adds('a'))
      await wait()
      await runner.retry(id, adds('b'))
      await first
      return id
    }),
  )
  await runner.whenIdle()
  const rows = await Promise.all(ids.map((id) => store.find(id)))
  const names = rows.map((row) => v.parse(inputSchema, row?.input).names.toSorted().join())
  expect(new Set(names)).toEqual(new Set(['a,b']))
  expect(new Set(rows.map((row) => row?.status))).toEqual(new Set(['succeeded']))
})

test('what only the owner may see is stored with the end, gone with a retry, and in no event', async () => {
  const runner = runnerOf(
    aKind(async () => {}, {
      run: async () => ({ status: 'succeeded', view: { status: 'completed' }, private: { words: 'a red barn' } }),
    }),
  )
  await runner.start()
  const { id } = await create(runner)
  await runner.whenIdle()
  expect((await store.find(id))?.private).toEqual({ words: 'a red barn' })
  expect(JSON.stringify(await events.replay(0, {}, 100))).not.toContain('barn')
  await runner.stop()
  await runner.retry(id)
  expect((await store.find(id))?.private).toBeNull()
})

test.each(['succeeds', 'fails', 'is cancelled'])('a job that %s has its sequel in the same commit', async (how) => {
  const begun = Promise.withResolvers<void>()
  const told: JsonObject[] = []
  const first = aKind(
    async (job) => {
      begun.resolve()
      if (how === 'fails') throw new Error('broken')
      if (how === 'is cancelled') await untilAborted(job)
    },
    {
      sequel: ({ id, view }) => ({ kind: 'after', input: { names: [id, String(view.status)] }, view: { status: 'x' } }),
    },
  )
  const after = aKind(async ({ input }) => void told.push({ names: input.names }), { kind: 'after', prefix: 'aft' })
  const runner = runnerOf(first, after)
  await runner.start()
  const { id } = await create(runner)
  await begun.promise
  if (how === 'is cancelled') await runner.cancel(id)
  await runner.whenIdle()
  const status = { succeeds: 'completed', fails: 'failed', 'is cancelled': 'cancelled' }[how]
  expect(told).toEqual([{ names: [id, String(status)] }])
})
