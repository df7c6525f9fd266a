import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import { type CopyOrder, type CopyReply, fromCopyReply } from './copy-messages.ts'

/**
 * Copies an embedded database into the empty file `to`, in a worker and by a connection of its own: what is committed
 * when it begins is in the copy, and in WAL mode writes go on beside it.
 * @throws AppError disk_full, internal
 */
export function copyDatabase(order: CopyOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new AppError('internal', 'The worker that copies the database failed', { cause }))
    }
    let worker: Worker
    try {
      worker = new Worker(copyWorkerUrl(), { workerData: order })
    } catch (cause) {
      fail(cause)
      return
    }
    worker.once('message', (reply: CopyReply) => {
      const error = fromCopyReply(reply)
      if (error === undefined) resolve()
      else reject(error)
      void worker.terminate()
    })
    // A worker whose file is missing spins for ever when nobody listens for its error.
    worker.once('error', fail)
    worker.once('messageerror', fail)
    worker.once('exit', (code) => fail(new Error(`It ended with code ${code}`)))
  })
}

/** As the hashing worker: the executable keeps it under its path below src, the bundle for Node as `.js`. */
function copyWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./db/copy-worker.ts', here)
  return new URL(here.endsWith('.ts') ? './copy-worker.ts' : './db/copy-worker.js', here)
}
