import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { AppError } from '../../src/errors.ts'
import type { JsonSchema } from '../../src/operation/json-schema.ts'
import type { Operation } from '../../src/operation/operation.ts'
import { rejection } from '../support/rejection.ts'
import { aCall, aTokenActor, openTrack, type Track } from '../support/track.ts'

const track: Track = await openTrack()
afterAll(() => track.close())

/** A row of each kind, for examples that name one. */
beforeAll(async () => {
  await track.invoke('create_prompt', { prompt_text: 'a' })
})

const TABLES = ['prompts', 'assets', 'posts', 'asset_models', 'asset_stats', 'audit']
async function rowCounts(): Promise<unknown[]> {
  return Promise.all(
    TABLES.map(async (name) => (await track.db.read.all(sql.raw(`select count(*) as n from ${name}`)))[0]),
  )
}

const deep = (levels: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { x: value }
  return value
}

const IDS = [
  'abc',
  '',
  '-1',
  '+1',
  '0',
  '01',
  '1.5',
  '1e3',
  ' 1',
  '1 ',
  '٣',
  '1'.repeat(30),
  '9007199254740992',
  1,
  1.5,
  true,
  {},
  [],
  ['1'],
]
const OTHERS: Readonly<Record<string, readonly unknown[]>> = {
  string: [1, true, {}, [], ['x']],
  number: ['1', true, {}, [], Number.NaN],
  integer: ['1', 1.5, true, {}, [], Number.NaN, Number.POSITIVE_INFINITY],
  boolean: ['true', 1, {}, []],
  object: ['{}', 1, true, [], [['a', 1]]],
  array: ['x', 1, true, {}],
}

const isId = (schema: JsonSchema): boolean => schema['pattern']?.toString().includes('900719925474099') === true
const bare = (schema: JsonSchema): JsonSchema => schema.anyOf?.find(({ type }) => type !== 'null') ?? schema

/** Inputs that the schema of an operation does not allow, made from its example: what is wrong, and with what. */
function badInputs(operation: Operation): { what: string; input: unknown; message?: string }[] {
  const { properties = {}, required = [] } = operation.inputJsonSchema()
  const { example } = operation
  const bad: { what: string; input: unknown; message?: string }[] = []
  for (const input of [null, undefined, [], 'text', 5, true]) bad.push({ what: `input ${String(input)}`, input })
  bad.push({
    what: 'an unknown field',
    input: { ...example, unknown_field: 1 },
    message: 'unknown_field is not a field of this operation',
  })
  bad.push({
    what: 'nesting',
    input: { ...example, unknown_field: deep(100) },
    message: 'unknown_field must have at most 64 levels of nesting',
  })
  bad.push({ what: 'nesting without end', input: { ...example, unknown_field: deep(50_000) } })
  bad.push({ what: 'a field named __proto__', input: JSON.parse(`{"__proto__": {"admin": true}, "x": 1}`) })
  for (const field of required) {
    const { [field]: _, ...rest } = example
    bad.push({ what: `no ${field}`, input: rest, message: `${field} is required` })
  }
  for (const [field, property] of Object.entries(properties)) {
    const schema = bare(property)
    const add = (value: unknown, message?: string): void => {
      bad.push({
        what: `${field} = ${String(value).slice(0, 40)}`,
        input: { ...example, [field]: value },
        ...(message === undefined ? {} : { message }),
      })
    }
    if (isId(schema)) for (const value of IDS) add(value, `${field} must be a valid integer ID`)
    else
      for (const value of OTHERS[String(schema.type ?? (schema.enum === undefined ? '' : 'string'))] ?? []) add(value)
    if (schema === property) add(null)
    if (schema.type === 'string') {
      add('nul \0 inside')
      add('half \ud800 a letter')
      const longest = Number(schema['maxLength'] ?? 0)
      if (longest > 0) add('x'.repeat(longest + 1))
      if (schema['minLength'] === 1) add('')
      if (schema.enum !== undefined) for (const value of ['', 'other', String(schema.enum[0]).toUpperCase()]) add(value)
    }
    if (schema.type === 'integer')
      for (const value of [-1, 2 ** 53, ...(schema['minimum'] === 1 ? [0] : [])]) add(value)
    if (schema['maximum'] !== undefined) add(Number(schema['maximum']) + 1)
    if (schema.type === 'object') {
      add({ x: 'nul \0 inside' })
      add({ 'nul \0 inside': 1 })
      add({ x: deep(100) })
      add({ x: 'y'.repeat(2 ** 20) }, `${field} must have at most 1048576 bytes as JSON`)
    }
    if (schema.type === 'array') {
      add([null])
      add([['x']])
      add(Array.from({ length: Number(schema['maxItems'] ?? 0) + 1 }, () => '1'))
    }
  }
  return bad
}

describe.each(track.operations.map((operation) => [operation.name, operation] as const))('%s', (_, operation) => {
  const bad = badInputs(operation)

  test(`refuses ${bad.length} bad inputs and writes nothing`, async () => {
    const before = await rowCounts()
    for (const { what, input, message } of bad) {
      const error: unknown = await operation.invoke(input, aCall()).then(
        () => 'no error',
        (thrown) => thrown,
      )
      if (!(error instanceof AppError)) throw new Error(`${operation.name}: ${what} gave ${String(error)}`)
      expect([what, error.code]).toEqual([what, 'invalid_input'])
      if (message !== undefined) expect([what, error.message]).toEqual([what, message])
      // A value may be a secret typed into the wrong field.
      expect(error.message).not.toContain('xxxxx')
    }
    expect(await rowCounts()).toEqual(before)
  })

  test('needs its permission', async () => {
    const actor = aTokenActor('nobody')
    expect(await rejection(operation.invoke(operation.example, aCall({ actor })))).toMatchObject({ code: 'forbidden' })
  })
})

describe('text that looks like SQL is text', () => {
  const evil = `x'); DROP TABLE prompts; --" OR ""="`
  test('in every text field', async () => {
    const prompt = await track.invoke('create_prompt', {
      prompt_text: evil,
      llm_model: evil,
      purpose: evil,
      on_behalf_of: evil,
      metadata: { [evil]: evil },
    })
    expect(prompt).toMatchObject({ prompt_text: evil, llm_model: evil, on_behalf_of: evil, metadata: { [evil]: evil } })
    expect(await track.invoke('list_prompts', { query: evil })).toMatchObject({ count: 1 })
    for (const filter of [{ created_by: evil }, { query: `%${evil}` }]) {
      expect(await track.invoke('list_prompts', filter)).toMatchObject({ count: 0 })
    }
    expect(await track.invoke('list_civitai_posts', { created_by: evil, on_behalf_of: evil })).toMatchObject({
      count: 0,
    })
    expect(await track.invoke('list_assets', { created_by: evil })).toMatchObject({ count: 0 })
    expect(await track.invoke('list_events', { table: evil, row_id: evil, actor: evil })).toMatchObject({ count: 0 })
    expect(await track.invoke('find_asset', { civitai_url: evil })).toEqual({ found: false })
  })
})

test('times that are none', async () => {
  for (const start_time of ['yesterday', '2025-02-30', '2025-1-1', '1735689600', '2025-01-01T00:00:00']) {
    expect(await rejection(track.invoke('list_assets', { start_time }))).toMatchObject({
      code: 'invalid_input',
      message: 'start_time must be an ISO 8601 time such as 2025-01-15T10:00:00Z',
    })
  }
})

test('after all that the ledger works', async () => {
  expect(await track.invoke('create_prompt', { prompt_text: 'still here' })).toMatchObject({
    prompt_text: 'still here',
  })
})
