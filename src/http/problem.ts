import { type AppError, toAppError, toProblem } from '../errors.ts'
import { endsSoon, hasBody, StalledBody } from './body.ts'
import { lingeringBody } from './linger.ts'

/** Answers nothing that a cache or a content sniffer could make more of. */
const FIXED = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

export function jsonResponse(body: object, status: number, requestId: string): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...FIXED, 'content-type': 'application/json', 'x-request-id': requestId },
  })
}

/** An error as `application/problem+json`, with the headers that belong to its code. */
export function problemResponse(
  error: unknown,
  { request, requestId }: { readonly request: Request; readonly requestId: string },
  headers: Record<string, string> = {},
): Response {
  const app = toAppError(error)
  const problem = toProblem(app, requestId)
  const text = JSON.stringify(problem)
  const all = {
    ...FIXED,
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    ...headersOf(app),
    ...headers,
  }
  if (app instanceof StalledBody) {
    return new Response(text, { status: problem.status, headers: { ...all, connection: 'close' } })
  }
  if (!endsSoon(request.headers)) {
    return new Response(lingeringBody(text, request), {
      status: problem.status,
      headers: { ...all, connection: 'close' },
    })
  }
  // Nobody reads the rest of the body: the server is to throw it away.
  if (hasBody(request) && request.body?.locked === false) void request.body.cancel().catch(() => {})
  return new Response(text, { status: problem.status, headers: all })
}

function headersOf({ code, retryAfterSeconds }: AppError): Record<string, string> {
  const headers: Record<string, string> = {}
  if (code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="airkeep"'
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(Math.max(0, Math.ceil(retryAfterSeconds)))
  return headers
}
