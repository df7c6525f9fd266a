import { AppError } from '../../errors.ts'
import type { Call } from '../../operation/operation.ts'
import type { PageToCheck } from '../detect/catalog-host.ts'
import { openTextOf } from '../detect/page-texts.ts'
import { type CatalogItem, type ReadCatalogDeps, readCatalog } from '../validate-operation.ts'

export interface PagesInput {
  readonly catalog_dir?: string | undefined
  readonly items?: readonly CatalogItem[] | undefined
}

export interface PagesToCheck {
  readonly pages: readonly PageToCheck[]
  /** Folders that could not be looked into. */
  readonly notes: readonly string[]
}

/**
 * The pages that a caller names, else those of the configured catalogs, read here. A page that cannot be read is one too, with its reason.
 * @throws AppError invalid_input, not_found, forbidden, payload_too_large
 */
export async function readPagesToCheck(
  deps: ReadCatalogDeps,
  { catalog_dir, items }: PagesInput,
  call: Pick<Call, 'actor' | 'signal' | 'progress'>,
): Promise<PagesToCheck> {
  const { pages, texts, notes } = await readCatalog(
    deps,
    { catalog_dir, items: items === undefined ? undefined : withoutRepeated(items) },
    call,
    true,
  )
  return {
    notes,
    pages: pages.map((report) => {
      const text = texts.get(report.file_path)
      if (text === undefined) return { report }
      return 'content' in text ? { report, content: text.content } : { report, page_path: text.path }
    }),
  }
}

/** Answers go by file_path: the same page twice is one, and two texts under one name are none. */
function withoutRepeated(items: readonly CatalogItem[]): readonly CatalogItem[] {
  const first = new Map<string, CatalogItem>()
  for (const [at, item] of items.entries()) {
    const before = first.get(item.file_path)
    if (before === undefined) first.set(item.file_path, item)
    else if (before.content !== item.content) {
      const expected = 'file_path must not name two different texts'
      throw new AppError('invalid_input', expected, { errors: [{ path: `items.${at}.file_path`, expected }] })
    }
  }
  return [...first.values()]
}

/** Characters of pages that a job keeps. */
const MOST_TEXT = 12 * 2 ** 20

/**
 * The pages as a job keeps them: what was read of each and, where another host is to read them itself, their text
 * without its secrets.
 * @throws AppError payload_too_large
 */
export async function pagesToKeep(pages: readonly PageToCheck[], withText: boolean) {
  const kept: { report: PageToCheck['report']; content?: string }[] = []
  let characters = 0
  for (const page of pages) {
    const content = withText ? await openTextOf(page) : undefined
    characters += content?.length ?? 0
    if (characters > MOST_TEXT) {
      throw new AppError('payload_too_large', 'The pages are too much for a job', {
        hint: 'Wait for the answer, or give fewer pages at once',
      })
    }
    kept.push({ report: page.report, ...(content === undefined ? {} : { content }) })
  }
  return kept
}
