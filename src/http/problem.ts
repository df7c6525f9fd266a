import { type AppError, toAppError, toProblem } from '../errors.ts'

/** Answers nothing that a cache or a content sniffer could make more of. */
const FIXED = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

export function jsonResponse(body: object, status: number, requestId: string): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...FIXED, 'content-type': 'application/json', 'x-request-id': requestId },
  })
}

/** An error as `application/problem+json`, with the headers that belong to its code. */
export function problemResponse(error: unknown, requestId: string, allow?: string): Response {
  const app = toAppError(error)
  const problem = toProblem(app, requestId)
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      ...FIXED,
      'content-type': 'application/problem+json',
      'x-request-id': requestId,
      ...headersOf(app),
      ...(allow === undefined ? {} : { allow }),
    },
  })
}

function headersOf({ code, retryAfterSeconds }: AppError): Record<string, string> {
  const headers: Record<string, string> = {}
  if (code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="airkeep"'
  // The rest of the body is not read: the connection cannot serve another request.
  if (code === 'payload_too_large') headers['connection'] = 'close'
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(Math.max(0, Math.ceil(retryAfterSeconds)))
  return headers
}
