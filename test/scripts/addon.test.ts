import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findAddon } from '../../scripts/build/addon.ts'
import { findTarget, nativeTarget } from '../../scripts/build/targets.ts'
import { projectDir } from '../support/project-files.ts'
import { needs } from '../support/requires.ts'

const scratch = mkdtempSync(join(tmpdir(), 'airkeep-addon-'))
const npmBefore = process.env.npm_execpath
const packed = await new Bun.Archive({ 'package/index.node': 'the addon' }, { compress: 'gzip' }).bytes()
const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`

// Stands for npm, which is not ours: `npm pack <spec> --json --pack-destination <folder>`.
const npmProgram = `
const fs = require('node:fs')
const [, , , spec, , , into] = process.argv
if (spec.startsWith('@libsql/linux-gone@')) process.exit(1)
fs.appendFileSync(${JSON.stringify(join(scratch, 'calls'))}, spec + '\\n')
fs.copyFileSync(${JSON.stringify(join(scratch, 'packed.tgz'))}, into + '/addon.tgz')
console.log(JSON.stringify([{ filename: 'addon.tgz' }]))
`

beforeAll(() => {
  writeFileSync(join(scratch, 'packed.tgz'), packed)
  writeFileSync(join(scratch, 'npm-cli.js'), npmProgram)
  const packages = {
    '': { name: 'airkeep' },
    'node_modules/@libsql/linux-good': { version: '1.2.3', integrity },
    'node_modules/@libsql/linux-other': { version: '1.2.3', integrity: 'sha512-AAAA' },
    'node_modules/@libsql/linux-gone': { version: '1.2.3', integrity },
  }
  writeFileSync(join(scratch, 'package-lock.json'), JSON.stringify({ packages }))
  mkdirSync(join(scratch, 'node_modules/@libsql/linux-here'), { recursive: true })
  writeFileSync(join(scratch, 'node_modules/@libsql/linux-here/index.node'), '')
  process.env.npm_execpath = join(scratch, 'npm-cli.js')
})
afterAll(() => {
  if (npmBefore === undefined) delete process.env.npm_execpath
  else process.env.npm_execpath = npmBefore
  rmSync(scratch, { recursive: true })
})
const withNode = test.skipIf(!needs('node'))

test('an installed addon is taken as it is', async () => {
  expect(await findAddon(scratch, 'linux-here')).toBe(join(scratch, 'node_modules/@libsql/linux-here/index.node'))
})

withNode('another one is fetched in the version of the lock, once', async () => {
  const path = await findAddon(scratch, 'linux-good')
  expect(readFileSync(path, 'utf8')).toBe('the addon')
  expect(await findAddon(scratch, 'linux-good')).toBe(path)
  expect(readFileSync(join(scratch, 'calls'), 'utf8')).toBe('@libsql/linux-good@1.2.3\n')
})

withNode.each([
  ['linux-other', 'is not what package-lock.json says it is'],
  ['linux-gone', 'npm could not fetch @libsql/linux-gone@1.2.3'],
  ['linux-unknown', 'package-lock.json has no @libsql/linux-unknown'],
])('%s: %s, and nothing is kept', async (platform, message) => {
  await expect(findAddon(scratch, platform)).rejects.toThrow(message)
  const kept = join(scratch, 'node_modules/.cache/airkeep', `${platform}-1.2.3`)
  expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([])
})

test('the addon of this machine is installed, and every target names one that the lock holds', () => {
  expect(existsSync(join(projectDir, 'node_modules/@libsql', nativeTarget().addonPlatform))).toBe(true)
  const { packages } = JSON.parse(readFileSync(join(projectDir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, object>
  }
  for (const name of ['linux-x64', 'linux-x64-baseline', 'linux-x64-musl', 'linux-arm64', 'linux-arm64-musl']) {
    expect(packages).toHaveProperty([`node_modules/@libsql/${findTarget(name).addonPlatform}`])
  }
  expect(() => findTarget('windows')).toThrow('no target windows; there are linux-x64, ')
})
