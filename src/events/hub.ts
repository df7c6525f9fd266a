import { and, asc, eq, gt, lt, max, placeholder } from 'drizzle-orm'
import type { Db, WriteDb } from '../db/db.ts'
import type { Clock } from '../lib/clock.ts'
import { onFirstUse } from '../lib/on-first-use.ts'
import type { AppEvent, DurableEvent, EventFilter, NewEvent } from './event.ts'
import { eventsTable } from './table.ts'

export interface EventHub {
  /**
   * Rows and the events that tell of them, in one transaction; the events are published after the commit.
   * `fn` may run twice (see Db.write).
   */
  commit<T>(fn: (tx: WriteDb, emit: (event: NewEvent) => Promise<void>) => Promise<T>): Promise<T>
  /** Publishes progress to whoever listens now. */
  progress(event: NewEvent): void
  /** Calls `listener` for each event from now on; returns the end of it. Listeners must not throw or block. */
  subscribe(listener: (event: AppEvent) => void): () => void
  /** Durable events after `afterId`, oldest first. */
  /** Kinds are left to the caller (`matches`): an index by kind is not worth its writes. */
  replay(afterId: number, filter: Pick<EventFilter, 'jobId'>, limit: number): Promise<DurableEvent[]>
  /** Id of the newest durable event, 0 before the first. */
  lastId(): Promise<number>
  /** Removes durable events older than `before` (milliseconds since the epoch). */
  prune(before: number): Promise<void>
}

export interface EventHubDeps {
  readonly db: Db
  readonly clock: Clock
  /** This host; known once the data directory is open. */
  readonly instanceId: () => string
}

export function createEventHub({ db, clock, instanceId }: EventHubDeps): EventHub {
  const listeners = new Set<(event: AppEvent) => void>()
  // Prepared: every step of every job is an event.
  const insert = onFirstUse(() =>
    db.writer
      .insert(eventsTable)
      .values({
        at: placeholder('at'),
        type: placeholder('type'),
        kind: placeholder('kind'),
        jobId: placeholder('jobId'),
        owner: placeholder('owner'),
        permission: placeholder('permission'),
        final: placeholder('final'),
        data: placeholder('data'),
        instanceId: placeholder('instanceId'),
      })
      .returning({ id: eventsTable.id })
      .prepare(),
  )
  const publish = (event: AppEvent): void => {
    for (const listener of listeners) listener(event)
  }

  return {
    async commit(fn) {
      let emitted: DurableEvent[] = []
      const result = await db.write(async (tx) => {
        emitted = []
        return fn(tx, async (event) => {
          const at = clock.now()
          const rows = await insert().execute({ ...event, at, instanceId: instanceId() })
          for (const { id } of rows) emitted.push({ ...event, at, id })
        })
      })
      for (const event of emitted) publish(event)
      return result
    },
    progress: (event) => publish({ ...event, id: undefined, at: clock.now() }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async replay(afterId, filter, limit) {
      const rows = await db.read
        .select()
        .from(eventsTable)
        .where(
          and(
            gt(eventsTable.id, afterId),
            eq(eventsTable.instanceId, instanceId()),
            filter.jobId === undefined ? undefined : eq(eventsTable.jobId, filter.jobId),
          ),
        )
        .orderBy(asc(eventsTable.id))
        .limit(limit)
      return rows
    },
    async lastId() {
      const rows = await db.read.select({ id: max(eventsTable.id) }).from(eventsTable)
      return rows[0]?.id ?? 0
    },
    async prune(before) {
      await db.write(async (tx) => {
        await tx.delete(eventsTable).where(lt(eventsTable.at, before))
      })
    },
  }
}
