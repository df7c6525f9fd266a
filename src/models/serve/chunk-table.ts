import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { jsonList, timestamp } from '../../db/columns.ts'

/** SHA-256 of each chunk of a model file, by the digest of the whole: they hold for every file with these bytes. */
export const modelChunksTable = sqliteTable(
  'model_chunks',
  {
    sha256: text('sha256').notNull(),
    /** Every chunk but the last has this size. */
    chunkBytes: integer('chunk_bytes').notNull(),
    /** Lower-case hex, in order. */
    hashes: jsonList('hashes').notNull(),
    computedAt: timestamp('computed_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.sha256, t.chunkBytes] })],
)
