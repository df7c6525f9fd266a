import type { Clock } from '../lib/clock.ts'
import type { Progress } from '../operation/operation.ts'

/** About four messages a second: enough for a bar that moves, little enough for a client that stores each. */
const INTERVAL_MS = 250

/** `progress` of MCP: a number that must rise with every message. */
export interface ProgressMessage {
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

export interface ProgressDeps {
  readonly clock: Clock
  /** Called in order, never again before it settled. */
  send(message: ProgressMessage): Promise<void>
}

/**
 * Passes on what an operation reports: the first at once, then at most one in {@link INTERVAL_MS}, the newest before
 * the result. What does not rise is left out, as is what comes after `finish`.
 */
export function createProgressSender({ clock, send }: ProgressDeps) {
  let sentAt = Number.NEGATIVE_INFINITY
  let highest = -1
  let waiting: Progress | undefined
  let sending = Promise.resolve()
  let finished = false

  const pass = (progress: Progress): void => {
    sentAt = clock.now()
    waiting = undefined
    const { done, total, message } = progress
    // A client that is gone must not fail the operation: its signal says so soon enough.
    sending = sending
      .then(() =>
        send({
          progress: done,
          ...(total === undefined ? {} : { total }),
          ...(message === undefined ? {} : { message }),
        }),
      )
      .catch(() => {})
  }

  return {
    report(progress: Progress): void {
      if (finished || progress.done <= highest) return
      highest = progress.done
      if (clock.now() - sentAt >= INTERVAL_MS || progress.done === progress.total) pass(progress)
      else waiting = progress
    },
    /** Sends what still waits; call it before the result goes out. */
    async finish(): Promise<void> {
      if (waiting !== undefined && !finished) pass(waiting)
      finished = true
      await sending
    },
  }
}
