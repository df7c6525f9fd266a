import { toAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { FoldersOf } from './library/refresh.ts'
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
  /** Brings the index in line with the roots, or with some folders of one of them, and reads headers; hashes nothing. */
  readonly look: (roots: readonly ModelRoot[], only: FoldersOf | undefined, signal: AbortSignal) => Promise<void>
  /** Whether files are left that have no digests. */
  readonly hasUnhashed: () => Promise<boolean>
  /** Queues a scan, unless one runs or waits already. */
  readonly scan: () => Promise<void>
  readonly log: Log
  readonly everyMs?: number
}

/** A change in more folders than these is a change of the whole root. */
const MAX_FOLDERS = 200

/** After this at most, folders that are new are found, and files hashed that came while a scan was ending. */
const EVERY_MS = 60_000

/**
 * Keeps the index current while the program serves: looks at every root at the start and where the roots are others
 * than before, then at whatever the watcher tells of, and has a scan hash what is new. @returns the end of it
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

  /** Folders with changes that no look has taken yet, by root: a slow disk must not be looked at once for each change. */
  const changed = new Map<string, Set<string>>()

  function noteChange(roots: readonly ModelRoot[], { path: root }: ModelRoot, folders: readonly string[]): void {
    const waiting = changed.get(root)
    if (waiting !== undefined) {
      for (const folder of folders) waiting.add(folder)
      return
    }
    changed.set(root, new Set(folders))
    enqueue('Could not look at a model folder', async () => {
      const taken = [...(changed.get(root) ?? [])]
      changed.delete(root)
      const isWhole = taken.includes(root) || taken.length > MAX_FOLDERS
      await deps.look(roots, { root, folders: isWhole ? [root] : taken }, signal)
      await hashTheRest()
    })
  }

  /** The folders that were looked at, as they were found then. */
  let lookedAt = ''

  /** Begins with all of them, unless they are those that are watched already: a UI may be installed at any time. */
  async function lookAtAll(): Promise<void> {
    const roots = await deps.roots()
    const found = JSON.stringify(roots)
    if (found === lookedAt) return
    lookedAt = ''
    await watching?.close()
    watching = undefined
    signal.throwIfAborted()
    if (roots.length > 0) {
      watching = deps.watch(roots, (root, folders) => noteChange(roots, root, folders))
      // What changes from now on is told: nothing is missed between the look and the watching.
      await watching.ready
      await deps.look(roots, undefined, signal)
    }
    lookedAt = found
  }

  let isKeepQueued = false
  const keep = (): void => {
    // Looks that take longer than the interval would pile up.
    if (isKeepQueued) return
    isKeepQueued = true
    enqueue('Could not look at the model folders', async () => {
      isKeepQueued = false
      await lookAtAll()
      await hashTheRest()
    })
  }
  keep()
  const timer = setInterval(keep, deps.everyMs ?? EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    abort.abort()
    await watching?.close()
    await last
  }
}
