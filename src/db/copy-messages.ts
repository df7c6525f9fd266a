import { AppError, type ErrorCode } from '../errors.ts'
import { translateDbError } from './db-error.ts'

/** Given to the copying worker at its start. */
export interface CopyOrder {
  /** libSQL URL of the database that is copied. */
  readonly url: string
  /** An empty file. */
  readonly to: string
  /** Milliseconds to wait for a writer. */
  readonly busyTimeoutMs: number
}

/** What the worker says once, at its end; classes do not survive the way between threads. */
export type CopyReply =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }

export function toCopyReply(error: unknown): CopyReply {
  const known = translateDbError(error)
  if (known instanceof AppError) return { ok: false, code: known.code, message: known.message, hint: known.hint }
  return { ok: false, code: 'internal', message: 'Could not copy the database', hint: undefined }
}

export function fromCopyReply(reply: CopyReply): AppError | undefined {
  return reply.ok ? undefined : new AppError(reply.code, reply.message, { hint: reply.hint })
}
