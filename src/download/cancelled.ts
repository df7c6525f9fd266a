import { AppError, isAppError } from '../errors.ts'

/** What a download that was stopped ends with: the reason itself, where that says more. */
export function cancelled(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason
  if (isAppError(reason)) return reason
  return new AppError('cancelled', 'Stopped the download: it was cancelled', { cause: reason })
}
