import { AppError } from '../../errors.ts'
import { type CallThread, startCallThread } from '../../lib/call-thread.ts'
import { inParallel } from '../../lib/in-parallel.ts'
import { type PageReport, unreadablePage } from '../page-report.ts'
import { fromAnswer, type PageCalls, type PageRequest } from './messages.ts'

/** Reads pages and judges them in threads of its own, so that the event loop goes on. */
export interface PageReader {
  /**
   * A verdict on each, in their order.
   * @throws AppError internal (a thread failed), cancelled
   */
  read(
    pages: readonly PageRequest[],
    signal: AbortSignal,
    onProgress?: (done: number) => void,
  ): Promise<readonly PageReport[]>
  /** Ends the threads; what still waits rejects with `cancelled`. */
  close(): Promise<void>
}

export interface PageReaderOptions {
  /** Threads. They start when first needed and end when nothing was read for a while. */
  readonly size: number
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
  /** For some pages, from when a thread begins with them; then for each of them alone. @default 20 s */
  readonly timeLimitMs?: number | undefined
  /** For how long nothing is read before the threads end. @default 30 s */
  readonly idleMs?: number | undefined
}

/** Pages of one message. */
const MOST_AT_ONCE = 64
const TIME_LIMIT_MS = 20_000
const IDLE_MS = 30_000

/** The executable keeps workers under their paths below src, the bundle for Node as `.js`. */
function pageWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./catalog/read/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './catalog/read/worker.js', here)
}

export function createPageReader(options: PageReaderOptions): PageReader {
  const { timeLimitMs = TIME_LIMIT_MS, idleMs = IDLE_MS } = options
  const size = Math.max(1, options.size)
  const url = options.workerUrl ?? pageWorkerUrl()
  const free: CallThread<PageCalls>[] = []
  const running = new Set<CallThread<PageCalls>>()
  const waiting: (() => void)[] = []
  let closed = false
  let idle: ReturnType<typeof setTimeout> | undefined

  /** A thread for one message, when one is free. */
  async function withThread<T>(work: (thread: CallThread<PageCalls>) => Promise<T>): Promise<T> {
    while (running.size >= size) await new Promise<void>((resolve) => waiting.push(resolve))
    if (closed) throw new AppError('cancelled', 'Reading a catalog was cancelled: the program is closing')
    clearTimeout(idle)
    const thread = free.pop() ?? startCallThread<PageCalls>({ url, title: 'worker that reads catalog pages' })
    running.add(thread)
    try {
      return await work(thread)
    } finally {
      running.delete(thread)
      if (!thread.isDead && !closed) free.push(thread)
      waiting.shift()?.()
      if (running.size === 0) idle = setTimeout(rest, idleMs).unref()
    }
  }

  function rest(): void {
    for (const thread of free.splice(0)) void thread.end()
  }

  /** Undefined where it takes too long: then the thread is ended, since it would go on for nobody. */
  const readWithin = (pages: readonly PageRequest[]): Promise<readonly PageReport[] | undefined> =>
    withThread(async (thread) => {
      const answer = await withinTime(thread.call('read', pages), timeLimitMs)
      if (answer !== undefined) return fromAnswer(answer)
      void thread.end()
      return undefined
    })

  async function readSome(pages: readonly PageRequest[]): Promise<readonly PageReport[]> {
    const read = await readWithin(pages)
    if (read !== undefined) return read
    if (pages.length === 1) return pages.map(({ file_path }) => unreadablePage(file_path, tooSlow(timeLimitMs)))
    const each = await Promise.all(pages.map((page) => readSome([page])))
    return each.flat()
  }

  return {
    async read(pages, signal, onProgress) {
      const share = Math.min(MOST_AT_ONCE, Math.max(1, Math.ceil(pages.length / size)))
      const batches: { readonly at: number; readonly pages: readonly PageRequest[] }[] = []
      for (let at = 0; at < pages.length; at += share) batches.push({ at, pages: pages.slice(at, at + share) })
      const reports = new Array<PageReport>(pages.length)
      let done = 0
      await inParallel(batches, size, async (batch) => {
        signal.throwIfAborted()
        for (const [at, report] of (await readSome(batch.pages)).entries()) reports[batch.at + at] = report
        done += batch.pages.length
        onProgress?.(done)
      })
      return reports
    },
    async close() {
      closed = true
      clearTimeout(idle)
      await Promise.all([...free.splice(0), ...running].map((thread) => thread.end()))
    },
  }
}

const tooSlow = (timeLimitMs: number): string =>
  `It could not be read within ${Math.round(timeLimitMs / 1000)} s, which no page takes`

async function withinTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  // What comes too late, an error too, is nobody's.
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
