import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createWritableRoots } from '../../../src/models/fetch/writable-roots.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { toRoots } from '../../support/library.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { aTokenActor } from '../../support/track.ts'

test('the owner writes where it names; callers with a token within the model folders of this host alone', async () => {
  using folder = tempDir()
  const at = (path: string): string => join(folder.path, path)
  for (const path of ['own/inner', 'own/ui', 'owner-not', 'readable']) mkdirSync(at(path), { recursive: true })
  symlinkSync(at('readable'), at('own/out'))
  // A UI whose configuration names a folder elsewhere.
  const meaning = (path: string): string[] => (path === at('own/ui') ? [path, at('readable')] : [path])
  const mayWrite = createWritableRoots({
    rootsOf: async (named) => toRoots(named.length > 0 ? named.flatMap(meaning) : [at('own')]),
  })
  const named = ['own', 'own/inner', 'own/ui', 'own/out', 'owner-not', 'readable'].map(at)
  expect(await mayWrite(named, OWNER)).toEqual(named)
  expect(await mayWrite(named, aTokenActor('agent', 'models:download'))).toEqual([at('own'), at('own/inner')])
})
