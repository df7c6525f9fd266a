import { orAborted } from '../../../lib/abort.ts'
import { type CallThread, startCallThread } from '../../../lib/call-thread.ts'
import type { FoundFile, LookAnswer, LookCalls, LookRequest } from './messages.ts'

/** Looks through folders of this host in a thread of its own, which remembers what it listed. */
export interface FolderLooker {
  /**
   * Never an error for what a disk holds or refuses: a folder's state says it, also where the disk does not answer.
   * @throws the signal's reason; AppError internal (the thread failed; the next call starts another), cancelled (closed)
   */
  look(request: LookRequest, signal: AbortSignal): Promise<LookAnswer>
  /** Why nothing could load each of them, as far as its head tells; null: nothing speaks against it. Throws the same. */
  heads(files: readonly FoundFile[], signal: AbortSignal): Promise<readonly (string | null)[]>
  /** Ends the thread; what still waits rejects with `cancelled`. The next call starts another. */
  close(): Promise<void>
}

export interface FolderLookerOptions {
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
  /** For one look: a network disk that is gone does not answer at all. @default 5 min */
  readonly timeLimitMs?: number | undefined
  /** For how long nobody looks before the thread ends, and its memory with it. @default 15 min */
  readonly idleMs?: number | undefined
}

const TIME_LIMIT_MS = 5 * 60_000
const IDLE_MS = 15 * 60_000

/** The executable keeps workers under their paths below src, the bundle for Node as `.js`. */
function lookWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./catalog/detect/local/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './catalog/detect/local/worker.js', here)
}

export function createFolderLooker(options: FolderLookerOptions = {}): FolderLooker {
  const { workerUrl: url = lookWorkerUrl(), timeLimitMs = TIME_LIMIT_MS, idleMs = IDLE_MS } = options
  let thread: CallThread<LookCalls> | undefined
  let idle: ReturnType<typeof setTimeout> | undefined
  let looking = 0

  async function end(): Promise<void> {
    const ended = thread
    thread = undefined
    await ended?.end()
  }

  /** Undefined where it takes too long: then the thread is ended, since it would go on for nobody. */
  async function callWithin<K extends keyof LookCalls>(
    name: K,
    input: LookCalls[K]['input'],
  ): Promise<LookCalls[K]['output'] | undefined> {
    clearTimeout(idle)
    looking += 1
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeLimitMs, 'late')
    })
    try {
      if (thread === undefined || thread.isDead) {
        thread = startCallThread<LookCalls>({ url, title: 'worker that looks for files of a catalog' })
      }
      const answer = thread.call(name, input)
      // What comes too late, an error too, is nobody's.
      answer.catch(() => {})
      const first = await Promise.race([answer, late])
      if (first !== 'late') return first
      void end()
      return undefined
    } finally {
      clearTimeout(timer)
      looking -= 1
      if (looking === 0) idle = setTimeout(() => void end(), idleMs).unref()
    }
  }

  return {
    async look(request, signal) {
      signal.throwIfAborted()
      const answer = await orAborted(callWithin('look', request), signal)
      if (answer !== undefined) return answer
      const problem = `the disk did not answer within ${Math.round(timeLimitMs / 1000)} s`
      return { files: [], strangers: [], states: request.folders.map((folder) => [folder, 'unreadable', problem]) }
    },
    async heads(files, signal) {
      signal.throwIfAborted()
      return (await orAborted(callWithin('heads', files), signal)) ?? files.map(() => null)
    },
    async close() {
      clearTimeout(idle)
      await end()
    },
  }
}
