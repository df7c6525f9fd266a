/**
 * Several names in one value: a JSON list, a Python list as text (`['a', 'b']`), or, where `commas` separate,
 * `a, b`. Places without a name stay, because a second list has the strengths in the same order.
 */
export function listOf(value: unknown, commas: boolean): string[] {
  if (Array.isArray(value)) return value.slice(0, MOST).map(toText)
  const text = toText(value).trim()
  if (text === '') return []
  if (text.startsWith('[') && text.endsWith(']')) return pythonList(text.slice(1, -1))
  return commas ? text.split(',', MOST).map((item) => item.trim()) : [text]
}

const MOST = 200

const toText = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** Items with or without quotes; backslashes are escaped inside of them. */
const ITEM = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)/y

function pythonList(inner: string): string[] {
  const items: string[] = []
  ITEM.lastIndex = 0
  while (ITEM.lastIndex < inner.length && items.length < MOST) {
    const match = ITEM.exec(inner)
    if (match === null) break
    const quoted = match[1] ?? match[2]
    items.push(quoted === undefined ? (match[3] ?? '').trim() : quoted.replace(/\\(.)/gs, '$1'))
  }
  return items
}
