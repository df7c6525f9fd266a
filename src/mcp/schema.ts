import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import type { JsonSchema } from '../operation/json-schema.ts'

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
