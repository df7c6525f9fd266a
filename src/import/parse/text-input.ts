import type { JsonValue } from '../../lib/json.ts'
import type { MetadataText } from '../../media/container.ts'
import { parseJson } from './json.ts'
import type { ParserInput } from './parser.ts'

/** JSON of others is nested in itself up to three times; one more than that is nobody's. */
export const MAX_LAYERS = 4

/** A text as parsers are asked about it, its JSON parsed when first wanted. */
export function toInput({ place, key, text: written }: MetadataText): ParserInput {
  const text = outOfQuotes(written)
  let parsed: { readonly value: unknown } | undefined
  return {
    place,
    key,
    text,
    json() {
      parsed ??= { value: unlayered(text) }
      return parsed.value
    },
  }
}

/** The words of a literal, which is as good as JSON for some who write an infotext. */
function outOfQuotes(text: string): string {
  let value: string | undefined = text
  for (let layer = 1; layer < MAX_LAYERS && value !== undefined && QUOTED.test(value); layer += 1) {
    value = textInside(value)
  }
  return value === undefined || QUOTED.test(value) ? text : value
}

/** Of strings within strings the innermost value. A plain string that holds no JSON is no JSON. */
export function unlayered(text: string): JsonValue | undefined {
  let value: JsonValue | undefined = text
  for (let layer = 0; layer < MAX_LAYERS && typeof value === 'string'; layer += 1) {
    value = QUOTED.test(value) ? textInside(value) : parseJson(value)
  }
  return typeof value === 'string' ? undefined : value
}

const QUOTED = /^\s{0,100}"/

function textInside(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
