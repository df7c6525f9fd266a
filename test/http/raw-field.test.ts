import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { takeRawField } from '../../src/http/raw-field.ts'

async function take(body: string, field = 'payload'): Promise<{ rest: unknown; value: string } | undefined> {
  const split = await takeRawField(Buffer.from(body), field)
  if (split === undefined) return undefined
  return { rest: JSON.parse(Buffer.from(split.rest).toString()), value: Buffer.from(split.value).toString() }
}

describe('takes the value out', () => {
  test.each([
    ['an object', '{"payload":{"a":[1,{"b":"}"}]},"x":1}', '{"a":[1,{"b":"}"}]}', { payload: null, x: 1 }],
    ['a list, blanks around', '{ "x" : "y" , "payload" :\n [ "]" ] }', '[ "]" ]', { x: 'y', payload: null }],
    ['an empty object', '{"payload":{}}', '{}', { payload: null }],
    ['the name as a value before it', '{"x":"payload","payload":[]}', '[]', { x: 'payload', payload: null }],
    ['the name deeper inside', '{"x":{"payload":[1]},"payload":[2]}', '[2]', { x: { payload: [1] }, payload: null }],
    ['quotes and backslashes', '{"payload":["\\\\","\\"]"]}', '["\\\\","\\"]"]', { payload: null }],
  ])('%s', async (_, body, value, rest) => {
    expect(await take(body)).toEqual({ rest, value })
  })
})

test.each([
  ['a string', '{"payload":"{}"}'],
  ['a number', '{"payload":1}'],
  ['twice', '{"payload":{},"payload":[]}'],
  ['nowhere', '{"other":{}}'],
  ['only deeper', '{"x":{"payload":{}}}'],
  ['a list around', '[{"payload":{}}]'],
  ['cut off', '{"payload":{"a":1}'],
  ['cut off in a string', '{"payload":{"a":"1'],
  ['nothing', ''],
])('leaves alone: %s', async (_, body) => {
  expect(await take(body)).toBeUndefined()
})

test('what is taken out and the rest are the body again', async () => {
  const json = fc.jsonValue()
  const container = fc.oneof(fc.array(json), fc.dictionary(fc.string(), json))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), json), container, async (others, payload) => {
      const { payload: _, ...rest } = others
      const body = JSON.stringify({ ...rest, payload }, null, 1)
      const split = await take(body)
      expect(JSON.parse(split?.value ?? 'null')).toEqual(JSON.parse(JSON.stringify(payload)))
      expect(split?.rest).toEqual({ ...JSON.parse(JSON.stringify(rest)), payload: null })
    }),
  )
})

test.each([
  ['nodes', { nodes: Array.from({ length: 150_000 }, (_, id) => ({ id, text: '{"[' })) }],
  ['one text full of quotes', { text: '"'.repeat(1_500_000) }],
])('a body of megabytes is read in turns: %s', async (_, payload) => {
  const body = JSON.stringify({ payload })
  let turns = 0
  const count = (): void => {
    turns += 1
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const split = await take(body)
  clearImmediate(next)
  expect(split?.value).toBe(body.slice('{"payload":'.length, -1))
  expect(turns).toBeGreaterThan(1)
})
