import { AppError } from '../errors.ts'
import { coerceStrings, type StringFields } from '../operation/coerce.ts'
import type { JsonSchema } from '../operation/json-schema.ts'

/** A query string (without `?`) as fields: a list where a key is repeated. */
export function parseQuery(query: string): StringFields {
  // Without a prototype, so that a key named __proto__ is a key.
  const fields: Record<string, string | string[]> = Object.create(null)
  if (query === '') return fields
  for (const [name, value] of new URLSearchParams(query)) addField(fields, name, value)
  return fields
}

/** Adds to a list where the name was there before. */
export function addField(fields: Record<string, string | string[]>, name: string, value: string): void {
  const before = fields[name]
  if (before === undefined) fields[name] = value
  else if (typeof before === 'string') fields[name] = [before, value]
  else before.push(value)
}

/**
 * One flat input: what the path says stands beside what query or body say.
 * @throws AppError invalid_input where both name a field and disagree
 */
export function withPathFields(
  fields: Record<string, unknown>,
  params: Readonly<Record<string, string>>,
  schema: JsonSchema,
): Record<string, unknown> {
  const fromPath = coerceStrings(params, schema)
  for (const [name, value] of Object.entries(fromPath)) {
    if (Object.hasOwn(fields, name) && fields[name] !== value) {
      const expected = `${name} contradicts the path`
      throw new AppError('invalid_input', expected, { errors: [{ path: name, expected }] })
    }
  }
  return { ...fields, ...fromPath }
}
