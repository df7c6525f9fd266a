import { isDeepStrictEqual } from 'node:util'
import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema'
import type { InputSchema, OutputSchema } from './operation.ts'

/** As much of JSON Schema 2020-12 as valibot's converter writes. */
export interface JsonSchema {
  $schema?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  items?: JsonSchema
  propertyNames?: JsonSchema
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  default?: unknown
  examples?: unknown[]
  [keyword: string]: unknown
}

/** An object's schema without a field that a surface cannot carry. */
export function withoutField(schema: JsonSchema, field: string | undefined): JsonSchema {
  if (field === undefined) return schema
  const { [field]: _, ...properties } = schema.properties ?? {}
  return { ...schema, properties }
}

const CONFIG: ConversionConfig = { target: 'draft-2020-12', errorMode: 'throw' }

/** @throws Error where the schema says something that JSON Schema cannot (a gate converts every operation) */
export const toInputJsonSchema = (schema: InputSchema): JsonSchema =>
  bare(toJsonSchema(schema, { ...CONFIG, typeMode: 'input' }) as JsonSchema)

export const toOutputJsonSchema = (schema: OutputSchema): JsonSchema =>
  bare(toJsonSchema(schema, { ...CONFIG, typeMode: 'input' }) as JsonSchema)

function bare(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = schema
  return plain(rest)
}

/**
 * The same schema as its readers expect it: `true` for what allows everything (linters take `{}` for a mistake), nothing
 * that goes without saying, and a description where one looks for it, not in a branch.
 */
function plain(schema: JsonSchema): JsonSchema {
  const { type, description, properties, items, additionalProperties, propertyNames, anyOf, oneOf, ...rest } = schema
  const [told, ...more] = (anyOf ?? []).filter((branch) => branch.description !== undefined)
  const lifted = description === undefined && more.length === 0 ? told : undefined
  const said = description ?? lifted?.description
  return {
    ...(type === undefined ? {} : { type }),
    ...(said === undefined ? {} : { description: said }),
    ...(properties === undefined ? {} : { properties: mapValues(properties, plain) }),
    ...(items === undefined || isOpen(items) ? {} : { items: plain(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((one) => plain(one === lifted ? withoutWords(one) : one)) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(plain) }),
    ...rest,
    ...(propertyNames === undefined || isAnyText(propertyNames) ? {} : { propertyNames }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: openOrPlain(additionalProperties) }),
  }
}

const withoutWords = ({ description: _, ...rest }: JsonSchema): JsonSchema => rest

const isOpen = (schema: JsonSchema): boolean => Object.keys(schema).length === 0

/** `{"type":"string"}`: names of properties are never anything else. */
const isAnyText = (schema: JsonSchema): boolean => isDeepStrictEqual(schema, { type: 'string' })

function openOrPlain(schema: boolean | JsonSchema): boolean | JsonSchema {
  if (typeof schema === 'boolean') return schema
  return isOpen(schema) ? true : plain(schema)
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
