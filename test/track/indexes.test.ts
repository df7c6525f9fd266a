import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { and, desc, eq, gte, inArray, lte, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { auditTable } from '../../src/db/audit-table.ts'
import { isAmong } from '../../src/track/conditions.ts'
import { assetModelsTable, assetStatsTable, assetsTable, postsTable, promptsTable } from '../../src/track/table.ts'
import { linksThatUse } from '../../src/track/uses.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

let temp: TempDb
beforeAll(async () => {
  temp = await openTempDb()
})
afterAll(() => temp.close())

interface Listing {
  readonly table: SQLiteTable
  readonly where?: SQL | undefined
  readonly order?: readonly SQL[]
}

const newest = (table: typeof assetsTable | typeof postsTable | typeof promptsTable): SQL[] => [
  desc(table.createdAt),
  desc(table.id),
]
const uses = (text: string): SQL =>
  inArray(
    assetsTable.id,
    temp.db.read.select({ id: assetModelsTable.assetId }).from(assetModelsTable).where(linksThatUse(text)),
  )
const created = (table: typeof assetsTable | typeof postsTable): SQL | undefined =>
  and(gte(table.createdAt, 1), lte(table.createdAt, 2))

/** Every filter and order that the operations offer, as they ask for it. */
const listings: readonly (readonly [string, () => Listing])[] = [
  ['prompts', () => ({ table: promptsTable, order: newest(promptsTable) })],
  [
    'prompts of a creator',
    () => ({ table: promptsTable, where: eq(promptsTable.createdBy, 'x'), order: newest(promptsTable) }),
  ],
  ['prompts of assets', () => ({ table: promptsTable, where: isAmong(promptsTable.id, [1, 2]) })],
  ['posts', () => ({ table: postsTable, order: newest(postsTable) })],
  ['posts by number', () => ({ table: postsTable, where: eq(postsTable.civitaiId, '1'), order: newest(postsTable) })],
  ['posts by status', () => ({ table: postsTable, where: eq(postsTable.status, 'failed'), order: newest(postsTable) })],
  [
    'posts of a creator',
    () => ({ table: postsTable, where: eq(postsTable.createdBy, 'x'), order: newest(postsTable) }),
  ],
  [
    'posts for a person',
    () => ({ table: postsTable, where: eq(postsTable.onBehalfOf, 'x'), order: newest(postsTable) }),
  ],
  ['posts of a time', () => ({ table: postsTable, where: created(postsTable), order: newest(postsTable) })],
  ['assets', () => ({ table: assetsTable, order: newest(assetsTable) })],
  [
    'assets by digest',
    () => ({ table: assetsTable, where: eq(assetsTable.sha256sum, 'x'), order: newest(assetsTable) }),
  ],
  [
    'assets by number',
    () => ({ table: assetsTable, where: eq(assetsTable.civitaiId, '1'), order: newest(assetsTable) }),
  ],
  [
    'assets by type',
    () => ({ table: assetsTable, where: eq(assetsTable.assetType, 'image'), order: newest(assetsTable) }),
  ],
  [
    'assets of a creator',
    () => ({ table: assetsTable, where: eq(assetsTable.createdBy, 'x'), order: newest(assetsTable) }),
  ],
  ['assets of a post', () => ({ table: assetsTable, where: eq(assetsTable.postId, 1), order: newest(assetsTable) })],
  ['assets of a time', () => ({ table: assetsTable, where: created(assetsTable), order: newest(assetsTable) })],
  ['assets of posts', () => ({ table: assetsTable, where: isAmong(assetsTable.postId, [1, 2]) })],
  ['assets of images', () => ({ table: assetsTable, where: isAmong(assetsTable.civitaiId, ['1']) })],
  [
    'assets by their address',
    () => ({ table: assetsTable, where: or(eq(assetsTable.civitaiUrl, 'x'), eq(assetsTable.civitaiId, '1')) }),
  ],
  ['assets that point to a prompt', () => ({ table: assetsTable, where: eq(assetsTable.inputPromptId, 1) })],
  ['assets that point to a caption', () => ({ table: assetsTable, where: eq(assetsTable.outputPromptId, 1) })],
  ['assets that use a digest', () => ({ table: assetsTable, where: uses('a'.repeat(64)) })],
  ['assets that use an AutoV1', () => ({ table: assetsTable, where: uses('a'.repeat(8)) })],
  ['assets that use an AutoV2', () => ({ table: assetsTable, where: uses('a'.repeat(10)) })],
  ['assets that use an AutoV3', () => ({ table: assetsTable, where: uses('a'.repeat(12)) })],
  ['assets that use a version', () => ({ table: assetsTable, where: uses('5') })],
  ['assets that use a model', () => ({ table: assetsTable, where: uses('urn:air:sdxl:lora:civitai:5') })],
  ['assets that use an AIR', () => ({ table: assetsTable, where: uses('urn:air:x:y:huggingface:a/b@main') })],
  ['models of assets', () => ({ table: assetModelsTable, where: isAmong(assetModelsTable.assetId, [1, 2]) })],
  [
    'stats of an asset',
    () => ({
      table: assetStatsTable,
      where: eq(assetStatsTable.assetId, 1),
      order: [desc(assetStatsTable.createdAt), desc(assetStatsTable.id)],
    }),
  ],
  ['audit', () => ({ table: auditTable, order: [desc(auditTable.id)] })],
  [
    'audit of a row',
    () => ({
      table: auditTable,
      where: and(eq(auditTable.table, 'x'), eq(auditTable.rowId, '1')),
      order: [desc(auditTable.id)],
    }),
  ],
  ['audit of an actor', () => ({ table: auditTable, where: eq(auditTable.actor, 'x'), order: [desc(auditTable.id)] })],
]

async function planOf({ table, where, order = [] }: Listing): Promise<string[]> {
  const query = temp.db.read
    .select()
    .from(table)
    .where(where)
    .orderBy(...order)
    .limit(50)
  const rows = await temp.db.read.all<{ detail: string }>(sql`explain query plan ${query.getSQL()}`)
  return rows.map(({ detail }) => detail)
}

describe('an index answers', () => {
  test.each(listings)('%s', async (_, toListing) => {
    const plan = await planOf(toListing())
    // A scan along an index is the order itself; a scan of the table or a sort in memory is not.
    expect(plan.filter((step) => /^SCAN (?!json_each)(?!.*USING (COVERING )?INDEX)(?!audit$)/.test(step))).toEqual([])
    const few = plan.some((step) =>
      /^SEARCH \S+ USING (INDEX \S+ \(\S+=\?\)|INTEGER PRIMARY KEY)|^MULTI-INDEX|LIST SUBQUERY/.test(step),
    )
    if (!few) expect(plan.filter((step) => step.startsWith('USE TEMP B-TREE'))).toEqual([])
  })
})

test('a plan without an index is told', async () => {
  const plan = await planOf({ table: promptsTable, where: eq(promptsTable.purpose, 'x') })
  expect(plan.join()).toContain('SCAN prompts')
})
