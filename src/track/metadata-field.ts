import * as v from 'valibot'
import { isJsonObject, type JsonObject } from '../lib/json.ts'

/** Bytes of one metadata object as JSON in UTF-8. */
export const MAX_METADATA_BYTES = 2 ** 20

const NOT_AN_OBJECT = 'metadata must be a JSON object'
const TOO_LARGE = `metadata must have at most ${MAX_METADATA_BYTES} bytes as JSON`

const record = v.record(v.string(), v.unknown())

/**
 * Any JSON object, kept exactly as it came. valibot's record (1.5.0) takes lists for objects and drops the keys
 * `constructor` and `prototype`; so its parsing is replaced here, while its shape still gives the JSON Schema.
 */
const objectSchema = (faultOf: (value: JsonObject) => string | undefined): v.GenericSchema<JsonObject> =>
  ({
    ...record,
    '~run'(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      const { value } = dataset
      const fault = isJsonObject(value) ? faultOf(value) : NOT_AN_OBJECT
      if (fault === undefined) return { typed: true, value } as v.SuccessDataset<JsonObject>
      v._addIssue(record, 'type', dataset, config, { message: fault } as never)
      return dataset as unknown as v.OutputDataset<JsonObject, v.BaseIssue<unknown>>
    },
  }) as v.GenericSchema<JsonObject>

export const metadataField = v.pipe(
  objectSchema((value) => (Buffer.byteLength(JSON.stringify(value)) > MAX_METADATA_BYTES ? TOO_LARGE : undefined)),
  v.description('Any JSON object worth keeping: API response, tags, workflow. Replaced whole, 1 MiB at most'),
)

/** A JSON object in an answer, null where there is none. */
export const shownMetadata = v.nullable(objectSchema(() => undefined))
