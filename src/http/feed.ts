import { AppError } from '../errors.ts'
import { canSee, type EventFilter, matches, type NewEvent } from '../events/event.ts'
import type { EventHub } from '../events/hub.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Actor } from '../operation/permission.ts'
import { createOutbox } from './outbox.ts'

/** A job as it stands now. */
export type JobState = Pick<NewEvent, 'kind' | 'owner' | 'permission' | 'final' | 'data'>

export interface FeedDeps {
  readonly events: Pick<EventHub, 'subscribe' | 'replay' | 'lastId'>
  /** The job as it stands now; undefined where there is none of this id. */
  readonly findJob: (jobId: string) => Promise<JobState | undefined>
  /** What of a job object this actor may see (its payload is for owner and admin); all of it by default. */
  readonly view?: ((job: Pick<JobState, 'kind' | 'owner' | 'data'>, actor: Actor) => JsonObject) | undefined
}

export interface FeedItem {
  /** Resuming after it brings what came later; undefined for progress. */
  readonly id: number | undefined
  readonly data: JsonObject
}

/** The job objects that one subscriber gets. */
export interface Feed {
  readonly actor: Actor
  /**
   * Waits for what comes next, in order; empty after {@link wake}; undefined when the feed has ended.
   * @throws what reading the database throws
   */
  next(): Promise<readonly FeedItem[] | undefined>
  /** Lets a waiting {@link next} return. */
  wake(): void
  /** Ends after what waits. */
  end(): void
  /** Ends now. */
  close(): void
  /** Resolves when it has ended, for whatever reason. */
  readonly closed: Promise<void>
  /** Ended because the subscriber was too slow: it has to resume after the last id it got. */
  readonly overflowed: boolean
}

export interface FeedOptions {
  readonly actor: Actor
  readonly filter: EventFilter
  /** Id of the last event that the subscriber has; undefined begins now. */
  readonly after?: number | undefined
}

const PAGE = 100

/**
 * Opens a feed without a gap and without a repetition: it listens first, then reads what was before, and of what it
 * heard meanwhile leaves out what it has read. The feed of a single job begins with the job as it stands (unless it
 * resumes) and ends with its final state.
 * @throws AppError not_found: no such job, or none that this actor may know of
 */
export async function openFeed(deps: FeedDeps, { actor, filter, after }: FeedOptions): Promise<Feed> {
  const { events } = deps
  const single = filter.jobId
  const outbox = createOutbox()
  let overflowed = false
  let settle = (): void => {}
  const done = new Promise<void>((resolve) => {
    settle = resolve
  })
  let closed = false
  let ending = false
  let waiter: (() => void) | undefined
  /** Durable events up to this id are not news: they were replayed, or the job's state holds them. */
  let known = 0
  /** Stored events after this id are still to be sent, before what is heard. */
  let replayFrom: number | undefined
  let begin: FeedItem[] = []
  /** Whether what was sent last is a final state; where `complete`, nothing follows it. */
  let lastFinal = false
  let complete = false
  /** Whether anything was sent at all. */
  let sent = false

  const wake = (): void => {
    waiter?.()
    waiter = undefined
  }
  const close = (): void => {
    closed = true
    unsubscribe()
    outbox.clear()
    wake()
    settle()
  }
  const unsubscribe = events.subscribe((event) => {
    if (!matches(filter, event) || !canSee(actor, event)) return
    overflowed = outbox.push(event)
    if (overflowed) close()
    else wake()
  })

  const toItem = (id: number | undefined, job: Pick<JobState, 'kind' | 'owner' | 'data' | 'final'>): FeedItem => {
    lastFinal = job.final
    sent = true
    return { id, data: deps.view?.(job, actor) ?? job.data }
  }

  const findVisible = async (jobId: string): Promise<JobState> => {
    const job = await deps.findJob(jobId)
    if (job !== undefined && canSee(actor, job) && matches(filter, { kind: job.kind, jobId })) return job
    throw new AppError('not_found', 'Record not found', { hint: 'There is no job with this ID that you may see' })
  }

  async function replay(from: number): Promise<FeedItem[]> {
    const page = await events.replay(from, { jobId: single }, PAGE)
    const visible = page.filter((event) => matches(filter, event) && canSee(actor, event))
    const items = visible.map((event) => toItem(event.id, event))
    known = page.at(-1)?.id ?? known
    replayFrom = page.length < PAGE ? undefined : known
    if (replayFrom === undefined && single !== undefined) {
      // A job that ended before the id that the subscriber named: its final state is sent all the same. One that was
      // reopened since its last end goes on. Whoever asks for everything (no event has id 0) gets at least the job as
      // it stands, when the events of its past are no longer kept.
      const job = await findVisible(single)
      const unsent = job.final ? !lastFinal : !sent && after === 0
      if (unsent) items.push(toItem(known === 0 ? undefined : known, job))
      complete = job.final
    }
    return items
  }

  function hear(): FeedItem[] {
    const items: FeedItem[] = []
    for (const event of outbox.take(PAGE)) {
      if (complete || (event.id !== undefined && event.id <= known)) continue
      items.push(toItem(event.id, event))
      complete = single !== undefined && event.final
    }
    return items
  }

  try {
    const newest = await events.lastId()
    const state = single === undefined ? undefined : await findVisible(single)
    // An id from the future is from another database: nothing there can be resumed.
    if (after !== undefined && after <= newest) {
      known = after
      replayFrom = after
    } else if (state !== undefined) {
      known = newest
      begin = [toItem(newest === 0 ? undefined : newest, state)]
      complete = state.final
    }
  } catch (error) {
    close()
    throw error
  }

  return {
    actor,
    async next() {
      while (!closed) {
        const items = begin.length > 0 ? begin : replayFrom !== undefined ? await replay(replayFrom) : hear()
        begin = []
        if (items.length > 0) return items
        if (replayFrom !== undefined || outbox.size > 0) continue
        if (complete || ending) break
        await new Promise<void>((resolve) => {
          waiter = resolve
        })
        if (!closed && !ending && outbox.size === 0) return []
      }
      close()
      return undefined
    },
    wake,
    end() {
      ending = true
      wake()
    },
    close,
    closed: done,
    get overflowed() {
      return overflowed
    },
  }
}
