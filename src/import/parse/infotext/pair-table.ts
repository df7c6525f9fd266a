import type { Pair } from './pairs.ts'

/** The pairs of an infotext, looked up without regard to upper and lower case. */
export interface PairTable {
  /** The first value of a key: where keys repeat, that is the one that counted. */
  first(key: string): string | undefined
  all(key: string): readonly string[]
  /** Keys that match, each with its first value, in order. */
  matching(
    pattern: RegExp,
  ): readonly { readonly key: string; readonly value: string; readonly match: RegExpExecArray }[]
}

export function createPairTable(pairs: readonly Pair[]): PairTable {
  const values = new Map<string, { key: string; values: string[] }>()
  for (const { key, value } of pairs) {
    const known = values.get(key.toLowerCase())
    if (known === undefined) values.set(key.toLowerCase(), { key, values: [value] })
    else known.values.push(value)
  }
  const all = (key: string): readonly string[] => values.get(key.toLowerCase())?.values ?? []
  return {
    all,
    first: (key) => all(key)[0],
    matching: (pattern) =>
      [...values.values()].flatMap(({ key, values: [value] }) => {
        const match = key.length > 100 ? null : pattern.exec(key)
        return match === null || value === undefined ? [] : [{ key, value, match }]
      }),
  }
}
