import { endOfString } from './json-string.ts'

const QUOTE = 0x22
const STAR = 0x2a
const COMMA = 0x2c
const SLASH = 0x2f

/**
 * JSON without the comments and the commas behind last values that editors allow in it: settings have them, and what
 * people change by hand. Undefined where there are none, or where a comment does not end. One pass, strings as they are.
 */
export function withoutComments(text: string): string | undefined {
  const cuts: (readonly [from: number, to: number])[] = []
  /** The last two characters that count: white space and comments do not. */
  let [last, before] = [0, 0]
  let lastAt = 0
  let cutsAtLast = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code <= 0x20) continue
    if (code === SLASH) {
      const end = endOfComment(text, at)
      if (end === undefined) return undefined
      cuts.push([at, end])
      at = end - 1
      continue
    }
    if (last === COMMA && isClosing(code) && !isOpening(before)) cuts.splice(cutsAtLast, 0, [lastAt, lastAt + 1])
    before = last
    last = code
    lastAt = at
    cutsAtLast = cuts.length
    if (code === QUOTE) at = endOfString(text, at) - 1
  }
  return cuts.length === 0 ? undefined : without(text, cuts)
}

/** Just behind the comment that begins at `start`; undefined where none does, or where it does not end. */
function endOfComment(text: string, start: number): number | undefined {
  const kind = text.charCodeAt(start + 1)
  if (kind === SLASH) {
    const end = text.indexOf('\n', start)
    return end < 0 ? text.length : end
  }
  const end = kind === STAR ? text.indexOf('*/', start + 2) : -1
  return end < 0 ? undefined : end + 2
}

function without(text: string, cuts: readonly (readonly [from: number, to: number])[]): string {
  const parts: string[] = []
  let end = 0
  for (const [from, to] of cuts) {
    parts.push(text.slice(end, from))
    end = to
  }
  return parts.join(' ') + text.slice(end)
}

/** Behind these a value is missing. */
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b || code === COMMA
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d
