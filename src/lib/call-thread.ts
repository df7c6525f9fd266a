import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import { fromSentError } from './sent-error.ts'
import type { CallThreadData, ThreadCalls, ThreadReply, ThreadRequest } from './thread-calls.ts'

/** A worker that is asked by calls, which it answers in their order (lib/answer-calls.ts is its other end). */
export interface CallThread<C extends ThreadCalls> {
  /** Rejects with the AppError of the worker, or with `internal` when the worker is gone. */
  call<K extends keyof C & string>(
    name: K,
    input: C[K]['input'],
    onProgress?: (done: number) => void,
  ): Promise<C[K]['output']>
  /** Asks the call that runs now to stop; how it then ends is its own business. */
  cancel(): void
  /** Takes that request back. */
  resume(): void
  readonly isDead: boolean
  /** Ends the thread; calls still waiting reject with `cancelled`. */
  end(): Promise<void>
}

export interface CallThreadOptions {
  readonly url: URL
  /** What it is, for errors: `worker that reads model folders`. */
  readonly title: string
}

interface Pending {
  readonly resolve: (output: never) => void
  readonly reject: (error: AppError) => void
  readonly onProgress: ((done: number) => void) | undefined
}

function createWorker({ url, title }: CallThreadOptions, workerData: CallThreadData): Worker {
  try {
    return new Worker(url, { workerData })
  } catch (cause) {
    throw new AppError('internal', `The ${title} could not start`, { cause })
  }
}

/** Starts a worker. It keeps the process alive only while a call waits for it. */
export function startCallThread<C extends ThreadCalls>(options: CallThreadOptions): CallThread<C> {
  const { title } = options
  const cancel = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const pending = new Map<number, Pending>()
  let outbox: ThreadRequest[] | undefined = []
  let death: AppError | undefined
  let lastId = 0
  const worker = createWorker(options, { cancel: cancel.buffer })

  function die(error: AppError): void {
    if (death !== undefined) return
    death = error
    outbox = []
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
    worker.unref()
  }

  function settle(id: number): Pending | undefined {
    const call = pending.get(id)
    pending.delete(id)
    if (pending.size === 0) worker.unref()
    return call
  }

  worker.on('message', (reply: ThreadReply) => {
    if (death !== undefined) return
    switch (reply.kind) {
      case 'ready':
        for (const request of outbox ?? []) worker.postMessage(request)
        outbox = undefined
        return
      case 'progress':
        pending.get(reply.id)?.onProgress?.(reply.done)
        return
      case 'done':
        settle(reply.id)?.resolve(reply.output as never)
        return
      case 'failed':
        settle(reply.id)?.reject(fromSentError(reply.error))
    }
  })
  // A worker whose file is missing spins for ever when nobody listens for its error.
  worker.on('error', (cause) => die(new AppError('internal', `The ${title} failed`, { cause })))
  worker.on('messageerror', (cause) => {
    die(new AppError('internal', `The ${title} sent something unreadable`, { cause }))
    void worker.terminate()
  })
  worker.on('exit', (code) => die(new AppError('internal', `The ${title} stopped with code ${code}`)))
  // Listening for messages has made it keep the process alive.
  worker.unref()

  return {
    get isDead() {
      return death !== undefined
    },
    call<K extends keyof C & string>(name: K, input: C[K]['input'], onProgress?: (done: number) => void) {
      return new Promise<C[K]['output']>((resolve, reject) => {
        if (death !== undefined) return reject(death)
        const id = ++lastId
        if (pending.size === 0) worker.ref()
        pending.set(id, { resolve, reject, onProgress })
        const request: ThreadRequest = { id, name, input }
        // Before it is ready its handler is not there yet.
        if (outbox === undefined) worker.postMessage(request)
        else outbox.push(request)
      })
    },
    cancel: () => {
      Atomics.store(cancel, 0, 1)
    },
    resume: () => {
      Atomics.store(cancel, 0, 0)
    },
    async end() {
      Atomics.store(cancel, 0, 1)
      die(new AppError('cancelled', `The ${title} was ended: the program is closing`))
      await worker.terminate()
    },
  }
}
