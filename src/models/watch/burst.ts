import type { WatchTiming } from './messages.ts'

/** Collects events that come in bursts and tells them together. */
export interface Burst {
  add(path: string): void
  /** Forgets what was collected. */
  close(): void
}

export interface BurstDeps {
  readonly timing: Pick<WatchTiming, 'quietMs' | 'longestMs'>
  /** Each path once; empty text among them: whatever there is. */
  readonly onEnd: (paths: ReadonlySet<string>) => void
  readonly now: () => number
  /** Returns what takes it back. */
  readonly later: (run: () => void, ms: number) => () => void
}

/** More paths than these are not worth telling apart. */
const MOST_PATHS = 5_000

export function createBurst({ timing, onEnd, now, later }: BurstDeps): Burst {
  let paths = new Set<string>()
  let firstAt = 0
  let lastAt = 0
  let takeBack: (() => void) | undefined

  /** One timer for all events of a burst: a download gives thousands in a second. */
  function look(): void {
    takeBack = undefined
    const wait = Math.min(lastAt + timing.quietMs, firstAt + timing.longestMs) - now()
    if (wait > 0) {
      takeBack = later(look, wait)
      return
    }
    const told = paths
    paths = new Set()
    onEnd(told)
  }

  return {
    add(path) {
      lastAt = now()
      if (paths.size === 0) firstAt = lastAt
      paths.add(paths.size < MOST_PATHS ? path : '')
      takeBack ??= later(look, timing.quietMs)
    },
    close() {
      takeBack?.()
      takeBack = undefined
      paths = new Set()
    },
  }
}
