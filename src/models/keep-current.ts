import { toAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { ModelRoot } from './root.ts'

/** Tells of changes below folders. */
export interface Watching {
  readonly ready: Promise<void>
  close(): Promise<void>
}

export interface KeepCurrentDeps {
  /** The model folders as they are now. */
  readonly roots: () => Promise<readonly ModelRoot[]>
  readonly watch: (
    roots: readonly ModelRoot[],
    onChange: (root: ModelRoot, folders: readonly string[]) => void,
  ) => Watching
  /** Brings the index in line with some roots, or some folders of one, and reads headers; hashes nothing. */
  readonly look: (
    roots: readonly ModelRoot[],
    folders: readonly string[] | undefined,
    signal: AbortSignal,
  ) => Promise<void>
  /** Whether files are left that have no digests. */
  readonly hasUnhashed: () => Promise<boolean>
  /** Queues a scan, unless one runs or waits already. */
  readonly scan: () => Promise<void>
  readonly log: Log
  readonly everyMs?: number
}

/** Files that came while a scan was ending are hashed by the next one, after this at most. */
const EVERY_MS = 60_000

/**
 * Keeps the index current while the program serves: looks at every root at the start, then at whatever the watcher
 * tells of, and has a scan hash what is new. @returns the end of it
 */
export function keepCurrent(deps: KeepCurrentDeps): () => Promise<void> {
  const abort = new AbortController()
  const { signal } = abort
  let watching: Watching | undefined
  let last: Promise<void> = Promise.resolve()

  /** One after another. A failure is told, and the next look has a chance of its own. */
  function enqueue(what: string, work: () => Promise<void>): void {
    last = last.then(async () => {
      if (signal.aborted) return
      try {
        await work()
      } catch (error) {
        if (!signal.aborted) deps.log.warn({ err: toAppError(error) }, what)
      }
    })
  }

  async function hashTheRest(): Promise<void> {
    if (await deps.hasUnhashed()) await deps.scan()
  }

  enqueue('Could not look at the model folders', async () => {
    const roots = await deps.roots()
    if (roots.length === 0) return
    watching = deps.watch(roots, (root, folders) =>
      enqueue('Could not look at a model folder', async () => {
        await deps.look([root], folders, signal)
        await hashTheRest()
      }),
    )
    // What changes from now on is told: nothing is missed between the look and the watching.
    await watching.ready
    await deps.look(roots, undefined, signal)
    await hashTheRest()
  })
  const timer = setInterval(() => enqueue('Could not look for files to hash', hashTheRest), deps.everyMs ?? EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    abort.abort()
    await watching?.close()
    await last
  }
}
