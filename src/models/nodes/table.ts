import { primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { authorship, timestamp } from '../../db/columns.ts'

/** Other hosts that serve models to this one. */
export const nodesTable = sqliteTable(
  'nodes',
  {
    instanceId: text('instance_id').notNull(),
    name: text('name').notNull(),
    /** Origin and path prefix, no query, no user. */
    url: text('url').notNull(),
    dialect: text('dialect').$type<'airkeep' | 'swarmui'>().notNull(),
    /** The token this host presents there, sealed with the key of the data directory. */
    sealedToken: text('sealed_token'),
    /** Ed25519, base64 of the 32 raw bytes; pinned at first use. */
    publicKey: text('public_key'),
    pinnedAt: timestamp('pinned_at'),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.instanceId, t.name] })],
)
