import { AppError } from '../errors.ts'
import type { EventHub } from '../events/hub.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Log } from '../lib/log.ts'
import type { Actor } from '../operation/permission.ts'
import { createExecute } from './execute.ts'
import { fromStoredActor, isFinal, type JobKind, type JobRow, toPublicJob } from './job.ts'
import { createTellFull, TOLD_AFTER_MS, whileAway } from './patience.ts'
import { CANCELLED, type NewInput, PAUSED, RESTARTED, type Shown, STOPPED, shownView } from './run-state.ts'
import type { ChangeOptions, ClaimedJob, JobStore } from './store.ts'
import type { JobStatus } from './table.ts'

export interface NewRun {
  readonly actor: Actor
  readonly input: JsonObject
  /** The job object as it looks while the job waits. */
  readonly view: JsonObject
  readonly key?: string
  readonly batchId?: string
}

export interface JobRunner {
  /** Adds a kind of job; all of them before {@link start}. */
  register<I>(kind: JobKind<I>): void
  create(kind: string, job: NewRun): Promise<JobRow>
  /** Ends a queued or running job; a job that has ended stays as it is. @throws AppError not_found */
  cancel(id: string): Promise<JobRow>
  /**
   * Stops a queued or running job until {@link retry} goes on with it, also after a restart; one that has ended or is
   * paused stays as it is. @throws AppError not_found; conflict: jobs of this kind cannot be paused
   */
  pause(id: string): Promise<JobRow>
  /**
   * Queues an ended or paused job again under its id; a live one stays as it is, unless its input changes: then its run
   * is cut off and begins anew.
   * @param input what it is asked to do from now on; pure: it may be called twice
   * @throws AppError not_found; conflict: another with its key lives
   */
  retry(id: string, input?: NewInput): Promise<JobRow>
  /** The job with what its run has shown last, where it runs: progress is not stored. */
  latest(row: JobRow): JobRow
  /** Takes up what an earlier process left and whatever comes from now on, until {@link stop}; may be repeated. */
  start(): Promise<void>
  /** Resolves when no job runs or waits. */
  whenIdle(): Promise<void>
  /** Jobs that run now. */
  readonly running: number
  /** Interrupts running jobs and leaves them queued for the next start. */
  stop(): Promise<void>
}

export interface JobRunnerDeps {
  readonly store: JobStore
  readonly events: EventHub
  readonly log: Log
  /** Told of every run that has ended; `queued`: it was put back. */
  readonly onEnded?: (kind: string, status: JobStatus, seconds: number) => void
  /** Milliseconds for which a full disk is told as a wait, and not as a failure. */
  readonly toldAfterMs?: number
}

interface Run {
  readonly abort: AbortController
  readonly done: Promise<void>
  readonly shown: Shown
}

/**
 * Runs jobs of this host. One process owns a data directory, so whatever is marked as running when it starts was
 * left by a process that is gone: no lease has to lapse first.
 */
