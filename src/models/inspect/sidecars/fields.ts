import { isEmptyHash, parseSha256 } from '../../../hash/digest.ts'
import type { JsonValue } from '../../../lib/json.ts'
import { plainText } from '../bounded.ts'
import { isCivitaiId } from '../path-claims.ts'

/** Fields as sidecars write them: whatever has the wrong type is not there. */

type Field = JsonValue | undefined

export function textField(value: Field, maxChars = 200): string | undefined {
  return typeof value === 'string' ? plainText(value, maxChars) : undefined
}

/** Some tools write numbers as text, and an empty text for none. */
export function idField(value: Field): number | undefined {
  const id = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  return isCivitaiId(id) ? id : undefined
}

export function hashField(value: Field): string | undefined {
  const hash = typeof value === 'string' ? parseSha256(value) : undefined
  return hash === undefined || isEmptyHash(hash) ? undefined : hash
}

const MAX_WORDS = 50

export function wordsField(value: Field): readonly string[] | undefined {
  const written = Array.isArray(value) ? value : [value]
  const words = written.slice(0, MAX_WORDS).flatMap((word) => textField(word, 500) ?? [])
  return words.length === 0 ? undefined : words
}

/** What says that nothing is known, in the spellings of the tools. */
const UNKNOWN = new Set(['', 'unknown', 'other', 'none', 'n/a', 'null'])

export function baseModelField(value: Field): string | undefined {
  const name = textField(value, 60)
  return name === undefined || UNKNOWN.has(name.toLowerCase()) ? undefined : name
}

/** `{Image,RentCivit}` of Postgres, a list, or one word. */
export function commercialUseField(value: Field): readonly string[] | undefined {
  const written = typeof value === 'string' ? value.replace(/^\{(.*)\}$/s, '$1').split(',') : value
  if (!Array.isArray(written)) return undefined
  return written.slice(0, 10).flatMap((word) => textField(word, 40) ?? [])
}
