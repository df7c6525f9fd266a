import { parentPort, workerData } from 'node:worker_threads'
import { toSentError } from './sent-error.ts'
import type { CallThreadData, ThreadCalls, ThreadReply, ThreadRequest } from './thread-calls.ts'

export interface CallContext {
  /** Whether the other end asked this call to stop. */
  isCancelled(): boolean
  progress(done: number): void
}

/** Synchronous every one: a handler that awaits would let the next call overtake it. */
export type CallHandlers<C extends ThreadCalls> = {
  readonly [K in keyof C]: (input: C[K]['input'], context: CallContext) => C[K]['output']
}

/**
 * Answers the calls of lib/call-thread.ts for as long as the worker lives.
 * @param what what the worker does, for errors: `Reading model folders`
 */
export function answerCalls<C extends ThreadCalls>(what: string, handlers: CallHandlers<C>): void {
  const port = parentPort
  if (port === null) throw new Error(`${what} has an entry point that runs as a worker only`)
  const cancel = new Int32Array((workerData as CallThreadData).cancel)
  const reply = (message: ThreadReply): void => port.postMessage(message)
  const isCancelled = (): boolean => Atomics.load(cancel, 0) === 1
  port.on('message', ({ id, name, input }: ThreadRequest) => {
    try {
      const handler = handlers[name]
      if (handler === undefined) throw new Error(`It has no call ${name}`)
      const progress = (done: number): void => reply({ kind: 'progress', id, done })
      reply({ kind: 'done', id, output: handler(input, { isCancelled, progress }) })
    } catch (error) {
      reply({ kind: 'failed', id, error: toSentError(error, what) })
    }
  })
  reply({ kind: 'ready' })
}
