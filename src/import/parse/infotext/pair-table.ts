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

/** Lists of numbers that a converter of SwarmUI's pictures wrote without quotes. */
const BARE_LISTS = new Set(['loraweights', 'loratencweights'])
const BARE_NUMBER = /^-?(?:\d{1,5}(?:\.\d{0,10})?|\.\d{1,10})$/

export function createPairTable(pairs: readonly Pair[]): PairTable {
  const values = new Map<string, { key: string; values: string[] }>()
  let list: { key: string; values: string[] } | undefined
  for (const { key, value } of pairs) {
    if (list !== undefined && key === value && BARE_NUMBER.test(value)) {
      list.values.push(`${list.values.pop() ?? ''},${value}`)
      continue
    }
    const lower = key.toLowerCase()
    const known = values.get(lower) ?? { key, values: [] }
    known.values.push(value)
    values.set(lower, known)
    list = BARE_LISTS.has(lower) ? known : undefined
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
