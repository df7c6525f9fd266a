import { expect, test } from 'bun:test'
import { chmodSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CatalogRow } from '../../../src/cli/catalog/csv.ts'
import { updateCsvFile } from '../../../src/cli/catalog/csv-file.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'

const row = (file_path: string, tested: string): CatalogRow => ({
  file_path,
  syntax_type: 'CIVITDL_WITH_AIR',
  tested,
  is_valid: 'True',
  air: '',
  download_count: '1',
  notes: 'n',
})
const isTested = ({ tested }: CatalogRow): boolean => tested === 'Yes'
const HEADER = 'file_path,syntax_type,tested,is_valid,air,download_count,notes\n'

test('a table that is not there yet gets all rows', async () => {
  using folder = tempDir()
  const path = join(folder.path, 'new.csv')
  expect(await updateCsvFile(path, [row('a.md', 'Yes'), row('b.md', 'No')], isTested)).toEqual({ updated: 0, added: 2 })
  expect(readFileSync(path, 'utf8')).toBe(
    `${HEADER}a.md,CIVITDL_WITH_AIR,Yes,True,,1,n\nb.md,CIVITDL_WITH_AIR,No,True,,1,n\n`,
  )
})

test('one that is there gets the news; other rows, its mode and a link to it stay', async () => {
  using folder = tempDir()
  const [real, link] = [join(folder.path, 'real.csv'), join(folder.path, 'link.csv')]
  const kept = 'b.md,NO_DOWNLOAD,Yes,False,,0,"kept, as it is"\r\n'
  writeFileSync(real, `${HEADER}a.md,CIVITDL_WITH_AIR,No,True,,1,\n${kept}`)
  chmodSync(real, 0o664)
  symlinkSync('real.csv', link)
  expect(await updateCsvFile(link, [row('a.md', 'Yes'), row('b.md', 'No')], isTested)).toEqual({ updated: 1, added: 0 })
  expect(readFileSync(real, 'utf8')).toBe(`${HEADER}a.md,CIVITDL_WITH_AIR,Yes,True,,1,n\n${kept}`)
  expect(statSync(real).mode & 0o777).toBe(0o664)
  expect(readlinkSync(link)).toBe('real.csv')
})

test('a table that ends inside of a quote is refused and stays', async () => {
  using folder = tempDir()
  const path = join(folder.path, 'broken.csv')
  const broken = `${HEADER}b.md,NO_DOWNLOAD,Yes,False,,0,"cut off\nhere""`
  writeFileSync(path, broken)
  const error = await rejection(updateCsvFile(path, [row('a.md', 'Yes')], isTested))
  expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('quote') })
  expect(readFileSync(path, 'utf8')).toBe(broken)
})

test('another table is refused and stays', async () => {
  using folder = tempDir()
  const path = join(folder.path, 'other.csv')
  writeFileSync(path, 'name,age\nx,1\n')
  expect(await rejection(updateCsvFile(path, [row('a.md', 'Yes')], isTested))).toMatchObject({ code: 'invalid_input' })
  expect(readFileSync(path, 'utf8')).toBe('name,age\nx,1\n')
})
