import { decodeLatin1, decodeText, decodeUtf8, looksLikeText } from './text.ts'
import { decodeUtf16, guessByteOrder } from './utf16.ts'

/**
 * The text of EXIF's UserComment (Exif 2.32, 4.6.5), without NULs and spaces at its end. Eight bytes should name the
 * character set; tools also leave them zero, leave them out, or name one and write another:
 * `UNICODE` is UTF-16 of either byte order, whatever the order of the TIFF structure around it, and sometimes UTF-8.
 */
export function decodeUserComment(bytes: Uint8Array): string {
  const { charset, rest } = splitPrefix(bytes)
  return withoutPadding(
    charset === 'UNICODE' ? decodeUnicode(rest) : charset === 'JIS' ? decodeJis(rest) : decode(rest),
  )
}

interface Split {
  readonly charset: string
  readonly rest: Uint8Array
}

const PREFIX_BYTES = 8

function splitPrefix(bytes: Uint8Array): Split {
  const start = decodeLatin1(bytes.subarray(0, PREFIX_BYTES))
  const named = /^(UNICODE|ASCII|JIS|UTF-?8)?\0+$/i.exec(start)
  if (named !== null && start.length === PREFIX_BYTES) {
    return { charset: named[1]?.toUpperCase() ?? '', rest: bytes.subarray(PREFIX_BYTES) }
  }
  const short = /^UTF-?8\0*/.exec(start) // not filled up to eight bytes
  return { charset: '', rest: bytes.subarray(short?.[0].length ?? 0) }
}

function decodeUnicode(bytes: Uint8Array): string {
  const body = withoutZeros(bytes)
  return isUtf8(body) ? decodeText(body) : decodeUtf16(bytes, guessByteOrder(bytes))
}

/** Hardly a text in UTF-16 that is this long consists of bytes that are printable UTF-8 as well. */
const CERTAIN_BYTES = 32

/** Whether it is UTF-8 for certain. Scripts of India have upper bytes that would be line ends: lines are longer. */
function isUtf8(body: Uint8Array): boolean {
  if (body.length < CERTAIN_BYTES || !looksLikeText(body)) return false
  return body.reduce((count, byte) => (byte < 0x20 ? count + 1 : count), 0) * 8 < body.length
}

/** JIS X 0208 with escapes, as the standard has it, else what Japanese software makes of it. */
function decodeJis(bytes: Uint8Array): string {
  if (bytes.includes(0x1b)) return new TextDecoder('iso-2022-jp').decode(bytes)
  return decodeUtf8(bytes) ?? new TextDecoder('shift_jis').decode(bytes)
}

function decode(bytes: Uint8Array): string {
  return isUtf16(withoutZeros(bytes)) ? decodeUtf16(bytes, guessByteOrder(bytes)) : decodeText(bytes)
}

/** Looked at to tell UTF-16 that is not called so. */
const SAMPLE_BYTES = 4096

/** A byte order mark, or a zero in about every second byte. */
function isUtf16(body: Uint8Array): boolean {
  const mark = decodeLatin1(body.subarray(0, 2))
  if (mark === '\xff\xfe' || mark === '\xfe\xff') return true
  const sample = body.subarray(0, SAMPLE_BYTES)
  const zeros = sample.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0)
  return zeros * 3 > sample.length
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return bytes.subarray(0, end)
}

function withoutPadding(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 0 || text.charCodeAt(end - 1) === 0x20)) end -= 1
  return text.slice(0, end)
}
