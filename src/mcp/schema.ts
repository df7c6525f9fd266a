import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import type { JsonSchema } from '../operation/json-schema.ts'

const OF_A_FAILED_CALL = {
  code: { type: 'string', description: 'Only of a failed call: the kind of error' },
  detail: { type: 'string', description: 'Only of a failed call: what is wrong' },
}

/**
 * What a tool answers, or the error that it answers instead. Clients hold the structured part of an error against this
 * schema too (SDK 1.32, Inspector 2.12), and show their model a complaint about it where they should show the error.
 */
export function orError({ properties, required = [], ...schema }: JsonSchema): JsonSchema {
  return {
    ...schema,
    properties: { ...properties, ...OF_A_FAILED_CALL },
    ...(required.length === 0 ? {} : { anyOf: [{ required }, { required: Object.keys(OF_A_FAILED_CALL) }] }),
  }
}

/**
 * A schema that tells clients what is expected and lets everything pass. The SDK answers bad input with a bare line
 * of text; the operation validates too, and its errors carry our code, the fields and a hint.
 */
export function described<T extends object>(toJsonSchema: () => JsonSchema): StandardSchemaWithJSON<T, T> {
  const converted = (): Record<string, unknown> => ({ type: 'object', ...toJsonSchema() })
  return {
    '~standard': {
      version: 1,
      vendor: 'airkeep',
      // What stands there was parsed as a JSON object by the SDK, or made by an operation.
      validate: (value) => ({ value: value as T }),
      jsonSchema: { input: converted, output: converted },
    },
  }
}
