import { afterAll, describe, expect, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMigrationFaults } from '../support/migrations.ts'
import { projectDir } from '../support/project-files.ts'

const scratch = mkdtempSync(join(tmpdir(), 'airkeep-migrations-'))
afterAll(() => rmSync(scratch, { recursive: true }))

test('the journal of drizzle/ and its files name each other, in order', () => {
  expect(findMigrationFaults(join(projectDir, 'drizzle'))).toEqual([])
})

describe('planted faults', () => {
  const good = join(scratch, 'good')
  const entry = (idx: number, tag: string, when = 1000 + idx) => ({ idx, version: '6', when, tag, breakpoints: true })
  const writeJournal = (folder: string, ...entries: readonly object[]): void => {
    mkdirSync(join(folder, 'meta'), { recursive: true })
    writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'sqlite', entries }))
  }
  writeJournal(good, entry(0, '0000_a'), entry(1, '0001_b'))
  for (const name of ['0000_a.sql', '0001_b.sql', 'meta/0000_snapshot.json', 'meta/0001_snapshot.json']) {
    writeFileSync(join(good, name), '')
  }

  test('the unspoilt folder has none', () => {
    expect(findMigrationFaults(good)).toEqual([])
  })

  test.each<[name: string, spoil: (folder: string) => void, fault: string]>([
    ['no journal', (folder) => rmSync(join(folder, 'meta/_journal.json')), 'meta/_journal.json is missing'],
    ['file gone', (folder) => rmSync(join(folder, '0001_b.sql')), '0001_b.sql is missing'],
    [
      'snapshot gone',
      (folder) => rmSync(join(folder, 'meta/0000_snapshot.json')),
      'meta/0000_snapshot.json is missing',
    ],
    ['stray file', (folder) => writeFileSync(join(folder, '0002_c.sql'), ''), '0002_c.sql is not in the journal'],
    [
      'older',
      (folder) => writeJournal(folder, entry(0, '0000_a'), entry(1, '0001_b', 7)),
      '0001_b is not newer than 0000_a',
    ],
    [
      'renumbered',
      (folder) => writeJournal(folder, entry(0, '0000_a'), entry(2, '0001_b')),
      '0001_b has number 2 in place 1',
    ],
    [
      'foreign',
      (folder) => writeFileSync(join(folder, 'config.ts'), ''),
      'config.ts would be embedded in the executable',
    ],
  ])('%s', (name, spoil, fault) => {
    const folder = join(scratch, name)
    cpSync(good, folder, { recursive: true })
    spoil(folder)
    expect(findMigrationFaults(folder)).toEqual([fault])
  })
})
