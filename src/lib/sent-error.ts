import { AppError, type ErrorCode } from '../errors.ts'

/** An AppError as plain data: classes do not survive the way between threads. */
export interface SentError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
  readonly cause: string | undefined
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/** @param what what failed, where the error does not say: `Reading model folders` */
export function toSentError(error: unknown, what: string): SentError {
  if (error instanceof AppError) {
    const { code, message, hint, cause } = error
    return { code, message, hint, cause: cause === undefined ? undefined : textOf(cause) }
  }
  return { code: 'internal', message: `${what} failed inside its worker`, hint: undefined, cause: textOf(error) }
}

export function fromSentError({ code, message, hint, cause }: SentError): AppError {
  return new AppError(code, message, { hint, cause: cause === undefined ? undefined : new Error(cause) })
}
