import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { authorship, timestamp } from '../../db/columns.ts'

/** Terms of models that somebody has accepted. */
export const acceptedTermsTable = sqliteTable(
  'accepted_terms',
  {
    instanceId: text('instance_id').notNull(),
    /** `civitai:version:<id>`, `civitai:model:<id>` or `huggingface:<owner>/<repository>` in lower case. */
    subject: text('subject').notNull(),
    /** Who accepted, and for whom it counts. */
    owner: text('owner').notNull(),
    note: text('note'),
    acceptedAt: timestamp('accepted_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.instanceId, t.subject, t.owner] })],
)

/** Keys of callers for Civitai and Hugging Face. */
export const upstreamKeysTable = sqliteTable(
  'upstream_keys',
  {
    instanceId: text('instance_id').notNull(),
    owner: text('owner').notNull(),
    provider: text('provider').$type<'civitai' | 'huggingface'>().notNull(),
    /** Sealed with the key of the data directory. */
    sealedKey: text('sealed_key').notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.instanceId, t.owner, t.provider] })],
)

/** Files that this host has downloaded: where they came from, and what counts against the quota. */
export const downloadedFilesTable = sqliteTable(
  'downloaded_files',
  {
    instanceId: text('instance_id').notNull(),
    /** Absolute path under which it was put. */
    path: text('path').notNull(),
    sha256: text('sha256').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** `civitai:910201/810201`, `node:gpu-box`: without secrets. */
    sourceId: text('source_id').notNull(),
    jobId: text('job_id').notNull(),
    owner: text('owner').notNull(),
    downloadedAt: timestamp('downloaded_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.instanceId, t.path] })],
)
