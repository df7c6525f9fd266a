import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { confine } from '../../../src/models/roots/confine.ts'

let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-confine-')))
})
afterEach(() => rmSync(dir, { recursive: true }))

test('of the folders that a configuration names only those within the named ones are left', async () => {
  for (const name of ['named/models', 'named-too', 'other']) mkdirSync(join(dir, name), { recursive: true })
  symlinkSync(join(dir, 'other'), join(dir, 'named/link'))
  const names = ['named', 'named/models', 'named/gone', 'named/link', 'named-too', 'other', '.']
  const roots = names.map((name) => ({ path: join(dir, name), type: undefined, layout: 'folder' as const }))
  const left = await confine(roots, [join(dir, 'named')])
  expect(left.map(({ path }) => path)).toEqual(['named', 'named/models', 'named/gone'].map((name) => join(dir, name)))
})
