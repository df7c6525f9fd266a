import * as v from 'valibot'
import { isJsonObject, type JsonObject } from '../lib/json.ts'

const record = v.record(v.string(), v.unknown())

export interface JsonObjectLimits {
  /** Bytes of the object as JSON in UTF-8; no limit where undefined. */
  readonly maxBytes?: number
}

/**
 * Any JSON object, kept exactly as it came. valibot's record (1.5.0) takes lists for objects and drops the keys
 * `constructor` and `prototype`; so its parsing is replaced here, while its shape still gives the JSON Schema.
 */
export const jsonObjectField = (name: string, { maxBytes }: JsonObjectLimits = {}): v.GenericSchema<JsonObject> =>
  ({
    ...record,
    '~run'(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      const { value } = dataset
      const fault = faultOf(value, name, maxBytes)
      if (fault === undefined) return { typed: true, value } as v.SuccessDataset<JsonObject>
      v._addIssue(record, 'type', dataset, config, { message: fault } as never)
      return dataset as unknown as v.OutputDataset<JsonObject, v.BaseIssue<unknown>>
    },
  }) as v.GenericSchema<JsonObject>

function faultOf(value: unknown, name: string, maxBytes: number | undefined): string | undefined {
  if (!isJsonObject(value)) return `${name} must be a JSON object`
  if (maxBytes === undefined || Buffer.byteLength(JSON.stringify(value)) <= maxBytes) return undefined
  return `${name} must have at most ${maxBytes} bytes as JSON`
}
