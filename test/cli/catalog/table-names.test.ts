import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesInTable } from '../../../src/cli/catalog/table-names.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'

let folder: TempDir
beforeEach(() => {
  folder = tempDir()
  for (const name of ['pages/loras', 'pages/vae', 'pages/loras/old'])
    mkdirSync(join(folder.path, name), { recursive: true })
  for (const name of ['loras/a.md', 'loras/b.md', 'vae/a.md', 'a.md', 'loras/old/a.md']) {
    writeFileSync(join(folder.path, 'pages', name), 'words')
  }
})
afterEach(() => folder[Symbol.dispose]())

const HEAD = 'file_path,syntax_type,tested,is_valid,air,download_count,notes'
interface Case {
  readonly typed: readonly string[]
  readonly shown: readonly string[]
  readonly names: readonly string[]
  readonly rows?: readonly string[]
  readonly catalogs?: readonly string[]
  readonly cwd?: string
}

const cases: Readonly<Record<string, Case>> = {
  'a folder': { typed: ['pages'], shown: ['loras/a.md', 'a.md'], names: ['loras/a.md', 'a.md'] },
  'several folders: below what holds them': {
    typed: ['pages/loras', 'pages/vae/'],
    shown: ['pages/loras/a.md', 'pages/vae/a.md'],
    names: ['loras/a.md', 'vae/a.md'],
  },
  'a folder and a page beside it': {
    typed: ['./pages/loras', 'pages/a.md'],
    shown: ['pages/loras/a.md', './pages/a.md'],
    names: ['loras/a.md', 'a.md'],
  },
  'a folder of the catalog, by the rows of the table': {
    typed: ['pages/loras'],
    shown: ['a.md', 'b.md'],
    rows: ['loras/a.md', 'gone.md'],
    names: ['loras/a.md', 'loras/b.md'],
  },
  'a page alone, by the rows of the table': {
    typed: ['pages/loras/b.md'],
    shown: ['pages/loras/b.md'],
    rows: ['loras/a.md', 'loras/b.md'],
    names: ['loras/b.md'],
  },
  'pages alone, typed within the catalog': {
    typed: ['loras/a.md', 'loras/b.md'],
    cwd: 'pages',
    shown: ['loras/a.md', 'loras/b.md'],
    names: ['loras/a.md', 'loras/b.md'],
  },
  'a name that many pages have is no proof': {
    typed: ['pages'],
    shown: ['a.md', 'loras/a.md', 'vae/a.md', 'loras/old/a.md'],
    rows: ['a.md'],
    names: ['a.md', 'loras/a.md', 'vae/a.md', 'loras/old/a.md'],
  },
  'the configured catalog, where the table knows none of them': {
    typed: ['pages/loras/old'],
    shown: ['a.md'],
    catalogs: ['elsewhere', 'pages'],
    rows: ['gone.md'],
    names: ['loras/old/a.md'],
  },
  'the configured catalog, where the table knows another page of it by that name': {
    typed: ['pages/loras'],
    shown: ['a.md'],
    catalogs: ['pages'],
    rows: ['a.md'],
    names: ['loras/a.md'],
  },
  'from within the catalog': {
    typed: ['a.md', '../vae'],
    cwd: 'pages/loras',
    shown: ['a.md', '../vae/a.md'],
    names: ['loras/a.md', 'vae/a.md'],
  },
}

test.each(Object.entries(cases))('%s', async (_, { typed, shown, names, rows, catalogs = [], cwd = '.' }) => {
  const csv = join(folder.path, 'catalog.csv')
  if (rows !== undefined) writeFileSync(csv, [HEAD, ...rows.map((row) => `${row},,,,,,`), ''].join('\n'))
  const found = await namesInTable(
    csv,
    { cwd: join(folder.path, cwd), paths: typed, catalogs: catalogs.map((each) => join(folder.path, each)) },
    shown,
  )
  expect(shown.map((name) => found.get(name))).toEqual([...names])
})
