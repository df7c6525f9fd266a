import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'

/** Levels of arrays and objects that an input may have. */
export const MAX_NESTING = 64

/**
 * Refuses what no field of any operation may hold: NUL characters (they cut C strings: SQL functions, file names),
 * lone surrogates (they are no UTF-8) and nesting beyond {@link MAX_NESTING}. Walks without recursion, since
 * JSON.parse accepts 100,000 levels.
 * @throws AppError invalid_input naming the place
 */
export function checkText(root: unknown): void {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }]
  while (stack.length > 0) {
    const { value, path, depth } = stack.pop() as (typeof stack)[number]
    if (typeof value === 'string') checkString(value, path)
    if (typeof value !== 'object' || value === null) continue
    if (depth >= MAX_NESTING) throw refuse(rootOf(path), `at most ${MAX_NESTING} levels of nesting`)
    const visit = (key: string | number, child: unknown): void => {
      // Of a million texts in a list hardly any needs a path of its own.
      if (!isPlain(child))
        stack.push({ value: child, path: path === '' ? `${key}` : `${path}.${key}`, depth: depth + 1 })
    }
    if (Array.isArray(value)) for (let at = 0; at < value.length; at += 1) visit(at, value[at])
    else {
      for (const [key, child] of Object.entries(value)) {
        checkString(key, path)
        visit(key, child)
      }
    }
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'string'
    ? !value.includes('\0') && value.isWellFormed()
    : typeof value !== 'object' || value === null

function checkString(text: string, path: string): void {
  if (text.includes('\0')) throw refuse(path, 'text without NUL characters')
  if (!text.isWellFormed()) throw refuse(path, 'well-formed Unicode text')
}

/** The top field alone: a path of 64 names helps no one. */
const rootOf = (path: string): string => path.split('.', 1)[0] ?? path

function refuse(path: string, expectation: string): AppError {
  const expected = path === '' ? `The input must have ${expectation}` : `${path} must have ${expectation}`
  return new AppError('invalid_input', expected, { errors: [{ path, expected }] })
}

/** `text` as {@link checkText} lets it pass: without NUL characters, each lone surrogate replaced by U+FFFD. */
export const cleanText = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/**
 * The value of a field as {@link checkText} lets it pass, its keys too.
 * @returns undefined where it is nested too deep for that
 */
export function cleanJson(value: JsonValue, levels = MAX_NESTING - 1): JsonValue | undefined {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null) return value
  if (levels === 0) return undefined
  const entries: [string, JsonValue][] = []
  for (const [key, child] of Object.entries(value)) {
    const clean = cleanJson(child, levels - 1)
    if (clean === undefined) return undefined
    entries.push([cleanText(key), clean])
  }
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries)
}
