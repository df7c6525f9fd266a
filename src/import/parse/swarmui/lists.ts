import type { JsonValue } from '../../../lib/json.ts'
import { parseJson, textOf } from '../json.ts'

/**
 * A parameter that is a list. It is written as one of JSON, in older files as texts joined with commas, and by others
 * as JSON within a string. Numbers become texts; nothing else counts, but what follows keeps its place.
 */
export function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(toText)
  const text = textOf(value)?.trim() ?? ''
  const list = text.startsWith('[') ? parseJson(text) : undefined
  if (Array.isArray(list)) return list.map(toText)
  return text === '' ? [] : text.split(',').map((item) => item.trim())
}

const toText = (item: JsonValue): string => (typeof item === 'number' ? String(item) : (textOf(item) ?? '')).trim()
