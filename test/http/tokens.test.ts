import { expect, test } from 'bun:test'
import { createTokenOperations } from '../../src/access/operations.ts'
import { SECRET, startApp } from './test-app.ts'

test('the life of a token: the door is open, closes with the first one, and opens with the last', async () => {
  await using t = await startApp({ operations: (tokens) => createTokenOperations({ tokens }) })
  const call = async (method: string, path: string, bearer?: string, body?: object) => {
    const response = await t.fetch(path, {
      method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const made = await call('POST', '/v1/tokens', undefined, { name: 'agent', permission: ['track:read'] })
  expect(made).toMatchObject({ status: 201, body: { name: 'agent', created_by: 'local' } })
  const token = String(made.body.token)

  expect(await call('GET', '/v1/tokens')).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
  expect(await call('GET', '/v1/tokens', token)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  const listed = await call('GET', '/v1/tokens', SECRET)
  expect(listed).toMatchObject({
    status: 200,
    body: { count: 1, items: [{ name: 'agent', permissions: ['track:read'] }] },
  })
  expect(JSON.stringify(listed)).not.toContain(token)
  expect(await call('POST', '/v1/tokens', SECRET, { name: 'agent', permissions: ['admin'] })).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  })

  expect(await call('DELETE', '/v1/tokens/agent', token)).toMatchObject({ status: 403 })
  expect(await call('DELETE', '/v1/tokens/agent', SECRET)).toMatchObject({ status: 200, body: { name: 'agent' } })
  expect(await call('DELETE', '/v1/tokens/agent', SECRET)).toMatchObject({
    status: 404,
    body: { detail: 'Record not found' },
  })
  expect(await call('GET', '/v1/tokens', token)).toMatchObject({ status: 401 })
  expect(await call('GET', '/v1/tokens')).toMatchObject({ status: 200, body: { count: 0 } })
  expect(JSON.stringify(t.log)).not.toContain(token)
})
