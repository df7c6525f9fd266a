import { afterEach, beforeEach, expect, test } from 'bun:test'
import { createClient } from '@libsql/client'
import { sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../src/db/db.ts'
import { isUniqueViolation } from '../../src/db/db-error.ts'
import { rejection } from '../support/rejection.ts'
import { backend, openTempDb, type TempDb } from '../support/temp-db.ts'

const things = sqliteTable('things', { id: integer('id').primaryKey(), name: text('name').notNull() })
const migration = {
  tag: '0000_things',
  when: 1,
  hash: 'a',
  statements: ['CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL UNIQUE)'],
}

let temp: TempDb
let db: Db

beforeEach(async () => {
  temp = await openTempDb({ migrations: async () => [migration] })
  db = temp.db
})
afterEach(() => temp.close())

const names = async (): Promise<string[]> =>
  (await db.read.select({ name: things.name }).from(things).orderBy(things.id)).map(({ name }) => name)

test('writes that wait together are committed together, in order', async () => {
  const insert = db.writer
    .insert(things)
    .values({ name: sql.placeholder('name') })
    .returning()
    .prepare()
  const rows = await Promise.all(
    Array.from({ length: 300 }, (_, at) => db.write(async () => (await insert.execute({ name: `n${at}` }))[0]?.id)),
  )
  expect(rows).toEqual(Array.from({ length: 300 }, (_, at) => at + 1))
  expect(await names()).toHaveLength(300)
})

test('a write that fails takes back its own rows and spoils no other of its group', async () => {
  const add = (name: string, fail = false) =>
    db.write(async (tx) => {
      await tx.insert(things).values({ name })
      if (fail) throw new Error(`no ${name}`)
      return name
    })
  const outcomes = await Promise.allSettled([add('a'), add('b', true), add('c'), add('a'), add('d')])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
  const twice = outcomes[3]
  expect(twice?.status === 'rejected' && isUniqueViolation(twice.reason)).toBe(true)
  expect(await names()).toEqual(['a', 'c', 'd'])
})

test('a refusal that changed nothing does not make its group run again', async () => {
  let runs = 0
  const first = db.write(async (tx) => {
    runs += 1
    await tx.insert(things).values({ name: 'kept' })
  })
  const refused = db.write(async (tx) => {
    await tx.select().from(things)
    throw new Error('refused')
  })
  expect(String(await rejection(refused))).toContain('refused')
  await first
  expect(runs).toBe(1)
  expect(await names()).toEqual(['kept'])
})

test('a write inside a write is refused at once instead of waiting for itself', async () => {
  const nested = db.write(async (tx) => {
    await tx.insert(things).values({ name: 'outer' })
    await db.write(async (inner) => {
      await inner.insert(things).values({ name: 'inner' })
    })
  })
  expect(String(await rejection(nested))).toContain('write() was called inside write()')
  expect(await names()).toEqual([])
})

test('statements of the writer are refused outside a write', async () => {
  await expect(Promise.resolve(db.writer.insert(things).values({ name: 'x' }))).rejects.toThrow()
  expect(await names()).toEqual([])
})

test('a write begun in the callback of another is not taken for a nested one', async () => {
  await db.write(async (tx) => {
    await tx.insert(things).values({ name: 'one' })
  })
  await db
    .write(async (tx) => {
      await tx.insert(things).values({ name: 'two' })
    })
    .then(() =>
      db.write(async (tx) => {
        await tx.insert(things).values({ name: 'three' })
      }),
    )
  expect(await names()).toEqual(['one', 'two', 'three'])
})

test('reads go on while a write is open', async () => {
  let seen: string[] | undefined
  await db.write(async (tx) => {
    await tx.insert(things).values({ name: 'new' })
    seen = await names()
  })
  expect(seen).toEqual([])
  expect(await names()).toEqual(['new'])
})

test('inserts that run side by side are rows of their own, and one that fails spoils no other', async () => {
  const insert = db.writer
    .insert(things)
    .values({ name: sql.placeholder('name') })
    .returning()
    .prepare()
  const add = (name: string) =>
    db.write(async () => (await insert.execute({ name }))[0], { onlyInserts: true }).catch(isUniqueViolation)
  const outcomes = await Promise.all(['a', 'b', 'c', 'b', 'd'].map(add))
  expect(outcomes.map((outcome) => (typeof outcome === 'object' ? outcome.name : outcome))).toEqual(
    // Which of two equal ones comes first is not said, but the order of the others is.
    expect.arrayContaining(['a', 'b', 'c', true, 'd']),
  )
  expect((await names()).toSorted()).toEqual(['a', 'b', 'c', 'd'])
  const many = await Promise.all(Array.from({ length: 300 }, (_, at) => add(`n${at}`)))
  expect(many.map((row) => (typeof row === 'object' ? row.name : row))).toEqual(many.map((_, at) => `n${at}`))
  expect(await names()).toHaveLength(304)
})

test('inserts side by side and others keep their order around each other', async () => {
  const add = (name: string, onlyInserts: boolean) =>
    db.write(
      async (tx) => {
        const before = onlyInserts ? undefined : (await tx.select().from(things)).length
        await tx.insert(things).values({ name })
        return before
      },
      { onlyInserts },
    )
  const kinds = [true, true, false, true, false, false, true]
  const seen = await Promise.all(kinds.map((onlyInserts, at) => add(`n${at}`, onlyInserts)))
  expect(seen).toEqual([undefined, undefined, 2, undefined, 4, 5, undefined])
})

test('a read that comes after a write sees it', async () => {
  for (let at = 0; at < 5; at += 1) {
    await db.write(async (tx) => {
      await tx.insert(things).values({ name: `n${at}` })
    })
    expect(await names()).toHaveLength(at + 1)
  }
})

test('a read that comes after a refusal sees what was in its way', async () => {
  const add = () =>
    db.write(async (tx) => {
      await tx.insert(things).values({ name: 'same' })
    })
  const seen = await Promise.all([add().then(names, names), add().then(names, names)])
  expect(seen).toEqual([['same'], ['same']])
})

test.skipIf(backend !== 'file')('close waits for what was begun and folds the WAL into the file', async () => {
  const pending = db.write(async (tx) => {
    await tx.insert(things).values({ name: 'late' })
  })
  await db.close()
  await pending
  expect(Bun.file(`${temp.dir}/airkeep.db-wal`).size).toBe(0)
  const other = createClient({ url: `file:${temp.dir}/airkeep.db` })
  const { rows } = await other.execute('SELECT name FROM things')
  other.close()
  expect(rows.map((row) => row.name)).toEqual(['late'])
})
