import { index, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { jsonObject, rowId, timestamp } from './columns.ts'

/** One row per change of a row: what stood there before, what stands there after, who did it and through what. */
export const auditTable = sqliteTable(
  'audit',
  {
    id: rowId(),
    at: timestamp('at').notNull(),
    actor: text('actor').notNull(),
    /** The operation's name. */
    op: text('op').notNull(),
    table: text('table_name').notNull(),
    rowId: text('row_id').notNull(),
    before: jsonObject('before'),
    after: jsonObject('after'),
  },
  (t) => [
    index('audit_by_row').on(t.table, t.rowId, t.id),
    index('audit_by_table').on(t.table, t.id),
    index('audit_by_actor').on(t.actor, t.id),
    index('audit_by_time').on(t.at),
  ],
)
