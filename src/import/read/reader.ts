import { AppError } from '../../errors.ts'
import { fromSentError } from '../../lib/sent-error.ts'
import type { MetadataLimits } from '../../media/container.ts'
import type { NodeCatalogData } from '../parse/comfyui/object-info.ts'
import type { PromptReading, ReadOutcome, ReadRequest } from './messages.ts'
import { createReadSlot, type ReadSlot } from './slot.ts'

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
  /** For one message, from when a thread begins with it. @default 120 s */
  readonly timeLimitMs?: number | undefined
  /** For how long nothing is read before the threads end. @default 30 s */
  readonly idleMs?: number | undefined
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

/** The executable keeps workers under their paths below src, the bundle for Node as `.js`. */
function readWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./import/read/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './import/read/worker.js', here)
}

const closing = (): AppError => new AppError('cancelled', 'Reading a prompt was cancelled: the program is closing')

export function createPromptReader(options: PromptReaderOptions): PromptReader {
  const { size, limits, timeLimitMs = TIME_LIMIT_MS, idleMs = IDLE_MS } = options
  const url = options.workerUrl ?? readWorkerUrl()
  const slots = Array.from({ length: Math.max(1, size) }, () => createReadSlot({ url, timeLimitMs }))
  const queue: Waiting[] = []
  let closed = false
  let handingOut = false
  let idle: ReturnType<typeof setTimeout> | undefined

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

  async function send(slot: ReadSlot, batch: readonly Waiting[]): Promise<void> {
    clearTimeout(idle)
    try {
      const answer = await slot.read({ requests: batch.map(({ request }) => request), limits })
      if (answer.kind === 'read') for (const [at, waiting] of batch.entries()) settle(waiting, answer.outcomes[at])
      else if (answer.kind === 'late') readAlone(batch, tooSlow(timeLimitMs))
      else if (closed) rejectAll(batch, closing())
      else queue.unshift(...batch)
    } catch (error) {
      readAlone(batch, error)
    } finally {
      handOut()
      rest()
    }
  }

  /** Which of several was too slow, or ended the thread, shows when each is read by itself. */
  function readAlone(batch: readonly Waiting[], error: unknown): void {
    if (batch.length === 1 || closed) rejectAll(batch, error)
    else for (const waiting of batch) void send(leastBusy(), [waiting])
  }

  const leastBusy = (): ReadSlot => slots.reduce((least, slot) => (slot.messages < least.messages ? slot : least))

  const isBusy = (): boolean => queue.length > 0 || slots.some(({ messages }) => messages > 0)

  function rest(): void {
    if (isBusy()) return
    clearTimeout(idle)
    idle = setTimeout(() => {
      // What was asked for since then rests in its turn.
      if (!isBusy()) for (const slot of slots) void slot.end()
    }, idleMs).unref()
  }

  function assertOpen(): void {
    if (closed) throw closing()
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
      for (const slot of slots) slot.useNodes(found)
    },
    async readObjectInfo(text) {
      try {
        for (;;) {
          assertOpen()
          const found = await leastBusy().readObjectInfo(text)
          if (found !== undefined) return found
        }
      } finally {
        if (!closed) rest()
      }
    },
    async close() {
      closed = true
      clearTimeout(idle)
      rejectAll(queue.splice(0), closing())
      await Promise.all(slots.map((slot) => slot.end()))
    },
  }
}

const rejectAll = (batch: readonly Waiting[], error: unknown): void => {
  for (const { reject } of batch) reject(error)
}

const tooSlow = (timeLimitMs: number): AppError =>
  new AppError(
    'invalid_input',
    `It could not be read within ${Math.round(timeLimitMs / 1000)} s, which no prompt takes`,
  )

function settle({ resolve, reject }: Waiting, outcome: ReadOutcome | undefined): void {
  if (outcome === undefined) reject(new AppError('internal', 'The worker that reads prompts left one out'))
  else if ('error' in outcome) reject(fromSentError(outcome.error))
  else resolve(outcome.reading)
}
