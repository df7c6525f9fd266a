import { and, asc, count, desc, eq, inArray, notInArray, placeholder, sql } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import { isUniqueViolation } from '../db/db-error.ts'
import { AppError } from '../errors.ts'
import type { EventHub } from '../events/hub.ts'
import type { Clock } from '../lib/clock.ts'
import { createId } from '../lib/id.ts'
import type { JsonObject } from '../lib/json.ts'
import { onFirstUse } from '../lib/on-first-use.ts'
import type { Actor, Permission } from '../operation/permission.ts'
import { isFinal, type JobRow, type SaveOptions, toPublicJob, toStoredActor } from './job.ts'
import { createJobQueries, type JobFilter, type JobQueries, LIVE } from './job-queries.ts'
import { type JobStatus, jobsTable } from './table.ts'

export interface NewJob {
  readonly kind: string
  readonly prefix: string
  readonly permission: Permission
  readonly key?: string
  readonly actor: Actor
  readonly input: JsonObject
  readonly view: JsonObject
  readonly batchId?: string
}

/** What else changes with a job's status, in the same commit. */
export interface ChangeOptions extends SaveOptions {
  /** What it is asked to do from now on; pure: it may be called twice for one change. */
  readonly input?: ((before: JsonObject) => JsonObject) | undefined
  /** Of its end; a job that lives again has none. */
  readonly private?: JsonObject | undefined
  /** A job that its end brings about. */
  readonly sequel?: ((ended: JobRow) => NewJob | undefined) | undefined
}

export interface ClaimedJob extends JobRow {
  /** When it was queued last. */
  readonly queuedAt: number
}

/** Rows of this host's jobs; every change of one goes out as an event of the same commit. */
export interface JobStore extends JobQueries {
  /** The new job, or the live one with the same key. */
  create(job: NewJob): Promise<JobRow>
  find(id: string): Promise<JobRow | undefined>
  list(filter: JobFilter, limit: number, offset: number): Promise<JobRow[]>
  /** Jobs of this host that wait or run. */
  countLive(): Promise<{ readonly kind: string; readonly status: JobStatus; readonly count: number }[]>
  count(filter: JobFilter): Promise<number>
  /** The oldest queued jobs of the kind, so many at most, marked as running in one commit; the oldest first. */
  claim(kind: string, permission: Permission, limit?: number): Promise<readonly ClaimedJob[]>
  /**
   * Changes status and view, unless the job is in none of the `from` states any more; undefined then.
   * @throws AppError conflict: it would live again beside another with its key
   */
  change(
    id: string,
    from: readonly JobStatus[],
    to: JobStatus,
    view: JsonObject | undefined,
    permission: Permission,
    options?: ChangeOptions,
  ): Promise<JobRow | undefined>
  /** Jobs that a process which is gone left running: queued again. All of this host, or of one kind with exceptions. */
  requeueLeftOver(of?: { readonly kind: string; readonly except: readonly string[] }): Promise<number>
}

export interface JobStoreDeps {
  readonly db: Db
  readonly events: EventHub
  readonly clock: Clock
  readonly instanceId: () => string
}

