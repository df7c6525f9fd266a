import { AppError, type ErrorCode } from '../errors.ts'
import type { Sha256 } from './digest.ts'
import type { FileDigest, HashEngine } from './whole-file.ts'

/** What a hashing worker can be asked, and what it answers. */
export interface HashCalls {
  file: {
    input: { path: string; exact: boolean; engine: HashEngine; tensor: boolean; progress: boolean }
    output: FileDigest
  }
  open: { input: { stream: number; restore: Uint8Array | undefined }; output: undefined }
  /** The first `length` bytes of `buffer`; the buffer travels there and back, so that it is used again. */
  update: { input: { stream: number; buffer: ArrayBuffer; length: number }; output: ArrayBuffer }
  save: { input: { stream: number }; output: Uint8Array }
  digest: { input: { stream: number }; output: { sha256: Sha256; sizeBytes: number } }
  drop: { input: { stream: number }; output: undefined }
}

export type HashCallName = keyof HashCalls

export type HashRequest = {
  [K in HashCallName]: { readonly id: number; readonly name: K; readonly input: HashCalls[K]['input'] }
}[HashCallName]

export type HashReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly id: number; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly kind: 'done'; readonly id: number; readonly output: HashCalls[HashCallName]['output'] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: SentError }

/** Given to a worker at its start. */
export interface HashWorkerData {
  /** One Int32: 1 asks the file that is being hashed to stop, read between two buffers. */
  readonly cancel: SharedArrayBuffer
  /** Gives way to the other threads, so that the event loop keeps answering while all cores hash. */
  readonly background: boolean
}

/** An AppError as plain data: classes do not survive the way between threads. */
export interface SentError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
  readonly cause: string | undefined
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

export function toSentError(error: unknown): SentError {
  if (error instanceof AppError) {
    const { code, message, hint, cause } = error
    return { code, message, hint, cause: cause === undefined ? undefined : textOf(cause) }
  }
  return { code: 'internal', message: 'Hashing failed inside its worker', hint: undefined, cause: textOf(error) }
}

export function fromSentError({ code, message, hint, cause }: SentError): AppError {
  return new AppError(code, message, { hint, cause: cause === undefined ? undefined : new Error(cause) })
}
