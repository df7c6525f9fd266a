import { sql } from 'drizzle-orm'
import { sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { jsonList, rowId, timestamp } from '../db/columns.ts'

/** Bearer tokens: only the SHA-256 of one is stored. A revoked row stays, so that no other token gets its name. */
export const tokensTable = sqliteTable(
  'tokens',
  {
    id: rowId(),
    name: text('name').notNull(),
    /** SHA-256 of the token's text, hex. */
    digest: text('digest').notNull().unique(),
    permissions: jsonList('permissions').notNull(),
    createdAt: timestamp('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    revokedAt: timestamp('revoked_at'),
    /** To the hour: writing it at every request would make every read a write. */
    lastUsedAt: timestamp('last_used_at'),
  },
  (t) => [uniqueIndex('tokens_by_live_name').on(t.name).where(sql`${t.revokedAt} is null`)],
)
