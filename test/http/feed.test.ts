import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { DurableEvent, NewEvent } from '../../src/events/event.ts'
import { type Feed, type FeedItem, type FeedOptions, type JobState, openFeed } from '../../src/http/feed.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { failureOf } from '../hash/outcome.ts'
import { startApp, type TestApp } from './test-app.ts'

const reader: Actor = { kind: 'token', name: 'reader', permissions: new Set(['models:read']) }
const agent: Actor = { kind: 'token', name: 'agent', permissions: new Set(['models:download']) }

/** A feed over the app's events, and the jobs that its `change` made. */
async function openOn(t: TestApp, jobs: Map<string, JobState>, options: Partial<FeedOptions> = {}): Promise<Feed> {
  return openFeed({ events: t.events, findJob: async (id) => jobs.get(id) }, { actor: OWNER, filter: {}, ...options })
}

async function change(
  t: TestApp,
  jobs: Map<string, JobState>,
  jobId: string,
  status: string,
  extra: Partial<JobState> = {},
) {
  const job: JobState = {
    kind: 'import',
    owner: 'local',
    permission: 'models:read',
    final: ['completed', 'failed'].includes(status),
    ...jobs.get(jobId),
    ...extra,
    data: { job_id: jobId, status },
  }
  const final = ['completed', 'failed'].includes(status)
  await t.events.commit(async (_tx, emit) => emit({ type: 'job', jobId, ...job, final } satisfies NewEvent))
  jobs.set(jobId, { ...job, final })
}

/** Items until the feed waits for more or ends. */
async function drain(feed: Feed): Promise<{ items: FeedItem[]; ended: boolean }> {
  const items: FeedItem[] = []
  // Waking does nothing to a feed that reads or has something to say, and makes one that waits say so.
  const beat = setInterval(() => feed.wake(), 1)
  try {
    for (;;) {
      const got = await feed.next()
      if (got === undefined) return { items, ended: true }
      if (got.length === 0) return { items, ended: false }
      items.push(...got)
    }
  } finally {
    clearInterval(beat)
  }
}

const shown = ({ items, ended }: { items: FeedItem[]; ended: boolean }): string[] => [
  ...items.map(({ id, data }) => `${id ?? '-'} ${data.job_id} ${data.status}`),
  ...(ended ? ['end'] : []),
]

