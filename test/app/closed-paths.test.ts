import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { closedPaths } from '../../src/app/closed-paths.ts'
import { loadConfig } from '../../src/config.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { failureOf } from '../hash/outcome.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aTokenActor } from '../support/track.ts'

const AGENT = aTokenActor('agent', 'admin')

/** What of everything below a folder that is open to tokens a token may name, and what it may not. */
async function sorted(env: (root: string) => Record<string, string>, files: readonly string[], links = {}) {
  using folder = tempDir()
  const root = folder.path
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), file.endsWith('.jsonc') ? '{}' : 'x')
  }
  for (const [link, target] of Object.entries<string>(links)) symlinkSync(join(root, target), join(root, link))
  const config = loadConfig({
    env: { AIRKEEP_DATA: join(root, 'data'), ...env(root) },
    cwd: root,
    configFile: files.find((file) => file.endsWith('.jsonc')),
  })
  const local = createLocalFiles({ roots: () => [root], closed: () => closedPaths(config) })
  const open: string[] = []
  const shut: string[] = []
  for (const file of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (file.isDirectory()) continue
    const path = join(file.parentPath, file.name)
    expect(await local.find(path, OWNER)).toMatchObject({ sizeBytes: expect.any(Number) })
    const name = path.slice(root.length + 1)
    const code = await local.find(path, AGENT).then(
      () => 'found',
      async () => (await failureOf(local.find(path, AGENT))).code,
    )
    if (code === 'found') open.push(name)
    else {
      expect(code).toBe('forbidden')
      shut.push(name)
    }
  }
  return { open: open.sort(), shut: shut.sort() }
}

test('a token names nothing of the database, nor the files with settings and secrets, wherever they are', async () => {
  const database = ['db/own.db', 'db/own.db-wal', 'db/own.db-shm', 'db/own.db-journal']
  const secrets = ['settings.jsonc', 'secrets/token']
  const others = ['db/own.db.txt', 'db/other.db', 'secrets/picture.png']
  expect(
    await sorted(
      (root) => ({ AIRKEEP_DB: `file:${root}/db/own.db`, AIRKEEP_TOKEN_FILE: 'secrets/link' }),
      [...database, ...secrets, ...others, 'data/serve.json'],
      { 'secrets/link': 'secrets/token', 'harmless.png': 'db/own.db-wal' },
    ),
  ).toEqual({
    open: [...others].sort(),
    shut: [...database, ...secrets, 'data/serve.json', 'harmless.png', 'secrets/link'].sort(),
  })
})

test('a database of the data directory that is a link is closed where it is', async () => {
  expect(
    await sorted(() => ({}), ['data/serve.json', 'elsewhere/a.db', 'elsewhere/a.db-wal', 'elsewhere/b.db'], {
      'data/airkeep.db': 'elsewhere/a.db',
    }),
  ).toEqual({
    open: ['elsewhere/b.db'],
    shut: ['data/airkeep.db', 'data/serve.json', 'elsewhere/a.db', 'elsewhere/a.db-wal'],
  })
})

test('without files of its own elsewhere only the data directory is closed', async () => {
  for (const AIRKEEP_DB of ['', 'http://127.0.0.1:1']) {
    expect(await sorted(() => ({ AIRKEEP_DB }), ['a.png', 'data/airkeep.db'])).toEqual({
      open: ['a.png'],
      shut: ['data/airkeep.db'],
    })
  }
})
