import { isUtf8 } from 'node:buffer'

/**
 * A name as the far side has it, which may be any bytes. One that is not UTF-8 stands for its bad bytes 0x80…0xff with
 * the lone surrogates U+DC80…U+DCFF, so that `encodeName` gives the same bytes again (PEP 383).
 */
export function decodeName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    const character = bytes.subarray(at, at + length)
    if (character.length === length && isUtf8(character)) {
      text += character.toString('utf8')
      at += length
    } else {
      text += String.fromCharCode(0xdc00 + lead)
      at += 1
    }
  }
  return text
}

const LONE = /[\ud800-\udfff]/u

/** The bytes of a name; a lone surrogate that stands for no byte becomes U+FFFD, which no such name has. */
export function encodeName(name: string): Buffer {
  if (!LONE.test(name)) return Buffer.from(name, 'utf8')
  const pieces = [...name].map((character) => {
    const code = character.charCodeAt(0)
    const single = character.length === 1 && code >= 0xdc80 && code <= 0xdcff
    return single ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8')
  })
  return Buffer.concat(pieces)
}

const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** What would steer a terminal, hide or turn text around, or look like an escape. */
const UNSAFE = /[\\\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/** A far-side name for people: on one line, nothing in it acts. Not to be used as a path. */
export const escapeName = (name: string): string =>
  name.replace(UNSAFE, (character) => {
    const short = SHORT[character]
    if (short !== undefined) return short
    const code = character.codePointAt(0) ?? 0
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
