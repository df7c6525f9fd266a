import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { toInputJsonSchema } from '../../src/operation/json-schema.ts'

const fieldOf = (schema: v.GenericSchema) => toInputJsonSchema(v.strictObject({ field: schema })).properties?.field

test.each([
  ['any object', v.record(v.string(), v.unknown()), { type: 'object', additionalProperties: true }],
  ['an object of texts', v.record(v.string(), v.string()), { additionalProperties: { type: 'string' } }],
  ['no other fields', v.strictObject({}), { type: 'object', properties: {}, additionalProperties: false }],
  ['a list of anything', v.array(v.unknown()), { type: 'array' }],
  ['a list', v.array(v.record(v.string(), v.unknown())), { items: { type: 'object', additionalProperties: true } }],
  [
    'a described field that may be null',
    v.nullish(v.pipe(v.string(), v.maxLength(3), v.description('Three letters'))),
    { description: 'Three letters', anyOf: [{ type: 'string', maxLength: 3 }, { type: 'null' }] },
  ],
  [
    'branches that say different things keep them',
    v.union([v.pipe(v.string(), v.description('Words')), v.pipe(v.number(), v.description('How many'))]),
    {
      anyOf: [
        { type: 'string', description: 'Words' },
        { type: 'number', description: 'How many' },
      ],
    },
  ],
  [
    'names of a shape',
    v.record(v.pipe(v.string(), v.regex(/^a/)), v.string()),
    { propertyNames: { type: 'string', pattern: '^a' } },
  ],
])('%s', (_, schema, expected) => {
  expect(fieldOf(schema)).toMatchObject(expected)
  for (const word of ['"additionalProperties":{}', '"items":{}', '"propertyNames":{"type":"string"}']) {
    expect(JSON.stringify(fieldOf(schema))).not.toContain(word)
  }
})

test('what JSON Schema cannot say is refused', () => {
  expect(() =>
    fieldOf(
      v.pipe(
        v.string(),
        v.check(() => true),
      ),
    ),
  ).toThrow()
})
