import { setImmediate } from 'node:timers/promises'
import type { PageReport } from '../page-report.ts'
import type { HostIndex } from './host-index.ts'
import { judgePage } from './judge-page.ts'
import type { PageCheck } from './page-check.ts'

/** What the files of pages are on a host, by file_path. Looks at nothing but the index. */
export const checkPages = (pages: readonly PageReport[], index: HostIndex): ReadonlyMap<string, PageCheck> =>
  new Map(pages.map((page) => [page.file_path, judgePage(page, index)]))

/** A few milliseconds of the event loop. */
const PAGES_OF_A_STEP = 100

/**
 * The same of any number of pages, with turns of the event loop between.
 * @throws the signal's reason
 */
export async function checkPagesInSteps(
  pages: readonly PageReport[],
  index: HostIndex,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress?: (done: number) => void },
): Promise<ReadonlyMap<string, PageCheck>> {
  const checks = new Map<string, PageCheck>()
  for (let from = 0; from < pages.length; from += PAGES_OF_A_STEP) {
    for (const [path, check] of checkPages(pages.slice(from, from + PAGES_OF_A_STEP), index)) checks.set(path, check)
    onProgress?.(checks.size)
    await setImmediate()
    signal.throwIfAborted()
  }
  return checks
}
