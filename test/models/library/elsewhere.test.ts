import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHashPool, type HashPool } from '../../../src/hash/pool.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { markGoneElsewhere } from '../../../src/models/library/elsewhere.ts'
import { aLibrary, toRoots } from '../../support/library.ts'
import { aModelFile } from '../../support/model-files.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'

let temp: TempDb
let hashes: HashPool
let dir: string
const signal = new AbortController().signal

beforeEach(async () => {
  temp = await openTempDb()
  hashes = createHashPool({ size: 1 })
  dir = mkdtempSync(join(tmpdir(), 'airkeep-elsewhere-'))
})
afterEach(async () => {
  await hashes.close()
  await temp.close()
  rmSync(dir, { recursive: true })
})

test('files of other roots are gone when they are not there any more, unless their root is missing', async () => {
  const own = join(dir, 'own')
  const other = join(dir, 'other')
  const volume = join(dir, 'volume')
  aModelFile(own, 'loras/a.safetensors', 1)
  const kept = aModelFile(other, 'loras/kept.safetensors', 2)
  const deleted = aModelFile(other, 'loras/deleted.safetensors', 3)
  const unmounted = aModelFile(volume, 'loras/c.safetensors', 4)
  const library = aLibrary({ db: temp.db, hashes, roots: [own] })
  await library.refresher.refresh({ roots: toRoots([own, other, volume]), signal })
  rmSync(deleted.path)
  rmSync(volume, { recursive: true })

  const deps = { db: temp.db, clock: systemClock, instanceId: () => 'here' }
  expect(await markGoneElsewhere(deps, [own], signal)).toBe(1)
  expect(await markGoneElsewhere(deps, [own], signal)).toBe(0)
  const left = await library.open([other, volume], signal)
  expect((await left.unhashed()).map(({ path }) => path).toSorted()).toEqual([kept.path, unmounted.path].toSorted())
})
