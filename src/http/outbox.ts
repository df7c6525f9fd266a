import type { AppEvent } from '../events/event.ts'

/** Durable events that may wait for a slow subscriber; a job object may be large. */
const MAX_DURABLE = 256

/**
 * What waits for one subscriber, in order. Of progress only the newest of each job waits, and none that a later state
 * has overtaken. State changes are never dropped: past the bound the outbox is full, and whoever owns it ends the
 * subscription; the subscriber comes back with the last id it got.
 */
export interface Outbox {
  /** @returns whether it is full */
  push(event: AppEvent): boolean
  /** At most `max` events, oldest first; they no longer wait. */
  take(max: number): AppEvent[]
  readonly size: number
  clear(): void
}

export function createOutbox(): Outbox {
  /** In the order of arrival; durable events by their id, progress by its job. */
  const waiting = new Map<number | string, AppEvent>()
  let durable = 0
  return {
    push(event) {
      // Deleted first, so that what comes now stands at the end.
      waiting.delete(event.jobId)
      if (event.id === undefined) {
        waiting.set(event.jobId, event)
        return false
      }
      if (durable >= MAX_DURABLE) return true
      if (!waiting.has(event.id)) durable += 1
      waiting.set(event.id, event)
      return false
    },
    take(max) {
      const taken: AppEvent[] = []
      for (const [key, event] of waiting) {
        if (taken.length >= max) break
        waiting.delete(key)
        if (event.id !== undefined) durable -= 1
        taken.push(event)
      }
      return taken
    },
    get size() {
      return waiting.size
    },
    clear() {
      waiting.clear()
      durable = 0
    },
  }
}
