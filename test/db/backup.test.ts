import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { createDb, type Db } from '../../src/db/db.ts'
import { type Migration, readMigrations } from '../../src/db/migrate.ts'
import { restoreDatabase } from '../../src/db/restore.ts'
import { projectDir } from '../support/project-files.ts'
import { rejection } from '../support/rejection.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const THINGS: Migration = {
  tag: '0000_things',
  when: 1,
  hash: 'a',
  statements: ['CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL)'],
}

let folder: TempDir
const opened: Db[] = []
beforeEach(() => {
  folder = tempDir()
})
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
  folder[Symbol.dispose]()
})

const at = (name: string): string => join(folder.path, name)

async function openDb(journal: 'wal' | 'delete' = 'wal', migrations = [THINGS], name = 'airkeep.db'): Promise<Db> {
  const db = createDb({
    url: `file:${at(name)}`,
    migrations: async () => migrations,
    journal: async () => journal,
    synchronous: 'normal',
    backupDir: at('backups'),
  })
  await db.open()
  opened.push(db)
  return db
}

const add = (db: Db, name: string): Promise<unknown> =>
  db.write(async (tx) => tx.all(`INSERT INTO things (name) VALUES ('${name}') RETURNING id`))

async function namesIn(path: string): Promise<string[]> {
  const client = createClient({ url: `file:${path}` })
  const check = await client.execute('PRAGMA integrity_check')
  expect(check.rows[0]?.[0]).toBe('ok')
  const { rows } = await client.execute('SELECT name FROM things ORDER BY id')
  client.close()
  return rows.map((row) => String(row.name))
}

const restore = (from: string, migrations: readonly Migration[] = [THINGS]) =>
  restoreDatabase({ from, database: at('airkeep.db'), backupDir: at('backups'), migrations })

describe.each(['wal', 'delete'] as const)('a backup with the journal %s', (journal) => {
  test('has every row that was acknowledged before, while writing goes on', async () => {
    const db = await openDb(journal)
    const acknowledged: string[] = []
    let go = true
    const writing = Array.from({ length: 8 }, async (_, writer) => {
      for (let serial = 0; go; serial += 1) {
        await add(db, `w${writer}-${serial}`)
        acknowledged.push(`w${writer}-${serial}`)
      }
    })
    while (acknowledged.length < 200) await Bun.sleep(1)
    const before = [...acknowledged]
    const size = await db.backup(at('copy.db'))
    const after = acknowledged.length
    go = false
    await Promise.all(writing)
    const copied = await namesIn(at('copy.db'))
    expect(copied.filter((name) => before.includes(name)).toSorted()).toEqual(before.toSorted())
    expect(copied.length).toBeLessThanOrEqual(acknowledged.length)
    expect(after).toBeGreaterThanOrEqual(before.length)
    expect(statSync(at('copy.db'))).toMatchObject({ size })
    expect(statSync(at('copy.db')).mode & 0o777).toBe(0o600)
    // Nothing half-written is left beside it.
    expect(readdirSync(folder.path).filter((name) => name.includes('copy'))).toEqual(['copy.db'])
  })
})

describe('a backup is refused', () => {
  const cases: readonly (readonly [what: string, path: string, code: string, prepare: () => void])[] = [
    ['where a file is', 'taken', 'conflict', () => writeFileSync(at('taken'), 'mine')],
    ['where a folder is', 'taken', 'conflict', () => mkdirSync(at('taken'))],
    ['where a link leads nowhere', 'taken', 'conflict', () => symlinkSync('/nonexistent', at('taken'))],
    ['in a folder that is not there', 'none/copy.db', 'not_found', () => {}],
    ['below a file', 'file/copy.db', 'invalid_input', () => writeFileSync(at('file'), '')],
    ['under a name that is too long', 'x'.repeat(260), 'invalid_input', () => {}],
  ]
  test.each(cases)('%s', async (_, path, code, prepare) => {
    const db = await openDb()
    prepare()
    const before = readdirSync(folder.path)
    expect(await rejection(db.backup(at(path)))).toMatchObject({ code })
    expect(readdirSync(folder.path)).toEqual(before)
    if (path === 'taken' && statSync(at('taken'), { throwIfNoEntry: false })?.isFile()) {
      expect(readFileSync(at('taken'), 'utf8')).toBe('mine')
    }
  })

  test('for a database that is elsewhere', async () => {
    const db = createDb({
      url: 'http://127.0.0.1:1',
      migrations: readMigrations,
      journal: async () => 'wal',
      synchronous: 'normal',
      backupDir: at('backups'),
    })
    expect(await rejection(db.backup(at('copy.db')))).toMatchObject({ code: 'invalid_input' })
  })
})

