import { setImmediate } from 'node:timers/promises'
import type { PageReport } from '../page-report.ts'
import type { HostIndex } from './host-index.ts'
import { judgePage } from './judge-page.ts'
import type { PageCheck } from './page-check.ts'

/** What the files of pages are on a host, by file_path. Looks at nothing but the index. */
export const checkPages = (pages: readonly PageReport[], index: HostIndex): ReadonlyMap<string, PageCheck> =>
  new Map(pages.map((page) => [page.file_path, judgePage(page, index)]))

/** Files of the pages that are judged in one turn of the event loop: a few milliseconds. */
const FILES_OF_A_STEP = 100

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
  let cost = 0
  for (const page of pages) {
    checks.set(page.file_path, judgePage(page, index))
    cost += 1 + page.files.length
    if (cost < FILES_OF_A_STEP) continue
    cost = 0
    onProgress?.(checks.size)
    await setImmediate()
    signal.throwIfAborted()
  }
  if (cost > 0) onProgress?.(checks.size)
  return checks
}
