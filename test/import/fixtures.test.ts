import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { buildFixtures, fixtures, OWN_FOLDERS } from '../../scripts/fixtures/build.ts'
import { createHashPool, type HashPool } from '../../src/hash/pool.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import type { SourceReader } from '../../src/import/source.ts'
import type { LibraryOpener } from '../../src/models/library.ts'
import { aFileReader, errorOf, found, readFile, wanted } from '../support/fixture-reading.ts'
import { aLibrary } from '../support/library.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { resolveHere } from '../support/resolve-here.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

const root = join(import.meta.dir, '..', '..', 'fixtures')
const models = join(root, 'models')

let temp: TempDb
let hashes: HashPool
let opener: LibraryOpener
let reader: PromptReader
let sources: SourceReader
beforeAll(async () => {
  temp = await openTempDb()
  hashes = createHashPool({ size: 1 })
  opener = aLibrary({ db: temp.db, hashes, roots: [models] })
  reader = aPromptReader()
  sources = aFileReader(reader, root)
})
afterAll(async () => {
  await reader.close()
  await hashes.close()
  await temp.close()
})

describe.each(fixtures.map(({ path, expected }) => ({ path, expected })))('$path', ({ path, expected }) => {
  const file = join(root, path)

  test('is read as expected', async () => {
    const reading = await readFile(sources, file)
    expect(reading.container).toBe(expected.container)
    expect(found(reading)).toEqual(wanted(expected))
    expect(await errorOf(sources, file)).toBe(expected.error)
  })

  test('its models are found as expected', async () => {
    const { prompt } = await readFile(sources, file)
    const { signal } = new AbortController()
    const library = await opener.open([], signal)
    const resolved = await resolveHere(prompt.dependencies, library, signal)
    const outcomes = resolved.map(({ status, resolved_path, matched_by }) =>
      status === 'resolved' ? { status, path: resolved_path?.slice(models.length + 1), matched_by } : { status },
    )
    expect(outcomes as unknown).toEqual(expected.dependencies.map((dependency) => dependency.found))
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
  expect(sizeBytes).toBeLessThan(1_500_000)
})

test('the pictures are real: their pixels are whole rows', () => {
  const file = readFileSync(join(root, 'pictures/harbor.png'))
  const at = file.indexOf('IDAT')
  const rows = inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)))
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)]
  expect(rows).toHaveLength(height * (1 + 3 * width))
  expect(Array.from({ length: height }, (_, row) => rows[row * (1 + 3 * width)])).toEqual(Array(height).fill(0))
})
