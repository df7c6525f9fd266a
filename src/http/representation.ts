import type { Representation } from '../operation/operation.ts'

/**
 * A result of which the caller may have a copy: with an ETag, and 304 without a body where the copy is still the same.
 * A cache of the caller's own may keep it, but has to ask each time.
 */
export function representationResponse(
  { text, etag }: Representation,
  { headers }: Pick<Request, 'headers'>,
  requestId: string,
): Response {
  const common = { etag, 'cache-control': 'private, no-cache', 'x-request-id': requestId }
  if (matchesAny(headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers: common })
  return new Response(text, {
    headers: { ...common, 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
  })
}

/** RFC 9110 §13.1.2: `*`, or a list of ETags that are compared weakly. */
function matchesAny(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false
  if (ifNoneMatch.trim() === '*') return true
  return [...ifNoneMatch.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, tag]) => tag === etag)
}
