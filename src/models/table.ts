import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { jsonList, jsonObject, timestamp } from '../db/columns.ts'
import type { ModelState } from './inspect/inspection.ts'
import type { ModelType } from './model-file.ts'

/**
 * Model files of a host, one row for each real file. What was read of a file holds as long as its size and
 * modification time do; device and inode numbers change from one start of a rented machine to the next and only help
 * to recognise a file that was renamed meanwhile.
 */
export const modelFilesTable = sqliteTable(
  'model_files',
  {
    instanceId: text('instance_id').notNull(),
    /** Real path, symlinks resolved. */
    path: text('path').notNull(),
    /** The root below which it was found, as configured. */
    root: text('root').notNull(),
    /** Path below that root, `/` between the parts. */
    relative: text('relative').notNull(),
    /** Path below the folder that gives the type: as a UI lists it. */
    name: text('name').notNull(),
    /** Stem of the file's name in lower case: what lookups by name begin with. */
    stemKey: text('stem_key').notNull(),
    type: text('type').$type<ModelType>().notNull(),
    /** Other absolute paths that lead to the same bytes: symlinks, hard links. */
    aliases: jsonList('aliases').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** Microseconds: nanoseconds do not fit into a number. */
    modifiedUs: integer('modified_us').notNull(),
    changedUs: integer('changed_us').notNull(),
    device: text('device').notNull(),
    inode: text('inode').notNull(),
    /** Number that changes with root, relative path, type, aliases, sidecars and partial markers. */
    place: integer('place').notNull(),
    state: text('state').$type<ModelState>().notNull(),
    /** Why the state is not ok, in one sentence. */
    fault: text('fault'),
    /** When header and sidecars were read; null: not yet. */
    inspectedAt: timestamp('inspected_at'),

    sha256: text('sha256'),
    tensorSha256: text('tensor_sha256'),
    autoV1: text('auto_v1'),
    blake3: text('blake3'),
    crc32: text('crc32'),
    /** Where `sha256` comes from. */
    digestSource: text('digest_source').$type<DigestSource>(),
    /** Digest of a few parts of the content, taken when it was hashed: notices other bytes without reading all. */
    sample: text('sample'),
    hashedAt: timestamp('hashed_at'),

    /** What the file and its sidecars say of themselves; proves nothing. */
    claims: jsonObject('claims').notNull(),
    /** Tensor digest that the header claims, lower-case hex. */
    claimedTensor: text('claimed_tensor'),
    /** `ss_output_name` in lower case. */
    outputNameKey: text('output_name_key'),
    baseModel: text('base_model'),
    license: text('license'),
    civitaiModelId: integer('civitai_model_id'),
    civitaiVersionId: integer('civitai_version_id'),
    /** What Civitai said when it was asked for the digest. */
    civitai: jsonObject('civitai'),

    foundAt: timestamp('found_at').notNull(),
    /** When an import last resolved to it. */
    lastUsedAt: timestamp('last_used_at'),
    updatedAt: timestamp('updated_at').notNull(),
    /** When it was first missed; its digests stay for a while, for when it comes back. */
    goneAt: timestamp('gone_at'),
  },
  (t) => [
    primaryKey({ columns: [t.instanceId, t.path] }),
    index('model_files_by_sha256').on(t.sha256).where(sql`sha256 is not null`),
    index('model_files_by_tensor').on(t.tensorSha256).where(sql`tensor_sha256 is not null`),
    index('model_files_by_auto_v1').on(t.autoV1).where(sql`auto_v1 is not null`),
    index('model_files_by_blake3').on(t.blake3).where(sql`blake3 is not null`),
    index('model_files_by_crc32').on(t.crc32).where(sql`crc32 is not null`),
    index('model_files_by_claimed_tensor').on(t.claimedTensor).where(sql`claimed_tensor is not null`),
    index('model_files_by_output_name').on(t.outputNameKey).where(sql`output_name_key is not null`),
    index('model_files_by_version').on(t.civitaiVersionId).where(sql`civitai_version_id is not null`),
    index('model_files_by_stem').on(t.stemKey),
    index('model_files_by_size').on(t.instanceId, t.sizeBytes, t.modifiedUs),
    index('model_files_by_type').on(t.instanceId, t.goneAt, t.type, t.path),
    // What is still to be read or hashed: both shrink to nothing.
    index('model_files_to_inspect').on(t.instanceId, t.path).where(sql`inspected_at is null and gone_at is null`),
    index('model_files_to_hash')
      .on(t.instanceId, t.sizeBytes, t.path)
      .where(sql`hashed_at is null and gone_at is null`),
    // All that a walk compares, so that a rescan reads this alone and not the rows, which are ten times as long.
    index('model_files_compared').on(
      t.instanceId,
      t.root,
      t.path,
      t.goneAt,
      t.relative,
      t.sizeBytes,
      t.modifiedUs,
      t.changedUs,
      t.place,
    ),
    index('model_files_gone').on(t.instanceId, t.goneAt).where(sql`gone_at is not null`),
    index('model_files_by_change').on(t.instanceId, t.updatedAt),
    index('model_files_by_state').on(t.instanceId, t.goneAt, t.state, t.path, t.root),
  ],
)

/**
 * Stems under which files are listed elsewhere too, by links and hard links, where these differ from their own. A row
 * for a file that has this name no more harms nothing: whoever looks reads the aliases of the file itself.
 */
export const modelNamesTable = sqliteTable(
  'model_names',
  {
    instanceId: text('instance_id').notNull(),
    /** In lower case, as `stem_key` of the file itself. */
    stemKey: text('stem_key').notNull(),
    /** Of the file: `path` of its row. */
    path: text('path').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.instanceId, t.stemKey, t.path] }),
    index('model_names_by_path').on(t.instanceId, t.path),
  ],
)

/**
 * `computed`: read on this host. `blob_name`: the Hugging Face cache names its files so. `volume`: the digest file that
 * stands on the volume itself, written by an earlier host.
 */
export type DigestSource = 'computed' | 'blob_name' | 'volume'
