import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client'
import { applyMigrations, type Migration, readMigrations } from '../../src/db/migrate.ts'

const first: Migration = {
  tag: '0000_first',
  when: 10,
  hash: 'a',
  statements: ['CREATE TABLE a (id integer PRIMARY KEY)'],
}
const second: Migration = {
  tag: '0001_second',
  when: 20,
  hash: 'b',
  statements: ['ALTER TABLE a ADD COLUMN name text', 'CREATE TABLE b (id integer)'],
}
const broken: Migration = {
  tag: '0002_broken',
  when: 30,
  hash: 'c',
  statements: ['CREATE TABLE c (id integer)', 'INSERT INTO missing VALUES (1)'],
}

let dir: string
let client: Client
const backups = () => join(dir, 'backups')
const connect = () => createClient({ url: `file:${dir}/m.db`, timeout: 2000 })

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'airkeep-migrate-'))
  client = connect()
})

afterEach(async () => {
  client.close()
  await rm(dir, { recursive: true })
})

async function tables(of: Client = client): Promise<string[]> {
  const { rows } = await of.execute(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '__drizzle_migrations' ORDER BY name",
  )
  return rows.map((row) => String(row.name))
}

test('applies what is missing, once', async () => {
  await applyMigrations(client, [first], backups())
  await applyMigrations(client, [first, second], backups())
  await applyMigrations(client, [first, second], backups())
  expect(await tables()).toEqual(['a', 'b'])
})

test('a failing migration leaves the old schema whole', async () => {
  await applyMigrations(client, [first], backups())
  await expect(applyMigrations(client, [first, second, broken], backups())).rejects.toThrow()
  expect(await tables()).toEqual(['a'])
})

test('a database of a newer version is refused and left alone', async () => {
  await applyMigrations(client, [first, second], backups())
  await expect(applyMigrations(client, [first], backups())).rejects.toMatchObject({ code: 'conflict' })
  expect(await tables()).toEqual(['a', 'b'])
})

describe('a copy is made before a change', () => {
  test('when there are rows, with the old content', async () => {
    await applyMigrations(client, [first], backups())
    await client.execute('INSERT INTO a VALUES (7)')
    await applyMigrations(client, [first, second], backups())
    const [name, ...others] = await readdir(backups())
    expect(others).toEqual([])
    const copy = createClient({ url: `file:${join(backups(), name ?? '')}` })
    expect((await copy.execute('SELECT * FROM a')).rows[0]).toEqual({ id: 7 } as never)
    expect(await tables(copy)).toEqual(['a'])
    copy.close()
  })

  test('not when there is nothing to lose', async () => {
    await applyMigrations(client, [first], backups())
    await applyMigrations(client, [first, second], backups())
    expect(await readdir(dir)).not.toContain('backups')
  })
})

test('processes that start at once all succeed, and each migration is applied once', async () => {
  const file = join(dir, 'start.ts')
  await Bun.write(
    file,
    `import { createClient } from '@libsql/client'
     import { applyMigrations } from ${JSON.stringify(join(import.meta.dir, '../../src/db/migrate.ts'))}
     const client = createClient({ url: process.argv[2], timeout: 5000 })
     await applyMigrations(client, ${JSON.stringify([first, second])}, undefined)`,
  )
  const children = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, file, `file:${dir}/m.db`], { stderr: 'inherit', cwd: join(import.meta.dir, '../..') }),
  )
  expect(await Promise.all(children.map(({ exited }) => exited))).toEqual([0, 0, 0, 0])
  const { rows } = await client.execute('SELECT count(*) AS n FROM __drizzle_migrations')
  expect(Number(rows[0]?.n)).toBe(2)
  expect(await tables()).toEqual(['a', 'b'])
})

test('a process killed at any moment leaves the old or the new schema', async () => {
  const script = `
    import { createClient } from '@libsql/client'
    import { applyMigrations } from ${JSON.stringify(join(import.meta.dir, '../../src/db/migrate.ts'))}
    const many = Array.from({ length: 60 }, (_, at) => 'CREATE TABLE t' + at + ' AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i FROM n')
    const client = createClient({ url: process.argv[2] })
    process.stdout.write('ready\\n')
    await applyMigrations(client, [{ tag: '0000_many', when: 5, hash: 'm', statements: many }], undefined)
    process.stdout.write('done\\n')`
  const file = join(dir, 'kill.ts')
  await Bun.write(file, script)
  for (const [round, delay] of [0, 2, 5, 9, 14, 20, 40].entries()) {
    const path = join(dir, `kill-${round}.db`)
    const child = Bun.spawn([process.execPath, file, `file:${path}`], {
      stdout: 'pipe',
      stderr: 'inherit',
      cwd: join(import.meta.dir, '../..'),
    })
    const reader = child.stdout.getReader()
    await reader.read()
    // The moment of the kill is what varies here, nothing waits for it to pass.
    await new Promise((resolve) => setTimeout(resolve, delay))
    child.kill('SIGKILL')
    await child.exited
    const after = createClient({ url: `file:${path}` })
    const { rows } = await after.execute("SELECT count(*) AS n FROM sqlite_master WHERE name LIKE 't%'")
    after.close()
    expect([0, 60]).toContain(Number(rows[0]?.n))
  }
})

test('the migrations of this project are read in order', async () => {
  const migrations = await readMigrations()
  expect(migrations.length).toBeGreaterThan(0)
  expect(migrations.map(({ when }) => when)).toEqual(migrations.map(({ when }) => when).toSorted((a, b) => a - b))
})
