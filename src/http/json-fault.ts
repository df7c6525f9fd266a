const SPACE = new Set([' ', '\t', '\n', '\r'])
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LITERALS = ['true', 'false', 'null']
const HEX = /^[0-9a-fA-F]{4}$/

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end'

/**
 * Offset of the first character at which `text` stops being JSON (its length where something is missing at the end),
 * undefined where it is JSON. The engine's own message quotes the text, which may hold a secret, and names no place.
 * Without recursion, since the text may be nested as deep as it is long.
 */
export function findJsonFault(text: string): number | undefined {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let at = 0
  for (;;) {
    while (SPACE.has(text.charAt(at))) at += 1
    const char = text.charAt(at)
    if (expected === ', or end' && open.length === 0) return char === '' ? undefined : at
    switch (expected) {
      case ', or end': {
        const inside = open.at(-1)
        if (char === ',') expected = inside === '{' ? 'key' : 'value'
        else if (char === (inside === '{' ? '}' : ']')) open.pop()
        else return at
        at += 1
        continue
      }
      case ':':
        if (char !== ':') return at
        at += 1
        expected = 'value'
        continue
      case 'key':
      case 'key or }': {
        if (char === '}' && expected === 'key or }') {
          open.pop()
          at += 1
          expected = ', or end'
          continue
        }
        if (char !== '"') return at
        const key = scanString(text, at)
        if (key.fault) return key.at
        at = key.at
        expected = ':'
        continue
      }
    }
    if (char === ']' && expected === 'value or ]') {
      open.pop()
      at += 1
      expected = ', or end'
    } else if (char === '{' || char === '[') {
      open.push(char)
      at += 1
      expected = char === '{' ? 'key or }' : 'value or ]'
    } else {
      const value = scanScalar(text, at, char)
      if (value.fault) return value.at
      at = value.at
      expected = ', or end'
    }
  }
}

/** Where a scalar ends, or where it is broken. */
interface Scanned {
  readonly at: number
  readonly fault: boolean
}

function scanScalar(text: string, start: number, char: string): Scanned {
  if (char === '"') return scanString(text, start)
  const literal = LITERALS.find((word) => text.startsWith(word, start))
  if (literal !== undefined) return { at: start + literal.length, fault: false }
  NUMBER.lastIndex = start
  return NUMBER.test(text) ? { at: NUMBER.lastIndex, fault: false } : { at: start, fault: true }
}

function scanString(text: string, start: number): Scanned {
  let at = start + 1
  for (;;) {
    const code = text.charCodeAt(at)
    // NaN past the end.
    if (!(code >= 0x20)) return { at, fault: true }
    if (code === 0x22) return { at: at + 1, fault: false }
    if (code !== 0x5c) {
      at += 1
      continue
    }
    const escaped = text.charAt(at + 1)
    if (escaped === 'u' && HEX.test(text.slice(at + 2, at + 6))) at += 6
    else if (escaped !== '' && '"\\/bfnrt'.includes(escaped)) at += 2
    else return { at, fault: true }
  }
}

/** `line 3, column 14`, both from 1, as editors count. */
export function describePlace(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  let line = 1
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1
  return `line ${line}, column ${offset - lineStart + 1}`
}
