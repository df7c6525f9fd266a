import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { jsonObject, timestamp } from '../db/columns.ts'

export const JOB_STATUSES = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** Work that outlives the request that asked for it. Each row belongs to one host. */
export const jobsTable = sqliteTable(
  'jobs',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    /** Two live jobs of a kind never have the same key: whoever asks again gets the first one. */
    key: text('key'),
    status: text('status').$type<JobStatus>().notNull(),
    /** What callers know as the job's status (`view.status`): more words than the queue needs. */
    state: text('state').notNull(),
    /** Name of the actor who asked, and what else the job must know of them to act in their name. */
    owner: text('owner').notNull(),
    actor: jsonObject('actor').notNull(),
    /** As the job's own schema wrote it; parsed by it again before each run. */
    input: jsonObject('input').notNull(),
    /** The job object that callers see, without id and times. */
    view: jsonObject('view').notNull(),
    /** Of its end, and only for its owner and admin: neither in the job object nor in events. */
    private: jsonObject('private'),
    batchId: text('batch_id'),
    /** Runs that were begun since it was last queued on purpose: more than one were cut off by the end of a process. */
    attempts: integer('attempts').notNull(),
    instanceId: text('instance_id').notNull(),
    createdAt: timestamp('created_at').notNull(),
    updatedAt: timestamp('updated_at').notNull(),
  },
  (t) => [
    uniqueIndex('jobs_live_key').on(t.instanceId, t.kind, t.key).where(sql`status in ('queued', 'running', 'paused')`),
    index('jobs_by_status').on(t.instanceId, t.status, t.createdAt),
    index('jobs_by_kind').on(t.kind, t.createdAt, t.id),
    index('jobs_by_state').on(t.kind, t.state, t.createdAt, t.id),
    index('jobs_by_owner').on(t.kind, t.owner, t.createdAt, t.id),
    index('jobs_by_batch').on(t.batchId),
  ],
)
