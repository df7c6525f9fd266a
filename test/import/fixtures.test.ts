import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { buildFixtures, fixtures, OWN_FOLDERS } from '../../scripts/fixtures/build.ts'
import type { ExpectedDependency } from '../../scripts/fixtures/expected.ts'
import { createHashPool, type HashPool } from '../../src/hash/pool.ts'
import { parsePrompt } from '../../src/import/parse/detect.ts'
import { resolveLocally } from '../../src/import/resolve.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { readMetadata } from '../../src/media/read-metadata.ts'
import type { LibraryOpener } from '../../src/models/library.ts'
import { aLibrary } from '../support/library.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const root = join(import.meta.dir, '..', '..', 'fixtures')
const models = join(root, 'models')

let temp: TempDb
let hashes: HashPool
let opener: LibraryOpener
beforeAll(async () => {
  temp = await openTempDb()
  hashes = createHashPool({ size: 1 })
  opener = aLibrary({ db: temp.db, hashes, roots: [models] })
})
afterAll(async () => {
  await hashes.close()
  await temp.close()
})

function readFixture(path: string) {
  const media = readMetadata(bytesSource(readFileSync(join(root, path))))
  return { media, parsed: parsePrompt({ texts: media.texts, format: 'auto' }) }
}

describe.each(fixtures.map(({ path, expected }) => ({ path, expected })))('$path', ({ path, expected }) => {
  test('is read as expected', () => {
    const { media, parsed } = readFixture(path)
    expect({ container: media.container, format: parsed.format }).toEqual({
      container: expected.container,
      format: expected.format,
    })
    const found = parsed.dependencies.map(({ type, reference, hashes: evidence, weight, active }) => ({
      type,
      reference,
      hashes: evidence.map(({ algorithm, value }) => ({ algorithm, value })),
      weight,
      active,
    }))
    const wanted = expected.dependencies.map(({ type, reference, hashes: evidence = [], weight, active = true }) => ({
      type,
      reference,
      hashes: evidence.map(({ algorithm, value }) => ({ algorithm, value })),
      weight,
      active,
    }))
    expect(found as unknown).toEqual(wanted)
    expect(parsed.generation as unknown).toEqual(expected.generation)
    expect([...media.warnings, ...parsed.warnings].map(({ place }) => place)).toEqual([...expected.warnings])
  })

  test('its models are found as expected', async () => {
    const { parsed } = readFixture(path)
    const { signal } = new AbortController()
    const library = await opener.open([], signal)
    const found = await resolveLocally(parsed.dependencies, library, {
      signal,
      onSettled: async () => {},
      onHashing() {},
    })
    const outcomes = found.map(({ status, resolved_path, matched_by }) =>
      status === 'resolved' ? { status, path: resolved_path?.slice(models.length + 1), matched_by } : { status },
    )
    expect(outcomes as unknown).toEqual(expected.dependencies.map((dependency: ExpectedDependency) => dependency.found))
  })
})

test('the generator gives the committed bytes, and nothing lies beside them', () => {
  const built = buildFixtures()
  for (const [path, bytes] of built) {
    expect({ path, same: readFileSync(join(root, path)).equals(bytes) }).toEqual({ path, same: true })
  }
  for (const folder of OWN_FOLDERS) {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    const committed = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    expect(committed.filter((path) => !built.has(path.slice(root.length + 1)))).toEqual([])
  }
})

test('together they stay small', () => {
  const sizeBytes = [...buildFixtures().values()].reduce((sum, bytes) => sum + bytes.length, 0)
  expect(sizeBytes).toBeLessThan(200_000)
})

test('the pictures are real: their pixels are whole rows', () => {
  const file = readFileSync(join(root, 'pictures/harbor.png'))
  const at = file.indexOf('IDAT')
  const rows = inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)))
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)]
  expect(rows).toHaveLength(height * (1 + 3 * width))
  expect(Array.from({ length: height }, (_, row) => rows[row * (1 + 3 * width)])).toEqual(Array(height).fill(0))
})
