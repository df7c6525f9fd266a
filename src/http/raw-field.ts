import { setImmediate } from 'node:timers/promises'

/** A body of JSON with one field's value taken out as it stands. */
export interface SplitBody {
  /** The body with `null` in that field's place. */
  readonly rest: Uint8Array
  /** The bytes of the value: an object or a list. */
  readonly value: Uint8Array
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d
const COLON = 0x3a
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** Bytes that are looked at before others get a turn. */
const SLICE_BYTES = 2 ** 20

/**
 * Takes the value of a top-level field out of a JSON object without parsing it: a workflow of megabytes would hold the
 * event loop up for longer than it takes to find its end. Undefined where the body is no object, the field is not there
 * exactly once, or its value is neither an object nor a list: then the body is parsed as a whole.
 * Brackets and strings are followed, nothing else is checked.
 */
export async function takeRawField(body: Uint8Array, field: string): Promise<SplitBody | undefined> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const name = Buffer.from(JSON.stringify(field))
  let found: { readonly start: number; readonly end: number } | undefined
  let valueStart: number | undefined
  /** Of the string that goes on here. */
  let stringStart: number | undefined
  let depth = 0
  let turnEnds = SLICE_BYTES
  for (let at = 0; at < bytes.length; at += 1) {
    if (at >= turnEnds) {
      await setImmediate()
      turnEnds = at + SLICE_BYTES
    }
    if (stringStart !== undefined) {
      at = bytes.indexOf(QUOTE, at)
      if (at < 0) return undefined
      if (isEscaped(bytes, at)) continue
      const isField = depth === 1 && bytes.subarray(stringStart, at + 1).equals(name)
      stringStart = undefined
      const value = isField ? valueBehind(bytes, at + 1) : undefined
      if (value === undefined) continue
      if (found !== undefined || valueStart !== undefined) return undefined
      const opening = bytes[value]
      if (opening !== OPEN_BRACE && opening !== OPEN_BRACKET) return undefined
      valueStart = value
      continue
    }
    switch (bytes[at]) {
      case QUOTE:
        stringStart = at
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1
        if (depth === 1 && valueStart !== undefined) {
          found = { start: valueStart, end: at + 1 }
          valueStart = undefined
        }
    }
  }
  if (found === undefined || depth !== 0) return undefined
  const rest = Buffer.concat([bytes.subarray(0, found.start), Buffer.from('null'), bytes.subarray(found.end)])
  return { rest, value: bytes.subarray(found.start, found.end) }
}

/** A quote is, behind an odd number of backslashes. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let slashes = 0
  while (bytes[at - 1 - slashes] === BACKSLASH) slashes += 1
  return slashes % 2 === 1
}

/** Where the value begins, where a colon follows the name at all: the same text may be a value itself. */
function valueBehind(bytes: Buffer, from: number): number | undefined {
  const colon = skipBlanks(bytes, from)
  return bytes[colon] === COLON ? skipBlanks(bytes, colon + 1) : undefined
}

/** Nobody writes more of them there. */
const MAX_BLANKS = 1024

function skipBlanks(bytes: Buffer, from: number): number {
  let at = from
  while (at < from + MAX_BLANKS && BLANKS.has(bytes[at] ?? 0)) at += 1
  return at
}