describe('restoring', () => {
  /** A database with the row `old`, closed, and a backup of one with `kept`. */
  async function prepare(): Promise<void> {
    const db = await openDb()
    await add(db, 'kept')
    await db.backup(at('backup.db'))
    await add(db, 'later')
    await opened.pop()?.close()
  }

  test('puts the backup in the place of the database and keeps that one', async () => {
    await prepare()
    const { kept = '', sizeBytes } = await restore(at('backup.db'))
    expect(sizeBytes).toBe(statSync(at('backup.db')).size)
    expect(await namesIn(at('airkeep.db'))).toEqual(['kept'])
    expect(kept).toStartWith(at('backups/'))
    expect(await namesIn(kept)).toEqual(['kept', 'later'])
    expect(await namesIn(at('backup.db'))).toEqual(['kept'])
    expect(statSync(at('airkeep.db')).mode & 0o777).toBe(0o600)
    const db = await openDb()
    await add(db, 'after')
    expect(await namesIn(at('airkeep.db'))).toEqual(['kept', 'after'])
  })

  test('where there was no database before', async () => {
    await prepare()
    mkdirSync(at('new'))
    const restored = await restoreDatabase({
      from: at('backup.db'),
      database: at('new/airkeep.db'),
      backupDir: at('new/backups'),
      migrations: [THINGS],
    })
    expect(restored.kept).toBeUndefined()
    expect(await namesIn(at('new/airkeep.db'))).toEqual(['kept'])
    expect(readdirSync(at('new'))).toEqual(['airkeep.db'])
  })

  test('rows that a killed process left in the WAL go where the old database goes, not into the new one', async () => {
    await prepare()
    const script = `
      import { createClient } from '@libsql/client'
      const client = createClient({ url: 'file:${at('airkeep.db')}' })
      await client.execute('PRAGMA journal_mode=wal')
      await client.execute("INSERT INTO things (name) VALUES ('in the WAL')")
      process.kill(process.pid, 'SIGKILL')`
    await Bun.spawn([process.execPath, '-e', script], { cwd: projectDir }).exited
    expect(statSync(at('airkeep.db-wal')).size).toBeGreaterThan(0)
    const { kept = '' } = await restore(at('backup.db'))
    expect(await namesIn(kept)).toEqual(['kept', 'later', 'in the WAL'])
    expect(existsSync(at('airkeep.db-wal'))).toBe(false)
    expect(await namesIn(at('airkeep.db'))).toEqual(['kept'])
  })

  test('a damaged database is kept as it is, with what stands beside it', async () => {
    await prepare()
    writeFileSync(at('airkeep.db'), 'not a database')
    writeFileSync(at('airkeep.db-wal'), 'nor a WAL')
    const { kept = '' } = await restore(at('backup.db'))
    expect(readFileSync(kept, 'utf8')).toBe('not a database')
    expect(readFileSync(`${kept}-wal`, 'utf8')).toBe('nor a WAL')
    expect(await namesIn(at('airkeep.db'))).toEqual(['kept'])
  })

  const NEWER: Migration = { tag: '0001_more', when: 2, hash: 'b', statements: ['CREATE TABLE more (id integer)'] }

  test('a backup of an older version is taken, and brought up to date when it is opened', async () => {
    await prepare()
    await restore(at('backup.db'), [THINGS, NEWER])
    await add(await openDb('wal', [THINGS, NEWER]), 'new')
    expect(await namesIn(at('airkeep.db'))).toEqual(['kept', 'new'])
  })

  const refused: readonly (readonly [what: string, code: string, make: (path: string) => Promise<void> | void])[] = [
    ['no file', 'not_found', () => {}],
    ['a folder', 'invalid_input', (path) => mkdirSync(path)],
    ['an empty file', 'invalid_input', (path) => writeFileSync(path, '')],
    ['a text', 'invalid_input', (path) => writeFileSync(path, 'SELECT 1')],
    [
      'a database of another program',
      'invalid_input',
      async (path) => {
        const client = createClient({ url: `file:${path}` })
        await client.execute('CREATE TABLE things (id integer, name text)')
        client.close()
      },
    ],
    [
      'a database of a newer version',
      'conflict',
      async (path) => {
        await openDb('delete', [THINGS, NEWER], 'newer.db')
        await opened.pop()?.close()
        writeFileSync(path, readFileSync(at('newer.db')))
      },
    ],
    [
      'a database in use',
      'invalid_input',
      (path) => {
        writeFileSync(path, readFileSync(at('backup.db')))
        writeFileSync(`${path}-wal`, 'frames')
      },
    ],
    [
      'a link to a database in use',
      'invalid_input',
      (path) => {
        writeFileSync(at('elsewhere.db'), readFileSync(at('backup.db')))
        writeFileSync(at('elsewhere.db-wal'), 'frames')
        symlinkSync('elsewhere.db', path)
      },
    ],
    [
      'a database in the middle of a transaction',
      'invalid_input',
      (path) => {
        writeFileSync(path, readFileSync(at('backup.db')))
        writeFileSync(`${path}-journal`, 'pages')
      },
    ],
    [
      'a damaged one',
      'checksum_mismatch',
      (path) => {
        const bytes = readFileSync(at('backup.db'))
        // The number of free pages in the header: the rest can still be read.
        bytes.writeUInt32BE(3, 36)
        writeFileSync(path, bytes)
      },
    ],
    [
      'one that was cut off',
      'invalid_input',
      (path) => writeFileSync(path, readFileSync(at('backup.db')).subarray(0, 5000)),
    ],
  ]
  test.each(refused)('%s is refused and nothing changes', async (_, code, make) => {
    await prepare()
    await make(at('given'))
    const before = readdirSync(folder.path)
    expect(await rejection(restore(at('given')))).toMatchObject({ code })
    expect(readdirSync(folder.path)).toEqual(before)
    expect(existsSync(at('backups'))).toBe(false)
    expect(await namesIn(at('airkeep.db'))).toEqual(['kept', 'later'])
  })

  test('what an earlier attempt left is taken away', async () => {
    await prepare()
    writeFileSync(at('.airkeep.db.restore_0123'), 'half')
    chmodSync(at('.airkeep.db.restore_0123'), 0o600)
    await restore(at('backup.db'))
    expect(readdirSync(folder.path).toSorted()).toEqual(['airkeep.db', 'backup.db', 'backups'])
  })
})
