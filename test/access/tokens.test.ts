import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEnvToken } from '../../src/access/env-token.ts'
import { tokensTable } from '../../src/access/table.ts'
import { createTokens, type Tokens } from '../../src/access/tokens.ts'
import { createAudit } from '../../src/db/audit.ts'
import { auditTable } from '../../src/db/audit-table.ts'
import type { Db } from '../../src/db/db.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { failureOf } from '../hash/outcome.ts'
import { rejection } from '../support/rejection.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

let temp: TempDb
let now = 0
let queries = 0
let envToken: string | undefined

beforeEach(async () => {
  temp = await openTempDb()
  now = 1_700_000_000_000
  queries = 0
  envToken = undefined
})
afterEach(() => temp.close())

/** Another process, or another host, on the same database. */
function open(): Tokens {
  const { db } = temp
  const counted: Pick<Db, 'read' | 'write'> = {
    get read() {
      queries += 1
      return db.read
    },
    write: (fn) => db.write(fn),
  }
  return createTokens({
    db: counted,
    audit: createAudit(db),
    clock: { now: () => now },
    log: silentLog,
    envToken: async () => envToken,
  })
}

const NEW = { name: 'agent', permissions: ['track:write', 'track:read'], createdBy: 'local' } as const

describe('a token', () => {
  test('is shown once, stored as a digest, and is its actor', async () => {
    const tokens = open()
    const { token, row } = await tokens.create(NEW)
    expect(token).toMatch(/^ak_[\w-]{43}$/)
    expect(row.permissions).toEqual(['track:read', 'track:write'])
    const actor = await tokens.verify(token)
    expect(actor).toMatchObject({ kind: 'token', name: 'agent' })
    expect([...(actor?.permissions ?? [])]).toEqual(['track:read', 'track:write'])
    const stored = JSON.stringify([await temp.db.read.select().from(tokensTable), await audits()])
    expect(stored).not.toContain(token)
    expect(stored).not.toContain(token.slice(3, 20))
  })

  test('that is not known is nobody', async () => {
    const tokens = open()
    const { token } = await tokens.create(NEW)
    for (const wrong of ['', 'ak_', `${token}x`, token.slice(0, -1), token.toUpperCase()]) {
      expect(await tokens.verify(wrong)).toBeUndefined()
    }
  })

  test('costs no query once tokens are read, and one look every 15 s', async () => {
    const tokens = open()
    const { token } = await tokens.create(NEW)
    await tokens.verify(token)
    queries = 0
    for (let at = 0; at < 50; at += 1) await tokens.verify(token)
    await Promise.all([tokens.configured(), tokens.verify('ak_other')])
    expect(queries).toBe(0)
    now += 15_000
    await Promise.all(Array.from({ length: 20 }, () => tokens.verify(token)))
    expect(queries).toBe(1)
  })

  test('name is unique, also under twenty creates at once', async () => {
    const tokens = open()
    const made = await Promise.allSettled(Array.from({ length: 20 }, () => tokens.create(NEW)))
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await failureOf(tokens.create(NEW))).toMatchObject({ code: 'conflict' })
    expect((await tokens.list({ revoked: true, limit: 50, offset: 0 })).count).toBe(1)
  })
})

describe('revoking', () => {
  test('takes effect at once and keeps the row', async () => {
    const tokens = open()
    const { token } = await tokens.create(NEW)
    const actor = await tokens.verify(token)
    expect(actor !== undefined && (await tokens.isLive(actor))).toBe(true)
    await tokens.revoke('agent', 'local')
    expect(await tokens.verify(token)).toBeUndefined()
    expect(actor !== undefined && (await tokens.isLive(actor))).toBe(false)
    expect(await tokens.configured()).toBe(false)
    expect(await tokens.list({ revoked: false, limit: 50, offset: 0 })).toMatchObject({ count: 0 })
    expect((await tokens.list({ revoked: true, limit: 50, offset: 0 })).rows).toHaveLength(1)
  })

  test('frees no name: what a token made belongs to nobody who comes later', async () => {
    const tokens = open()
    await tokens.create(NEW)
    expect(await rejection(tokens.create({ ...NEW, name: 'AGENT' }))).toMatchObject({
      code: 'conflict',
      message: 'There is a token named agent already',
    })
    await tokens.revoke('agent', 'local')
    for (const name of ['agent', 'Agent', 'AGENT']) {
      expect(await rejection(tokens.create({ ...NEW, name }))).toMatchObject({
        code: 'conflict',
        message: 'A token named agent was revoked',
        hint: 'Choose another name: what that token made goes on carrying its name',
      })
    }
    expect((await tokens.create({ ...NEW, name: 'agent-2' })).row.name).toBe('agent-2')
  })

  test('reaches another host of the same database within 15 s', async () => {
    const here = open()
    const there = open()
    const { token } = await here.create(NEW)
    expect((await there.verify(token))?.name).toBe('agent')
    await here.revoke('agent', 'local')
    now += 15_000
    expect(await there.verify(token)).toBeUndefined()
  })

  test('of a token that was read while it was revoked counts', async () => {
    const tokens = open()
    const { token } = await tokens.create(NEW)
    const [, verified] = await Promise.all([tokens.revoke('agent', 'local'), tokens.verify(token)])
    // Whichever came first: afterwards it is gone.
    expect([undefined, 'agent']).toContain(verified?.name)
    expect(await tokens.verify(token)).toBeUndefined()
  })

  test('of what is not there is not_found', async () => {
    const tokens = open()
    expect(await failureOf(tokens.revoke('nobody', 'local'))).toEqual({
      code: 'not_found',
      message: 'Record not found',
    })
    await tokens.create(NEW)
    await tokens.revoke('agent', 'local')
    expect(await failureOf(tokens.revoke('agent', 'local'))).toMatchObject({ code: 'not_found' })
  })
})

