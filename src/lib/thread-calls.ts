import type { SentError } from './sent-error.ts'

/** What a worker can be asked by name: `{walk: {input: …, output: …}}`. */
export type ThreadCalls = { readonly [name: string]: { readonly input: unknown; readonly output: unknown } }

export interface ThreadRequest {
  readonly id: number
  readonly name: string
  readonly input: unknown
}

export type ThreadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly id: number; readonly done: number }
  | { readonly kind: 'done'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: SentError }

/** Given to the worker at its start. */
export interface CallThreadData {
  /** One Int32: 1 asks the call that runs to stop. */
  readonly cancel: SharedArrayBuffer
}
