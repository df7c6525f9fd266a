import { toNumber } from '../../generation.ts'

/** One entry of `Lora hashes`, `TI hashes` or `Lora weights`. */
export interface NamedHash {
  readonly name: string
  readonly hash?: string
  readonly weight?: number
}

const HASH = /^(?:0x)?(?:[0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{12}|[0-9a-f]{64})$/i

/** Some writers put the whole pair, key and all, into the value once more. */
export const REPEATED_KEY = /^\s{0,10}(?:TI|Lora) hashes\s{0,10}:/i

/**
 * `styleA: 0123456789ab, char B: ba9876543210`. The hash may be missing or empty, a weight may follow it
 * (older Fooocus) or stand in its place (`Lora weights`); quotes that were doubled by a writer are dropped.
 */
export const parseNamedHashes = (list: string): NamedHash[] =>
  list.replaceAll('"', '').split(',', 1000).flatMap(parseItem)

function parseItem(item: string): NamedHash[] {
  const parts = item
    .replace(REPEATED_KEY, '')
    .split(':', 20)
    .map((part) => part.trim())
  let hash: string | undefined
  let weight: number | undefined
  while (parts.length > 1) {
    const last = parts.at(-1) ?? ''
    if (HASH.test(last)) hash = last
    else if (toNumber(last) !== undefined) weight = toNumber(last)
    else if (last !== '') break
    parts.pop()
  }
  const name = parts.join(':')
  if (name === '') return []
  return [{ name, ...(hash === undefined ? {} : { hash }), ...(weight === undefined ? {} : { weight }) }]
}