export function createJobRunner({
  store,
  events,
  log,
  onEnded,
  toldAfterMs = TOLD_AFTER_MS,
}: JobRunnerDeps): JobRunner {
  const kinds = new Map<string, JobKind<JsonObject>>()
  const runs = new Map<string, Run>()
  const perKind = new Map<string, number>()
  /** Kinds whose queue is being read, and those that were woken meanwhile. */
  const pumping = new Map<string, Promise<void>>()
  const woken = new Set<string>()
  const idleWaiters = new Set<() => void>()
  let started = false
  let stopped = false
  let stopping = new AbortController()

  const kindOf = (name: string): JobKind<JsonObject> => {
    const kind = kinds.get(name)
    if (kind === undefined) throw new AppError('internal', `This version has no jobs of the kind ${name}`)
    return kind
  }

  function wake(name: string): void {
    if (!started) return
    woken.add(name)
    if (pumping.has(name)) return
    const pump = (async () => {
      const kind = kindOf(name)
      while (started && woken.delete(name)) {
        for (;;) {
          const places = kind.concurrency - (perKind.get(name) ?? 0)
          const rows = started && places > 0 ? await claim(kind, places) : []
          if (rows.length === 0) break
          for (const row of rows) {
            if (started) begin(kind, row)
            // Stopped between the claim and now: as if it had not been claimed.
            else await store.change(row.id, ['running'], 'queued', undefined, kind.permission)
          }
        }
      }
    })()
      .catch((error: unknown) => log.error({ err: error, kind: name }, 'Could not read the job queue'))
      .finally(() => {
        pumping.delete(name)
        if (woken.has(name)) wake(name)
        settle()
      })
    pumping.set(name, pump)
  }

  function claim({ kind, permission }: JobKind<JsonObject>, places: number): Promise<readonly ClaimedJob[]> {
    let lost = false
    return whileAway(
      log,
      stopping.signal,
      async () => {
        // A claim whose answer did not come may have been made: a job that is marked as running and runs nowhere.
        if (lost) await store.requeueLeftOver({ kind, except: [...runs.keys()] })
        lost = true
        return store.claim(kind, permission, places)
      },
      createTellFull(toldAfterMs, {
        waits: ({ message }) =>
          tellQueued((row) => tell(kindOf(kind), row, shownView({ view: row.view, waiting: message }), false)),
        failed: (error) => tellQueued((row) => tellUnstored(row, row.view, error)),
      }),
    )

    async function tellQueued(tellOf: (row: JobRow) => void): Promise<void> {
      const rows = await store.list({ kinds: [kind] }, MOST_TOLD, 0)
      for (const row of rows) if (row.status === 'queued') tellOf(row)
    }
  }

  /** What cannot be stored now: whoever follows the job is not to wait for it. */
  function tellUnstored(row: JobRow, view: JsonObject, error: AppError): void {
    const kind = kindOf(row.kind)
    tell(kind, row, kind.ended(view, 'failed', error), true)
  }

  function tell({ kind, permission }: JobKind<JsonObject>, row: JobRow, view: JsonObject, final: boolean): void {
    const data = toPublicJob({ ...row, view })
    events.progress({ type: 'job', kind, jobId: row.id, owner: row.owner, permission, final, data })
  }

  function settle(): void {
    if (runs.size > 0 || pumping.size > 0) return
    for (const resolve of idleWaiters) resolve()
    idleWaiters.clear()
  }

  const count = ({ kind }: JobKind<JsonObject>, change: 1 | -1): void =>
    void perKind.set(kind, (perKind.get(kind) ?? 0) + change)

  function begin(kind: JobKind<JsonObject>, row: ClaimedJob): void {
    const abort = new AbortController()
    count(kind, 1)
    // Retried before its cancelled run was through: two runs of one job never overlap.
    const before = runs.get(row.id)?.done ?? Promise.resolve()
    const shown: Shown = { view: row.view, asked: [], stored: [] }
    const done = before
      .then(() => run(kind, row, shown, abort.signal))
      .catch((error: unknown) => log.error({ err: error, job_id: row.id }, 'Could not store the end of a job'))
      .finally(() => {
        if (runs.get(row.id) === current) runs.delete(row.id)
        count(kind, -1)
        wake(kind.kind)
        settle()
      })
    const current: Run = { abort, done, shown }
    runs.set(row.id, current)
  }

  const execute = createExecute({
    ...{ store, log, tell, tellUnstored, toldAfterMs, sequelOf, wake, abandon, count },
    stopping: () => stopping.signal,
  })

  async function run(kind: JobKind<JsonObject>, row: ClaimedJob, shown: Shown, signal: AbortSignal): Promise<void> {
    const began = performance.now()
    const about = { job_id: row.id, kind: kind.kind }
    log.debug({ ...about, attempt: row.attempts }, 'A job begins')
    const status = await execute(kind, row, shown, signal)
    const seconds = (performance.now() - began) / 1000
    log.info({ ...about, status, ms: Math.round(seconds * 1000) }, 'job')
    onEnded?.(kind.kind, status, seconds)
  }

  async function get(id: string): Promise<JobRow> {
    const row = await store.find(id)
    if (row === undefined) throw new AppError('not_found', 'Record not found', { hint: 'There is no job with this ID' })
    return row
  }

  /** It is cancelled or has failed, whatever becomes of what it has started. */
  async function abandon(kind: JobKind<JsonObject>, row: JobRow): Promise<void> {
    try {
      await kind.abandoned?.(row)
    } catch (error) {
      log.error({ err: error, job_id: row.id }, 'Could not end what a job has started')
    }
  }

  /** @param followed gets the kinds of jobs that came of it: to be woken after the commit */
  function sequelOf({ sequel }: JobKind<JsonObject>, followed: Set<string>): ChangeOptions['sequel'] {
    if (sequel === undefined) return undefined
    return (ended) => {
      const next = sequel(ended)
      if (next === undefined) return undefined
      const { prefix, permission } = kindOf(next.kind)
      followed.add(next.kind)
      return { ...next, prefix, permission, actor: fromStoredActor(ended.actor) }
    }
  }

  /** Cuts off the run of a job, which is queued again with another input; false where it has none, or has just ended. */
  async function beginAnew(id: string, input: NewInput): Promise<boolean> {
    const run = runs.get(id)
    if (run === undefined) return false
    run.shown.asked.push(input)
    run.abort.abort(RESTARTED)
    await run.done
    return run.shown.stored.includes(input)
  }

  const latest = (row: JobRow): JobRow => {
    const run = row.status === 'running' ? runs.get(row.id) : undefined
    return run === undefined ? row : { ...row, view: shownView(run.shown) }
  }
  const lastView = ({ id, status, view }: JobRow): JsonObject =>
    status === 'running' ? (runs.get(id)?.shown.view ?? view) : view

  return {
    latest,
    register(kind) {
      kinds.set(kind.kind, kind as unknown as JobKind<JsonObject>)
    },
    async create(name, job) {
      const kind = kindOf(name)
      const row = await store.create({ ...job, kind: name, prefix: kind.prefix, permission: kind.permission })
      wake(name)
      return row
    },
    async cancel(id) {
      const row = await get(id)
      if (isFinal(row.status)) return row
      const kind = kindOf(row.kind)
      const view = kind.ended(lastView(row), 'cancelled', CANCELLED)
      const followed = new Set<string>()
      const changed = await store.change(id, ['queued', 'running', 'paused'], 'cancelled', view, kind.permission, {
        sequel: sequelOf(kind, followed),
      })
      for (const name of followed) wake(name)
      const run = runs.get(id)
      run?.abort.abort(CANCELLED)
      await run?.done
      if (changed !== undefined) await abandon(kind, changed)
      return changed ?? (await get(id))
    },
    async pause(id) {
      const row = await get(id)
      if (isFinal(row.status) || row.status === 'paused') return row
      const kind = kindOf(row.kind)
      if (kind.paused === undefined) {
        throw new AppError('conflict', `A job of the kind ${row.kind} cannot be paused`, { hint: 'Cancel it instead' })
      }
      const changed = await store.change(
        id,
        ['queued', 'running'],
        'paused',
        kind.paused(lastView(row)),
        kind.permission,
      )
      const run = runs.get(id)
      run?.abort.abort(PAUSED)
      await run?.done
      return changed ?? (await get(id))
    },
    async retry(id, input) {
      if (input !== undefined && (await beginAnew(id, input))) return get(id)
      const row = await get(id)
      const kind = kindOf(row.kind)
      const again = (from: readonly JobStatus[]) =>
        store.change(id, from, 'queued', kind.reopened(row.view), kind.permission, { input })
      let changed = await again(input === undefined ? ENDED : [...ENDED, 'queued'])
      if (changed === undefined && input !== undefined) {
        // Claimed meanwhile, and its run is about to begin.
        await pumping.get(row.kind)
        if (await beginAnew(id, input)) return get(id)
        changed = await again([...ENDED, 'queued', 'running'])
      }
      wake(row.kind)
      return changed ?? (await get(id))
    },
    async start() {
      // Jobs that run now were left by nobody.
      if (started) return
      stopped = false
      stopping = new AbortController()
      const left = await store.requeueLeftOver()
      if (left > 0) log.info({ jobs: left }, 'Going on with jobs that an earlier process left')
      // Stopped while it was asked.
      if (stopped) return
      started = true
      for (const name of kinds.keys()) wake(name)
    },
    whenIdle: () =>
      new Promise((resolve) => {
        idleWaiters.add(resolve)
        settle()
      }),
    get running() {
      return runs.size
    },
    async stop() {
      started = false
      stopped = true
      stopping.abort()
      for (const { abort } of runs.values()) abort.abort(STOPPED)
      await Promise.all(pumping.values())
      await Promise.all([...runs.values()].map(({ done }) => done))
    },
  }
}

/** What can be queued again. */
const ENDED: readonly JobStatus[] = ['paused', 'succeeded', 'failed', 'cancelled']

/** Jobs that wait, of which it is told that they cannot begin. */
const MOST_TOLD = 100
