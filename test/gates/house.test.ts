import { describe, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findBreaches, words } from '../support/house-rules.ts'
import { projectDir, projectFiles } from '../support/project-files.ts'

test('every file of the project keeps the house rules', () => {
  const files = projectFiles(projectDir)
  expect(files).toContain('package-lock.json')
  expect(files).toContain('src/errors.ts')
  expect(files).toContain('test/gates/house.test.ts')
  const breaches = files.flatMap((path) => findBreaches(path, readFileSync(join(projectDir, path), 'utf8')))
  expect(breaches).toEqual([])
})

/** What is larger is made by a generator (scripts/fixtures), or was left behind by a build. */
const largestFileBytes = 1e6

test('no file of the project is larger than 1 MB', () => {
  const large = projectFiles(projectDir).filter((path) => statSync(join(projectDir, path)).size > largestFileBytes)
  expect(large).toEqual([])
})

describe('planted breaches', () => {
  test.each([
    ['src/db/db.ts', words('// @ts-', 'ignore'), 'the type checker is not switched off'],
    ['test/db/db.test.ts', words('// @ts-', 'nocheck because it is hard'), 'the type checker is not switched off'],
    ['src/db/db.ts', words('// @ts-', 'expect-error'), 'an expected type error says why'],
    ['src/db/db.ts', words('// biome-', 'ignore lint/suspicious/noExplicitAny: x'), 'a lint disable says why'],
    ['scripts/dev.ts', words('// biome-', 'ignore lint'), 'a lint disable says why'],
    ['scripts/ensure.mjs', words('// biome-', 'ignore-all lint/style/noVar:'), 'a lint disable says why'],
    ['src/http/server.ts', 'console.log(1)', 'src writes to streams and to the log, not to the console'],
    [
      'src/http/listen.ts',
      'const server = Bun.serve({})',
      'src runs on Node too: what only Bun has stands in one file for each subject',
    ],
    [
      'src/db/db.ts',
      "import { Database } from 'bun:sqlite'",
      'src runs on Node too: what only Bun has stands in one file for each subject',
    ],
    ['src/http/feed.ts', 'const done = Promise.withResolvers<void>()', 'Node 20 does not have it'],
    ['README.md', words('look in /', 'work/main'), 'no path of a machine where it was written'],
    ['.ci/run', words('cp ../', 'shared/facts .'), 'nothing outside the repository'],
    [
      'package.json',
      words('"x": "https://registry.', 'npmjs.org/x"'),
      'which registry serves packages is the business of the machine',
    ],
    [
      'package-lock.json',
      '"resolved": "https://example.org/bun.tgz",',
      'the lock names no registry; npm install --omit-lockfile-registry-resolved keeps it so',
    ],
    ['src/lib/utils.ts', '', 'a file is named for its subject'],
    ['src/track/index.ts', '', 'a file is named for its subject'],
    ['src/hash/wholeFile.ts', '', 'file names are kebab-case'],
    ['test/hash/whole_file.test.ts', '', 'file names are kebab-case'],
    ['bun.lock', '', 'package-lock.json is the only lock file'],
  ])('%s: %s', (path, line, reason) => {
    expect(findBreaches(path, line)).toEqual([{ at: `${path}:1`, reason }])
  })

  test.each([
    ['src/db/db.ts', '// @ts-expect-error the addon has no types (libsql 0.5)'],
    ['src/db/db.ts', '// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for'],
    ['README.md', 'models lie in /workspace/models or https://example.org/work/ or ~/work/ or ./work/'],
    ['package-lock.json', '"resolved": "file:packages/x",'],
    ['src/hash/whole-file.ts', "process.stdout.write('console')"],
    ['src/hash/safetensors.ts', ''],
    ['src/http/listen.ts', "if (typeof Bun === 'undefined') return"],
    ['src/http/bun-server.ts', 'const server = Bun.serve({})'],
    ['test/http/listen.test.ts', 'const done = Promise.withResolvers<void>()'],
  ])('allowed in %s: %s', (path, line) => {
    expect(findBreaches(path, line)).toEqual([])
  })
})
