import { AppError } from '../../errors.ts'
import { orAborted } from '../../lib/abort.ts'
import { type CallThread, startCallThread } from '../../lib/call-thread.ts'
import type { Inspected, InspectRequest } from '../inspect/inspection.ts'
import { type CompareOptions, compareWalk } from './compare-walk.ts'
import type { ScanCalls } from './messages.ts'
import type { WalkSummary } from './walked-file.ts'

export type { CompareOptions } from './compare-walk.ts'

/** Folders below the roots that something has changed in, as the watcher tells them. */
export interface CompareFoldersOptions extends CompareOptions {
  /** Absolute paths as listed. `stored` gives what is stored of files listed below them, and nothing else. */
  readonly folders: readonly string[]
}

/** Reads model folders and the heads of model files in threads of their own, so that the event loop goes on. */
export interface ModelThreads {
  /**
   * Walks the roots and gives what is new or not as it is stored, in batches: each waits for the one before it to be
   * taken. One comparison after another.
   * @throws the signal's reason; AppError internal (the worker failed; the next call starts a new one), cancelled
   * (closed); what `stored` and `onChanged` throw
   */
  compare(options: CompareOptions): Promise<WalkSummary>
  /**
   * The same for some folders of the roots. Undefined, with nothing told and nothing taken from `stored`, where only
   * all of the roots can tell: the folders hold links or linked files, or these roots were not compared before.
   */
  compareFolders(options: CompareFoldersOptions): Promise<WalkSummary | undefined>
  /**
   * What can be known of files without reading all of them, in the order of the requests; not held up by a comparison.
   * @throws the signal's reason; AppError internal, cancelled
   */
  inspect(requests: readonly InspectRequest[], signal: AbortSignal): Promise<readonly Inspected[]>
  /** Starts the thread that walks, for whoever will need it soon: that takes as long as a small walk. */
  prepare(): void
  /** Cancels what runs and ends the threads. */
  close(): Promise<void>
}

export interface ModelThreadsOptions {
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
}

/** Files of one message: claims may be 64 KiB each, and the event loop unpacks them. */
const INSPECTED_AT_ONCE = 16

/** The executable keeps workers under their paths below src, the bundle for Node as `.js`. */
function scanWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./models/scan/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './models/scan/worker.js', here)
}

export function createModelThreads(options: ModelThreadsOptions = {}): ModelThreads {
  const url = options.workerUrl ?? scanWorkerUrl()
  const walker = createRestarted(() => startCallThread<ScanCalls>({ url, title: 'worker that reads model folders' }))
  const inspector = createRestarted(() =>
    startCallThread<ScanCalls>({ url, title: 'worker that inspects model files' }),
  )
  let last: Promise<unknown> = Promise.resolve()

  /** One comparison after another; the next one begins when the worker has left the last one, cancelled or not. */
  function oneByOne<T>(signal: AbortSignal, run: (thread: CallThread<ScanCalls>) => Promise<T>): Promise<T> {
    const turn = last
    let idle: Promise<unknown> = Promise.resolve()
    const result = orAborted(turn, signal).then(async () => {
      const thread = walker.get()
      const onAbort = (): void => thread.cancel()
      thread.resume()
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        return await run(thread)
      } catch (error) {
        // Whatever it is: the walk may still go on for nobody.
        thread.cancel()
        signal.throwIfAborted()
        throw error
      } finally {
        signal.removeEventListener('abort', onAbort)
        idle = thread.call('drop', undefined).catch(() => {})
      }
    })
    last = Promise.allSettled([turn, result]).then(() => idle)
    return result
  }

  return {
    compare: (request) =>
      oneByOne(request.signal, (thread) => {
        const { roots, signal, onProgress } = request
        const walked = thread.call('walk', { roots }, (files) => signal.aborted || onProgress?.(files))
        return compareWalk(thread, request, walked)
      }),
    compareFolders: (request) =>
      oneByOne(request.signal, async (thread) => {
        const { roots, folders, signal } = request
        const walked = thread.call('walkFolders', { roots, folders })
        if ((await orAborted(walked, signal)) === undefined) return undefined
        return compareWalk(thread, request, walked)
      }),
    async inspect(requests, signal) {
      const inspected: Inspected[] = []
      for (let from = 0; from < requests.length; from += INSPECTED_AT_ONCE) {
        const some = requests.slice(from, from + INSPECTED_AT_ONCE)
        signal.throwIfAborted()
        inspected.push(...(await orAborted(inspector.get().call('inspect', some), signal)))
      }
      return inspected
    },
    prepare: () => void walker.get(),
    async close() {
      await Promise.all([walker.close(), inspector.close()])
    },
  }
}

interface Restarted {
  /** The living thread, or a new one. @throws AppError cancelled after close; internal (it could not start) */
  get(): CallThread<ScanCalls>
  close(): Promise<void>
}

function createRestarted(start: () => CallThread<ScanCalls>): Restarted {
  let thread: CallThread<ScanCalls> | undefined
  let closed = false
  return {
    get() {
      if (closed) throw new AppError('cancelled', 'Reading model folders was cancelled: the program is closing')
      if (thread === undefined || thread.isDead) thread = start()
      return thread
    },
    async close() {
      closed = true
      await thread?.end()
    },
  }
}
