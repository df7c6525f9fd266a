import * as v from 'valibot'
import { AppError, toAppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Log } from '../lib/log.ts'
import { fromStoredActor, type JobEnd, type JobKind, type JobRow, type RunningJob } from './job.ts'
import { createTellFull, type OnWait, whileAway, whileFull } from './patience.ts'
import { CANCELLED, type NewInput, PAUSED, RESTARTED, type Shown, STOPPED, shownView } from './run-state.ts'
import { createShows } from './shows.ts'
import type { ChangeOptions, ClaimedJob, JobStore } from './store.ts'
import type { JobStatus } from './table.ts'

export interface ExecuteDeps {
  readonly store: Pick<JobStore, 'change'>
  readonly log: Log
  /** Aborts when the runner stops. */
  stopping(): AbortSignal
  tell(kind: JobKind<JsonObject>, row: JobRow, view: JsonObject, final: boolean): void
  /** Of an end that cannot be stored now. */
  tellUnstored(row: JobRow, view: JsonObject, error: AppError): void
  /** Milliseconds for which a full disk is told as a wait. */
  readonly toldAfterMs: number
  /** @param followed gets the kinds of jobs that came of it: to be woken after the commit */
  sequelOf(kind: JobKind<JsonObject>, followed: Set<string>): ChangeOptions['sequel']
  wake(kind: string): void
  /** What a job has started that ended without its result is looked after; never throws. */
  abandon(kind: JobKind<JsonObject>, row: JobRow): Promise<void>
  /** Places of its kind that are taken. */
  count(kind: JobKind<JsonObject>, change: 1 | -1): void
}

/** Runs a job that was claimed and stores its end; answers how it stands then. */
export type Execute = (
  kind: JobKind<JsonObject>,
  row: ClaimedJob,
  shown: Shown,
  signal: AbortSignal,
) => Promise<JobStatus>

export function createExecute({
  store,
  log,
  stopping,
  tell,
  tellUnstored,
  toldAfterMs,
  sequelOf,
  wake,
  abandon,
  count,
}: ExecuteDeps): Execute {
  return async (kind, row, shown, signal) => {
    const about = log.child({ job_id: row.id })
    const change = (status: JobStatus, next: JsonObject, options?: ChangeOptions) =>
      whileAway(about, stopping(), () => store.change(row.id, ['running'], status, next, kind.permission, options))
    /** A disk that is full is waited for: a job goes on by itself, and none runs for ever. */
    const onFull = (): OnWait =>
      createTellFull(toldAfterMs, {
        waits({ message }) {
          shown.waiting = message
          tell(kind, row, shownView(shown), false)
        },
        failed: (error) => tellUnstored(row, shown.view, error),
      })
    const goesOn = AbortSignal.any([signal, stopping()])
    const finish = async (status: JobStatus, next: JsonObject, ofEnd?: JsonObject): Promise<JobRow | undefined> => {
      const followed = new Set<string>()
      const ended = await whileAway(
        about,
        stopping(),
        () =>
          store.change(row.id, ['running'], status, next, kind.permission, {
            private: ofEnd,
            sequel: sequelOf(kind, followed),
          }),
        onFull(),
      )
      for (const name of followed) wake(name)
      return ended
    }
    const shows = createShows((next) => tell(kind, row, next, false))
    signal.addEventListener('abort', shows.end, { once: true })
    const running = (view: JsonObject): RunningJob<JsonObject> => ({
      id: row.id,
      input: v.parse(kind.input, row.input),
      queuedAt: row.queuedAt,
      view,
      actor: fromStoredActor(row.actor),
      signal,
      async save(next, options) {
        signal.throwIfAborted()
        shown.view = next
        // Of what was shown since, where the database was away.
        const step = () =>
          shows.after(() => store.change(row.id, ['running'], 'running', shown.view, kind.permission, options))
        const stored = await whileAway(about, goesOn, step, onFull())
        shown.waiting = undefined
        // Cancelled between the claim and now: whoever cancelled has stored the end.
        if (stored === undefined) throw CANCELLED
      },
      show(next) {
        shown.view = next
        shows.show(next)
      },
      async aside(work) {
        count(kind, -1)
        wake(kind.kind)
        try {
          return await work()
        } finally {
          count(kind, 1)
        }
      },
    })
    let end: JobEnd
    try {
      if (row.attempts > MAX_CUT_OFF) throw POISONED
      const begin = async (): Promise<JobEnd> => {
        // Cancelled or stopped while it waited: it is not to begin anew for that.
        signal.throwIfAborted()
        shown.waiting = undefined
        return kind.run(running(shown.view))
      }
      end = await whileFull(about, goesOn, begin, onFull())
      signal.throwIfAborted()
      shows.end()
    } catch (error) {
      shows.end()
      if (error === CANCELLED) return signal.reason === PAUSED ? 'paused' : 'cancelled'
      if (signal.aborted) {
        // Cancelled or paused: who did that has stored it. Stopped: queued again, the next start takes it up.
        if (signal.reason === PAUSED) return 'paused'
        if (signal.reason === RESTARTED) {
          const asked = [...shown.asked]
          const input: NewInput = (before) => asked.reduce((now, next) => next(now), before)
          if ((await change('queued', kind.reopened(shown.view), { input })) !== undefined) shown.stored = asked
        } else if (signal.reason === STOPPED) await change('queued', shown.view)
        else return 'cancelled'
        return 'queued'
      }
      const reason = toAppError(error)
      logFailure(log, row, reason)
      const ended = await finish('failed', kind.ended(shown.view, 'failed', reason))
      if (ended !== undefined) await abandon(kind, ended)
      return 'failed'
    }
    await finish(end.status, end.view, end.private)
    return end.status
  }
}

/** Runs that may be cut off by the end of the process before a job is taken for the reason of it. */
const MAX_CUT_OFF = 5

const POISONED = new AppError('internal', `It was cut off ${MAX_CUT_OFF} times by the end of airkeep itself`, {
  hint: 'Something in it may end the process: look at the log, then retry it',
})

/** A prompt without models or a file that is gone is the caller's matter, told by the job; only our own is a fault. */
function logFailure(log: Log, { id, kind }: JobRow, reason: AppError): void {
  const about = { job_id: id, kind, code: reason.code }
  if (reason.code === 'internal') log.error({ ...about, err: reason }, 'A job failed')
  else log.info({ ...about, reason: reason.message }, 'A job failed')
}
