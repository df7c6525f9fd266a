import { and, asc, eq, gt, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import type { Db } from '../db/db.ts'
import { limitField, MAX_ID, offsetField, requiredTextField } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { MODEL_STATES } from './inspect/inspection.ts'
import { among, type ModelRow } from './library/rows.ts'
import { MODEL_TYPES } from './model-file.ts'
import { modelSchema, showModel } from './show-model.ts'
import { modelFilesTable as files } from './table.ts'

export interface ListModelsDeps {
  readonly db: Db
  readonly instanceId: () => string
  /** Rows of this host whose digest, or a beginning of it, this is. */
  readonly findByDigest: (hash: string) => Promise<readonly ModelRow[]>
  /** Whether an asset of the ledger was made with a row of model_files. */
  readonly isUsed: SQL
}

const inputSchema = v.strictObject({
  type: v.optional(v.pipe(v.picklist(MODEL_TYPES), v.description('Only files of this type'))),
  query: v.optional(requiredTextField('Text within path, base model or the name on Civitai', 300)),
  hash: v.optional(
    requiredTextField(
      'SHA-256, tensor SHA-256, AutoV1, AutoV2, AutoV3, BLAKE3 or CRC-32 in hex, with or without prefix',
      100,
    ),
  ),
  civitai_version_id: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(MAX_ID),
      v.description('Only files of this Civitai version'),
    ),
  ),
  state: v.optional(v.pipe(v.picklist(MODEL_STATES), v.description('Only files in this state'))),
  duplicates: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Only files whose bytes are in another real file too; the answer says what that costs'),
    ),
    false,
  ),
  unused: v.optional(
    v.pipe(v.boolean(), v.description('Only files that no recorded asset was made with and no import resolved to')),
    false,
  ),
  limit: limitField(100, 1000),
  offset: offsetField,
})
type Input = v.InferOutput<typeof inputSchema>

export function createListModels(deps: ListModelsDeps): Operation {
  const { db, instanceId } = deps
  return defineOperation({
    name: 'list_models',
    summary: 'Model files of this host, what is known of them, which are there twice or used by nothing',
    description:
      'Lists the model files of this host with digests, state, claims of headers and sidecars, and what Civitai said when it was asked. ' +
      'Digests are null while a file was not hashed yet. With duplicates it lists files with the same bytes, largest first, and what they cost; with unused those that nothing needs. ' +
      'Before: scan_models, unless serve runs, which looks by itself. After: verify_models for a file in doubt, link_duplicates to join copies.',
    example: { type: 'lora', query: 'harbor', limit: 20 },
    effect: 'read',
    permission: 'models:read',
    http: { method: 'get', path: '/v1/models/catalog' },
    cli: {
      columns: ['name', 'type', 'size_bytes', 'state', 'base_model', 'sha256', 'path'],
      instead: {
        flag: 'hardlink',
        beside: 'duplicates',
        operation: 'link_duplicates',
        summary: 'with --duplicates: join them by hard links',
      },
    },
    input: inputSchema,
    output: v.object({
      items: v.array(modelSchema),
      count: v.number(),
      limit: v.number(),
      offset: v.number(),
      /** Bytes of all files of this filter, and of those that are there more than once what the copies take. */
      total_bytes: v.number(),
      wasted_bytes: v.optional(v.number()),
    }),
    async run(input) {
      const { limit, offset, duplicates } = input
      // With the sign SQLite goes by the version alone, which few files have, instead of through all of this host.
      const isOurs =
        input.civitai_version_id === undefined
          ? eq(files.instanceId, instanceId())
          : sql`+${files.instanceId} = ${instanceId()}`
      const where = and(isOurs, isNull(files.goneAt), ...(await conditions(deps, input)))
      const order = duplicates ? [sql`${files.sizeBytes} desc`, asc(files.sha256), asc(files.path)] : [asc(files.path)]
      const [rows, [total], wasted] = await Promise.all([
        db.read
          .select()
          .from(files)
          .where(where)
          .orderBy(...order)
          .limit(limit)
          .offset(offset),
        db.read
          .select({ count: sql<number>`count(*)`, bytes: sql<number>`coalesce(sum(${files.sizeBytes}), 0)` })
          .from(files)
          .where(where),
        duplicates ? countWasted(db, where) : undefined,
      ])
      return {
        items: rows.map(showModel),
        count: total?.count ?? 0,
        limit,
        offset,
        total_bytes: total?.bytes ?? 0,
        ...(wasted === undefined ? {} : { wasted_bytes: wasted }),
      }
    },
  })
}

async function conditions(deps: ListModelsDeps, input: Input): Promise<(SQL | undefined)[]> {
  const { type, query, hash, civitai_version_id: version, state, duplicates, unused } = input
  return [
    type === undefined ? undefined : eq(files.type, type),
    state === undefined ? undefined : eq(files.state, state),
    version === undefined ? undefined : eq(files.civitaiVersionId, version),
    query === undefined ? undefined : matchesText(query),
    hash === undefined
      ? undefined
      : among(
          files.path,
          (await deps.findByDigest(hash)).map(({ path }) => path),
        ),
    duplicates ? isThereTwice(deps) : undefined,
    unused ? and(isNull(files.lastUsedAt), sql`not ${deps.isUsed}`) : undefined,
  ]
}

function matchesText(text: string): SQL | undefined {
  const pattern = `%${text.replace(/[\\%_]/g, (letter) => `\\${letter}`)}%`
  const isLike = (value: SQL): SQL => sql`${value} like ${pattern} escape '\\'`
  return or(
    isLike(sql`${files.root} || '/' || ${files.relative}`),
    sql`${files.aliases} <> '[]' and exists (select 1 from json_each(${files.aliases})
      where ${isLike(sql.raw('json_each.value'))})`,
    isLike(sql`${files.baseModel}`),
    isLike(sql`json_extract(${files.civitai}, '$.model_name')`),
  )
}

/**
 * Another row of this host has the same bytes, and is no hard link to this file that another scan has met. The sign
 * keeps SQLite from going through all files of the host for each of them.
 */
export const isThereTwice = ({ instanceId }: Pick<ListModelsDeps, 'instanceId'>): SQL | undefined =>
  and(
    isNotNull(files.sha256),
    gt(files.sizeBytes, 0),
    sql`exists (select 1 from ${files} as other where other.sha256 = ${files.sha256}
      and +other.instance_id = ${instanceId()} and other.gone_at is null and other.path <> ${files.path}
      and not (other.device = ${files.device} and other.inode = ${files.inode}
        and other.modified_us = ${files.modifiedUs}))`,
  )

/** What all copies take besides one of each. */
async function countWasted({ read }: Pick<Db, 'read'>, where: SQL | undefined): Promise<number> {
  const groups = read
    .select({
      wasted: sql<number>`max(${files.sizeBytes}) * (count(distinct ${files.device} || ' ' || ${files.inode}) - 1)`.as(
        'wasted',
      ),
    })
    .from(files)
    .where(where)
    .groupBy(files.sha256)
    .as('copies')
  const [row] = await read.select({ wasted: sql<number>`coalesce(sum(${groups.wasted}), 0)` }).from(groups)
  return row?.wasted ?? 0
}
