import type { ReadAt } from './read-at.ts'

const PIECE_BYTES = 256 * 1024

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** The keys that matter; they are equally long. */
const OFFSETS = new TextEncoder().encode('data_offsets')
const METADATA = new TextEncoder().encode('__metadata__')

/**
 * Where the last tensor ends, counted from the first, by a header that is too long to be parsed: read in pieces, holding
 * nothing. Undefined where it is not the JSON of a header. Lenient: what is between the offsets is hardly looked at.
 * @param length bytes of JSON, which begin at byte 8
 */
export function measureSafetensorsHeader(read: ReadAt, length: number): number | undefined {
  const scanner = createScanner()
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const wanted = Math.min(PIECE_BYTES, length - at)
    const piece = read(8 + at, wanted)
    if (piece.length < wanted || !scanner.feed(piece)) return undefined
  }
  return scanner.end()
}

function createScanner() {
  let depth = 0
  let ended = false
  let inText = false
  let escaped = false
  /** The beginning of the latest text, and its length in bytes: no strings, of which there would be millions. */
  const text = new Uint8Array(OFFSETS.length)
  let textBytes = 0
  let inMetadata = false
  /** Numbers of the `data_offsets` that is being read; undefined outside. */
  let offsets: number[] | undefined
  let number = -1
  let expected = false
  let dataBytes = 0

  const isKey = (key: Uint8Array): boolean =>
    textBytes === key.length && key.every((byte, index) => text[index] === byte)

  function finishNumber(): boolean {
    if (number < 0 || !Number.isSafeInteger(number)) return false
    offsets?.push(number)
    number = -1
    return true
  }

  /** Whether the byte may stand there. */
  function structural(byte: number): boolean {
    switch (byte) {
      case QUOTE:
        inText = true
        textBytes = 0
        return true
      case COLON:
        if (depth === 1) inMetadata = isKey(METADATA)
        if (depth === 2) expected = !inMetadata && isKey(OFFSETS)
        return true
      case COMMA:
        return offsets === undefined || finishNumber()
      case OPEN_BRACE:
        depth += 1
        return true
      case OPEN_BRACKET:
        depth += 1
        if (expected) offsets = []
        expected = false
        return true
      case CLOSE_BRACKET:
        if (offsets !== undefined) {
          if (!finishNumber() || offsets.length !== 2) return false
          const [begin = 0, end = 0] = offsets
          if (end < begin) return false
          dataBytes = Math.max(dataBytes, end)
          offsets = undefined
        }
        depth -= 1
        return depth >= 1
      case CLOSE_BRACE:
        depth -= 1
        ended = depth === 0
        return depth >= 0
      default:
        return true
    }
  }

  return {
    /** False as soon as it cannot be a header. */
    feed(piece: Uint8Array): boolean {
      for (const byte of piece) {
        if (inText) {
          if (escaped) escaped = false
          else if (byte === BACKSLASH) escaped = true
          else if (byte === QUOTE) inText = false
          if (inText) {
            text[textBytes] = byte
            textBytes += 1
          }
        } else if (byte > 0x20) {
          if (ended) return false
          if (offsets !== undefined && byte >= 0x30 && byte <= 0x39) number = Math.max(number, 0) * 10 + byte - 0x30
          else if (offsets !== undefined && byte !== COMMA && byte !== CLOSE_BRACKET) return false
          else if (!structural(byte)) return false
        }
      }
      return true
    },
    end: (): number | undefined => (ended ? dataBytes : undefined),
  }
}
