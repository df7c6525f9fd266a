import { type CallThread, startCallThread } from '../../lib/call-thread.ts'
import type { NodeCatalogData } from '../parse/comfyui/object-info.ts'
import type { ReadBatch, ReadCalls, ReadOutcome } from './messages.ts'

/** What became of one message to a thread. */
export type SlotAnswer =
  | { readonly kind: 'read'; readonly outcomes: readonly ReadOutcome[] }
  /** It took too long, and its thread was ended. */
  | { readonly kind: 'late' }
  /** The thread ended before the message's turn came. */
  | { readonly kind: 'passed over' }

/** A place for one thread, started when first needed and again where it has ended. */
export interface ReadSlot {
  /** That it has not answered yet. */
  readonly messages: number
  /** @throws AppError internal (the thread failed while it read this), cancelled */
  read(batch: ReadBatch): Promise<SlotAnswer>
  /** For all messages from now on. */
  useNodes(nodes: NodeCatalogData | undefined): void
  /**
   * Undefined where the thread ended before its turn came.
   * @throws AppError internal (the thread failed while it read this), cancelled
   */
  readObjectInfo(text: string): Promise<NodeCatalogData | undefined>
  end(): Promise<void>
}

/** A thread in one long step of the engine (a search, `JSON.parse`) ends only behind it: nobody waits longer than this. */
const END_MS = 1000

export function createReadSlot({ url, timeLimitMs }: { readonly url: URL; readonly timeLimitMs: number }): ReadSlot {
  let thread: CallThread<ReadCalls> | undefined
  /** What its thread was told last. */
  let told: NodeCatalogData | undefined
  let nodes: NodeCatalogData | undefined
  let messages = 0
  /** Settled once the thread has nothing left to do. */
  let done: Promise<unknown> = Promise.resolve()

  function running(): CallThread<ReadCalls> {
    if (thread === undefined || thread.isDead) {
      thread = startCallThread<ReadCalls>({ url, title: 'worker that reads prompts' })
      told = undefined
    }
    if (told !== nodes) {
      told = nodes
      // What cannot be told shows in the next message, which fails for the same reason.
      done = thread.call('useNodes', nodes).catch(() => {})
    }
    return thread
  }

  async function end(): Promise<void> {
    const ending = thread?.end()
    thread = undefined
    if (ending !== undefined) await withinTime(ending, END_MS)
  }

  return {
    get messages() {
      return messages
    },
    async read(batch) {
      messages += 1
      try {
        const own = running()
        const turn = done
        const answer = own.call('read', batch)
        done = answer.catch(() => {})
        // Its time begins when the thread begins with it.
        await turn
        if (own.isDead) return { kind: 'passed over' }
        const outcomes = await withinTime(answer, timeLimitMs)
        if (outcomes !== undefined) return { kind: 'read', outcomes: JSON.parse(outcomes) as readonly ReadOutcome[] }
        // It works on for nobody: only its end gives the processor and the open files back.
        await end()
        return { kind: 'late' }
      } finally {
        messages -= 1
      }
    },
    useNodes(found) {
      nodes = found
    },
    async readObjectInfo(text) {
      messages += 1
      try {
        const own = running()
        const turn = done
        const answer = own.call('readObjectInfo', text)
        done = answer.catch(() => {})
        await turn
        return own.isDead ? undefined : await answer
      } finally {
        messages -= 1
      }
    },
    end,
  }
}

/** Undefined where it takes longer; what then still comes, an error too, is nobody's. */
async function withinTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
