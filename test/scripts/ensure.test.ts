import { afterAll, expect, test } from 'bun:test'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectDir } from '../support/project-files.ts'
import { needs } from '../support/requires.ts'

const scratch = mkdtempSync(join(tmpdir(), 'airkeep-ensure-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const withNode = test.skipIf(!needs('node'))

/** Stands for npm, which is not ours: installs what the lock names, with a program that stands for Bun. */
const npmProgram = `
const fs = require('node:fs')
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n')
if (fs.existsSync('npm-fails')) { console.error(fs.readFileSync('npm-fails', 'utf8')); process.exit(1) }
fs.mkdirSync('node_modules/.bin', { recursive: true })
fs.mkdirSync('node_modules/bun', { recursive: true })
const packages = JSON.parse(fs.readFileSync('package-lock.json', 'utf8')).packages
delete packages['']
delete packages['node_modules/for-another-machine']
const bun = JSON.stringify(process.cwd() + '/node_modules/.bin/bun')
const program = '#!/bin/sh\\n[ "$1" = --version ] && exit 0\\nshift\\necho built $* >> builds\\nmkdir -p dist/node\\n' +
  'if [ "$*" = "--target node" ]; then echo bundle > dist/node/main.js; else echo binary > dist/airkeep; fi\\n'
fs.writeFileSync('node_modules/bun/install.js', 'const fs = require("node:fs"); fs.rmSync(' + bun + ', { force: true }); fs.writeFileSync(' +
  bun + ', ' + JSON.stringify(program) + ', { mode: 0o755 })')
if (fs.existsSync('scripts-are-off')) fs.writeFileSync('node_modules/.bin/bun', 'placeholder')
else require(process.cwd() + '/node_modules/bun/install.js')
fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }))
`

function aProject(name: string): string {
  const folder = join(scratch, name)
  for (const part of ['src', 'drizzle', 'scripts']) mkdirSync(join(folder, part), { recursive: true })
  cpSync(join(projectDir, 'scripts/ensure.mjs'), join(folder, 'scripts/ensure.mjs'))
  cpSync(join(projectDir, 'scripts/ensure'), join(folder, 'scripts/ensure'), { recursive: true })
  writeFileSync(join(folder, 'src/main.ts'), '')
  writeLock(folder, '1.0.0')
  writeFileSync(join(folder, 'npm-cli.js'), npmProgram)
  return folder
}

function writeLock(folder: string, version: string): void {
  const packages = {
    '': { name: 'airkeep' },
    'node_modules/some': { version, integrity: 'sha512-a' },
    'node_modules/for-another-machine': { version, integrity: 'sha512-b', optional: true },
  }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }))
}

