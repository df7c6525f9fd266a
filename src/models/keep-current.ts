import type { Log } from '../lib/log.ts'
import type { ModelRoot } from './root.ts'

/** Tells of changes below folders. */
export interface Watching {
  close(): void
}

export interface KeepCurrentDeps {
  readonly roots: () => Promise<readonly ModelRoot[]>
  readonly watch: (roots: readonly ModelRoot[], onChange: () => void) => Watching
  /** Queues a scan of every root, unless one runs or waits already. */
  readonly scan: () => Promise<void>
  readonly log: Log
}

/**
 * Keeps the index current while the program serves: one scan at the start, another one whenever something below the
 * roots has changed. @returns the end of it
 */
export function keepCurrent({ roots, watch, scan, log }: KeepCurrentDeps): () => void {
  let watching: Watching | undefined
  let ended = false
  const scanAgain = (): void => {
    scan().catch((error: unknown) => log.warn({ err: error }, 'Could not start a scan'))
  }
  const begin = async (): Promise<void> => {
    const found = await roots()
    if (ended || found.length === 0) return
    // Before the first scan: what changes while it runs is not missed.
    watching = watch(found, scanAgain)
    scanAgain()
  }
  begin().catch((error: unknown) => log.warn({ err: error }, 'Could not watch the model folders'))
  return () => {
    ended = true
    watching?.close()
  }
}
