import * as v from 'valibot'
import { SYNTAX_TYPES } from '../classify.ts'
import { EVIDENCE, FILE_STATUSES, PAGE_STATUSES, type PageCheck } from '../detect/page-check.ts'

const fileCheckSchema = v.object({
  expected: v.pipe(v.string(), v.description('Name, or pattern of the name')),
  role: v.optional(v.string()),
  status: v.picklist(FILE_STATUSES),
  path: v.optional(v.string()),
  matched_by: v.optional(v.picklist(EVIDENCE)),
  size_bytes: v.optional(v.number()),
  sha256: v.optional(v.string()),
  reason: v.optional(v.string()),
})

const pageCheckSchema = v.object({
  downloaded: v.pipe(v.boolean(), v.description('Every file that its commands would place is there')),
  status: v.pipe(v.picklist(PAGE_STATUSES), v.description('unknown: nobody could look, see reason')),
  path: v.nullable(v.string()),
  syntax_type: v.picklist(SYNTAX_TYPES),
  is_valid: v.boolean(),
  air: v.nullable(v.string()),
  download_count: v.number(),
  checkable: v.boolean(),
  files: v.array(fileCheckSchema),
  notes: v.array(v.string()),
  reason: v.optional(v.string()),
})

const FILE_COUNTS = FILE_STATUSES.map((status) => `files_${status}` as const)

const summarySchema = v.object({
  pages: v.number(),
  ...v.entriesFromList(PAGE_STATUSES, v.number()),
  files: v.number(),
  ...v.entriesFromList(FILE_COUNTS, v.number()),
})

/** What a check answers, beside `success`. */
export const checkEntries = {
  instance: v.pipe(v.string(), v.description('The host that was looked at')),
  ui_home: v.nullable(v.string()),
  checked_at: v.string(),
  results: v.pipe(v.record(v.string(), pageCheckSchema), v.description('By file_path')),
  summary: summarySchema,
  notes: v.pipe(v.array(v.string()), v.description('Folders of the catalog that could not be looked into')),
}

/** Where the host could not be looked at. */
export const failureEntries = {
  reason: v.optional(v.string()),
  hint: v.optional(v.string()),
  error_code: v.optional(v.string()),
  host_status: v.optional(v.pipe(v.string(), v.description('The reason for programs: host_key_unknown, timed_out'))),
  host_key: v.optional(
    v.pipe(
      v.object({ type: v.string(), fingerprint: v.string() }),
      v.description('What the host showed; accept_host_key accepts it'),
    ),
  ),
}

export const checkAnswerSchema = v.object({ success: v.boolean(), ...checkEntries, ...failureEntries })
export type CheckAnswer = v.InferOutput<typeof checkAnswerSchema>

/** Lists of an answer are its own. */
export const toResults = (checks: ReadonlyMap<string, PageCheck>): CheckAnswer['results'] =>
  Object.fromEntries(
    [...checks].map(([filePath, check]) => [
      filePath,
      { ...check, notes: [...check.notes], files: check.files.map((file) => ({ ...file })) },
    ]),
  )

type Summary = CheckAnswer['summary']

const zeros = <K extends string>(names: readonly K[]): Record<K, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>

export function countChecks(checks: Iterable<PageCheck>): Summary {
  const summary: Summary = { pages: 0, ...zeros(PAGE_STATUSES), files: 0, ...zeros(FILE_COUNTS) }
  for (const check of checks) {
    summary.pages += 1
    summary[check.status] += 1
    for (const { status } of check.files) {
      summary.files += 1
      summary[`files_${status}`] += 1
    }
  }
  return summary
}