test('every change leaves an audit row, a refused one none', async () => {
  const tokens = open()
  await tokens.create(NEW)
  await failureOf(tokens.create(NEW))
  await tokens.revoke('agent', 'root-agent')
  await failureOf(tokens.revoke('agent', 'local'))
  expect(await audits()).toMatchObject([
    { op: 'create_token', actor: 'local', table: 'tokens', rowId: '1', before: null, after: { name: 'agent' } },
    {
      op: 'revoke_token',
      actor: 'root-agent',
      rowId: '1',
      before: { revoked_at: null },
      after: { name: 'agent', revoked_at: now },
    },
  ])
})

test('the last use is kept to the hour', async () => {
  const tokens = open()
  const { token } = await tokens.create(NEW)
  const lastUse = async (): Promise<unknown> => {
    // Writes are in order: this one waits for the one beside the request.
    await temp.db.write(async () => {})
    return (await tokens.list({ revoked: false, limit: 1, offset: 0 })).rows[0]?.lastUsedAt
  }
  expect(await lastUse()).toBeNull()
  const first = now
  await tokens.verify(token)
  expect(await lastUse()).toBe(first)
  now += 3_599_000
  await tokens.verify(token)
  expect(await lastUse()).toBe(first)
  now += 1_000
  await tokens.verify(token)
  expect(await lastUse()).toBe(now)
})

describe('the token set from outside', () => {
  test('is an admin named env and cannot be revoked', async () => {
    envToken = 'from-outside'
    const tokens = open()
    const actor = await tokens.verify('from-outside')
    expect(actor).toMatchObject({ kind: 'token', name: 'env' })
    expect([...(actor?.permissions ?? [])]).toEqual(['admin'])
    expect(await tokens.configured()).toBe(true)
    expect(await failureOf(tokens.revoke('env', 'local'))).toMatchObject({ code: 'conflict' })
  })

  test('follows when it is replaced', async () => {
    envToken = 'first'
    const tokens = open()
    const actor = await tokens.verify('first')
    envToken = 'second'
    now += 15_000
    expect(await tokens.verify('first')).toBeUndefined()
    expect((await tokens.verify('second'))?.name).toBe('env')
    expect(actor !== undefined && (await tokens.isLive(actor))).toBe(false)
  })

  test('comes from AIRKEEP_TOKEN, else from the content of AIRKEEP_TOKEN_FILE', async () => {
    const file = join(temp.dir, 'token')
    writeFileSync(file, 'in-the-file\n')
    expect(await createEnvToken({ token: '', token_file: '' })()).toBeUndefined()
    expect(await createEnvToken({ token: 'direct', token_file: file })()).toBe('direct')
    expect(await createEnvToken({ token: '', token_file: file })()).toBe('in-the-file')
  })

  test('closes the door where its file is missing or empty', async () => {
    const empty = join(temp.dir, 'empty')
    writeFileSync(empty, ' \n')
    for (const token_file of [empty, join(temp.dir, 'absent'), temp.dir]) {
      const tokens = createTokens({
        db: temp.db,
        audit: createAudit(temp.db),
        clock: { now: () => now },
        log: silentLog,
        envToken: createEnvToken({ token: '', token_file }),
      })
      expect(await failureOf(tokens.configured())).toMatchObject({ code: 'invalid_input' })
      expect(await failureOf(tokens.verify('x'))).toMatchObject({ code: 'invalid_input' })
    }
  })
})

test('the owner is always live, a stranger never', async () => {
  const tokens = open()
  expect(await tokens.isLive(OWNER)).toBe(true)
  expect(await tokens.isLive({ kind: 'token', name: 'agent', permissions: new Set() })).toBe(false)
})

const audits = () => temp.db.read.select().from(auditTable)
