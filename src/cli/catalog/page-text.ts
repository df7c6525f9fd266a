import { readFile, stat } from 'node:fs/promises'
import { decodePage, MAX_PAGE_BYTES, NO_TEXT, tooLarge } from '../../lib/page-text.ts'

/** The text of a page, or why it is none. */
export type PageText = { readonly content: string } | { readonly unreadable: string }

/** Reads a page for whoever answers from elsewhere. */
export async function readPageText(path: string): Promise<PageText> {
  try {
    const stats = await stat(path)
    if (!stats.isFile()) return { unreadable: 'It is no regular file' }
    if (stats.size > MAX_PAGE_BYTES) return { unreadable: tooLarge(stats.size) }
    const page = decodePage(await readFile(path))
    return page === undefined ? { unreadable: NO_TEXT } : { content: page.text }
  } catch {
    return { unreadable: 'It cannot be read' }
  }
}
