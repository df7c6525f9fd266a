import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildCatalog, catalogPages } from '../../scripts/fixtures/catalog/build.ts'
import { noteDuplicates, type PageReport } from '../../src/catalog/page-report.ts'
import { createPageReader } from '../../src/catalog/read/page-reader.ts'
import { countPages } from '../../src/catalog/statistics.ts'
import { readCatalogCsv } from '../../src/cli/catalog/csv.ts'
import { toCatalogRow } from '../../src/cli/catalog/page-row.ts'
import { listPages } from '../../src/lib/page-folder.ts'

const root = join(import.meta.dir, '..', '..', 'fixtures', 'catalog')
const reader = createPageReader({ size: 1 })
let reports: ReadonlyMap<string, PageReport>
beforeAll(async () => {
  const { signal } = new AbortController()
  const { pages } = await listPages(root, signal)
  const requests = pages.map(({ file_path, path = '' }) => ({ file_path, path }))
  const read = noteDuplicates(await reader.read(requests, signal))
  reports = new Map(read.map((report) => [report.file_path, report]))
})
afterAll(() => reader.close())

describe.each(catalogPages.map(({ path, expected }) => ({ path, expected })))('$path', ({ path, expected }) => {
  test('is judged as expected', () => {
    const report = reports.get(path)
    const { notes, ...rest } = expected
    expect({
      syntax_type: report?.syntax_type,
      is_valid: report?.is_valid,
      air: report?.air,
      download_count: report?.download_count,
      checkable: report?.checkable,
      files: report?.files.map(({ line: _, expected: __, ...file }) => file),
    }).toEqual({ ...rest, files: [...rest.files] } as never)
    expect(report?.notes.map((note, at) => (note.includes(notes[at] ?? '?') ? notes[at] : note))).toEqual([...notes])
  })
})

test('the statistics are those of the catalog’s rules', () => {
  const { text, ...numbers } = countPages([...reports.values()])
  expect(numbers).toEqual({
    total_pages: 207,
    valid: { count: 57, percent: 27.5 },
    with_air: { count: 167, percent: 80.7 },
    with_commands: { count: 85, percent: 41.1 },
    syntax_types: {
      CIVITDL_WITH_AIR: { count: 53, percent: 25.6 },
      WGET_WITH_AIR: { count: 4, percent: 1.9 },
      CIVITDL_NO_AIR: { count: 5, percent: 2.4 },
      WGET_NO_AIR: { count: 23, percent: 11.1 },
      NO_DOWNLOAD: { count: 121, percent: 58.5 },
      INVALID: { count: 1, percent: 0.5 },
    },
  })
  expect(text.split('\n').slice(0, 4)).toEqual([
    'Total catalog pages: 207',
    'Valid for download detection: 57 (27.5%)',
    'Pages with AIR identifiers: 167 (80.7%)',
    'Pages with download commands: 85 (41.1%)',
  ])
})

test('the table says the same', () => {
  const rows = readCatalogCsv(readFileSync(join(root, 'test_catalog_fixture.csv')))
  expect(rows).toHaveLength(207)
  for (const { notes: _, ...row } of rows) {
    const report = reports.get(row.file_path)
    const { notes: __, ...own } = toCatalogRow(row.file_path, JSON.parse(JSON.stringify(report)), 'No', '')
    expect(own).toEqual(row)
  }
})

test('no page gives a secret away', () => {
  const answered = JSON.stringify([...reports.values()])
  expect(answered).not.toMatch(/0123456789abcdef/)
})

test('the generator gives the committed bytes, and nothing lies beside them', () => {
  const built = buildCatalog()
  for (const [path, bytes] of built) {
    expect({ path, same: readFileSync(join(root, path)).equals(bytes) }).toEqual({ path, same: true })
  }
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  const committed = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  expect(committed.filter((path) => !built.has(path.slice(root.length + 1)))).toEqual([])
  expect([...built.values()].reduce((sum, bytes) => sum + bytes.length, 0)).toBeLessThan(600_000)
})
