import { readFile, stat } from 'node:fs/promises'

/** Bytes of text in one call: with the escapes of JSON it stays below what a server takes. */
export const MOST_TEXT = 4 * 2 ** 20

/** The text of a page, or why it is none. */
export type PageText = { readonly content: string } | { readonly unreadable: string }

/** Reads a page for whoever cannot read it: as UTF-8, UTF-16 with its mark, or Latin-1. */
export async function readPageText(path: string): Promise<PageText> {
  try {
    const stats = await stat(path)
    if (!stats.isFile()) return { unreadable: 'It is no regular file' }
    if (stats.size > MOST_TEXT) {
      return { unreadable: `It has ${stats.size} bytes: no page of a catalog has more than ${MOST_TEXT}` }
    }
    const content = decode(await readFile(path))
    return content.includes('\0')
      ? { unreadable: 'It is no text: binary content under the name of a page' }
      : { content }
  } catch {
    return { unreadable: 'It cannot be read' }
  }
}

function decode(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex')
  if (mark === 'fffe') return new TextDecoder('utf-16le').decode(bytes)
  if (mark === 'feff') return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
