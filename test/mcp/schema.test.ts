import { describe, expect, test } from 'bun:test'
import { fromJsonSchema } from '@modelcontextprotocol/server'
import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { orError } from '../../src/mcp/schema.ts'
import { toToolError } from '../../src/mcp/tool-result.ts'
import { toOutputJsonSchema } from '../../src/operation/json-schema.ts'
import { describedOperations } from '../support/operations.ts'

const tools = describedOperations().filter(({ surfaces }) => surfaces.includes('mcp'))
const everything = new AppError('conflict', 'It is there', {
  hint: 'Use it',
  errors: [{ path: 'asset_url', expected: 'something new' }],
  existing: { asset_id: '7' },
  retryAfterSeconds: 3,
})
const accepts = async (schema: object, value: unknown): Promise<boolean> =>
  (await fromJsonSchema({ ...schema })['~standard'].validate(value)).issues === undefined

describe('what a tool is said to answer', () => {
  test.each(tools.map((tool) => [tool.name, tool] as const))('%s: an error as well', async (_, tool) => {
    const { structuredContent } = toToolError(everything, 'req_1')
    expect(await accepts(orError(tool.outputJsonSchema()), structuredContent)).toBe(true)
  })

  test('nothing else', async () => {
    const schema = orError(toOutputJsonSchema(v.object({ text: v.string(), by: v.string() })))
    expect(await accepts(schema, { text: 'a', by: 'b' })).toBe(true)
    expect(await accepts(schema, { code: 'internal', detail: 'a' })).toBe(true)
    for (const wrong of [{}, { text: 'a' }, { code: 'internal' }, { text: 7, by: 'b' }]) {
      expect([wrong, await accepts(schema, wrong)]).toEqual([wrong, false])
    }
  })
})
