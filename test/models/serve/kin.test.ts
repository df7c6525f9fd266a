import { afterEach, beforeEach, expect, test } from 'bun:test'
import { createServeRule } from '../../../src/models/serve/exclude.ts'
import { listServed } from '../../../src/models/serve/manifest-content.ts'
import { createServedRows } from '../../../src/models/serve/served-rows.ts'
import { createSwarmCatalog } from '../../../src/models/serve/swarm-catalog.ts'
import { createSwarmClaims } from '../../../src/models/serve/swarm-claims.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { createTestClock } from '../../support/track.ts'
import { aRow, HERE, hexOf, insertRows } from './index-rows.ts'

let temp: TempDb
beforeEach(async () => {
  temp = await openTempDb()
})
afterEach(() => temp.close())

test('neither list shows a file with the tensors of one that is closed', async () => {
  const same = { tensorSha256: hexOf('tensors') }
  await insertRows(temp.db, [
    aRow('loras/private', same),
    aRow('loras/twin', same),
    aRow('loras/none', { tensorSha256: hexOf('') }),
    aRow('loras/other', { tensorSha256: hexOf('other') }),
    aRow('loras/unread'),
  ])
  const clock = createTestClock()
  const rule = createServeRule({ exclude: ['private'], allowPickle: false, now: clock.now })
  const from = { db: temp.db, instanceId: () => HERE, roots: () => ['/'] }
  const rows = createServedRows(from)
  const { items } = await listServed(rows, rule)
  const catalog = await createSwarmCatalog({ rows, claims: createSwarmClaims(from), rule, clock }).current()
  const open = ['none', 'other', 'unread']
  expect(items.map(({ model }) => model.filename)).toEqual(open)
  expect(catalog.of('LoRA').models.map(({ name }) => name)).toEqual(open)
})
