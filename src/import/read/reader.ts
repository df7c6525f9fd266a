import { AppError } from '../../errors.ts'
import { type CallThread, startCallThread } from '../../lib/call-thread.ts'
import { fromSentError } from '../../lib/sent-error.ts'
import type { MetadataLimits } from '../../media/container.ts'
import type { NodeCatalogData } from '../parse/comfyui/object-info.ts'
import type { PromptReading, ReadCalls, ReadOutcome, ReadRequest } from './messages.ts'

/** Reads and understands prompts in threads of its own, so that the event loop goes on. */
export interface PromptReader {
  /**
   * What a file or texts hold, in the order of the calls. A file has to stay open until this has answered, so it cannot
   * be cancelled.
   * @throws AppError invalid_input (a format that is not known; it takes longer than anything that is a prompt),
   * internal (the disk or a thread failed), cancelled (closed)
   */
  read(request: ReadRequest): Promise<PromptReading>
  /** The nodes of a ComfyUI, for all that is read from now on. */
  useNodes(nodes: NodeCatalogData | undefined): void
  /** @throws AppError internal, cancelled */
  readObjectInfo(text: string): Promise<NodeCatalogData>
  /** Ends the threads; what still waits rejects with `cancelled`. */
  close(): Promise<void>
}

export interface PromptReaderOptions {
  /** Threads. They start when first needed and end when nothing was read for a while. */
  readonly size: number
  readonly limits: MetadataLimits
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
  /** For one message to a thread. @default 120 s */
  readonly timeLimitMs?: number | undefined
}

/** Messages cost as much as small files: a few files share one. */
const MOST_AT_ONCE = 16
/** Messages that a thread has at a time: one to work on and one to go on with. */
const MESSAGES_EACH = 2
const TIME_LIMIT_MS = 120_000
const IDLE_MS = 30_000

interface Waiting {
  readonly request: ReadRequest
  readonly resolve: (reading: PromptReading) => void
  readonly reject: (error: unknown) => void
}

interface Slot {
  thread: CallThread<ReadCalls> | undefined
  messages: number
  nodes: NodeCatalogData | undefined
}

/** The executable keeps workers under their paths below src, the bundle for Node as `.js`. */
function readWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./import/read/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './import/read/worker.js', here)
}

export function createPromptReader(options: PromptReaderOptions): PromptReader {
  const { size, limits, timeLimitMs = TIME_LIMIT_MS } = options
  const url = options.workerUrl ?? readWorkerUrl()
  const slots: Slot[] = Array.from({ length: Math.max(1, size) }, () => ({
    thread: undefined,
    messages: 0,
    nodes: undefined,
  }))
  const queue: Waiting[] = []
  /** Threads that were ended because they took too long. */
  const overdue = new WeakSet<CallThread<ReadCalls>>()
  let nodes: NodeCatalogData | undefined
  let closed = false
  let handingOut = false
  let idle: ReturnType<typeof setTimeout> | undefined

  function threadOf(slot: Slot): CallThread<ReadCalls> {
    if (slot.thread === undefined || slot.thread.isDead) {
      slot.thread = startCallThread<ReadCalls>({ url, title: 'worker that reads prompts' })
      slot.nodes = undefined
    }
    if (slot.nodes !== nodes) {
      slot.nodes = nodes
      // What cannot be told shows in the next message, which fails for the same reason.
      slot.thread.call('useNodes', nodes).catch(() => {})
    }
    return slot.thread
  }

  /** Gives waiting requests to threads that have room, evenly, after the callers of this tick have all asked. */
  function handOut(): void {
    if (handingOut) return
    handingOut = true
    queueMicrotask(() => {
      handingOut = false
      for (let round = 0; round < MESSAGES_EACH; round += 1) {
        for (const slot of slots) {
          if (queue.length === 0) return
          if (slot.messages > round) continue
          const share = Math.ceil(queue.length / slots.length)
          void send(slot, queue.splice(0, Math.min(MOST_AT_ONCE, share)))
        }
      }
    })
  }

  async function send(slot: Slot, batch: readonly Waiting[]): Promise<void> {
    slot.messages += 1
    clearTimeout(idle)
    let thread: CallThread<ReadCalls> | undefined
    try {
      thread = threadOf(slot)
      const requests = batch.map(({ request }) => request)
      const outcomes = await withinTime(thread, thread.call('read', { requests, limits }))
      if (outcomes === 'late') {
        retryAlone(batch)
        return
      }
      const parsed = JSON.parse(outcomes) as readonly ReadOutcome[]
      for (const [at, waiting] of batch.entries()) settle(waiting, parsed[at])
    } catch (error) {
      // Ended for the message before this one, which was too slow.
      if (thread !== undefined && overdue.has(thread)) queue.unshift(...batch)
      else for (const { reject } of batch) reject(error)
    } finally {
      slot.messages -= 1
      handOut()
      rest()
    }
  }

  async function withinTime<T>(thread: CallThread<ReadCalls>, answer: Promise<T>): Promise<T | 'late'> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeLimitMs, 'late')
    })
    try {
      const first = await Promise.race([answer, late])
      // It works on for nobody: only its end gives the processor and the open files back.
      if (first === 'late') {
        answer.catch(() => {})
        overdue.add(thread)
        await thread.end()
      }
      return first
    } finally {
      clearTimeout(timer)
    }
  }

  /** Which of several was too slow shows when each is read by itself. */
  function retryAlone(batch: readonly Waiting[]): void {
    const [only] = batch
    if (only !== undefined && batch.length === 1) {
      const seconds = Math.round(timeLimitMs / 1000)
      only.reject(new AppError('invalid_input', `It could not be read within ${seconds} s, which no prompt takes`))
      return
    }
    for (const waiting of batch) void send(leastBusy(), [waiting])
  }

  const leastBusy = (): Slot => slots.reduce((least, slot) => (slot.messages < least.messages ? slot : least))

  function rest(): void {
    if (queue.length > 0 || slots.some(({ messages }) => messages > 0)) return
    clearTimeout(idle)
    idle = setTimeout(() => {
      for (const slot of slots) {
        void slot.thread?.end()
        slot.thread = undefined
      }
    }, IDLE_MS).unref()
  }

  function assertOpen(): void {
    if (closed) throw new AppError('cancelled', 'Reading a prompt was cancelled: the program is closing')
  }

  return {
    async read(request) {
      assertOpen()
      return new Promise((resolve, reject) => {
        queue.push({ request, resolve, reject })
        handOut()
      })
    },
    useNodes(found) {
      nodes = found
    },
    async readObjectInfo(text) {
      assertOpen()
      return threadOf(leastBusy()).call('readObjectInfo', text)
    },
    async close() {
      closed = true
      clearTimeout(idle)
      const error = new AppError('cancelled', 'Reading a prompt was cancelled: the program is closing')
      for (const { reject } of queue.splice(0)) reject(error)
      await Promise.all(slots.map(({ thread }) => thread?.end()))
    },
  }
}

function settle({ resolve, reject }: Waiting, outcome: ReadOutcome | undefined): void {
  if (outcome === undefined) reject(new AppError('internal', 'The worker that reads prompts left one out'))
  else if ('error' in outcome) reject(fromSentError(outcome.error))
  else resolve(outcome.reading)
}
