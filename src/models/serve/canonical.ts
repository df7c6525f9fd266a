import { setImmediate as nextTurn } from 'node:timers/promises'
import canonicalize from 'canonicalize'
import type { JsonObject, JsonValue } from '../../lib/json.ts'

/** Lets everything else run whenever this piece of work has held the event loop for `maxMs`. */
export function createPace(maxMs = 4): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < maxMs) return undefined
    return nextTurn().then(() => {
      since = performance.now()
    })
  }
}

/**
 * RFC 8785.
 * @throws Error for what no JSON text in UTF-8 can hold: lone surrogates, NaN; RangeError for boundless nesting
 */
export function canonicalText(value: JsonValue): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('Only JSON has a canonical form')
  return text
}

/** The same text as {@link canonicalText} of the object without that field, made item by item where it holds lists. */
export async function canonicalWithout(object: JsonObject, field: string): Promise<string> {
  const pace = createPace()
  const members: string[] = []
  for (const key of Object.keys(object).sort()) {
    const value = object[key]
    if (key === field || value === undefined) continue
    const text = Array.isArray(value) ? await listText(value, pace) : canonicalText(value)
    members.push(`${canonicalText(key)}:${text}`)
    await pace()
  }
  return `{${members.join(',')}}`
}

async function listText(items: readonly JsonValue[], pace: () => Promise<void> | undefined): Promise<string> {
  const texts: string[] = []
  for (const item of items) {
    texts.push(canonicalText(item))
    const pause = pace()
    if (pause !== undefined) await pause
  }
  return `[${texts.join(',')}]`
}
