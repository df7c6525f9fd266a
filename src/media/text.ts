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

/** Whether the bytes, which may end inside a character, are text: UTF-8 without control characters. */
export function looksLikeText(head: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
  } catch {
    return false
  }
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d)
}
