/** Bytes of a page of a catalog; larger ones are not read: far beyond what people write. */
export const MAX_PAGE_BYTES = 4 * 2 ** 20

export const tooLarge = (sizeBytes: number): string =>
  `It has ${sizeBytes} bytes: no page of a catalog has more than ${MAX_PAGE_BYTES}`

/** Why there is no text. */
export const NO_TEXT = 'It is no text: binary content under the name of a page'

/** How the bytes of a page are to be read, and written again. */
export type PageEncoding = 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be'

export interface PageText {
  /** Without the byte order mark. */
  readonly text: string
  readonly encoding: PageEncoding
  /** Bytes of the byte order mark. */
  readonly markBytes: number
}

const decoders = {
  'utf-8': new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
  'windows-1252': new TextDecoder('windows-1252'),
  'utf-16le': new TextDecoder('utf-16le', { ignoreBOM: true }),
  'utf-16be': new TextDecoder('utf-16be', { ignoreBOM: true }),
} as const

/**
 * The text of a page: UTF-8, UTF-16 with its mark, or Latin-1 (as Windows writes it).
 * @returns undefined for what is no text
 */
export function decodePage(bytes: Uint8Array): PageText | undefined {
  const [first, second, third] = bytes
  if (first === 0xff && second === 0xfe) return toText(bytes, 'utf-16le', 2)
  if (first === 0xfe && second === 0xff) return toText(bytes, 'utf-16be', 2)
  if (bytes.includes(0)) return undefined
  const markBytes = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0
  try {
    return toText(bytes, 'utf-8', markBytes)
  } catch {
    return toText(bytes, 'windows-1252', 0)
  }
}

function toText(bytes: Uint8Array, encoding: PageEncoding, markBytes: number): PageText | undefined {
  const text = decoders[encoding].decode(bytes.subarray(markBytes))
  return isText(text) ? { text, encoding, markBytes } : undefined
}

/** One control character in fifty is more than any text has. */
function isText(text: string): boolean {
  let odd = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0) return false
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0c && code !== 0x0d) odd += 1
  }
  return odd * 50 <= text.length
}

/** Where windows-1252 is not Latin-1: typographic quotes, dashes, the euro. */
const WINDOWS_BYTES: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 32 }, (_, at) => [decoders['windows-1252'].decode(Uint8Array.of(0x80 + at)), 0x80 + at]),
)

/** `text` in the bytes of `encoding`; every character has to be one that it knows. */
export function encodeText(text: string, encoding: PageEncoding): Uint8Array {
  if (encoding === 'windows-1252') {
    return Uint8Array.from(text, (letter) => WINDOWS_BYTES.get(letter) ?? letter.charCodeAt(0))
  }
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8')
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16le' ? bytes : bytes.swap16()
}

/** Where the character at `offset` of the text begins among the bytes of the page. */
export function byteOffset({ text, encoding, markBytes }: PageText, offset: number): number {
  if (encoding === 'utf-8') return markBytes + Buffer.byteLength(text.slice(0, offset))
  return markBytes + (encoding === 'windows-1252' ? offset : 2 * offset)
}
