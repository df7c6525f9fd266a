import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { createDb, type Db, type OpenDbOptions } from '../../src/db/db.ts'
import { toAppError } from '../../src/errors.ts'
import { descendantsOf, stillRunning } from '../support/processes.ts'
import { rejection } from '../support/rejection.ts'
import { needsSqld, type Sqld, startSqld } from '../support/sqld.ts'
import { dbDefaults, replicaCommand } from '../support/temp-db.ts'

const things = sqliteTable('things', { id: integer('id').primaryKey(), name: text('name').notNull() })
const migration = {
  tag: '0000_things',
  when: 1,
  hash: 'a',
  statements: ['CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL UNIQUE)'],
}

const written = (write: Promise<void>): Promise<boolean> =>
  write.then(
    () => true,
    () => false,
  )

describe.skipIf(!needsSqld())('a replica', () => {
  let sqld: Sqld
  let dir: string
  let opened: Db[]

  beforeEach(async () => {
    sqld = await startSqld()
    dir = mkdtempSync(join(tmpdir(), 'airkeep-replica-'))
    opened = []
  })
  afterEach(async () => {
    for (const db of opened) await db.close()
    await sqld.close()
    rmSync(dir, { recursive: true })
  })

  const file = (name = 'replica') => join(dir, `${name}.db`)
  function made(options: Partial<OpenDbOptions> = {}): Db {
    const db = createDb({
      ...dbDefaults(dir),
      migrations: async () => [migration],
      url: `file:${file()}`,
      syncUrl: sqld.url,
      authToken: sqld.token,
      replicaCommand,
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
  const add = (db: Db, name: string) =>
    db.write(async (tx) => {
      await tx.insert(things).values({ name })
    })
  const namesIn = async (db: Db): Promise<string[]> =>
    (await db.read.select({ name: things.name }).from(things).orderBy(things.id)).map(({ name }) => name)
  const keepers = (): number[] => descendantsOf(process.pid).filter((pid) => commandOf(pid).includes('keep-replica'))

  test('shows what was written through it at once, whatever runs beside', async () => {
    const db = await open()
    const seen = await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        await add(db, `n${at}`)
        return (await namesIn(db)).includes(`n${at}`)
      }),
    )
    expect(new Set(seen)).toEqual(new Set([true]))
    expect(await namesIn(db)).toHaveLength(60)
  })

  test('is read while its primary is away, and written again when that is back', async () => {
    const db = await open({ answerWithinMs: 1_000 })
    await add(db, 'before')
    await sqld.kill()
    expect(toAppError(await rejection(add(db, 'away')))).toMatchObject({ code: 'upstream_unavailable' })
    expect(await namesIn(db)).toEqual(['before'])
    await sqld.start()
    await add(db, 'after')
    expect(await namesIn(db)).toEqual(['before', 'after'])
  })

  test('is read while its primary is silent', async () => {
    const db = await open({ answerWithinMs: 1_000, syncEveryMs: 50 })
    // Another process brings it: nothing tells here when it has.
    const shown = async (name: string): Promise<void> => {
      while (!(await namesIn(db)).includes(name)) await Bun.sleep(5)
    }
    await add(db, 'before')
    await shown('before')
    sqld.pause()
    expect(toAppError(await rejection(add(db, 'silent')))).toMatchObject({ code: 'upstream_unavailable' })
    expect(await namesIn(db)).toEqual(['before'])
    sqld.resume()
    // It may begin what nobody waits for any more, and hold up every writer for its 5 s.
    let tries = 1
    while (!(await written(add(db, `after ${tries}`)))) tries += 1
    await shown(`after ${tries}`)
  })

  test('shows what others wrote after a while', async () => {
    const [here, there] = [
      await open({ syncEveryMs: 20 }),
      await open({ url: `file:${file('other')}`, syncEveryMs: 20 }),
    ]
    await add(there, 'theirs')
    // Brought by another process, which tells nobody.
    while ((await namesIn(here)).length === 0) await Bun.sleep(5)
    expect(await namesIn(here)).toEqual(['theirs'])
    expect(await rejection(add(here, 'theirs'))).toBeDefined()
  })

  test('goes on after the process that keeps it was killed', async () => {
    const db = await open()
    await add(db, 'one')
    const before = keepers()
    expect(before).toHaveLength(1)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await add(db, 'two')
    expect(await namesIn(db)).toEqual(['one', 'two'])
    expect(keepers()).toHaveLength(1)
    expect(keepers()).not.toEqual(before)
  })

  test('leaves no process behind', async () => {
    const db = await open()
    const pids = keepers()
    await db.close()
    expect(stillRunning(pids)).toEqual([])
  })

  test('its process ends with a program that was killed, even while it waits for a silent primary', async () => {
    sqld.pause()
    const order = { url: `file:${file()}`, primaryUrl: sqld.url, authToken: sqld.token }
    const program = `
      const [program, ...args] = ${JSON.stringify(replicaCommand)}
      const keeper = require('node:child_process').spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] })
      keeper.stdin.write(JSON.stringify({ parentPid: process.pid, ...${JSON.stringify(order)} }) + '\\n', () =>
        process.stdout.write(keeper.pid + '\\n'))`
    const parent = Bun.spawn([process.execPath, '-e', program], {
      stdout: 'pipe',
      env: { ...process.env, RUST_LOG: 'off' },
    })
    const { value } = await parent.stdout.getReader().read()
    const keeper = Number(new TextDecoder().decode(value))
    // From then on it waits inside the addon, and nothing but its watch can end it.
    while (!isAsked(sqld.url)) await Bun.sleep(5)
    expect(stillRunning([keeper])).toEqual([keeper])
    parent.kill('SIGKILL')
    // No child of this process: its end can only be looked for.
    while (stillRunning([keeper]).length > 0) await Bun.sleep(20)
    sqld.resume()
  })

  test('goes on where it was after a restart, for its owner alone', async () => {
    const first = await open()
    await add(first, 'one')
    await first.close()
    expect(statSync(file()).mode & 0o077).toBe(0)
    const writer = createClient({ url: sqld.url, authToken: sqld.token })
    await writer.execute("INSERT INTO things (name) VALUES ('meanwhile')")
    writer.close()
    const second = await open()
    expect(await namesIn(second)).toEqual(['one', 'meanwhile'])
  })

  test('is the same as its primary after many kills in the middle of syncs', async () => {
    const db = await open({ syncEveryMs: 5 })
    for (let round = 0; round < 5; round += 1) {
      const name = (at: number): string => `${round} ${at} ${'x'.repeat(3_000)}`
      const writing = Promise.all(Array.from({ length: 30 }, (_, at) => add(db, name(at))))
      // Another moment of the writing in each round; none is waited for.
      await Bun.sleep(round * 7)
      for (const pid of keepers()) process.kill(pid, 'SIGKILL')
      await writing
    }
    await add(db, 'last')
    const primary = createClient({ url: sqld.url, authToken: sqld.token })
    const { rows } = await primary.execute('SELECT name FROM things ORDER BY id')
    primary.close()
    expect(await namesIn(db)).toEqual(rows.map(({ name }) => String(name)))
    const replica = createClient({ url: `file:${file()}` })
    expect((await replica.execute('PRAGMA integrity_check')).rows[0]?.[0]).toBe('ok')
    replica.close()
  })

  describe('does not begin', () => {
    test('without its primary', async () => {
      await (await open()).close()
      await sqld.kill()
      expect(await rejection(made().open())).toMatchObject({
        code: 'upstream_unavailable',
        message: `Could not reach the database at ${sqld.url}/`,
      })
      await sqld.start()
      await open()
    })

    test('without its token', async () => {
      const error = await rejection(made({ authToken: sqld.foreignToken }).open())
      expect(error).toMatchObject({ code: 'upstream_unavailable', hint: expect.stringContaining('AIRKEEP_DB_TOKEN') })
    })

    test('in a file that holds a database of its own, and leaves that alone', async () => {
      const own = await open({ syncUrl: undefined })
      await add(own, 'mine')
      await own.close()
      const before = readFileSync(file())
      expect(await rejection(made().open())).toMatchObject({ code: 'conflict' })
      expect(readFileSync(file()).equals(before)).toBe(true)
      const again = await open({ syncUrl: undefined })
      expect(await namesIn(again)).toEqual(['mine'])
    })

    test('on a network filesystem', async () => {
      expect(await rejection(made({ journal: async () => 'delete' }).open())).toMatchObject({ code: 'invalid_input' })
    })

    test('when the process that keeps it cannot be started', async () => {
      const error = await rejection(made({ replicaCommand: ['/nonexistent/airkeep'] }).open())
      expect(error).toMatchObject({ code: 'internal' })
    })
  })

  test('an empty file is no hindrance', async () => {
    writeFileSync(file(), '')
    const db = await open()
    await add(db, 'a')
    expect(await namesIn(db)).toEqual(['a'])
  })

  test('is not taken for a database of its own later on', async () => {
    await (await open()).close()
    const error = await rejection(made({ syncUrl: undefined }).open())
    expect(error).toMatchObject({ code: 'conflict', hint: expect.stringContaining('AIRKEEP_DB_SYNC_URL') })
    expect(existsSync(file())).toBe(true)
  })
})

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}

/** Whether anyone has a connection to this server, looked up by the port of the far end (proc(5), /proc/net/tcp). */
function isAsked(url: string): boolean {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'utf8').includes(`:${port} 01`)
}
