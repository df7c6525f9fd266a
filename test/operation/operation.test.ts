import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { idField, limitField, MAX_ID } from '../../src/operation/fields.ts'
import { type Call, defineOperation } from '../../src/operation/operation.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'

const operation = defineOperation({
  name: 'update_thing',
  summary: 'Change a thing',
  description: 'Changes a thing',
  example: { thing_id: '1' },
  effect: 'write',
  permission: 'track:write',
  http: { method: 'patch', path: '/v1/things/{thing_id}' },
  aliases: { old_name: 'title' },
  input: v.strictObject({
    thing_id: idField('thing_id', 'Which one'),
    post_id: v.nullish(idField('post_id', 'Its post')),
    title: v.optional(v.string()),
    kind: v.optional(v.picklist(['image', 'video'])),
    metadata: v.optional(v.record(v.string(), v.unknown())),
    limit: limitField(50, 500),
  }),
  output: v.looseObject({}),
  run: async (input) => ({ input }),
})

const call = (actor: Actor = OWNER): Call => ({
  signal: new AbortController().signal,
  requestId: 'req_1',
  surface: 'http',
  actor,
  progress() {},
})

async function failure(input: unknown, actor?: Actor): Promise<AppError> {
  try {
    await operation.invoke(input, call(actor))
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('it was accepted')
}

const deep = (levels: number): unknown => {
  let value: unknown = 'x'
  for (let level = 0; level < levels; level += 1) value = { a: value }
  return value
}

describe('bad input is named by path and expectation, never by value', () => {
  const cases: [label: string, input: unknown, message: string][] = [
    ['nothing', undefined, 'The input must be an object'],
    ['a list', [], 'The input must be an object'],
    ['a missing field', {}, 'thing_id is required'],
    ['an unknown field', { thing_id: '1', secret: 'hunter2' }, 'secret is not a field of this operation'],
    ['letters', { thing_id: 'abc' }, 'thing_id must be a valid integer ID'],
    ['an empty id', { thing_id: '' }, 'thing_id must be a valid integer ID'],
    ['a sign', { thing_id: '-1' }, 'thing_id must be a valid integer ID'],
    ['a number', { thing_id: 1.5 }, 'thing_id must be a valid integer ID'],
    ['a whole number', { thing_id: 7 }, 'thing_id must be a valid integer ID'],
    ['a leading zero', { thing_id: '007' }, 'thing_id must be a valid integer ID'],
    ['zero', { thing_id: '0' }, 'thing_id must be a valid integer ID'],
    ['30 digits', { thing_id: '1'.repeat(30) }, 'thing_id must be a valid integer ID'],
    ['one past the largest', { thing_id: String(BigInt(MAX_ID) + 1n) }, 'thing_id must be a valid integer ID'],
    ['a digit of another script', { thing_id: '١' }, 'thing_id must be a valid integer ID'],
    ['SQL', { thing_id: "1' OR '1'='1" }, 'thing_id must be a valid integer ID'],
    ['the other id', { thing_id: '1', post_id: 'x' }, 'post_id must be a valid integer ID'],
    ['a choice', { thing_id: '1', kind: 'hunter2' }, 'kind must be one of image, video'],
    ['a wrong type', { thing_id: '1', title: 12345 }, 'title must be a string'],
    ['a limit of zero', { thing_id: '1', limit: 0 }, 'limit must be at least 1'],
    ['a limit too large', { thing_id: '1', limit: 501 }, 'limit must be at most 500'],
    ['half a row', { thing_id: '1', limit: 1.5 }, 'limit must be a whole number'],
    ['a NUL', { thing_id: '1', title: 'a\0b' }, 'title must have text without NUL characters'],
    ['a NUL in a key', { thing_id: '1', metadata: { 'a\0': 1 } }, 'metadata must have text without NUL characters'],
    ['half a surrogate pair', { thing_id: '1', title: '\ud800' }, 'title must have well-formed Unicode text'],
    ['too deep', { thing_id: '1', metadata: deep(64) }, 'metadata must have at most 64 levels of nesting'],
    ['far too deep', { thing_id: '1', metadata: deep(50_000) }, 'metadata must have at most 64 levels of nesting'],
    ['two names that disagree', { thing_id: '1', title: 'a', old_name: 'b' }, 'old_name and title must not disagree'],
  ]
  test.each(cases)('%s', async (_, input, message) => {
    const error = await failure(input)
    expect(error.code).toBe('invalid_input')
    expect(error.message).toBe(message)
    expect(JSON.stringify(error.errors)).not.toContain('hunter2')
  })
})

test('ids are bounded before they become numbers', async () => {
  expect(await operation.invoke({ thing_id: String(MAX_ID) }, call())).toMatchObject({
    input: { thing_id: String(MAX_ID) },
  })
  expect(await operation.invoke({ thing_id: '9007199254740989' }, call())).toBeDefined()
  expect((await failure({ thing_id: '9007199254740992' })).code).toBe('invalid_input')
  expect((await failure({ thing_id: '9907199254740991' })).code).toBe('invalid_input')
})

test('63 levels of nesting pass', async () => {
  expect(await operation.invoke({ thing_id: '1', metadata: deep(62) }, call())).toBeDefined()
})

test('what is left out stays absent, null stays null, aliases are renamed', async () => {
  expect(await operation.invoke({ thing_id: '1', post_id: null, old_name: 'x' }, call())).toEqual({
    input: { thing_id: '1', post_id: null, title: 'x', limit: 50 },
  })
})

test('a permission that is missing is told before the input is looked at', async () => {
  const reader: Actor = { kind: 'token', name: 'reader', permissions: new Set(['track:read']) }
  expect((await failure({ nonsense: true }, reader)).code).toBe('forbidden')
  const admin: Actor = { kind: 'token', name: 'admin', permissions: new Set(['admin']) }
  expect(await operation.invoke({ thing_id: '1' }, call(admin))).toBeDefined()
})

test('a call that was cancelled before it ran does not run', async () => {
  const signal = AbortSignal.abort()
  await expect(operation.invoke({ thing_id: '1' }, { ...call(), signal })).rejects.toThrow()
})

test('the JSON Schema says what the operation accepts', () => {
  const schema = operation.inputJsonSchema()
  expect(schema.additionalProperties).toBe(false)
  expect(schema.required).toEqual(['thing_id'])
  expect(schema.properties?.limit).toMatchObject({ type: 'integer', minimum: 1, maximum: 500, default: 50 })
  const pattern = new RegExp(String(schema.properties?.thing_id?.pattern))
  for (const id of ['1', '10', String(MAX_ID)]) expect([id, pattern.test(id)]).toEqual([id, true])
  for (const id of ['', '0', '01', '-1', '1.0', ' 1', `${MAX_ID}0`]) expect([id, pattern.test(id)]).toEqual([id, false])
  // A model reads it with every id field: the last digits would cost ten times its length, and are checked anyway.
  expect(pattern.source.length).toBeLessThan(30)
})
