import { AppError } from '../errors.ts'
import type { JsonSchema } from './json-schema.ts'

/** Strings as a query string or argv gives them: one, or several where the key was repeated. */
export type StringFields = Readonly<Record<string, string | readonly string[]>>

/**
 * Strings to the JSON types that `schema` asks for. What does not fit stays as it is, so that
 * validation names it; nothing is guessed: `null` is a word, `1e3` is a number, `yes` is not a boolean.
 * @throws AppError invalid_input where a single value is wanted and the key was repeated, and for broken JSON
 */
export function coerceStrings(fields: StringFields, schema: JsonSchema): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const [name, raw] of Object.entries(fields)) {
    const property = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined
    Object.defineProperty(input, name, {
      value: property === undefined ? raw : coerceField(name, raw, property),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return input
}

/** Schemas are made once for each operation and asked about with each request. */
const knownTypes = new WeakMap<JsonSchema, ReadonlySet<string>>()

/** JSON types that a property accepts, `null` left out. */
export function typesOf(schema: JsonSchema): ReadonlySet<string> {
  const known = knownTypes.get(schema)
  if (known !== undefined) return known
  const types = new Set<string>()
  knownTypes.set(schema, types)
  const add = (part: JsonSchema): void => {
    if (typeof part.type === 'string') types.add(part.type)
    else if (Array.isArray(part.type)) for (const type of part.type) types.add(type)
    else if (part.enum !== undefined) types.add('string')
    for (const branch of [...(part.anyOf ?? []), ...(part.oneOf ?? [])]) add(branch)
  }
  add(schema)
  types.delete('null')
  return types
}

/** The list branch of a property, where it may be a list. */
export function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  if (schema.items !== undefined) return schema.items
  for (const branch of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const items = itemsOf(branch)
    if (items !== undefined) return items
  }
  return undefined
}

function coerceField(name: string, raw: string | readonly string[], schema: JsonSchema): unknown {
  const types = typesOf(schema)
  if (types.has('array')) {
    // One comma-separated value, or the key repeated: then commas belong to the values.
    const parts = typeof raw === 'string' ? raw.split(',').filter((part) => part !== '') : raw
    const items = itemsOf(schema) ?? {}
    if (typesOf(items).has('object')) return toJson(name, typeof raw === 'string' ? raw : `[${raw.join(',')}]`)
    return parts.map((part) => coerceOne(name, part, items))
  }
  if (typeof raw !== 'string') {
    const only = raw.length === 1 ? raw[0] : undefined
    if (only !== undefined) return coerceOne(name, only, schema)
    const expected = `${name} may be given once`
    throw new AppError('invalid_input', expected, { errors: [{ path: name, expected }] })
  }
  return coerceOne(name, raw, schema)
}

function coerceOne(name: string, text: string, schema: JsonSchema): unknown {
  const types = typesOf(schema)
  if (types.has('string')) return text
  if ((types.has('number') || types.has('integer')) && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) {
    return Number(text)
  }
  if (types.has('boolean')) {
    if (text === 'true' || text === '1') return true
    if (text === 'false' || text === '0') return false
  }
  if (types.has('object')) return toJson(name, text)
  return text
}

function toJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const expected = `${name} must be JSON`
    throw new AppError('invalid_input', expected, { errors: [{ path: name, expected }], cause })
  }
}
