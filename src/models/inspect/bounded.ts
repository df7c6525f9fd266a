import type { JsonObject, JsonValue } from '../../lib/json.ts'

const jsonBytes = (value: JsonValue): number => Buffer.byteLength(JSON.stringify(value))

/** Of one value, as JSON. */
const MAX_VALUE_BYTES = 2048

/** `text` with at most `maxBytes` as JSON; an ellipsis stands where it was cut. */
export function boundText(text: string, maxBytes = MAX_VALUE_BYTES): string {
  let kept = text.slice(0, maxBytes).toWellFormed()
  if (kept.length === text.length && jsonBytes(kept) <= maxBytes) return kept
  while (jsonBytes(kept) > maxBytes - 3) kept = kept.slice(0, Math.floor(kept.length * 0.8)).toWellFormed()
  return `${kept}…`
}

/** The same for a column of text: one line without control characters. Undefined where nothing is left. */
export function plainText(text: string, maxChars: number): string | undefined {
  const plain = text
    .slice(0, maxChars * 4)
    .replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ')
    .trim()
  return plain === '' ? undefined : plain.slice(0, maxChars).toWellFormed()
}

/** Room for what a file says of itself: a header may hold any amount. */
export interface Room {
  /** Whether there was room for `value`, which is now taken. */
  take(value: JsonValue): boolean
  /** Puts `value` under `key` of `target` where there is room for it. */
  put(target: JsonObject, key: string, value: JsonValue): boolean
}

export function createRoom(bytes: number): Room {
  let left = bytes
  function take(value: JsonValue): boolean {
    const wanted = jsonBytes(value)
    if (wanted > left) return false
    left -= wanted
    return true
  }
  return {
    take,
    put(target, key, value) {
      if (!take([key, value])) return false
      // A key named __proto__ is only a key.
      Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
      return true
    },
  }
}
