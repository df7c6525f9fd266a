import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { withoutComments } from './json-comments.ts'
import { endOfString } from './json-string.ts'

/**
 * JSON as Python and JavaScript tools write it: `NaN` and `Infinity` become null, and whole numbers that
 * a double would round (64-bit seeds) become their digits as text. Comments and commas behind last values are passed
 * over. Undefined where it is no JSON.
 */
export function parseJson(text: string): JsonValue | undefined {
  const start = firstLetter(text)
  if (!opens(start) && start !== '/') return undefined
  const value = start === '/' ? undefined : parseStrictly(text)
  if (value !== undefined) return value
  const strict = withoutComments(text)
  return strict === undefined || !opens(firstLetter(strict)) ? undefined : parseStrictly(strict)
}

const opens = (letter: string | undefined): boolean => letter === '{' || letter === '['

function parseStrictly(text: string): JsonValue | undefined {
  try {
    return JSON.parse(NEEDS_CARE.test(text) ? withCare(text) : text) as JsonValue
  } catch {
    return undefined // no JSON, or nested more deeply than the engine follows
  }
}

/** Arrays and objects in each other: editors and their programs have about twenty. */
export const MAX_NESTING = 1000

/** Whether a value is nested in itself no more than `levels` times. */
export function isWithin(value: unknown, levels = MAX_NESTING): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) return value.every((item) => isWithin(item, levels - 1))
  for (const key in value) if (!isWithin((value as JsonObject)[key], levels - 1)) return false
  return true
}

/** Where brackets are open that are more than {@link MAX_NESTING} levels deep; undefined where none are. */
export function findTooDeep(text: string): number | undefined {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at) - 1
    else if (code === 0x7d || code === 0x5d) depth -= 1
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > MAX_NESTING) return at
    }
  }
  return undefined
}

function firstLetter(text: string): string | undefined {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x20) return text[at]
  return undefined
}

const NEEDS_CARE = /\d{16}|NaN|Infinity/
const TOKEN = /-?(?:Infinity|\d+(?:[.eE][\d.eE+-]*)?)|NaN/y

/** One pass over the text that steps over strings as a whole, so that nothing inside them is touched. */
function withCare(text: string): string {
  const parts: string[] = []
  let copied = 0
  let at = 0
  while (at < text.length) {
    if (text[at] === '"') {
      at = endOfString(text, at)
      continue
    }
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0]
    if (token === undefined) {
      at += 1
      continue
    }
    parts.push(text.slice(copied, at), careful(token))
    at += token.length
    copied = at
  }
  return parts.join('') + text.slice(copied)
}

function careful(token: string): string {
  if (token.endsWith('NaN') || token.endsWith('Infinity')) return 'null'
  return /^-?\d{16,}$/.test(token) && String(Number(token)) !== token ? `"${token}"` : token
}

/** Own entries of an object, `__proto__` among them as a plain key; none for anything else. */
export const entriesOf = (value: unknown): [string, JsonValue][] => (isJsonObject(value) ? Object.entries(value) : [])

/** A field of an object, never one that it inherits. */
export const fieldOf = (value: unknown, name: string): JsonValue | undefined =>
  isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** Whether it is an object with one of these fields. */
export function hasOneOf(value: unknown, names: readonly string[]): boolean {
  if (!isJsonObject(value)) return false
  for (const name of names) if (Object.hasOwn(value, name)) return true
  return false
}

export const objectsIn = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/**
 * Where the JSON object or array that begins at `start` ends (just behind its bracket); undefined where it
 * does not within `limit` characters. Counts brackets and knows strings; does not check anything else.
 */
export function findJsonEnd(text: string, start: number, limit: number): number | undefined {
  const last = Math.min(text.length, start + limit)
  let depth = 0
  for (let at = start; at < last; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at) - 1
    else if (code === 0x7b || code === 0x5b) depth += 1
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return undefined
}
