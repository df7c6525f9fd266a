import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { createTokenOperations } from '../../src/access/operations.ts'
import { createTokens } from '../../src/access/tokens.ts'
import { createAudit } from '../../src/db/audit.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { Operation } from '../../src/operation/operation.ts'
import { type Actor, OWNER, PERMISSIONS } from '../../src/operation/permission.ts'
import { failureOf } from '../hash/outcome.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

let temp: TempDb
let operations: readonly Operation[]

beforeEach(async () => {
  temp = await openTempDb()
  const tokens = createTokens({
    db: temp.db,
    audit: createAudit(temp.db),
    clock: { now: () => Date.UTC(2025, 0, 15, 10) },
    log: silentLog,
    envToken: async () => undefined,
  })
  operations = createTokenOperations({ tokens })
})
afterEach(() => temp.close())

async function call(name: string, input: unknown, actor: Actor = OWNER): Promise<JsonObject> {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  const output = await operation.invoke(input, {
    signal: new AbortController().signal,
    requestId: 'req_1',
    surface: 'http',
    actor,
    progress() {},
  })
  v.parse(operation.outputSchema, output)
  return output
}

test('make, list, revoke', async () => {
  const made = await call('create_token', { name: 'agent', permission: ['track:write', 'track:read', 'track:read'] })
  expect(made).toEqual({
    name: 'agent',
    permissions: ['track:read', 'track:write'],
    created_at: '2025-01-15T10:00:00.000Z',
    created_by: 'local',
    last_used_at: null,
    revoked_at: null,
    token: expect.stringMatching(/^ak_/),
  })
  const { token: _, ...shown } = made
  expect(await call('list_tokens', {})).toEqual({ items: [shown], count: 1, limit: 50, offset: 0 })
  expect(await call('revoke_token', { name: 'agent' })).toEqual({ ...shown, revoked_at: '2025-01-15T10:00:00.000Z' })
  expect(await call('list_tokens', {})).toMatchObject({ items: [], count: 0 })
  expect(await call('list_tokens', { revoked: true, limit: 1 })).toMatchObject({ count: 1, items: [{ name: 'agent' }] })
})

test('an agent cannot hold them, an admin token can', async () => {
  for (const operation of operations) {
    expect(operation.surfaces).toEqual(['http', 'cli'])
    expect(operation.permission).toBe('admin')
  }
  const all: Actor = {
    kind: 'token',
    name: 'a',
    permissions: new Set(PERMISSIONS.filter((permission) => permission !== 'admin')),
  }
  const input = { name: 'x', permission: ['admin'] }
  for (const name of ['create_token', 'list_tokens', 'revoke_token']) {
    expect(await failureOf(call(name, input, all))).toMatchObject({ code: 'forbidden' })
  }
  const admin: Actor = { kind: 'token', name: 'a', permissions: new Set(['admin']) }
  expect(await call('create_token', input, admin)).toMatchObject({ name: 'x', created_by: 'a' })
})

test('names that only begin like the reserved ones are free', async () => {
  for (const name of ['Locally', 'env2', 'local-agent', 'my.env']) {
    expect(await call('create_token', { name, permission: ['admin'] })).toMatchObject({ name })
  }
})

describe('refused', () => {
  test.each([
    [{}, 'name'],
    [{ name: 'a' }, 'permission'],
    [{ name: 'a', permission: [] }, 'permission'],
    [{ name: 'a', permission: ['everything'] }, 'permission'],
    [{ name: 'a', permission: 'admin' }, 'permission'],
    [{ name: 'local', permission: ['admin'] }, 'neither local nor env'],
    [{ name: 'env', permission: ['admin'] }, 'neither local nor env'],
    [{ name: 'LOCAL', permission: ['admin'] }, 'neither local nor env'],
    [{ name: 'Env', permission: ['admin'] }, 'neither local nor env'],
    [{ name: '', permission: ['admin'] }, 'name must be'],
    [{ name: 'a b', permission: ['admin'] }, 'name must be'],
    [{ name: '../x', permission: ['admin'] }, 'name must be'],
    [{ name: 'a\n', permission: ['admin'] }, 'name must be'],
    [{ name: 'x'.repeat(65), permission: ['admin'] }, 'name must be'],
    [{ name: 'a', permission: ['admin'], token: 'mine' }, 'not a field'],
  ])('%j', async (input, message) => {
    const failure = await failureOf(call('create_token', input))
    expect(failure.code).toBe('invalid_input')
    expect(failure.message).toContain(message)
    expect(await call('list_tokens', {})).toMatchObject({ count: 0 })
  })
})
