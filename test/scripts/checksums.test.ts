import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeChecksums } from '../../scripts/build/checksums.ts'
import { needs } from '../support/requires.ts'
import { tempDir } from '../support/temp-dir.ts'

const NAMES = ['airkeep-b', 'airkeep-a', 'airkeep-c']

test.skipIf(!needs('sha256sum'))('what is there is listed, as sha256sum checks it', async () => {
  using folder = tempDir()
  writeFileSync(join(folder.path, 'airkeep-b'), 'two')
  writeFileSync(join(folder.path, 'airkeep-a'), 'one')
  writeFileSync(join(folder.path, 'airkeep'), 'another')
  mkdirSync(join(folder.path, 'node'))
  await writeChecksums(folder.path, NAMES)
  const check = Bun.spawnSync(['sha256sum', '--strict', '--check', 'SHA256SUMS'], { cwd: folder.path })
  expect([check.stdout.toString(), check.exitCode]).toEqual(['airkeep-a: OK\nairkeep-b: OK\n', 0])
  expect(readdirSync(folder.path).toSorted()).toEqual(['SHA256SUMS', 'airkeep', 'airkeep-a', 'airkeep-b', 'node'])
})

test('builds that end at the same time are all listed', async () => {
  using folder = tempDir()
  await Promise.all(
    NAMES.map(async (name) => {
      writeFileSync(join(folder.path, name), name)
      await writeChecksums(folder.path, NAMES)
    }),
  )
  const lines = readFileSync(join(folder.path, 'SHA256SUMS'), 'utf8').trim().split('\n')
  expect(lines.map((line) => line.slice(66))).toEqual(NAMES.toSorted())
})
