/** UTF-16 whose byte order nothing tells. */

export type ByteOrder = 'le' | 'be'

/** Text of whole units; a byte order mark is taken off, half a unit at the end left out. */
export function decodeUtf16(bytes: Uint8Array, order: ByteOrder): string {
  const decoder = new TextDecoder(order === 'le' ? 'utf-16le' : 'utf-16be')
  return decoder.decode(bytes.subarray(0, bytes.length & ~1))
}

/**
 * The byte order of a text: by its mark, else the one in which it looks more like something that people write.
 * Western text has a zero byte in each unit; for the others it counts that letters stand together in few scripts,
 * that surrogates come in pairs, and that rare blocks are rare. Where nothing tells: big endian, as A1111 writes.
 */
export function guessByteOrder(bytes: Uint8Array): ByteOrder {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'be'
  return strangeness(bytes, 'le') < strangeness(bytes, 'be') ? 'le' : 'be'
}

/** Units that are looked at: more would tell nothing new. */
const SAMPLE_UNITS = 4096

const RARE = 4
const IMPOSSIBLE = 40
/** A pair of surrogates by chance has odds of 1 to 4,096. */
const PAIR = -8
const SCRIPT_CHANGE = 2
/** Letters of most scripts share their upper byte, and Chinese ones are of 82; lower bytes are of 256. */
const NEW_BLOCK = 1

/** Blocks of the Basic Multilingual Plane by their upper byte: how strange a letter of it is, and its script (0: any). */
const BLOCKS: readonly (readonly [from: number, to: number, strangeness: number, script: number])[] = [
  [0x01, 0x02, 1, 0], // Latin with marks
  [0x03, 0x05, 1, 1], // Greek, Cyrillic, Armenian, Hebrew
  [0x06, 0x08, 1, 2], // Arabic
  [0x09, 0x0f, 1, 3], // India, Thailand
  [0x10, 0x1d, RARE, 4],
  [0x1e, 0x1f, 1, 0], // Vietnamese, old Greek
  [0x20, 0x27, 1, 0], // punctuation, arrows, signs
  [0x28, 0x2f, RARE, 4],
  [0x30, 0x30, 1, 5], // kana
  [0x31, 0x33, 3, 5],
  [0x34, 0x4d, RARE, 5],
  [0x4e, 0x9f, 1, 5], // Chinese characters
  [0xa0, 0xab, RARE, 4],
  [0xac, 0xd7, 1, 6], // Hangul
  [0xe0, 0xf8, 10, 0], // private use
  [0xf9, 0xfa, 3, 5],
  [0xfb, 0xfd, 3, 2],
  [0xfe, 0xfe, 2, 0],
  [0xff, 0xff, 1, 5], // full width
]

const STRANGENESS = new Uint8Array(256)
const SCRIPT = new Uint8Array(256)
for (const [from, to, strange, script] of BLOCKS) {
  STRANGENESS.fill(strange, from, to + 1)
  SCRIPT.fill(script, from, to + 1)
}

function strangeness(bytes: Uint8Array, order: ByteOrder): number {
  const upper = order === 'be' ? 0 : 1
  const end = Math.min(bytes.length >> 1, SAMPLE_UNITS) * 2
  let sum = 0
  let lastScript = 0
  const seen = new Uint8Array(256)
  for (let at = 0; at < end; at += 2) {
    const high = bytes[at + upper] ?? 0
    const low = bytes[at + 1 - upper] ?? 0
    if (seen[high] === 0) sum += NEW_BLOCK
    seen[high] = 1
    if (high === 0) {
      sum += ofLatin(low)
    } else if (high >= 0xd8 && high <= 0xdf) {
      const next = bytes[at + 2 + upper]
      const paired = high < 0xdc && (next === undefined || (next >= 0xdc && next <= 0xdf))
      sum += paired ? PAIR : IMPOSSIBLE
      if (paired) at += 2
    } else {
      sum += high === 0xff && low >= 0xfe ? IMPOSSIBLE : (STRANGENESS[high] ?? 0)
      const script = SCRIPT[high] ?? 0
      if (script !== 0 && lastScript !== 0 && script !== lastScript) sum += SCRIPT_CHANGE
      if (script !== 0) lastScript = script
    }
  }
  return sum
}

function ofLatin(byte: number): number {
  if (byte >= 0x20 && byte < 0x7f) return 0
  if (byte === 0x09 || byte === 0x0a || byte === 0x0d) return 0
  return byte >= 0xa0 ? 1 : 10
}
