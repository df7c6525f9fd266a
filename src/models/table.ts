import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'

/**
 * Digests of model files on a host. A row holds as long as size and modification time of the file at its path do;
 * device and inode numbers are left out because they change from one start of a rented machine to the next.
 */
export const modelFilesTable = sqliteTable(
  'model_files',
  {
    instanceId: text('instance_id').notNull(),
    /** Real path, symlinks resolved. */
    path: text('path').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** Nanoseconds are lost on many filesystems: milliseconds, rounded down. */
    modifiedMs: timestamp('modified_ms').notNull(),
    sha256: text('sha256').notNull(),
    tensorSha256: text('tensor_sha256'),
    autoV1: text('auto_v1'),
    hashedAt: timestamp('hashed_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.instanceId, t.path] }),
    index('model_files_by_sha256').on(t.sha256),
    index('model_files_by_tensor').on(t.tensorSha256),
  ],
)
