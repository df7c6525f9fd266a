import { AppError } from '../errors.ts'
import type { GuardedResponse } from '../net/response.ts'
import { retryAfterSeconds } from '../net/retry-after.ts'
import { SourceFault } from './source-fault.ts'

/** What a good answer to a range says. */
export interface RangeFacts {
  /** First byte of the body, in the file. */
  readonly begin: number
  /** Behind its last byte; undefined where the length of the whole file is not known. */
  readonly end: number | undefined
  /** Of the whole file, where it is said. */
  readonly sizeBytes: number | undefined
  /** `etag:"…"` or `modified:…`: the same as long as the bytes are. */
  readonly validator: string | null
  /** The whole file came, whatever was asked for. */
  readonly whole: boolean
}

const CONTENT_RANGE = /^\s*bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)\s*$/i

/**
 * Reads status and headers of the answer to a range.
 * @throws SourceFault for every answer whose body is not the bytes that were asked for; the caller closes it
 */
export function readRangeAnswer(response: GuardedResponse, begin: number, end: number | undefined): RangeFacts {
  const { status, headers, contentLength } = response
  if (status === 416) return readUnsatisfied(headers)
  if (status !== 200 && status !== 206) throw refusal(response)
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (coding !== '' && coding !== 'identity' && coding !== 'aws-chunked') {
    throw new SourceFault('dead', `it sends the file compressed (${coding.slice(0, 20)}), which was not asked for`)
  }
  if (/^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(headers.get('content-type') ?? '')) {
    throw new SourceFault('dead', 'it sends a web page instead of the file')
  }
  const validator = validatorOf(headers)
  if (status === 200) return { begin: 0, end: contentLength, sizeBytes: contentLength, validator, whole: true }

  const [, first, last, total] = CONTENT_RANGE.exec(headers.get('content-range') ?? '') ?? []
  if (first === undefined || last === undefined) throw new SourceFault('retry', 'it does not say which part it sends')
  const stop = Number(last) + 1
  const sizeBytes = total === '*' ? undefined : Number(total)
  if (Number(first) !== begin || stop <= begin || (end !== undefined && stop > end) || stop > (sizeBytes ?? stop)) {
    throw new SourceFault('retry', `it sends another part than bytes ${begin} to ${(end ?? stop) - 1}`)
  }
  if (contentLength !== undefined && contentLength !== stop - begin) {
    throw new SourceFault('retry', 'it sends another length than it says')
  }
  return { begin, end: stop, sizeBytes, validator, whole: false }
}

function readUnsatisfied(headers: Headers): RangeFacts {
  const [, , , total] = CONTENT_RANGE.exec(headers.get('content-range') ?? '') ?? []
  if (total === undefined || total === '*') throw new SourceFault('retry', 'it does not have that part of the file')
  // An empty file has no first byte that could be asked for; any other size is judged like that of every answer.
  return { begin: 0, end: 0, sizeBytes: Number(total), validator: validatorOf(headers), whole: false }
}

/** What may stay the same while bytes change does not count. */
function validatorOf(headers: Headers): string | null {
  const etag = headers.get('etag')?.trim() ?? ''
  if (etag.startsWith('"')) return `etag:${etag.slice(0, 200)}`
  const modified = headers.get('last-modified')?.trim() ?? ''
  return isOver(modified, headers.get('date') ?? '') ? `modified:${modified.slice(0, 100)}` : null
}

/** A file may change twice within a second: its date tells only when that second is over (RFC 9110, 8.8.2.2). */
const isOver = (modified: string, now: string): boolean => Date.parse(now) - Date.parse(modified) >= 1_000

function refusal({ status, headers }: GuardedResponse): SourceFault {
  const seconds = retryAfterSeconds(headers.get('retry-after'))
  const waitMs = seconds === undefined ? undefined : seconds * 1_000
  const retryAfter = { retryAfterSeconds: seconds }
  if (status === 429) {
    const cause = new AppError('rate_limited', 'Cannot download the file: its host asks to slow down (429)', retryAfter)
    return new SourceFault('busy', 'it asks to slow down (429)', { waitMs, cause })
  }
  if (status === 503) return new SourceFault('busy', 'it is overloaded (503)', { waitMs })
  if (status === 401 || status === 403) {
    const cause = new AppError('forbidden', `Cannot download the file: its host refuses it (${status})`, {
      hint: 'Check whether it needs a login there',
    })
    return new SourceFault('expired', `it refuses the file (${status})`, { cause })
  }
  if (status === 404 || status === 410) {
    const cause = new AppError('not_found', `Cannot download the file: it is not there (${status})`)
    return new SourceFault('expired', `the file is not there (${status})`, { cause })
  }
  if (status === 408 || status === 425 || status >= 500) {
    return new SourceFault('retry', `it answered ${status}`, { waitMs })
  }
  // Storages answer 400 to a signature that they do not like.
  return new SourceFault('expired', `it answered ${status}`)
}
