import type { PageCheck } from '../detect/page-check.ts'
import type { PageReport } from '../page-report.ts'

/** What can be said of a page while its host cannot be asked: never that a file is missing. */
export function unlooked(page: PageReport, reason: string): PageCheck {
  const { syntax_type, is_valid, air, download_count, checkable, notes } = page
  const own = { downloaded: false, path: null, syntax_type, is_valid, air, download_count, checkable, notes }
  if (syntax_type === 'NO_DOWNLOAD') {
    return { ...own, status: 'not_applicable', files: [], reason: 'It has no command that downloads a file' }
  }
  const files = page.files.map(({ expected, role }) => ({
    expected,
    ...(role === undefined ? {} : { role }),
    status: 'unknown' as const,
    reason,
  }))
  if (syntax_type === 'INVALID') return { ...own, status: 'invalid', files, reason: page.reason }
  return { ...own, status: 'unknown', files, reason }
}
