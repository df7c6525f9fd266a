import * as v from 'valibot'
import { SYNTAX_TYPES } from '../classify.ts'
import { MAX_FILES } from '../limits.ts'
import { escapeName } from '../ssh/remote-name.ts'
import { EVIDENCE, FILE_STATUSES, PAGE_STATUSES } from './page-check.ts'

const MAX_NOTES = 500

/** A stranger's words: of a bounded length, and nothing in them acts. */
const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest), v.transform(escapeName))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** What an airkeep of another version may leave out. */
const maybe = <S extends v.GenericSchema>(schema: S) => v.fallback(v.optional(schema), undefined as never)

const fileSchema = v.object({
  expected: text(4_096),
  role: maybe(text(1_000)),
  status: v.picklist(FILE_STATUSES),
  path: maybe(text(8_192)),
  matched_by: maybe(v.picklist(EVIDENCE)),
  size_bytes: maybe(count),
  sha256: maybe(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  reason: maybe(text(2_000)),
})

const pageSchema = v.object({
  downloaded: v.boolean(),
  status: v.picklist(PAGE_STATUSES),
  path: v.nullable(text(8_192)),
  syntax_type: v.picklist(SYNTAX_TYPES),
  is_valid: v.boolean(),
  air: v.fallback(v.nullable(text(1_000)), null),
  download_count: v.fallback(count, 0),
  checkable: v.boolean(),
  files: v.pipe(v.array(fileSchema), v.maxLength(MAX_FILES)),
  notes: v.pipe(v.array(text(2_000)), v.maxLength(MAX_NOTES)),
  reason: maybe(text(2_000)),
})

/** What another airkeep answers to `check_downloads`. */
export const nodeAnswerSchema = v.object({
  success: v.boolean(),
  instance: text(300),
  ui_home: v.nullable(text(4_096)),
  checked_at: v.pipe(v.string(), v.isoTimestamp()),
  results: v.record(v.string(), pageSchema),
  reason: maybe(text(2_000)),
  host_status: maybe(text(100)),
})

export type NodeAnswer = v.InferOutput<typeof nodeAnswerSchema>
export type NodePage = v.InferOutput<typeof pageSchema>
