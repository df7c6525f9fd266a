import type { Bits } from './bits.ts'
import { readCodeLengths } from './code-lengths.ts'
import { buildPrefixCode, type PrefixCode } from './prefix-code.ts'

/** The five prefix codes with which one block of a picture is written. */
export interface CodeGroup {
  readonly green: PrefixCode
  readonly red: PrefixCode
  readonly blue: PrefixCode
  readonly alpha: PrefixCode
  readonly distance: PrefixCode
}

const COLOURS = 256
const LENGTHS = 24
const DISTANCES = 40
/** Entries of all tables together. libwebp writes 2,600 groups at most, of tables that are a quarter of this size. */
const MAX_ENTRIES = 2 ** 24

/** Symbols of green below this are a colour, below the next a length, and from there on an index of the colour cache. */
export const FIRST_LENGTH = COLOURS
export const FIRST_CACHED = COLOURS + LENGTHS

export interface Groups {
  /** How many the stream has. */
  readonly count: number
  readonly cacheSize: number
  /** Whether pixels are written with this one: others are read past. */
  isUsed(index: number): boolean
}

/** The groups by their index; undefined where one is damaged. */
export function readGroups(bits: Bits, { count, cacheSize, isUsed }: Groups): Map<number, CodeGroup> | undefined {
  const groups = new Map<number, CodeGroup>()
  const alphabets = [FIRST_CACHED + cacheSize, COLOURS, COLOURS, COLOURS, DISTANCES]
  let entries = 0
  for (let index = 0; index < count; index += 1) {
    const codes: PrefixCode[] = []
    for (const alphabet of alphabets) {
      const lengths = readCodeLengths(bits, alphabet)
      if (lengths === undefined) return undefined
      if (!isUsed(index)) continue
      const code = buildPrefixCode(lengths)
      if (code === undefined) return undefined
      entries += code.table.length + code.symbols.length
      codes.push(code)
    }
    const [green, red, blue, alpha, distance] = codes
    if (entries > MAX_ENTRIES) return undefined
    if (green && red && blue && alpha && distance) groups.set(index, { green, red, blue, alpha, distance })
  }
  return groups
}