export function createJobStore({ db, events, clock, instanceId }: JobStoreDeps): JobStore {
  // Without the sign SQLite would take the index of hosts, and sort what it finds there.
  const isOurs = () => sql`+${jobsTable.instanceId} = ${instanceId()}`
  const where = (filter: JobFilter) =>
    and(
      isOurs(),
      filter.kinds.length === 1
        ? eq(jobsTable.kind, String(filter.kinds[0]))
        : inArray(jobsTable.kind, [...filter.kinds]),
      filter.batchId === undefined ? undefined : eq(jobsTable.batchId, filter.batchId),
      filter.state === undefined ? undefined : eq(jobsTable.state, filter.state),
      filter.owner === undefined ? undefined : eq(jobsTable.owner, filter.owner),
    )
  const toEvent = (row: JobRow, permission: Permission) => ({
    type: 'job' as const,
    kind: row.kind,
    jobId: row.id,
    owner: row.owner,
    permission,
    final: isFinal(row.status),
    data: toPublicJob(row),
  })
  const findLive = async (job: NewJob): Promise<JobRow | undefined> => {
    if (job.key === undefined) return undefined
    const rows = await db.read
      .select()
      .from(jobsTable)
      .where(
        and(
          eq(jobsTable.instanceId, instanceId()),
          eq(jobsTable.kind, job.kind),
          eq(jobsTable.key, job.key),
          inArray(jobsTable.status, [...LIVE]),
        ),
      )
      .limit(1)
    return rows[0]
  }

  const newest = (filter: JobFilter, limit: number, offset: number): Promise<JobRow[]> =>
    db.read
      .select()
      .from(jobsTable)
      .where(where(filter))
      .orderBy(desc(jobsTable.createdAt), desc(jobsTable.id))
      .limit(limit)
      .offset(offset)

  // Prepared: they run for every step of every job.
  const isHere = eq(jobsTable.instanceId, placeholder('instance'))
  const oldestQueued = onFirstUse(() =>
    db.writer
      .select()
      .from(jobsTable)
      .where(and(isHere, eq(jobsTable.status, 'queued'), eq(jobsTable.kind, placeholder('kind'))))
      // Ids are random: of one millisecond the row number tells what came first.
      .orderBy(asc(jobsTable.createdAt), sql`rowid`)
      .limit(placeholder('limit'))
      .prepare(),
  )
  const byId = onFirstUse(() =>
    db.writer
      .select()
      .from(jobsTable)
      .where(and(eq(jobsTable.id, placeholder('id')), sql`+${jobsTable.instanceId} = ${placeholder('instance')}`))
      .limit(1)
      .prepare(),
  )
  const markRunning = onFirstUse(() =>
    db.writer
      .update(jobsTable)
      .set({ status: 'running', attempts: sql`${jobsTable.attempts} + 1`, updatedAt: sql`${placeholder('now')}` })
      .where(inArray(jobsTable.id, sql`(select value from json_each(${placeholder('ids')}))`))
      .prepare(),
  )

  const insertRow = onFirstUse(() =>
    db.writer
      .insert(jobsTable)
      .values({
        id: placeholder('id'),
        kind: placeholder('kind'),
        key: placeholder('key'),
        status: placeholder('status'),
        state: placeholder('state'),
        owner: placeholder('owner'),
        actor: placeholder('actor'),
        input: placeholder('input'),
        view: placeholder('view'),
        private: placeholder('private'),
        batchId: placeholder('batchId'),
        attempts: placeholder('attempts'),
        instanceId: placeholder('instanceId'),
        createdAt: placeholder('createdAt'),
        updatedAt: placeholder('updatedAt'),
      })
      .prepare(),
  )
  const updateRow = onFirstUse(() =>
    db.writer
      .update(jobsTable)
      .set({
        status: sql`${placeholder('status')}`,
        state: sql`${placeholder('state')}`,
        view: sql`${placeholder('view')}`,
        private: sql`${placeholder('private')}`,
        attempts: sql`${placeholder('attempts')}`,
        updatedAt: sql`${placeholder('updatedAt')}`,
      })
      .where(eq(jobsTable.id, placeholder('id')))
      .prepare(),
  )
  const updateInput = onFirstUse(() =>
    db.writer
      .update(jobsTable)
      .set({ input: sql`${placeholder('input')}` })
      .where(eq(jobsTable.id, placeholder('id')))
      .prepare(),
  )

  const newRow = (job: NewJob): JobRow => {
    const now = clock.now()
    return {
      id: createId(job.prefix),
      kind: job.kind,
      key: job.key ?? null,
      status: 'queued',
      state: String(job.view.status),
      owner: job.actor.name,
      actor: toStoredActor(job.actor),
      input: job.input,
      view: job.view,
      private: null,
      batchId: job.batchId ?? null,
      attempts: 0,
      instanceId: instanceId(),
      createdAt: now,
      updatedAt: now,
    }
  }

  async function insert(row: JobRow, permission: Permission, emit: Emit): Promise<void> {
    await insertRow().run(row)
    await emit(toEvent(row, permission))
  }

  return {
    async create(job) {
      const live = await findLive(job)
      if (live !== undefined) return live
      const row = newRow(job)
      try {
        await events.commit((_, emit) => insert(row, job.permission, emit))
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        const other = await findLive(job)
        if (other === undefined) throw error
        return other
      }
      return row
    },
    async find(id) {
      const rows = await db.read
        .select()
        .from(jobsTable)
        .where(and(eq(jobsTable.id, id), isOurs()))
        .limit(1)
      return rows[0]
    },
    async list(filter, limit, offset) {
      if (filter.kinds.length === 1) return newest(filter, limit, offset)
      // One kind after another, each by its index: SQLite would sort every job there is of several.
      const rows = await Promise.all(
        filter.kinds.map((kind) => newest({ ...filter, kinds: [kind] }, offset + limit, 0)),
      )
      return rows
        .flat()
        .sort(newestFirst)
        .slice(offset, offset + limit)
    },
    countLive: () =>
      db.read
        .select({ kind: jobsTable.kind, status: jobsTable.status, count: count() })
        .from(jobsTable)
        .where(and(eq(jobsTable.instanceId, instanceId()), inArray(jobsTable.status, ['queued', 'running'])))
        .groupBy(jobsTable.kind, jobsTable.status),
    count: (filter) => db.read.$count(jobsTable, where(filter)),
    claim: (kind, permission, limit = 1) =>
      events.commit(async (_, emit) => {
        const queued = await oldestQueued().execute({ instance: instanceId(), kind, limit })
        if (queued.length === 0) return []
        const now = clock.now()
        await markRunning().run({ ids: JSON.stringify(queued.map(({ id }) => id)), now })
        const claimed = queued.map(
          (row): ClaimedJob => ({
            ...row,
            status: 'running',
            attempts: row.attempts + 1,
            updatedAt: now,
            queuedAt: row.updatedAt,
          }),
        )
        for (const row of claimed) await emit(toEvent(row, permission))
        return claimed
      }),
    change: (id, from, to, view, permission, { advanced = false, input, private: ofEnd, sequel } = {}) =>
      events.commit(async (_, emit) => {
        const [row] = await byId().execute({ instance: instanceId(), id })
        if (row === undefined || !from.includes(row.status)) return undefined
        const next = view ?? row.view
        const changed: JobRow = {
          ...row,
          status: to,
          state: String(next.status),
          input: input === undefined ? row.input : input(row.input),
          view: next,
          private: isFinal(to) ? (ofEnd ?? null) : null,
          // Put back on purpose: what was cut off before does not count any more.
          attempts: to === 'queued' || advanced ? 0 : row.attempts,
          updatedAt: clock.now(),
        }
        const { status, state, attempts, updatedAt } = changed
        const [shown, ofEndOnly] = [JSON.stringify(next), changed.private && JSON.stringify(changed.private)]
        await updateRow()
          .run({ id, status, state, attempts, updatedAt, view: shown, private: ofEndOnly })
          .catch((error: unknown) => {
            throw isUniqueViolation(error) ? ANOTHER_LIVES : error
          })
        if (input !== undefined) await updateInput().run({ id, input: JSON.stringify(changed.input) })
        await emit(toEvent(changed, permission))
        const after = isFinal(to) ? sequel?.(changed) : undefined
        if (after !== undefined) await insert(newRow(after), after.permission, emit)
        return changed
      }),
    ...createJobQueries({ db, instanceId, where }),
    requeueLeftOver: (of) =>
      db.write(async (tx) => {
        const rows = await tx
          .update(jobsTable)
          .set({ status: 'queued', updatedAt: clock.now() })
          .where(
            and(
              eq(jobsTable.instanceId, instanceId()),
              eq(jobsTable.status, 'running'),
              of === undefined ? undefined : eq(jobsTable.kind, of.kind),
              of === undefined ? undefined : notInArray(jobsTable.id, [...of.except]),
            ),
          )
          .returning({ id: jobsTable.id })
        return rows.length
      }),
  }
}

type Emit = Parameters<Parameters<EventHub['commit']>[0]>[1]

/** Of those with one key, which do the same, one lives at a time. */
const ANOTHER_LIVES = new AppError('conflict', 'Another job does the same already', {
  hint: 'Wait until that one has ended, or cancel it',
})

const newestFirst = (a: JobRow, b: JobRow): number => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)
