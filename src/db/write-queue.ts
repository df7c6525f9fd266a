import { AsyncLocalStorage } from 'node:async_hooks'
import type { Client } from '@libsql/client'
import type { TransactionClient } from './transaction-client.ts'

interface Waiting {
  run(): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

/** Writes in one transaction at most: bounds how long a commit is held back by those before it. */
const MAX_GROUP = 128

export interface WriteQueue {
  /**
   * Runs `fn` in a write transaction, together with others that wait, and resolves after the commit.
   * `fn` awaits nothing but SQL and may run twice (a failure in its group rolls all back; each then runs alone).
   * @throws Error at once when called inside another write: it would wait for itself
   */
  write<T>(fn: () => Promise<T>): Promise<T>
  /** Resolves when everything that waits is done. */
  drain(): Promise<void>
}

/**
 * One writer at a time: a second write transaction in the process would wait synchronously inside the native addon
 * for the first, which then cannot commit. Embedded calls finish within microtasks, so the queue lets one turn of
 * the event loop pass before it begins: requests that arrived together then share one commit.
 */
export function createWriteQueue(client: Client, adapter: TransactionClient): WriteQueue {
  const inside = new AsyncLocalStorage<true>()
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function transact(run: () => Promise<void>): Promise<void> {
    const transaction = await client.transaction('write')
    try {
      adapter.enter(transaction)
      await inside.run(true, run)
      await transaction.commit()
    } finally {
      adapter.leave()
      // Rolls back whatever was not committed.
      transaction.close()
    }
  }

  async function runAlone(item: Waiting): Promise<void> {
    try {
      let value: unknown
      await transact(async () => {
        value = await item.run()
      })
      item.resolve(value)
    } catch (error) {
      item.reject(error)
    }
  }

  async function runGroup(group: readonly Waiting[]): Promise<void> {
    const only = group[0]
    if (group.length === 1 && only !== undefined) return runAlone(only)
    const outcomes: Outcome[] = []
    try {
      await transact(async () => {
        for (const item of group) {
          adapter.resetChanges()
          try {
            outcomes.push({ ok: true, value: await item.run() })
          } catch (error) {
            // A refusal that changed nothing (a duplicate, a missing row) spoils nothing for its neighbours.
            if (adapter.hasChanges) throw error
            outcomes.push({ ok: false, error })
          }
        }
      })
    } catch {
      for (const item of group) await runAlone(item)
      return
    }
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.ok) group[at]?.resolve(outcome.value)
      else group[at]?.reject(outcome.error)
    }
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
    write<T>(fn: () => Promise<T>): Promise<T> {
      if (inside.getStore()) throw new Error('write() was called inside write()')
      return new Promise<T>((resolve, reject) => {
        waiting.push({ run: fn, resolve: resolve as (value: unknown) => void, reject })
        // The drain must not inherit the caller's context, or a request's trace would name its neighbours.
        running ??= inside.exit(drainAll)
      })
    },
    async drain() {
      while (running !== undefined) await running
    },
  }
}