async function ensure(folder: string, ...args: string[]) {
  const child = Bun.spawn(['node', 'scripts/ensure.mjs', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', npm_execpath: join(folder, 'npm-cli.js') },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { stdout, stderr, code }
}

const linesOf = (folder: string, name: string): string[] =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n') : []

withNode('installs and builds once, then says nothing', async () => {
  const folder = aProject('fresh')
  const first = await ensure(folder, '--build')
  expect(first).toMatchObject({ code: 0, stdout: '' })
  expect(first.stderr).toContain('installing packages')
  expect(first.stderr).toContain('building dist/airkeep')
  expect(await ensure(folder, '--build')).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(linesOf(folder, 'npm-calls')).toEqual(['ci --include=dev --include=optional --no-audit --no-fund'])
  expect(linesOf(folder, 'builds')).toEqual(['built'])
})

withNode('without --build nothing is built', async () => {
  const folder = aProject('no-build')
  expect(await ensure(folder)).toMatchObject({ code: 0 })
  expect(existsSync(join(folder, 'dist/airkeep'))).toBe(false)
})

withNode.each(['src/main.ts', 'src', 'drizzle', 'package-lock.json'])('builds again when %s is newer', async (path) => {
  const folder = aProject(`newer-${path.replace('/', '-')}`)
  await ensure(folder, '--build')
  const later = new Date(statSync(join(folder, 'dist/airkeep')).mtimeMs + 5000)
  utimesSync(join(folder, path), later, later)
  expect((await ensure(folder, '--build')).stderr).toBe('airkeep: building dist/airkeep …\n')
  expect(linesOf(folder, 'builds')).toHaveLength(2)
})

withNode('with --node it is the bundle for Node that is built, and built again', async () => {
  const folder = aProject('for-node')
  expect((await ensure(folder, '--node')).stderr).toContain('building dist/node')
  expect(await ensure(folder, '--node')).toEqual({ code: 0, stdout: '', stderr: '' })
  const later = new Date(statSync(join(folder, 'dist/node/main.js')).mtimeMs + 5000)
  utimesSync(join(folder, 'src/main.ts'), later, later)
  await ensure(folder, '--node')
  expect(linesOf(folder, 'builds')).toEqual(['built --target node', 'built --target node'])
  expect(existsSync(join(folder, 'dist/airkeep'))).toBe(false)
})

withNode('installs again when the lock file names another version, not when it was only touched', async () => {
  const folder = aProject('lock')
  await ensure(folder)
  const later = new Date(Date.now() + 60_000)
  utimesSync(join(folder, 'package-lock.json'), later, later)
  expect(await ensure(folder)).toMatchObject({ code: 0, stderr: '' })
  writeLock(folder, '1.0.1')
  await ensure(folder)
  expect(linesOf(folder, 'npm-calls')).toHaveLength(2)
})

withNode('puts Bun in its place where install scripts were not run', async () => {
  const folder = aProject('scripts-off')
  writeFileSync(join(folder, 'scripts-are-off'), '')
  expect(await ensure(folder, '--build')).toMatchObject({ code: 0 })
  expect(linesOf(folder, 'builds')).toEqual(['built'])
})

withNode('four at once install and build once', async () => {
  const folder = aProject('at-once')
  const runs = await Promise.all([1, 2, 3, 4].map(() => ensure(folder, '--build')))
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  expect(linesOf(folder, 'npm-calls')).toHaveLength(1)
  expect(linesOf(folder, 'builds')).toHaveLength(1)
  expect(existsSync(join(folder, 'dist/.ensure-lock'))).toBe(false)
})

withNode('a lock whose holder is gone is taken', async () => {
  const folder = aProject('abandoned')
  const gone = Bun.spawn(['true'])
  await gone.exited
  mkdirSync(join(folder, 'dist/.ensure-lock'), { recursive: true })
  writeFileSync(join(folder, 'dist/.ensure-lock/holder'), JSON.stringify({ host: hostname(), pid: gone.pid }))
  expect(await ensure(folder)).toMatchObject({ code: 0 })
  expect(linesOf(folder, 'npm-calls')).toHaveLength(1)
})

withNode.each([
  ['npm error code ENOTFOUND', 'the package registry cannot be reached; check the network'],
  ['npm error code EUSAGE', 'package.json and package-lock.json disagree'],
  ['npm error code ENOSPC', 'the disk is full'],
  ['npm error something new', 'npm error something new'],
])('says what to do when npm ends with "%s"', async (output, message) => {
  const folder = aProject(`fails-${output.split(' ').at(-1)}`)
  writeFileSync(join(folder, 'npm-fails'), output)
  const { code, stderr } = await ensure(folder, '--build')
  expect(code).toBe(1)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('    at ')
  expect(existsSync(join(folder, 'dist/.ensure-lock'))).toBe(false)
})

withNode('says so when the build fails', async () => {
  const folder = aProject('build-fails')
  await ensure(folder)
  writeFileSync(join(folder, 'node_modules/.bin/bun'), '#!/bin/sh\n[ "$1" = --version ] || { echo no >&2; exit 3; }\n')
  chmodSync(join(folder, 'node_modules/.bin/bun'), 0o755)
  expect(await ensure(folder, '--build')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the build failed\nno'),
  })
})
