import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { cleanJson, cleanText } from '../operation/check-text.ts'
import type { Generation } from './generation.ts'

/** A prompt as the ledger keeps it: its words, and the rest of the generation record. */
export interface RecordedPrompt {
  readonly text: string
  readonly metadata: JsonObject | null
}

/** What create_prompt takes. */
const MAX_CHARACTERS = 1_000_000
const MAX_METADATA_BYTES = 2 ** 20

/** Undefined where there is no prompt, or one that the ledger would not take; metadata that it would not take are null. */
export function toRecordedPrompt({ prompt = '', ...rest }: Generation): RecordedPrompt | undefined {
  const text = cleanText(prompt)
  if (text.trim() === '' || text.length > MAX_CHARACTERS) return undefined
  const metadata = cleanJson(rest)
  const fits =
    isJsonObject(metadata) &&
    Object.keys(metadata).length > 0 &&
    Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES
  return { text, metadata: fits ? metadata : null }
}