describe('the feed of one job', () => {
  test('begins with the job as it stands and ends with its final state', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    await change(t, jobs, 'imp_a', 'analyzing')
    await change(t, jobs, 'imp_b', 'analyzing')
    const feed = await openOn(t, jobs, { filter: { jobId: 'imp_a' } })
    await change(t, jobs, 'imp_a', 'resolving')
    await change(t, jobs, 'imp_b', 'completed')
    expect(shown(await drain(feed))).toEqual(['2 imp_a analyzing', '3 imp_a resolving'])
    await change(t, jobs, 'imp_a', 'completed')
    await change(t, jobs, 'imp_a', 'analyzing')
    expect(shown(await drain(feed))).toEqual(['5 imp_a completed', 'end'])
  })

  test('of a job that has ended is that state alone', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    await change(t, jobs, 'imp_a', 'failed')
    expect(shown(await drain(await openOn(t, jobs, { filter: { jobId: 'imp_a' } })))).toEqual(['1 imp_a failed', 'end'])
  })

  test('of a job that never had an event is the job without an id', async () => {
    await using t = await startApp()
    const jobs = new Map([
      [
        'imp_a',
        {
          kind: 'import',
          owner: 'local',
          permission: 'models:read',
          final: true,
          data: { job_id: 'imp_a', status: 'failed' },
        } as const,
      ],
    ])
    expect(shown(await drain(await openOn(t, jobs, { filter: { jobId: 'imp_a' } })))).toEqual(['- imp_a failed', 'end'])
    expect(shown(await drain(await openOn(t, jobs, { filter: { jobId: 'imp_a' }, after: 0 })))).toEqual([
      '- imp_a failed',
      'end',
    ])
  })

  const past = ['analyzing', 'failed', 'analyzing', 'resolving', 'completed']
  test.each([
    [0, ['1 imp_a analyzing', '2 imp_a failed', '3 imp_a analyzing', '4 imp_a resolving', '5 imp_a completed', 'end']],
    [2, ['3 imp_a analyzing', '4 imp_a resolving', '5 imp_a completed', 'end']],
    [4, ['5 imp_a completed', 'end']],
    // The final state is always sent.
    [5, ['5 imp_a completed', 'end']],
    // An id that was never given out.
    [99, ['5 imp_a completed', 'end']],
  ])('resumed after %i replays what came later', async (after, expected) => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    for (const status of past) await change(t, jobs, 'imp_a', status)
    expect(shown(await drain(await openOn(t, jobs, { filter: { jobId: 'imp_a' }, after })))).toEqual(expected)
  })

  test('resumed after an end goes on where the job was reopened', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    for (const status of ['failed', 'analyzing']) await change(t, jobs, 'imp_a', status)
    const feed = await openOn(t, jobs, { filter: { jobId: 'imp_a' }, after: 0 })
    expect(shown(await drain(feed))).toEqual(['1 imp_a failed', '2 imp_a analyzing'])
    await change(t, jobs, 'imp_a', 'completed')
    expect(shown(await drain(feed))).toEqual(['3 imp_a completed', 'end'])
  })

  test('whose events are no longer kept still begins with the job', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    await change(t, jobs, 'imp_a', 'resolving')
    await change(t, jobs, 'imp_b', 'resolving')
    await t.events.prune(t.time.now + 1)
    await change(t, jobs, 'imp_b', 'resolving')
    expect(shown(await drain(await openOn(t, jobs, { filter: { jobId: 'imp_a' }, after: 0 })))).toEqual([
      '- imp_a resolving',
    ])
  })

  test('unknown, foreign and of another kind are the same not_found', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    await change(t, jobs, 'imp_a', 'analyzing', { owner: 'somebody' })
    await change(t, jobs, 'scan_a', 'analyzing', { kind: 'scan' })
    const kinds = new Set(['import'])
    const failures = await Promise.all(
      [
        { actor: agent, filter: { kinds, jobId: 'imp_a' } },
        { actor: agent, filter: { kinds, jobId: 'imp_none' } },
        { actor: OWNER, filter: { kinds, jobId: 'scan_a' } },
        { actor: agent, filter: { kinds, jobId: 'imp_a' }, after: 0 },
      ].map((options) => failureOf(openOn(t, jobs, options))),
    )
    for (const failure of failures) expect(failure).toEqual({ code: 'not_found', message: 'Record not found' })
    await openOn(t, jobs, { actor: reader, filter: { kinds, jobId: 'imp_a' } })
  })
})

