import * as v from 'valibot'
import { jsonObjectField } from '../operation/json-object-field.ts'

/** Bytes of one metadata object as JSON in UTF-8. */
export const MAX_METADATA_BYTES = 2 ** 20

export const metadataField = v.pipe(
  jsonObjectField('metadata', { maxBytes: MAX_METADATA_BYTES }),
  v.description('Any JSON object worth keeping: API response, tags, workflow. Replaced whole, 1 MiB at most'),
)

/** A JSON object in an answer, null where there is none. */
export const shownMetadata = v.nullable(jsonObjectField('metadata'))
