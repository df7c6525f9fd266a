const MOST_KEPT = 1000
const LONGEST_KEPT = 200

/**
 * Keeps what was read from short texts: names of models, of nodes and of their inputs come again in every source of a
 * file and in every file of a folder. What it returns is shared, so it must not be changed.
 */
export function remembered<T>(read: (text: string) => T): (text: string) => T {
  const kept = new Map<string, T>()
  return (text) => {
    const known = kept.get(text)
    if (known !== undefined || kept.has(text)) return known as T
    if (text.length > LONGEST_KEPT) return read(text)
    const own = copyOf(text)
    const found = read(own)
    if (kept.size >= MOST_KEPT) kept.clear()
    kept.set(own, found)
    return found
  }
}

/** A part of a text keeps the whole of it in memory, which may have megabytes. */
const copyOf = (text: string): string => JSON.parse(JSON.stringify(text)) as string
