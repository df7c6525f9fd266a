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
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  default?: unknown
  examples?: unknown[]
  [keyword: string]: unknown
}

const CONFIG: ConversionConfig = { target: 'draft-2020-12', errorMode: 'throw' }

/** @throws Error where the schema says something that JSON Schema cannot (a gate converts every operation) */
export const toInputJsonSchema = (schema: InputSchema): JsonSchema =>
  bare(toJsonSchema(schema, { ...CONFIG, typeMode: 'input' }) as JsonSchema)

export const toOutputJsonSchema = (schema: OutputSchema): JsonSchema =>
  bare(toJsonSchema(schema, { ...CONFIG, typeMode: 'input' }) as JsonSchema)

function bare(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = schema
  return rest
}
