import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { createClient } from '@libsql/client'
import { eq, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { createDb, type Db, type OpenDbOptions, type WriteDb } from '../../src/db/db.ts'
import { isUniqueViolation } from '../../src/db/db-error.ts'
import { toAppError } from '../../src/errors.ts'
import { rejection } from '../support/rejection.ts'
import { needsSqld, type Sqld, startSqld } from '../support/sqld.ts'
import { dbDefaults } from '../support/temp-db.ts'
import { tempDir } from '../support/temp-dir.ts'

const things = sqliteTable('things', {
  id: integer('id').primaryKey(),
  name: text('name').notNull(),
  of: integer('of'),
})
const migration = {
  tag: '0000_things',
  when: 1,
  hash: 'a',
  statements: ['CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL UNIQUE, of integer REFERENCES things)'],
}

const written = (write: Promise<void>): Promise<boolean> =>
  write.then(
    () => true,
    () => false,
  )

describe.skipIf(!needsSqld())('a database on a libSQL server', () => {
  let sqld: Sqld
  let opened: Db[]
  const folder = tempDir()

  beforeAll(async () => {
    sqld = await startSqld()
  })
  afterAll(async () => {
    await sqld.close()
    rmSync(folder.path, { recursive: true })
  })
  beforeEach(() => {
    opened = []
  })
  afterEach(async () => {
    for (const db of opened) await db.close()
    await emptied(sqld)
  })

  function made(options: Partial<OpenDbOptions> = {}): Db {
    const db = createDb({
      ...dbDefaults(folder.path),
      migrations: async () => [migration],
      url: sqld.url,
      authToken: sqld.token,
      ...options,
    })
    opened.push(db)
    return db
  }
  async function open(options: Partial<OpenDbOptions> = {}): Promise<Db> {
    const db = made(options)
    await db.open()
    return db
  }
  const add = (db: Db, name: string, of?: number) =>
    db.write(async (tx) => {
      await tx.insert(things).values({ name, of: of ?? null })
    })
  const namesIn = async (db: Db): Promise<string[]> =>
    (await db.read.select({ name: things.name }).from(things).orderBy(things.id)).map(({ name }) => name)

  describe('who gets in', () => {
    test.each([
      ['http', (url: string) => url],
      ['ws', (url: string) => url.replace('http:', 'ws:')],
      ['libsql', (url: string) => `${url.replace('http:', 'libsql:')}?tls=0`],
    ])('whoever bears the token, by %s', async (_, toUrl) => {
      const db = await open({ url: toUrl(sqld.url) })
      await add(db, 'a')
      expect(await namesIn(db)).toEqual(['a'])
    })

    test('a token in the URL is as good', async () => {
      await open({ url: `${sqld.url}?authToken=${sqld.token}`, authToken: undefined })
    })

    test.each([
      ['none', () => undefined],
      ['one of another server', () => sqld.foreignToken],
      ['no token at all', () => 'nonsense'],
    ])('not with %s', async (_, toToken) => {
      const authToken = toToken()
      const error = await rejection(made({ authToken }).open())
      expect(error).toMatchObject({
        code: 'upstream_unavailable',
        message: `The database refused the token at ${sqld.url}/`,
        hint: expect.stringContaining('AIRKEEP_DB_TOKEN'),
      })
      if (authToken !== undefined) expect(Bun.inspect(error)).not.toContain(authToken)
    })
  })

  describe('what cannot be asked says so at the start', () => {
    test('a port where nothing listens', async () => {
      const url = 'http://127.0.0.1:1/?authToken=hunter2'
      const error = await rejection(made({ url }).open())
      expect(error).toMatchObject({
        code: 'upstream_unavailable',
        message: 'Could not reach the database at http://127.0.0.1:1/',
        hint: expect.stringContaining('AIRKEEP_DB'),
      })
      expect(Bun.inspect(error)).not.toContain('hunter2')
    })

    test.each([
      ['a web page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'no libSQL server'],
      ['something missing', () => Response.json({ error: 'no' }, { status: 404 }), 'no libSQL server'],
      ['a server in trouble', () => new Response('busy', { status: 503 }), 'answered with status 503'],
      ['other JSON', () => Response.json({ hello: 'you' }), 'ended the transaction'],
    ])('%s', async (_, answer, words) => {
      const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
      try {
        const error = await rejection(made({ url: `http://127.0.0.1:${server.port}` }).open())
        expect(error).toMatchObject({ code: 'upstream_unavailable', message: expect.stringContaining(words) })
      } finally {
        await server.stop(true)
      }
    })
  })

  test('which constraint was in the way is told by the text', async () => {
    const db = await open()
    await add(db, 'a')
    const twice = await rejection(add(db, 'a'))
    const orphan = await rejection(add(db, 'b', 99))
    expect([isUniqueViolation(twice), isUniqueViolation(orphan)]).toEqual([true, false])
    expect(String((orphan as Error).cause)).toContain('FOREIGN KEY')
    expect(await namesIn(db)).toEqual(['a'])
  })

  test('hosts that start at once all succeed, and each migration is applied once', async () => {
    const hosts = Array.from({ length: 6 }, () => made({ migrations: dbDefaults('').migrations }))
    await Promise.all(hosts.map((db) => db.open()))
    const [first] = hosts
    const rows = await first?.read.all(sql`select hash from __drizzle_migrations`)
    expect(rows).toHaveLength((await dbDefaults('').migrations()).length)
  })

  test('a record larger than what the server takes is refused, and its neighbours are not', async () => {
    const db = await open()
    const [, large] = await Promise.allSettled([add(db, 'a'), add(db, 'x'.repeat(12 * 2 ** 20)), add(db, 'b')])
    expect(large).toMatchObject({ status: 'rejected', reason: { code: 'payload_too_large' } })
    expect(await namesIn(db)).toEqual(['a', 'b'])
  })

  test('an answer larger than what the server sends is refused with a way out', async () => {
    const db = await open()
    for (const name of ['a', 'b', 'c', 'd']) await add(db, name.repeat(3 * 2 ** 20))
    expect(toAppError(await rejection(namesIn(db)))).toMatchObject({
      code: 'payload_too_large',
      hint: expect.stringContaining('limit'),
    })
  })

  describe('a transaction that the server has let go of', () => {
    /** A write of two rows, with something between them the first time. */
    async function interrupted(db: Db, between: (tx: WriteDb) => Promise<unknown>): Promise<number> {
      let runs = 0
      await db.write(async (tx) => {
        runs += 1
        await tx.insert(things).values({ name: 'first' })
        if (runs === 1) await between(tx)
        await tx.insert(things).values({ name: 'second' })
      })
      return runs
    }

    test('is run again whole after the server has restarted', async () => {
      const db = await open()
      const runs = interrupted(db, async () => {
        await sqld.kill()
        await sqld.start()
      })
      const neighbour = add(db, 'neighbour')
      expect(await runs).toBe(2)
      await neighbour
      expect(await namesIn(db)).toEqual(['first', 'second', 'neighbour'])
      await add(db, 'later')
    })

    test('is not gone on with statement by statement when it swallows the failure', async () => {
      const db = await open()
      const runs = await interrupted(db, async (tx) => {
        await sqld.kill()
        await sqld.start()
        // Whoever ignores an error must not make rows that nothing takes back.
        for (const name of ['lost', 'loose'])
          await tx
            .insert(things)
            .values({ name })
            .catch(() => {})
      })
      expect(runs).toBe(2)
      expect(await namesIn(db)).toEqual(['first', 'second'])
    })

    test('is not committed when its last failure was swallowed', async () => {
      const db = await open()
      let runs = 0
      await db.write(async (tx) => {
        runs += 1
        await tx.insert(things).values({ name: 'first' })
        if (runs > 1) return
        await sqld.kill()
        await sqld.start()
        await tx
          .insert(things)
          .values({ name: 'second' })
          .catch(() => {})
      })
      expect([runs, await namesIn(db)]).toEqual([2, ['first']])
    })

    // The server's own patience is 5 s.
    test('because another host waited for too long', async () => {
      const db = await open()
      const other = createClient({ url: sqld.url, authToken: sqld.token })
      const runs = interrupted(db, async (tx) => {
        const theirs = await other.transaction('write')
        await theirs.execute("INSERT INTO things (name) VALUES ('theirs')")
        await theirs.commit()
        for (const name of ['lost', 'loose'])
          await tx
            .insert(things)
            .values({ name })
            .catch(() => {})
      })
      expect(await runs).toBe(2)
      expect(await namesIn(db)).toEqual(['theirs', 'first', 'second'])
      other.close()
    })
  })

  test('a commit whose answer is lost is not sent again, and the caller is told', async () => {
    let lose = false
    const between = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const { pathname } = new URL(request.url)
        const body = await request.text()
        const answer = await fetch(`${sqld.url}${pathname}`, { method: 'POST', headers: request.headers, body })
        if (lose && body.includes('COMMIT')) return new Response('lost', { status: 502 })
        return new Response(await answer.text(), { headers: { 'content-type': 'application/json' } })
      },
    })
    const db = await open({ url: `http://127.0.0.1:${between.port}` })
    lose = true
    const told = await Promise.all(['a', 'b'].map((name) => rejection(add(db, name))))
    lose = false
    const hint = 'Whether it was recorded is not known: look before you try again'
    expect(told.map((error) => [toAppError(error).code, toAppError(error).hint])).toEqual([
      ['upstream_unavailable', hint],
      ['upstream_unavailable', hint],
    ])
    await add(db, 'c')
    expect(await namesIn(db)).toEqual(['a', 'b', 'c'])
    await between.stop(true)
  })

  describe('a server that is away', () => {
    test('fails reads and writes at once with a hint, and serves them again when it is back', async () => {
      const db = await open()
      await add(db, 'before')
      await sqld.kill()
      for (const asked of [() => add(db, 'away'), () => namesIn(db)]) {
        expect(toAppError(await rejection(asked()))).toMatchObject({
          code: 'upstream_unavailable',
          message: 'Could not reach the database',
          hint: expect.stringContaining('Try again'),
        })
      }
      await sqld.start()
      await add(db, 'after')
      expect(await namesIn(db)).toEqual(['before', 'after'])
    })

    test('that is silent fails what waits after a time, all of it together', async () => {
      const db = await open({ answerWithinMs: 1_000 })
      sqld.pause()
      // More than one group, each of which would wait as long again.
      const waiting = [
        ...Array.from({ length: 400 }, (_, at) => add(db, `w${at}`)),
        ...Array.from({ length: 20 }, () => namesIn(db)),
      ]
      const outcomes = await Promise.allSettled<unknown>(waiting)
      const codes = outcomes.map((outcome) =>
        outcome.status === 'rejected' ? toAppError(outcome.reason).code : 'done',
      )
      expect(new Set(codes)).toEqual(new Set(['upstream_unavailable']))
      sqld.resume()
      // It may begin what nobody waits for any more, and hold up every writer for its 5 s.
      let tries = 1
      while (!(await written(add(db, `after ${tries}`)))) tries += 1
      const names = async (): Promise<readonly string[]> => namesIn(db).catch(() => [])
      // A replica is brought up to date by another process, which tells nobody.
      while (!(await names()).includes(`after ${tries}`)) await Bun.sleep(5)
    })
  })

  test('killed during a stream of creates, it loses nothing that was acknowledged and keeps nothing that was refused', async () => {
    const db = await open()
    const acknowledged = new Set<string>()
    const unsure = new Set<string>()
    let serial = 0
    let failures = 0
    let stop = false
    const creating = Array.from({ length: 8 }, async (_, lane) => {
      while (!stop) {
        serial += 1
        const name = `n${serial}`
        try {
          await db.write(
            async (tx) => {
              const [row] = await tx.insert(things).values({ name }).returning()
              await tx.insert(things).values({ name: `${name} of`, of: row?.id ?? null })
            },
            // Both ways of grouping.
            { onlyInserts: lane % 2 === 0 },
          )
          acknowledged.add(name)
        } catch (error) {
          const { code, hint } = toAppError(error)
          expect([code, typeof hint]).toEqual(['upstream_unavailable', 'string'])
          failures += 1
          if (hint?.includes('not known')) unsure.add(name)
          await Bun.sleep(1)
        }
      }
    })
    const until = async (reached: () => boolean): Promise<void> => {
      while (!reached()) await Bun.sleep(1)
    }
    for (let round = 0; round < 4; round += 1) {
      const [done, failed] = [acknowledged.size, failures]
      await until(() => acknowledged.size > done + 50)
      await sqld.kill()
      await until(() => failures > failed + 20)
      await sqld.start()
    }
    const done = acknowledged.size
    await until(() => acknowledged.size > done + 50)
    stop = true
    await Promise.all(creating)

    const names = await namesIn(db)
    const owners = names.filter((name) => !name.endsWith(' of'))
    expect(names.toSorted()).toEqual([...owners, ...owners.map((name) => `${name} of`)].toSorted())
    expect(new Set(names).size).toBe(names.length)
    expect([...acknowledged].filter((name) => !owners.includes(name))).toEqual([])
    expect(owners.filter((name) => !acknowledged.has(name) && !unsure.has(name))).toEqual([])
    const half = await db.read.select().from(things).where(eq(things.name, `n1 of`))
    expect(half).toHaveLength(1)
  })
})

async function emptied({ url, token: authToken }: Sqld): Promise<void> {
  const client = createClient({ url, authToken })
  const { rows } = await client.execute(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  )
  await client.migrate(rows.map(({ name }) => ({ sql: `DROP TABLE "${name}"`, args: [] })))
  client.close()
}
