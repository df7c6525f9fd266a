import { AppError } from '../errors.ts'
import { timeField } from '../operation/fields.ts'

export const startTimeField = timeField(
  'start_time',
  'Recorded at this time or later: 2025-01-15T10:00:00Z or 2025-01-15',
)
export const endTimeField = timeField(
  'end_time',
  'Recorded at this time or earlier: 2025-01-15T10:00:00Z or 2025-01-15',
)

/**
 * An ISO 8601 text, whose form the schema has checked, as milliseconds since the epoch.
 * @throws AppError invalid_input for a day or an hour that does not exist
 */
export function toTime(field: string, text: string): number {
  const ms = Date.parse(text)
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  // Date.parse turns February 30 into March 2.
  if (!Number.isNaN(ms) && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day) return ms
  const expected = `${field} must be an ISO 8601 time such as 2025-01-15T10:00:00Z`
  throw new AppError('invalid_input', expected, { errors: [{ path: field, expected }] })
}

export interface TimeRange {
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Both ends included. @throws AppError invalid_input, also where the start lies after the end */
export function toTimeRange(input: { start_time?: string | undefined; end_time?: string | undefined }): TimeRange {
  const from = input.start_time === undefined ? undefined : toTime('start_time', input.start_time)
  const to = input.end_time === undefined ? undefined : toTime('end_time', input.end_time)
  if (from !== undefined && to !== undefined && from > to) {
    const expected = 'start_time must not be after end_time'
    throw new AppError('invalid_input', expected, { errors: [{ path: 'start_time', expected }] })
  }
  return { from, to }
}
