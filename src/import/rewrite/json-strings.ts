/** What stands around a string. */
export interface StringPlace<S> {
  /** The nearest key: that of the string itself, or of the list that it stands in. */
  readonly key: string
  readonly scope: S
}

export interface ReplaceOptions<S> {
  /** Where the text begins. */
  readonly start: StringPlace<S>
  /** What holds within the value of a key. */
  readonly enter: (scope: S, key: string) => S
  /** The string in place of `value`; undefined where it stays as it is. */
  readonly replace: (value: string, place: StringPlace<S>) => string | undefined
  /** The key in place of `key`; none is replaced where this is left out. */
  readonly replaceKey?: (key: string) => string | undefined
}

/**
 * Replaces strings in JSON without reading it as JSON: everything else stays as it is written, numbers that a reader
 * would round, blanks and what is no JSON at all. Linear in the text's length.
 */
export function replaceJsonStrings<S>(text: string, { start, enter, replace, replaceKey }: ReplaceOptions<S>): string {
  const outer: StringPlace<S>[] = []
  const isObject: boolean[] = []
  let place = start
  /** Of the object that is open. */
  let own = start
  const parts: string[] = []
  let copied = 0
  let at = 0
  while (at < text.length) {
    const character = text[at]
    if (character === '"') {
      const end = endOfString(text, at)
      if (end === undefined) break
      if (isObject.at(-1) === true && isKey(text, end)) {
        const key = decoded(text, at, end) ?? ''
        place = { key, scope: enter(own.scope, key) }
        put(at, end, replaceKey?.(key), key)
      } else {
        const value = decoded(text, at, end)
        const next = value === undefined ? undefined : replace(value, place)
        put(at, end, next, value)
      }
      at = end
      continue
    }
    if (character === '{' || character === '[') {
      outer.push(own)
      isObject.push(character === '{')
      own = place
    } else if (character === '}' || character === ']') {
      isObject.pop()
      place = own
      own = outer.pop() ?? start
    }
    at += 1
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(copied)

  function put(from: number, end: number, next: string | undefined, value: string | undefined): void {
    if (next === undefined || next === value) return
    parts.push(text.slice(copied, from), JSON.stringify(next))
    copied = end
  }
}

/** Behind the quote that closes it. */
function endOfString(text: string, from: number): number | undefined {
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at < text.length ? at + 1 : undefined
}

function isKey(text: string, end: number): boolean {
  let at = end
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1
  return text[at] === ':'
}

function decoded(text: string, from: number, end: number): string | undefined {
  const inner = text.slice(from + 1, end - 1)
  if (!inner.includes('\\')) return inner
  try {
    const value: unknown = JSON.parse(text.slice(from, end))
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
