import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { textOf } from '../dependency-state.ts'
import { renderTable } from '../table.ts'
import { printableLine } from '../text-width.ts'
import { type CheckedPage, checkedPages, statusOf } from './check-answer.ts'
import { objectsOf, textsOf } from './page-row.ts'

const BADGES: Readonly<Record<string, string>> = {
  all: '● here',
  partial: '◐ partly',
  none: '○ missing',
  unknown: '? unknown',
  invalid: '! invalid',
  not_applicable: '· nothing',
}

export const badgeOf = (page: CheckedPage): string => BADGES[statusOf(page)] ?? statusOf(page)

/** Worst first would hide where a page is: they stand as the catalog has them. */
export function renderCheck(answer: JsonObject, columns: number | undefined): string {
  const pages = checkedPages(answer)
  const rows = pages.map((page) => ({
    status: badgeOf(page),
    page: page.name,
    files: filesOf(page),
    where: detailOf(page),
  }))
  const lines = rows.length === 0 ? [] : [renderTable(rows, columns), '']
  return [...lines, ...summaryOf(answer, pages)].join('\n')
}

const HERE = new Set(['verified', 'present', 'elsewhere'])

/** `1/2` */
function filesOf({ result }: CheckedPage): string {
  const files = objectsOf(result.files)
  return files.length === 0
    ? ''
    : `${files.filter(({ status }) => HERE.has(textOf(status) ?? '')).length}/${files.length}`
}

/** Where it is, else which file is not there, else why nobody knows. */
function detailOf(page: CheckedPage): string {
  const { result } = page
  const files = objectsOf(result.files)
  const absent = files.filter(({ status }) => !HERE.has(textOf(status) ?? ''))
  if (statusOf(page) === 'all') return textOf(result.path) ?? ''
  // Its badge says it all, and half of a catalog are such.
  if (statusOf(page) === 'not_applicable') return ''
  const reason = textOf(result.reason)
  if (reason !== undefined || absent.length === 0) return reason ?? ''
  return absent
    .map(({ expected, status, role }) => {
      const name = textOf(expected) ?? '?'
      return `${textOf(status) ?? 'missing'}: ${name}${textOf(role) === undefined ? '' : ` (${textOf(role)})`}`
    })
    .join(', ')
}

const WORDS = [
  ['all', 'here'],
  ['partial', 'partly here'],
  ['none', 'missing'],
  ['unknown', 'unknown'],
  ['invalid', 'invalid'],
  ['not_applicable', 'without downloads'],
] as const

export function summaryOf(answer: JsonObject, pages: readonly CheckedPage[]): string[] {
  const counted = WORDS.map(
    ([status, word]) => [pages.filter((page) => statusOf(page) === status).length, word] as const,
  )
  const parts = counted.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const host = [
    `on ${printableLine(textOf(answer.instance) ?? 'this host')}`,
    textOf(answer.ui_home) === undefined ? undefined : `UI in ${printableLine(textOf(answer.ui_home) ?? '')}`,
    textOf(answer.checked_at),
  ].filter((part) => part !== undefined)
  const about =
    pages.length === 0 ? 'no pages' : `${pages.length} page${pages.length === 1 ? '' : 's'}: ${parts.join(', ')}`
  const failure = textOf(answer.reason) ?? textOf(answer.message)
  const hint = textOf(answer.hint)
  const key = isJsonObject(answer.host_key) ? printableLine(textOf(answer.host_key.fingerprint) ?? '') : undefined
  return [
    about,
    host.join(', '),
    ...textsOf(answer.notes).map((note) => printableLine(note)),
    ...(answer.success === true || failure === undefined ? [] : [`could not look: ${printableLine(failure)}`]),
    ...(answer.success === true || hint === undefined ? [] : [`hint: ${printableLine(hint)}`]),
    // With its fingerprint: without one a key that replaces another is not taken.
    ...(key === undefined ? [] : [`the key of that host is ${key}: --accept-host-key ${key} takes it`]),
  ]
}
