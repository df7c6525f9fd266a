import { isAppError } from '../../errors.ts'
import { decodePage } from '../../lib/page-text.ts'
import { openPage } from '../fix/page-file.ts'
import { withoutSecrets } from '../secrets.ts'
import type { PageToCheck } from './catalog-host.ts'

/** The text of a page as it may leave this host, without its secrets; undefined where it cannot be read any more. */
export async function openTextOf({ content, page_path: path }: PageToCheck): Promise<string | undefined> {
  if (content !== undefined) return withoutSecrets(content)
  if (path === undefined) return undefined
  try {
    const { bytes } = await openPage(path)
    const page = decodePage(bytes)
    return page === undefined ? undefined : withoutSecrets(page.text)
  } catch (error) {
    if (isAppError(error) && error.code !== 'internal') return undefined
    throw error
  }
}

/** How a page is called where only its text goes: nothing lies there under an absolute path of this host. */
export const nameToSend = (filePath: string): string => filePath.replace(/^\/+/, '')
