import { AsyncLocalStorage } from 'node:async_hooks'
import type { Client } from '@libsql/client'
import { isLost, isTimedOut, unreachableIn } from './db-error.ts'
import { OutcomeUnknown } from './outcome-unknown.ts'
import type { TransactionClient } from './transaction-client.ts'

interface Waiting {
  readonly onlyInserts: boolean
  run(): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

/** Writes in one transaction at most: bounds how long a commit is held back by those before it. */
const MAX_GROUP = 128
/** Milliseconds after which a group takes in no more: a server ends a transaction that others wait 5 s for. */
const MAX_GROUP_MS = 1_000

export interface WriteOptions {
  /**
   * `fn` only adds rows and looks at no other: it may run beside its neighbours of the same kind in their transaction,
   * so that on a remote database their statements share the way there and back.
   */
  readonly onlyInserts?: boolean
}

export interface WriteQueue {
  /**
   * Runs `fn` in a write transaction, together with others that wait, and resolves after the commit.
   * `fn` awaits nothing but SQL and may run twice (a failure in its group rolls all back; each then runs alone).
   * @throws Error at once when called inside another write: it would wait for itself
   * @throws AppError upstream_unavailable when a remote database went away: nothing was written, except where the
   * message says that this is not known
   */
  write<T>(fn: () => Promise<T>, options?: WriteOptions): Promise<T>
  /** Resolves when everything that waits is done. */
  drain(): Promise<void>
}

/**
 * One writer at a time: a second write transaction in the process would wait synchronously inside the native addon
 * for the first, which then cannot commit. Embedded calls finish within microtasks, so the queue lets one turn of
 * the event loop pass before it begins: requests that arrived together then share one commit.
 *
 * A remote database that goes away fails the group that it was asked for; what comes later asks it anew.
 */
export function createWriteQueue(client: Client, adapter: TransactionClient): WriteQueue {
  const inside = new AsyncLocalStorage<true>()
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function transactOnce(run: () => Promise<void>): Promise<void> {
    const transaction = await client.transaction('write')
    try {
      adapter.enter(transaction)
      await inside.run(true, run)
      // Whoever ran may have caught it.
      if (adapter.failure !== undefined) throw adapter.failure.error
      try {
        await transaction.commit()
      } catch (error) {
        throw isLost(error) && !isTimedOut(error) ? new OutcomeUnknown(error) : error
      }
    } finally {
      adapter.leave()
      // Rolls back whatever was not committed.
      transaction.close()
    }
  }

  /** Once more where the server let go of the transaction before its commit was sent: it may only have restarted. */
  async function transact(run: () => Promise<void>): Promise<void> {
    try {
      await transactOnce(run)
    } catch (error) {
      if (!isLost(error) || error instanceof OutcomeUnknown || isSilent(error)) throw error
      await transactOnce(run)
    }
  }

  async function runAlone(item: Waiting): Promise<void> {
    let value: unknown
    await transact(async () => {
      value = await item.run()
    })
    item.resolve(value)
  }

  /** As many of the group as the time allows; answers how each ended, in order. */
  async function runTogether(group: readonly Waiting[]): Promise<Outcome[]> {
    let outcomes: Outcome[] = []
    await transact(async () => {
      outcomes = []
      const begin = performance.now()
      while (outcomes.length < group.length && (outcomes.length === 0 || performance.now() - begin < MAX_GROUP_MS)) {
        const [first, ...rest] = leading(group.slice(outcomes.length))
        if (first === undefined) return
        if (rest.length > 0) outcomes.push(...(await runBeside([first, ...rest])))
        else outcomes.push(await runAfterAnother(first))
      }
    })
    return outcomes
  }

  async function runAfterAnother(item: Waiting): Promise<Outcome> {
    adapter.resetChanges()
    try {
      return { ok: true, value: await item.run() }
    } catch (error) {
      // A refusal that changed nothing (a duplicate, a missing row) spoils nothing for its neighbours.
      if (adapter.hasChanges || adapter.failure !== undefined) throw error
      return { ok: false, error }
    }
  }

  async function runBeside(items: readonly Waiting[]): Promise<Outcome[]> {
    const settled = await Promise.allSettled(items.map((item) => item.run()))
    return settled.map((result) => {
      // Which of them changed what is not known.
      if (result.status === 'rejected') throw result.reason
      return { ok: true, value: result.value }
    })
  }

  async function runGroup(group: readonly Waiting[]): Promise<void> {
    if (group.length > 1) {
      try {
        const outcomes = await runTogether(group)
        waiting = [...group.slice(outcomes.length), ...waiting]
        for (const [at, outcome] of outcomes.entries()) {
          if (outcome.ok) group[at]?.resolve(outcome.value)
          else group[at]?.reject(outcome.error)
        }
        return
      } catch (error) {
        if (isLost(error)) return fail(group, error)
      }
    }
    for (const [at, item] of group.entries()) {
      try {
        await runAlone(item)
      } catch (error) {
        if (isLost(error)) return fail(group.slice(at), error)
        item.reject(error)
      }
    }
  }

  function fail(group: readonly Waiting[], error: unknown): void {
    for (const item of group) item.reject(error)
    if (!isSilent(error)) return
    // Whatever waits has waited for as long, and would wait as long again. It was never sent, so it was not written.
    const notSent = error instanceof OutcomeUnknown ? error.lost : error
    for (const item of waiting.splice(0)) item.reject(notSent)
  }

  async function drainAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting.slice(0, MAX_GROUP)
      waiting = waiting.slice(MAX_GROUP)
      await runGroup(group)
      // Callers of this group answer, and those that wait gather, before the next commit.
      await new Promise((resolve) => setImmediate(resolve))
    }
    running = undefined
  }

  return {
    write<T>(fn: () => Promise<T>, { onlyInserts = false }: WriteOptions = {}): Promise<T> {
      if (inside.getStore()) throw new Error('write() was called inside write()')
      return new Promise<T>((resolve, reject) => {
        waiting.push({ onlyInserts, run: fn, resolve: resolve as (value: unknown) => void, reject })
        // The drain must not inherit the caller's context, or a request's trace would name its neighbours.
        running ??= inside.exit(drainAll)
      })
    },
    async drain() {
      while (running !== undefined) await running
    },
  }
}

const isSilent = (error: unknown): boolean => unreachableIn(error)?.silent === true

/** The first one, or as many as may run side by side. */
function leading(group: readonly Waiting[]): readonly Waiting[] {
  const other = group.findIndex(({ onlyInserts }) => !onlyInserts)
  return other === -1 ? group : group.slice(0, Math.max(1, other))
}
