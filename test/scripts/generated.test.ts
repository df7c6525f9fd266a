import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isUnchangedBy } from '../../scripts/check/generated.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airkeep-generated-'))
  mkdirSync(join(folder, 'meta'))
  writeFileSync(join(folder, '0000_a.sql'), 'CREATE TABLE a')
  writeFileSync(join(folder, 'meta/journal.json'), '[0]')
})
afterEach(() => rmSync(folder, { recursive: true }))

const shell = (script: string): string[] => ['/bin/sh', '-c', `cd ${folder} && ${script}`]

test.each(['true', 'printf "CREATE TABLE a" > 0000_a.sql'])(
  'a generator that writes the same passes: %s',
  async (script) => {
    expect(await isUnchangedBy(shell(script), folder)).toBe(true)
  },
)

test.each([
  ['adds a file', 'echo x > 0001_b.sql'],
  ['changes one', 'echo "[0,1]" > meta/journal.json'],
  ['removes one', 'rm 0000_a.sql'],
  ['fails', 'exit 3'],
  ['fails half-way', 'rm 0000_a.sql; exit 3'],
])('a generator that %s does not, and the folder is put back', async (_what, script) => {
  expect(await isUnchangedBy(shell(script), folder)).toBe(false)
  expect(readdirSync(folder).sort()).toEqual(['0000_a.sql', 'meta'])
  expect(readFileSync(join(folder, '0000_a.sql'), 'utf8')).toBe('CREATE TABLE a')
  expect(readFileSync(join(folder, 'meta/journal.json'), 'utf8')).toBe('[0]')
})
