import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import { fromSentError } from '../lib/sent-error.ts'
import { createTurnTable } from './device-turns.ts'
import type { HashTime } from './file-pass.ts'
import {
  type HashCallName,
  type HashCalls,
  type HashReply,
  type HashRequest,
  type HashWorkerData,
  isFileCall,
} from './messages.ts'

export interface CallOptions {
  readonly transfer?: ArrayBuffer[]
  readonly onProgress?: ((bytesDone: number, bytesTotal: number, time: HashTime) => void) | undefined
}

export interface ThreadOptions {
  /** Gives way to other threads. @default false */
  readonly background?: boolean | undefined
  /** Shared with the threads that read from the same devices. @default a table of its own */
  readonly turns?: SharedArrayBuffer | undefined
}

/** One hashing worker, asked by calls that it answers in their order. */
export interface HashThread {
  /** Rejects with the AppError of the worker, or with `internal` when the worker is gone. */
  call<K extends HashCallName>(
    name: K,
    input: HashCalls[K]['input'],
    options?: CallOptions,
  ): Promise<HashCalls[K]['output']>
  /** Asks the call that reads a file now to stop; it then rejects with `cancelled`. */
  cancel(): void
  /** Undefined while it works; `started` tells whether it ever did. */
  readonly death: { readonly error: AppError; readonly started: boolean } | undefined
  /** Ends the thread; calls still waiting reject with `cancelled`. */
  end(): Promise<void>
}

/**
 * Where the worker's code is. `bun build --compile` with root ./src keeps ./hash/worker.ts and leaves
 * worker URLs as they are; the bundle for Node has it as ./hash/worker.js.
 */
export function hashWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./hash/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './hash/worker.js', here)
}

interface Pending {
  readonly resolve: (output: never) => void
  readonly reject: (error: AppError) => void
  readonly onProgress: CallOptions['onProgress']
}

function createWorker(url: URL, workerData: HashWorkerData): Worker {
  try {
    return new Worker(url, { workerData })
  } catch (cause) {
    throw new AppError('internal', 'The hashing worker could not start', { cause })
  }
}

/** Starts a worker. It keeps the process alive only while a call waits for it. */
export function startHashThread(url: URL, options: ThreadOptions = {}): HashThread {
  const cancel = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const pending = new Map<number, Pending>()
  let outbox: (() => void)[] | undefined = []
  let death: HashThread['death']
  let lastId = 0
  const worker = createWorker(url, {
    cancel: cancel.buffer,
    turns: options.turns ?? createTurnTable(),
    background: options.background ?? false,
  })
  worker.unref()

  function die(error: AppError): void {
    if (death !== undefined) return
    death = { error, started: outbox === undefined }
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

  worker.on('message', (reply: HashReply) => {
    if (death !== undefined) return
    switch (reply.kind) {
      case 'ready':
        for (const post of outbox ?? []) post()
        outbox = undefined
        return
      case 'progress':
        pending.get(reply.id)?.onProgress?.(reply.bytesDone, reply.bytesTotal, reply.time)
        return
      case 'done':
        settle(reply.id)?.resolve(reply.output as never)
        return
      case 'failed':
        settle(reply.id)?.reject(fromSentError(reply.error))
    }
  })
  // A worker whose file is missing spins for ever when nobody listens for its error.
  worker.on('error', (cause) => die(new AppError('internal', 'The hashing worker failed', { cause })))
  worker.on('messageerror', (cause) => {
    die(new AppError('internal', 'The hashing worker sent something unreadable', { cause }))
    void worker.terminate()
  })
  worker.on('exit', (code) => die(new AppError('internal', `The hashing worker stopped with code ${code}`)))

  return {
    get death() {
      return death
    },
    call<K extends HashCallName>(name: K, input: HashCalls[K]['input'], options: CallOptions = {}) {
      return new Promise<HashCalls[K]['output']>((resolve, reject) => {
        if (death !== undefined) return reject(death.error)
        if (isFileCall(name)) Atomics.store(cancel, 0, 0)
        const id = ++lastId
        if (pending.size === 0) worker.ref()
        pending.set(id, { resolve, reject, onProgress: options.onProgress })
        const post = (): void => worker.postMessage({ id, name, input } as HashRequest, options.transfer ?? [])
        // Before it is ready its handler is not there yet.
        if (outbox === undefined) post()
        else outbox.push(post)
      })
    },
    cancel: () => {
      Atomics.store(cancel, 0, 1)
    },
    async end() {
      die(new AppError('cancelled', 'Hashing was cancelled: the program is closing'))
      await worker.terminate()
    },
  }
}
