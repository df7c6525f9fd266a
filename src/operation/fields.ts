import * as v from 'valibot'

/** Ids are row numbers that every JSON reader can hold exactly. */
export const MAX_ID = Number.MAX_SAFE_INTEGER

/** Digits of 1 to 9007199254740991 without sign or leading zero, as JSON Schema can say it. */
const ID_PATTERN = numbersUpTo(String(MAX_ID))

/** What readers of a schema are told: the last of sixteen digits are checked all the same. */
const SHOWN_ID_PATTERN = '^[1-9][0-9]{0,15}$'

function numbersUpTo(max: string): RegExp {
  const shorter = `[1-9][0-9]{0,${max.length - 2}}`
  const branches: string[] = [shorter]
  for (let at = 0; at < max.length; at += 1) {
    const digit = Number(max[at])
    const lowest = at === 0 ? 1 : 0
    if (digit > lowest) branches.push(`${max.slice(0, at)}[${lowest}-${digit - 1}][0-9]{${max.length - at - 1}}`)
  }
  branches.push(max)
  return new RegExp(`^(?:${branches.join('|')})$`)
}

/** An id of this ledger as the outside writes it; anything else gets the message that the guide names. */
export function idField(name: string, description: string) {
  const message = `${name} must be a valid integer ID`
  return v.pipe(
    v.string(message),
    v.regex(ID_PATTERN, message),
    v.metadata({ pattern: SHOWN_ID_PATTERN }),
    v.description(description),
  )
}

export const toRowId = (id: string): number => Number(id)
export const toPublicId = (rowId: number): string => String(rowId)

export const jobIdField = v.pipe(
  v.string('job_id must be a job ID'),
  v.regex(/^[a-z]+_[0-9a-z]+$/, 'job_id must be a job ID such as imp_0f3k9'),
  v.description('The job_id that the call which started the job returned'),
)

/** Text of a bounded length. */
export const textField = (description: string, maxLength = 10_000) =>
  v.pipe(v.string(), v.maxLength(maxLength), v.description(description))

export const requiredTextField = (description: string, maxLength = 10_000) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(maxLength), v.description(description))

export const limitField = (fallback: number, max: number) =>
  v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max), v.description('Rows in one answer')),
    fallback,
  )

export const offsetField = v.optional(
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.maxValue(MAX_ID),
    v.description('Rows to skip: those that earlier answers gave'),
  ),
  0,
)

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** ISO 8601 with a zone, or a date alone (midnight UTC). */
export const timeField = (name: string, description: string) => {
  const message = `${name} must be an ISO 8601 time such as 2025-01-15T10:00:00Z`
  return v.pipe(v.string(message), v.regex(ISO_TIME, message), v.description(description))
}
