import { remembered } from '../../remembered.ts'
import { isKnownKey } from './find-parameters.ts'
import type { Pair } from './pairs.ts'

/** The pairs of an infotext, looked up without regard to upper and lower case. */
export interface PairTable {
  /** The first value of a key: where keys repeat, that is the one that counted. */
  first(key: string): string | undefined
  all(key: string): readonly string[]
  /** Keys that match, each with its first value, in order; none of those that `isKnownKey` knows. */
  matching(
    pattern: RegExp,
  ): readonly { readonly key: string; readonly value: string; readonly match: RegExpExecArray }[]
}

/** Lists of numbers that a converter of SwarmUI's pictures wrote without quotes. */
const BARE_LISTS = new Set(['loraweights', 'loratencweights'])
/** Names of embeddings, which some write without quotes. */
const NAME_LISTS = new Set(['ti', 'embeddings'])
const goesOn = (key: string, item: string): boolean =>
  NAME_LISTS.has(key.toLowerCase()) ? !isKnownKey(item) : BARE_NUMBER.test(item)
const folded = remembered((key) => key.toLowerCase())

/** Longer keys match nothing. */
const MOST_CHARACTERS = 100
const BARE_NUMBER = /^-?(?:\d{1,5}(?:\.\d{0,10})?|\.\d{1,10})$/

export function createPairTable(pairs: readonly Pair[]): PairTable {
  const values = new Map<string, { key: string; values: string[] }>()
  let list: { key: string; values: string[] } | undefined
  for (const { key, value } of pairs) {
    if (list !== undefined && key === value && goesOn(list.key, value)) {
      list.values.push(`${list.values.pop() ?? ''},${value}`)
      continue
    }
    const lower = key.toLowerCase()
    const known = values.get(lower) ?? { key, values: [] }
    known.values.push(value)
    values.set(lower, known)
    list = BARE_LISTS.has(lower) || NAME_LISTS.has(lower) ? known : undefined
  }
  // A known key is read by its name and matches no pattern: of most texts nothing is left to try.
  const others = [...values.values()].filter(({ key }) => key.length <= MOST_CHARACTERS && !isKnownKey(key))
  const all = (key: string): readonly string[] => values.get(folded(key))?.values ?? []
  return {
    all,
    first: (key) => all(key)[0],
    matching: (pattern) =>
      others.flatMap(({ key, values: [value] }) => {
        const match = pattern.exec(key)
        return match === null || value === undefined ? [] : [{ key, value, match }]
      }),
  }
}
