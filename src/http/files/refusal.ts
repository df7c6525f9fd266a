import { AppError, toProblem } from '../../errors.ts'

const TITLES = { 412: 'Precondition failed', 416: 'Range not satisfiable' } as const

/** A problem document under a status that belongs to a request's headers and to no error code. */
export function refuse(
  status: keyof typeof TITLES,
  detail: string,
  requestId: string,
  headers: Record<string, string>,
): Response {
  const problem = toProblem(new AppError('invalid_input', detail), requestId)
  return new Response(JSON.stringify({ ...problem, title: TITLES[status], status }), {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
  })
}
