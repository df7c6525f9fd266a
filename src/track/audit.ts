import { and, desc, gte, type SQL } from 'drizzle-orm'
import * as v from 'valibot'
import { auditTable } from '../db/audit-table.ts'
import { toIso } from '../lib/clock.ts'
import { limitField, offsetField, requiredTextField, timeField, toPublicId } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { equals } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { shownMetadata } from './metadata-field.ts'
import { pageEntries, shownId } from './row.ts'
import { toTime } from './time-range.ts'

export function createAuditList({ db }: Pick<TrackDeps, 'db'>): Operation {
  return defineOperation({
    name: 'list_events',
    summary: 'Who changed which row, when and how, newest first',
    description:
      'Lists the audit trail, newest first: one entry for every change of a prompt, asset, post or kept reaction and for every download decision, with the row before and after. Narrow it with table and row_id to see the history of one row. Before: nothing, or find_asset, list_prompts or list_civitai_posts for the id of a row. After: nothing.',
    example: { table: 'assets', row_id: '456', limit: 10 },
    effect: 'read',
    permission: 'admin',
    http: { method: 'get', path: '/v1/audit' },
    input: v.strictObject({
      table: v.optional(requiredTextField('prompts, assets, posts, asset_stats, …', 100)),
      row_id: v.optional(requiredTextField('Id of the row within its table', 300)),
      actor: v.optional(requiredTextField('Name of who changed it: a token’s name, or `local`', 200)),
      since: v.optional(timeField('since', 'Changed at this time or later: 2025-01-15T10:00:00Z or 2025-01-15')),
      limit: limitField(50, 500),
      offset: offsetField,
    }),
    output: v.object({
      items: v.array(
        v.object({
          id: shownId,
          at: v.string(),
          actor: v.string(),
          op: v.string(),
          table: v.string(),
          row_id: v.string(),
          before: shownMetadata,
          after: shownMetadata,
        }),
      ),
      ...pageEntries,
    }),
    async run({ table, row_id, actor, since, limit, offset }) {
      const from: SQL | undefined = since === undefined ? undefined : gte(auditTable.at, toTime('since', since))
      const where = and(
        equals(auditTable.table, table),
        equals(auditTable.rowId, row_id),
        equals(auditTable.actor, actor),
        from,
      )
      // Times rise with ids; by time alone, the index of times finds the rows and gives them in order.
      const byTime = since !== undefined && table === undefined && actor === undefined
      const order = byTime ? [desc(auditTable.at), desc(auditTable.id)] : [desc(auditTable.id)]
      const [rows, count] = await Promise.all([
        db.read
          .select()
          .from(auditTable)
          .where(where)
          .orderBy(...order)
          .limit(limit)
          .offset(offset),
        db.read.$count(auditTable, where),
      ])
      const items = rows.map(({ id, at, rowId, ...row }) => ({
        ...row,
        id: toPublicId(id),
        at: toIso(at),
        row_id: rowId,
      }))
      return { items, count, limit, offset }
    },
  })
}
