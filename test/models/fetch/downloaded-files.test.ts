import { expect, test } from 'bun:test'
import { linkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../src/lib/clock.ts'
import { createDownloadedFiles } from '../../../src/models/fetch/downloaded-files.ts'
import { openTempDb } from '../../support/temp-db.ts'

const BLOCK = 4096

test('what downloads use: files by their size, parts of this run and of earlier ones, each once', async () => {
  const temp = await openTempDb()
  const at = (name: string): string => join(temp.dir, name)
  const put = (name: string, blocks: number): void => writeFileSync(at(name), Buffer.alloc(blocks * BLOCK, 1))
  const files = createDownloadedFiles({
    db: temp.db,
    clock: systemClock,
    instanceId: () => 'here',
    parts: () => [at('now.part'), at('gone.part')],
    leftParts: async () => [at('now.part'), at('left.part'), at('again.part')],
  })
  const row = { sha256: 'ab', sizeBytes: BLOCK, sourceId: 'url:x', jobId: 'dl', owner: 'local' }
  put('whole', 1)
  put('now.part', 2)
  put('left.part', 4)
  linkSync(at('left.part'), at('again.part'))
  await files.record({ ...row, path: at('whole') })
  for (const name of ['second', 'third']) {
    put(name, 8)
    await files.record({ ...row, path: at(name), sizeBytes: 8 * BLOCK })
  }
  expect(await files.usedBytes()).toBe((7 + 16) * BLOCK)
  for (const name of ['second', 'third']) rmSync(at(name))
  expect(await files.usedBytes()).toBe(7 * BLOCK)
  rmSync(at('now.part'))
  expect(await files.usedBytes()).toBe(5 * BLOCK)
  await temp.close()
})