describe('the feed of all jobs', () => {
  test('has what comes from now on, of the kinds asked for', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    await change(t, jobs, 'imp_a', 'analyzing')
    const feed = await openOn(t, jobs, { filter: { kinds: new Set(['scan']) } })
    await change(t, jobs, 'imp_a', 'completed')
    await change(t, jobs, 'scan_a', 'running', { kind: 'scan' })
    t.events.progress({
      type: 'job',
      jobId: 'scan_a',
      kind: 'scan',
      owner: 'local',
      permission: 'models:read',
      final: false,
      data: { job_id: 'scan_a', status: '50%' },
    })
    expect(shown(await drain(feed))).toEqual(['3 scan_a running', '- scan_a 50%'])
  })

  test('checks every event against permission and ownership, on replay too', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    const write = async () => {
      await change(t, jobs, 'imp_own', 'analyzing', { owner: 'agent' })
      await change(t, jobs, 'imp_other', 'analyzing', { owner: 'reader' })
      await change(t, jobs, 'cat_a', 'analyzing', { owner: 'x', permission: 'catalog:read' })
    }
    await write()
    const live = await openOn(t, jobs, { actor: agent })
    const liveReader = await openOn(t, jobs, { actor: reader })
    await write()
    expect(shown(await drain(await openOn(t, jobs, { actor: agent, after: 0 })))).toEqual([
      '1 imp_own analyzing',
      '4 imp_own analyzing',
    ])
    expect(shown(await drain(live))).toEqual(['4 imp_own analyzing'])
    expect(shown(await drain(liveReader))).toEqual(['4 imp_own analyzing', '5 imp_other analyzing'])
  })

  test('shows of a job what the actor may see of it', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    await change(t, jobs, 'imp_a', 'analyzing', { owner: 'agent' })
    const view = (job: Pick<JobState, 'owner' | 'data'>, actor: Actor) =>
      actor.name === job.owner ? { ...job.data, payload: 'all' } : job.data
    const open = (actor: Actor, options: Partial<FeedOptions>) =>
      openFeed({ events: t.events, findJob: async (id) => jobs.get(id), view }, { actor, filter: {}, ...options })
    for (const options of [{ after: 0 }, { filter: { jobId: 'imp_a' } }]) {
      expect((await (await open(agent, options)).next())?.[0]?.data).toMatchObject({ payload: 'all' })
      expect((await (await open(reader, options)).next())?.[0]?.data).not.toHaveProperty('payload')
    }
  })

  test('a subscriber that never reads is ended when 256 states wait, and has lost none when it resumes', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    const feed = await openOn(t, jobs)
    const write = (count: number) =>
      t.events.commit(async (_tx, emit) => {
        for (let at = 0; at < count; at += 1) {
          await emit({
            type: 'job',
            jobId: `imp_${at}`,
            kind: 'import',
            owner: 'local',
            permission: 'models:read',
            final: false,
            data: { at },
          })
        }
      })
    await write(256)
    expect(feed.overflowed).toBe(false)
    await write(1)
    expect(feed.overflowed).toBe(true)
    expect(await feed.next()).toBeUndefined()
    const { items } = await drain(await openOn(t, jobs, { after: 0 }))
    expect(items.map(({ id }) => id)).toEqual(Array.from({ length: 257 }, (_, at) => at + 1))
  })

  test('ends after what waits', async () => {
    await using t = await startApp()
    const jobs = new Map<string, JobState>()
    const feed = await openOn(t, jobs)
    await change(t, jobs, 'imp_a', 'analyzing')
    feed.end()
    expect(shown(await drain(feed))).toEqual(['1 imp_a analyzing', 'end'])
    const waiting = await openOn(t, jobs)
    const next = waiting.next()
    waiting.end()
    expect(await next).toBeUndefined()
  })
})

/** Commits that interleave in every way with opening, replaying and reading: nothing missing, nothing twice. */
test('has no gap and no repetition between replay and live', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 250 }),
      fc.integer({ min: 0, max: 250 }),
      fc.scheduler(),
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
      async (before, after, scheduler, bursts) => {
        const stored: DurableEvent[] = []
        const listeners = new Set<(event: DurableEvent) => void>()
        const commit = async (count: number): Promise<void> => {
          const fresh = Array.from({ length: count }, (_, at) => ({
            id: stored.length + at + 1,
            at: 0,
            type: 'job' as const,
            kind: 'import',
            jobId: 'imp_a',
            owner: 'local',
            permission: 'models:read' as const,
            final: false,
            data: {},
          }))
          stored.push(...fresh)
          // Visible to readers before anyone is told, as after a commit.
          await scheduler.schedule(Promise.resolve())
          for (const event of fresh) for (const listener of listeners) listener(event)
        }
        await Promise.all([commit(before), scheduler.waitAll()])
        listeners.clear()
        const from = Math.min(after, before)
        const opening = openFeed(
          {
            findJob: async () => undefined,
            events: {
              subscribe(listener) {
                listeners.add(listener)
                return () => listeners.delete(listener)
              },
              lastId: () => scheduler.schedule(Promise.resolve()).then(() => stored.length),
              replay: async (afterId, _filter, limit) => {
                await scheduler.schedule(Promise.resolve())
                const page = stored.filter(({ id }) => id > afterId).slice(0, limit)
                await scheduler.schedule(Promise.resolve())
                return page
              },
            },
          },
          { actor: OWNER, filter: {}, after: from },
        )
        const writing = bursts.reduce((done, count) => done.then(() => commit(count)), Promise.resolve())
        const reading = opening.then(async (feed) => {
          const ids: number[] = []
          const total = (): number => before + bursts.reduce((sum, count) => sum + count, 0)
          while (from + ids.length < total()) {
            for (const { id } of (await feed.next()) ?? []) ids.push(id ?? -1)
          }
          feed.close()
          return ids
        })
        await Promise.all([scheduler.waitFor(writing), scheduler.waitFor(reading)])
        expect(await reading).toEqual(Array.from({ length: stored.length - from }, (_, at) => from + at + 1))
        expect(listeners.size).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})
