import type { ModelRoot } from '../root.ts'
import type { StoredFile, WalkedFile, WalkProblem, WalkSummary } from '../scan/walked-file.ts'
import { forgetGone, markGone } from './gone.ts'
import type { VolumeDigests } from './merge-row.ts'
import { storedFiles } from './stored.ts'
import { createChangeTaker, type LibraryDeps } from './take-changes.ts'

export interface RefreshRequest {
  readonly roots: readonly ModelRoot[]
  readonly signal: AbortSignal
  /** Model files met so far. */
  readonly onFiles?: ((files: number) => void) | undefined
}

/** What a look at the disk has changed in the index. */
export interface Refreshed {
  readonly files: number
  readonly unchanged: number
  readonly added: number
  readonly changed: number
  readonly renamed: number
  readonly gone: number
  readonly unreadable: readonly WalkProblem[]
  readonly skipped: readonly WalkProblem[]
}

/** Walks folders in a thread of its own and compares them with what is stored. */
export type CompareWithDisk = (request: {
  readonly roots: readonly ModelRoot[]
  readonly stored: AsyncIterable<readonly StoredFile[]>
  readonly signal: AbortSignal
  readonly onChanged: (batch: readonly WalkedFile[]) => Promise<void>
  readonly onProgress?: (files: number) => void
}) => Promise<WalkSummary>

export interface RefreshDeps extends LibraryDeps {
  readonly compare: CompareWithDisk
  /** Digests that an earlier host left on the volume of a root, by path below it; empty where there are none. */
  readonly volumeDigests: (root: string) => Promise<ReadonlyMap<string, VolumeDigests>>
}

export interface Refresher {
  /**
   * Brings the index in line with the disk: reads names, sizes and times, and no file. One after another.
   * @throws the signal's reason; AppError internal when the walk fails; what Db.write throws
   */
  refresh(request: RefreshRequest): Promise<Refreshed>
}

export function createRefresher(deps: RefreshDeps): Refresher {
  const takeChanges = createChangeTaker(deps)
  let last: Promise<unknown> = Promise.resolve()

  async function refresh({ roots, signal, onFiles }: RefreshRequest): Promise<Refreshed> {
    signal.throwIfAborted()
    const paths = roots.map(({ path }) => path)
    const among = new Set(paths)
    const volumes = new Map<string, ReadonlyMap<string, VolumeDigests>>()
    const sum = { added: 0, changed: 0, renamed: 0 }
    const summary = await deps.compare({
      roots,
      stored: storedFiles(deps, paths),
      signal,
      ...(onFiles === undefined ? {} : { onProgress: onFiles }),
      async onChanged(batch) {
        for (const root of new Set(batch.map((file) => file.root))) {
          if (!volumes.has(root)) volumes.set(root, await deps.volumeDigests(root))
        }
        const volume = (root: string, relative: string) => volumes.get(root)?.get(relative)
        const taken = await takeChanges(batch, { roots: among, volume })
        sum.added += taken.added
        sum.changed += taken.changed
        sum.renamed += taken.renamed
      },
    })
    const gone = await markGone(deps, summary)
    await forgetGone(deps)
    const { files, unchanged, unreadable, skipped } = summary
    return { files, unchanged, ...sum, gone, unreadable, skipped }
  }

  return {
    refresh(request) {
      const result = last.then(
        () => refresh(request),
        () => refresh(request),
      )
      last = result.catch(() => {})
      return result
    },
  }
}
