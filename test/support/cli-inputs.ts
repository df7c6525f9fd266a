import fc from 'fast-check'
import type { Field } from '../../src/cli/fields.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import type { JsonSchema } from '../../src/operation/json-schema.ts'

/**
 * Inputs that flags can say, of the types that `schema` names (lengths and patterns are not kept: they are
 * the operation's to check). Left out is what no flag can say: any value where the schema allows any.
 */
export function inputsOf(schema: JsonSchema, fields: readonly Field[]): fc.Arbitrary<JsonObject> {
  const shape: Record<string, fc.Arbitrary<JsonValue>> = {}
  for (const { name, isAlias, kind, schema: property } of fields) {
    if (isAlias || kind === 'file') continue
    shape[name] = valuesOf(property)
  }
  const required = (schema.required ?? []).filter((name) => name in shape)
  return fc.record(shape, { requiredKeys: required }) as fc.Arbitrary<JsonObject>
}

const texts = fc.oneof(
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  fc.constantFrom('-', '--json', '-1', 'a,b', ',', '[1]', '["x"]', '@file', 'null', 'true', '', ' ', 'a=b', '{"a":1}'),
)

// The sign of zero is no part of JSON.
const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((value) => value + 0)

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as JsonValue)

function valuesOf(schema: JsonSchema): fc.Arbitrary<JsonValue> {
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as JsonValue[]))
  if (schema.const !== undefined) return fc.constant(schema.const as JsonValue)
  const branches = schema.anyOf ?? schema.oneOf
  if (branches !== undefined) {
    const kinds = branches.map(({ type }) => type)
    // Text wins over every other type that text could stand for.
    const sayable = kinds.includes('string')
      ? branches.filter(({ type }) => type === 'string' || type === 'null')
      : branches
    return fc.oneof(...sayable.map(valuesOf))
  }
  switch (schema.type) {
    case 'null':
      return fc.constant(null)
    case 'string':
      return texts
    case 'integer':
      return fc.integer()
    case 'number':
      return numbers
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), { maxLength: 4 })
    case 'object':
      return schema.properties === undefined
        ? fc.dictionary(fc.string(), json)
        : fc.record(
            Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, valuesOf(part)])),
            { requiredKeys: schema.required ?? [] },
          )
    default:
      return texts
  }
}
