import { orAborted } from '../../lib/abort.ts'
import type { Clock } from '../../lib/clock.ts'

export interface LookCall {
  /** Milliseconds since the epoch: what was on the disk then has to be seen. */
  readonly since: number
  readonly signal: AbortSignal
}

export interface SharedLookDeps<T> {
  readonly clock: Clock
  readonly look: (signal: AbortSignal) => Promise<T>
}

interface Turn<T> {
  readonly outcome: Promise<T>
  readonly abort: AbortController
  waiting: number
  /** Undefined until it begins. */
  began: number | undefined
}

/** A clock that was set may tell of looks that are none. */
const LONGEST_MS = 2_000

/**
 * Looks that serve many at once: whoever asks gets the outcome of one that began after `since`, else the next, which all
 * that come meanwhile share. One that nobody waits for any more is broken off.
 */
export function createSharedLook<T>({ clock, look }: SharedLookDeps<T>): (call: LookCall) => Promise<T> {
  let last: { readonly began: number; readonly at: number; readonly found: T } | undefined
  let running: Turn<T> | undefined
  let next: Turn<T> | undefined

  function begin(after: Promise<unknown> | undefined): Turn<T> {
    // However the one before ends.
    const ready = Promise.allSettled([after])
    const turn: Turn<T> = {
      outcome: ready.then(() => run(turn)),
      abort: new AbortController(),
      waiting: 0,
      began: undefined,
    }
    // Whoever waits is told.
    turn.outcome.catch(() => {})
    return turn
  }

  async function run(turn: Turn<T>): Promise<T> {
    if (next === turn) next = undefined
    turn.abort.signal.throwIfAborted()
    running = turn
    const at = performance.now()
    const began = clock.now()
    turn.began = began
    try {
      const found = await look(turn.abort.signal)
      last = { began, at, found }
      return found
    } finally {
      if (running === turn) running = undefined
    }
  }

  function turnFor(since: number): Turn<T> {
    if (running !== undefined && !running.abort.signal.aborted && (running.began ?? 0) > since) return running
    if (next === undefined || next.abort.signal.aborted) next = begin(running?.outcome)
    return next
  }

  return async ({ since, signal }) => {
    signal.throwIfAborted()
    if (last !== undefined && last.began > since && performance.now() - last.at <= LONGEST_MS) return last.found
    const turn = turnFor(since)
    turn.waiting += 1
    try {
      return await orAborted(turn.outcome, signal)
    } finally {
      turn.waiting -= 1
      if (turn.waiting === 0) turn.abort.abort(signal.reason)
    }
  }
}
