import { parseHttpDate } from './http-date.ts'

/** What requests are compared with. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string
  readonly modifiedMs: number
}

export type Verdict = 'proceed' | 'not-modified' | 'failed'

/** Conditions of a GET or HEAD, in the order of RFC 9110, 13.2.2; If-Range comes after them. */
export function judgeConditions(headers: Headers, { etag, modifiedMs }: Validators): Verdict {
  const modified = toSeconds(modifiedMs)
  const match = headers.get('if-match')
  if (match !== null) {
    if (!names(match, etag, false)) return 'failed'
  } else {
    const since = parseHttpDate(headers.get('if-unmodified-since') ?? '')
    if (since !== undefined && modified > toSeconds(since)) return 'failed'
  }
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) return names(noneMatch, etag, true) ? 'not-modified' : 'proceed'
  const since = parseHttpDate(headers.get('if-modified-since') ?? '')
  return since !== undefined && modified <= toSeconds(since) ? 'not-modified' : 'proceed'
}

/**
 * Whether a Range may be honoured: there is no If-Range, or it names exactly what is there (RFC 9110, 13.1.5), by a
 * strong ETag or by the very date of Last-Modified.
 */
export function judgeIfRange(headers: Headers, { etag, modifiedMs }: Validators): boolean {
  const given = headers.get('if-range')?.trim()
  if (given === undefined) return true
  if (given.endsWith('"')) return given === etag
  const date = parseHttpDate(given)
  return date !== undefined && toSeconds(date) === toSeconds(modifiedMs)
}

const toSeconds = (ms: number): number => Math.floor(ms / 1000)

/** Whether a list of entity tags holds this one; a weak one counts only where the comparison is weak. */
function names(list: string, etag: string, weak: boolean): boolean {
  if (list.trim() === '*') return true
  return [...list.matchAll(/(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)].some(
    ([, mark, tag]) => tag === etag && (weak || mark === undefined),
  )
}
