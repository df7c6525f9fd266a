import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { jsonObject, rowId, timestamp } from '../db/columns.ts'
import type { Permission } from '../operation/permission.ts'

/** Durable events; the row id is the SSE id. */
export const eventsTable = sqliteTable(
  'events',
  {
    id: rowId(),
    at: timestamp('at').notNull(),
    type: text('type').$type<'job'>().notNull(),
    kind: text('kind').notNull(),
    jobId: text('job_id').notNull(),
    owner: text('owner').notNull(),
    permission: text('permission').$type<Permission>().notNull(),
    final: integer('final', { mode: 'boolean' }).notNull(),
    data: jsonObject('data').notNull(),
    /** The host whose job this is: several hosts may share one database. */
    instanceId: text('instance_id').notNull(),
  },
  (t) => [index('events_by_job').on(t.jobId, t.id), index('events_by_time').on(t.at)],
)
