/** The one table of what can go wrong: every surface renders errors from here. */

interface ErrorKind {
  readonly status: number
  readonly exitCode: number
  readonly retryable: boolean
  readonly title: string
}

const kind = (status: number, exitCode: number, title: string, retryable = false): ErrorKind => ({
  status,
  exitCode,
  retryable,
  title,
})

export const ERROR_KINDS = {
  invalid_input: kind(400, 2, 'Invalid input'),
  unauthorized: kind(401, 3, 'Unauthorized'),
  forbidden: kind(403, 3, 'Forbidden'),
  not_found: kind(404, 4, 'Not found'),
  method_not_allowed: kind(405, 2, 'Method not allowed'),
  conflict: kind(409, 5, 'Conflict'),
  payload_too_large: kind(413, 2, 'Payload too large'),
  unsupported_media_type: kind(415, 2, 'Unsupported media type'),
  checksum_mismatch: kind(422, 6, 'Checksum mismatch'),
  rate_limited: kind(429, 7, 'Rate limited', true),
  license_blocked: kind(451, 10, 'Blocked by licence policy'),
  internal: kind(500, 1, 'Internal error', true),
  upstream_unavailable: kind(502, 7, 'Upstream unavailable', true),
  disk_full: kind(507, 8, 'Disk full'),
  cancelled: kind(409, 9, 'Cancelled'),
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERROR_KINDS

/** One rejected field: where it stands (`items.0.path`) and what was expected there; never the value. */
export interface FieldIssue {
  readonly path: string
  readonly expected: string
}

export interface Existing {
  readonly asset_id?: string
  readonly post_id?: string
}

export interface AppErrorOptions {
  /** One plain sentence: what the caller can do about it. */
  readonly hint?: string | undefined
  readonly errors?: readonly FieldIssue[] | undefined
  /** The row that is in the way of a create. */
  readonly existing?: Existing | undefined
  /** Seconds after which a retry makes sense (`Retry-After`). */
  readonly retryAfterSeconds?: number | undefined
  readonly cause?: unknown
}

/** The only error class that callers see. Message: the action, then the reason. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly errors: readonly FieldIssue[] | undefined
  readonly existing: Existing | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.errors = options.errors
    this.existing = options.existing
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

export const isAppError = (error: unknown): error is AppError => error instanceof AppError

/** RFC 9457 problem document, as HTTP answers it and as the CLI prints it with --json. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly hint?: string
  readonly errors?: readonly FieldIssue[]
  readonly existing?: Existing
  readonly request_id?: string
}

/**
 * Unknown errors become `internal` with no word of their text: it may hold SQL, paths or secrets. One that was only
 * wrapped around an AppError (drizzle does so with whatever its client throws) is that.
 */
export function toAppError(error: unknown): AppError {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isAppError(current)) return current
  }
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new AppError('cancelled', 'The request was cancelled', { cause: error })
  }
  return new AppError('internal', 'Something went wrong inside airkeep', {
    hint: 'Look for the request id in the log',
    cause: error,
  })
}

export function toProblem(error: unknown, requestId?: string): Problem {
  const app = toAppError(error)
  const { status, title } = ERROR_KINDS[app.code]
  return {
    type: `urn:airkeep:error:${app.code}`,
    title,
    status,
    detail: app.message,
    code: app.code,
    ...(app.hint === undefined ? {} : { hint: app.hint }),
    ...(app.errors === undefined ? {} : { errors: app.errors }),
    ...(app.existing === undefined ? {} : { existing: app.existing }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
  }
}

/** An error that came as a problem document from another airkeep (or from the running serve). */
export function fromProblem(problem: Problem): AppError {
  return new AppError(problem.code, problem.detail, {
    hint: problem.hint,
    errors: problem.errors,
    existing: problem.existing,
  })
}
