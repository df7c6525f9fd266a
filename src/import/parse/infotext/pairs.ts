import { findJsonEnd } from '../json.ts'

/** One `key: value` of a parameters line. */
export interface Pair {
  readonly key: string
  /** Without quotes and escapes. */
  readonly value: string
}

/** Where the value of a pair stands in the text, its quotes included. */
export interface PairSpan {
  readonly key: string
  readonly from: number
  readonly to: number
}

export interface PairScan {
  readonly pairs: readonly Pair[]
  /** Where the scan stopped: at a line break, or behind the text. */
  readonly end: number
}

/**
 * Characters that all searches for the end of JSON that does not end may cost together. Without it a text
 * of nothing but `k:{` would take the square of its length.
 */
export interface ScanBudget {
  left: number
}

export const scanBudget = (text: string): ScanBudget => ({ left: 4 * text.length })

/** Real lines have up to about a hundred; what stands behind the last one is left out. */
const MAX_PAIRS = 5000

/**
 * Reads pairs from `start` to the end of the line; JSON values, which are written without quotes, may go
 * over several lines. Time is linear in the text's length, over all scans that share a budget.
 * @param spans gets where the values stand, of pairs that have one
 */
export function scanPairs(
  text: string,
  start: number,
  budget: ScanBudget = scanBudget(text),
  spans?: PairSpan[],
): PairScan {
  const pairs: Pair[] = []
  let at = start
  while (at < text.length && pairs.length < MAX_PAIRS) {
    const code = text.charCodeAt(at)
    if (code === 0x0a) return { pairs, end: at }
    if (code === 0x2c || code <= 0x20) {
      at += 1
      continue
    }
    const keyEnd = endOfKey(text, at)
    const key = text.slice(at, keyEnd).trim()
    if (text[keyEnd] !== ':') {
      pairs.push({ key, value: key })
      at = keyEnd
      continue
    }
    const from = skipBlanks(text, keyEnd + 1)
    const value = jsonValue(text, from, budget) ?? quotedValue(text, from) ?? rawValue(text, from)
    pairs.push({ key, value: value.text })
    spans?.push({ key, from, to: value.end })
    at = value.end
  }
  const lineEnd = text.indexOf('\n', at)
  return { pairs, end: lineEnd < 0 ? text.length : lineEnd }
}

interface Value {
  readonly text: string
  readonly end: number
}

function endOfKey(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== ':' && !endsValue(text, at)) at += 1
  return at
}

/** `[` begins JSON only when an object, a list, a string or a number follows: `[hash]` and the like do not. */
const JSON_START = /^(?:\{|\[\s{0,20}["{[\]\d-])/

function jsonValue(text: string, from: number, budget: ScanBudget): Value | undefined {
  const first = text[from]
  if ((first !== '{' && first !== '[') || !JSON_START.test(text.slice(from, from + 24))) return undefined
  const end = findJsonEnd(text, from, budget.left)
  const next = end === undefined ? undefined : endOfValue(text, end)
  if (end !== undefined && next !== undefined) return { text: text.slice(from, end), end: next }
  budget.left = Math.max(0, budget.left - ((end ?? text.length) - from))
  return undefined
}

/** A quote at a value's start ends every earlier search for a closing quote, so these never overlap. */
function quotedValue(text: string, from: number): Value | undefined {
  if (text[from] !== '"') return undefined
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  const end = at < text.length ? endOfValue(text, at + 1) : undefined
  return end === undefined ? undefined : { text: unquote(text.slice(from, at + 1)), end }
}

function rawValue(text: string, from: number): Value {
  let end = from
  while (end < text.length && !endsValue(text, end)) end += 1
  return { text: text.slice(from, end).trim(), end }
}

/** Where the next pair may begin when a value ends at `at`; undefined when more of a value follows there. */
function endOfValue(text: string, at: number): number | undefined {
  const end = skipBlanks(text, at)
  return end >= text.length || endsValue(text, end) ? end : undefined
}

function unquote(quoted: string): string {
  try {
    const value: unknown = JSON.parse(quoted)
    if (typeof value === 'string') return value
  } catch {
    // Some writers put line breaks and single backslashes into the quotes as they are.
  }
  return quoted.slice(1, -1)
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20 && text.charCodeAt(at) !== 0x0a) at += 1
  return at
}

const endsValue = (text: string, at: number): boolean => text[at] === ',' || text[at] === '\n'
