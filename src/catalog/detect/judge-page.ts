import type { ExpectedFile } from '../expected-file.ts'
import type { PageReport } from '../page-report.ts'
import type { HostIndex } from './host-index.ts'
import { judgeFile, THERE } from './judge-file.ts'
import { isSizeOf } from './matches.ts'
import type { FileCheck, PageCheck, PageStatus } from './page-check.ts'
import { openPath } from './query-name.ts'

const NOTHING: ReadonlySet<string> = new Set()

/** What a page's files are on a host. */
export function judgePage(page: PageReport, index: HostIndex): PageCheck {
  const files = judgeFiles(page.files, index).map(withOpenPath)
  const { syntax_type, is_valid, checkable, air, download_count } = page
  const { status, reason } = statusOf(page, files)
  return {
    downloaded: status === 'all',
    status,
    path: files.find((file) => THERE.has(file.status))?.path ?? null,
    syntax_type,
    is_valid,
    checkable,
    air,
    download_count,
    files,
    notes: [...page.notes, ...page.files.flatMap((file, at) => notesOn(file, files[at]))],
    ...(reason === undefined ? {} : { reason }),
  }
}

/** Files are told from each other by their whole names; others see them without keys. */
const withOpenPath = (file: FileCheck): FileCheck =>
  file.path === undefined ? file : { ...file, path: openPath(file.path) }

/** Each that is where it belongs first: what another one takes by its name alone must be left over. */
function judgeFiles(files: readonly ExpectedFile[], index: HostIndex): readonly FileCheck[] {
  const first = files.map((file) => judgeFile(file, index, NOTHING))
  if (files.length === 1) return first
  const taken = new Set<string>()
  const own = ({ status, path }: FileCheck): string | undefined =>
    status === 'verified' || status === 'present' ? path : undefined
  for (const check of first) {
    const path = own(check)
    if (path !== undefined) taken.add(path)
  }
  return files.map((file, at) => {
    const check = first[at]
    if (check !== undefined && (own(check) !== undefined || check.path === undefined)) return check
    const again = judgeFile(file, index, taken)
    if (again.status === 'elsewhere' && again.path !== undefined) taken.add(again.path)
    return again
  })
}

function statusOf(
  page: PageReport,
  files: readonly FileCheck[],
): { readonly status: PageStatus; readonly reason?: string | undefined } {
  // What its commands would place is told file by file all the same.
  if (page.syntax_type === 'INVALID') return { status: 'invalid', reason: page.reason }
  if (page.syntax_type === 'NO_DOWNLOAD') {
    return { status: 'not_applicable', reason: 'It has no command that downloads a file' }
  }
  const there = files.filter(({ status }) => THERE.has(status)).length
  if (there === files.length && there > 0) return { status: 'all' }
  const isAnyMissing = files.some(({ status }) => status === 'missing' || status === 'corrupt')
  const isBegun = there > 0 || files.some(({ status }) => status === 'partial')
  const unknown = files.find(({ status }) => status === 'unknown')
  if (files.length === 0) return { status: 'unknown', reason: 'Its commands name no file that could be looked for' }
  if (unknown !== undefined && !(isBegun && isAnyMissing)) return { status: 'unknown', reason: unknown.reason }
  return { status: isBegun ? 'partial' : 'none' }
}

function notesOn(expected: ExpectedFile, check: FileCheck | undefined): readonly string[] {
  if (check === undefined || !THERE.has(check.status)) return []
  const notes: string[] = []
  const { claimed_size_bytes: claimed, sha256 } = expected
  const { size_bytes: size = 0, status } = check
  if (claimed !== undefined && !isSizeOf(claimed, size)) {
    notes.push(`${expected.expected} has ${size} bytes, where the page says ${claimed}`)
  }
  if (check.matched_by === 'version_in_name') {
    notes.push(`${expected.expected} is there by the number in its name alone: compare its SHA-256`)
  }
  if (sha256 !== undefined && check.matched_by !== 'sha256' && status !== 'verified') {
    notes.push(`the SHA-256 of ${expected.expected} is not known on that host: it is there, and not verified`)
  }
  return notes
}
