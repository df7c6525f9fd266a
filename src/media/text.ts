/** Bytes to text the way image tools write it. */

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** Text if the bytes are valid UTF-8 (a byte order mark is taken off), else undefined. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** PNG says that tEXt is Latin-1, but most tools write UTF-8 there: strict UTF-8, else Latin-1. */
export const decodeText = (bytes: Uint8Array): string => decodeUtf8(bytes) ?? decodeLatin1(bytes)

/** One character a byte. (TextDecoder's `latin1` is windows-1252, which is another thing from 0x80 to 0x9f.) */
export const decodeLatin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Some tools leave NUL bytes at the end of a text. */
export function withoutTrailingNuls(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1
  return text.slice(0, end)
}

type FileEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** The encoding of a whole text by the byte order mark that Windows puts in front of it; without one by its zero bytes. */
export function encodingOf(bytes: Uint8Array): FileEncoding {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : encodingByZeros(bytes)
}

/** Bytes that are looked at: the beginning of a file, of which more is not known when it is asked what it is. */
const SAMPLE_BYTES = 4096
/** Of the units one in so many is a Western letter or sign: all JSON and all parameters are made of them. */
const WESTERN = 8
/** Zero bytes on the other side are of rare letters, such as the Chinese one. */
const OTHERS = 4

/** UTF-8 has no zero bytes but some that were left at its end; in UTF-16 Western letters have one each, on one side. */
function encodingByZeros(bytes: Uint8Array): FileEncoding {
  let end = Math.min(bytes.length, SAMPLE_BYTES)
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  let [even, odd] = [0, 0]
  for (let at = 0; at < end; at += 1) {
    if (bytes[at] !== 0) continue
    if (at % 2 === 0) even += 1
    else odd += 1
  }
  const most = Math.max(even, odd)
  if (most === 0 || most * WESTERN < end / 2 || Math.min(even, odd) * OTHERS > most) return 'utf-8'
  return odd > even ? 'utf-16le' : 'utf-16be'
}

/** The text of a whole file by its byte order mark, which is taken off; undefined where it is not valid all through. */
export function decodeFile(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether a file that begins so, perhaps inside a character, is text: valid in its encoding, without control characters. */
export function looksLikeTextFile(head: Uint8Array): boolean {
  const encoding = encodingOf(head)
  if (encoding === 'utf-8') return looksLikeText(head)
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true })
    return text !== '' && !CONTROL.test(text)
  } catch {
    return false
  }
}

/** But for tab, line feed, form feed and carriage return. */
const CONTROL = /[^\P{Cc}\t\n\f\r]/u

/** Whether the bytes, which may end inside a character, are text: UTF-8 without control characters. */
export function looksLikeText(head: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
  } catch {
    return false
  }
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d)
}
