import { orAborted } from '../../lib/abort.ts'
import type { ModelRoot } from '../root.ts'
import type { PackedFiles } from '../scan/packed.ts'
import type { WalkedFile, WalkProblem, WalkSummary } from '../scan/walked-file.ts'
import { closedFiles } from './closed-files.ts'
import { markGone } from './gone.ts'
import type { VolumeDigests } from './merge-row.ts'
import { storedFiles } from './stored.ts'
import { createChangeTaker, type LibraryDeps } from './take-changes.ts'

export interface RefreshRequest {
  readonly roots: readonly ModelRoot[]
  /** Only some folders of one of the roots; what leads out of them makes it all of the roots. */
  readonly only?: FoldersOf | undefined
  /**
   * All model folders of the host, where this is a look at them, or at some of them: what is known below any other folder,
   * of a scan that named it, gets its place below these. Otherwise whatever is known below another root keeps its place.
   */
  readonly hostRoots?: readonly ModelRoot[] | undefined
  readonly signal: AbortSignal
  /** Model files met so far. */
  readonly onFiles?: ((files: number) => void) | undefined
}

export interface FoldersOf {
  /** Path of the root. */
  readonly root: string
  /** Absolute paths as listed. */
  readonly folders: readonly string[]
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

export interface CompareRequest {
  readonly roots: readonly ModelRoot[]
  readonly stored: AsyncIterable<PackedFiles>
  readonly signal: AbortSignal
  readonly onChanged: (batch: readonly WalkedFile[]) => Promise<void>
  readonly onProgress?: ((files: number) => void) | undefined
}

/** Walks folders in a thread of its own and compares them with what is stored. */
export interface CompareWithDisk {
  compare(request: CompareRequest): Promise<WalkSummary>
  /** Some folders of the roots; undefined, with nothing done, where only all of the roots can tell. */
  compareFolders(request: CompareRequest & { readonly folders: readonly string[] }): Promise<WalkSummary | undefined>
}

export interface RefreshDeps extends LibraryDeps {
  readonly disk: CompareWithDisk
  /** Digests that an earlier host left on the volume of a root, by path below it; empty where there are none. */
  readonly volumeDigests: (root: string) => Promise<ReadonlyMap<string, VolumeDigests>>
  /** Files and folders of the program itself, which are no models. */
  readonly closed?: () => Promise<readonly string[]>
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

  async function refresh({ roots, only, hostRoots, signal, onFiles }: RefreshRequest): Promise<Refreshed> {
    signal.throwIfAborted()
    const paths = roots.map(({ path }) => path)
    const among = new Set(paths)
    const ofHost = hostRoots === undefined ? undefined : new Set(hostRoots.map(({ path }) => path))
    const keepsPlace = (root: string): boolean => !among.has(root) && (ofHost === undefined || ofHost.has(root))
    const volumes = new Map<string, ReadonlyMap<string, VolumeDigests>>()
    const isClosed = await closedFiles((await deps.closed?.()) ?? [], roots)
    const sum = { added: 0, changed: 0, renamed: 0 }
    const request = {
      roots,
      signal,
      onProgress: onFiles,
      async onChanged(walked: readonly WalkedFile[]) {
        const batch = walked.filter((file) => !isClosed(file))
        for (const root of new Set(batch.map((file) => file.root))) {
          if (!volumes.has(root)) volumes.set(root, await deps.volumeDigests(root))
        }
        const volume = (root: string, relative: string) => volumes.get(root)?.get(relative)
        const taken = await takeChanges(batch, { keepsPlace, volume })
        sum.added += taken.added
        sum.changed += taken.changed
        sum.renamed += taken.renamed
      },
    }
    const some =
      only === undefined
        ? undefined
        : await deps.disk.compareFolders({ ...request, folders: only.folders, stored: storedFiles(deps, only) })
    const summary = some ?? (await deps.disk.compare({ ...request, stored: storedFiles(deps, { roots: paths }) }))
    const gone = await markGone(deps, summary)
    const { files, unchanged, unreadable, skipped } = summary
    return { files, unchanged, ...sum, gone, unreadable, skipped }
  }

  return {
    refresh(request) {
      const turn = last
      const result = orAborted(turn, request.signal).then(() => refresh(request))
      last = Promise.allSettled([turn, result])
      return result
    },
  }
}
