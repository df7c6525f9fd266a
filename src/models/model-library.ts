import { availableParallelism } from 'node:os'
import type { Log } from '../lib/log.ts'
import { createHashQueue, type HashFile, type HashQueue } from './hash-queue.ts'
import type { Inspected, InspectRequest } from './inspect/inspection.ts'
import { digestsOf } from './library/leave-digests.ts'
import type { VolumeDigests } from './library/merge-row.ts'
import { createLibraryOpener } from './library/opener.ts'
import { createLibraryReader, type LibraryReader } from './library/reader.ts'
import { type CompareWithDisk, createRefresher, type Refresher } from './library/refresh.ts'
import type { LibraryDeps } from './library/take-changes.ts'
import type { LibraryOpener } from './library.ts'
import type { ModelRoot } from './root.ts'

/** What looks at the disk, off the event loop. */
export interface DiskThreads extends CompareWithDisk {
  inspect(requests: readonly InspectRequest[], signal: AbortSignal): Promise<readonly Inspected[]>
}

/** Digests that stand on the volumes of roots. */
export interface VolumeStore {
  /** Whether this root's volume carries its own: it is writable and not the filesystem of the data directory. */
  eligible(root: string): Promise<boolean>
  read(root: string): Promise<ReadonlyMap<string, VolumeDigests>>
  write(root: string, entries: AsyncIterable<{ readonly relative: string } & VolumeDigests>): Promise<unknown>
}

export interface ModelLibraryDeps extends LibraryDeps {
  readonly threads: DiskThreads
  readonly hashFile: HashFile
  readonly volumes: VolumeStore
  /** The folders that `named` means; all that are known where it names none. */
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
  /** Files and folders of the program itself, which are no models. */
  readonly closed?: () => Promise<readonly string[]>
  readonly log: Log
}

/** The index of this host's model files, and whatever fills it. */
export interface ModelLibrary extends LibraryOpener {
  readonly refresher: Refresher
  readonly reader: LibraryReader
  readonly queue: HashQueue
  /** Writes the digests of these roots to their volumes. Never throws. */
  leaveDigests(roots: readonly ModelRoot[]): Promise<void>
}

export const CORES = availableParallelism()

export function createModelLibrary(deps: ModelLibraryDeps): ModelLibrary {
  const { threads, volumes, log } = deps
  const queue = createHashQueue(deps.hashFile, CORES)
  const refresher = createRefresher({
    ...deps,
    disk: threads,
    // Whoever wrote them: a volume that is mounted read-only has them too.
    volumeDigests: (root) => volumes.read(root),
  })
  const reader = createLibraryReader({
    ...deps,
    queue,
    inspect: (requests, signal) => threads.inspect(requests, signal),
  })
  return {
    refresher,
    reader,
    queue,
    open: createLibraryOpener({ ...deps, refresher, reader }).open,
    async leaveDigests(roots) {
      for (const { path } of roots) {
        try {
          if (await volumes.eligible(path)) await volumes.write(path, digestsOf(deps, path))
        } catch (error) {
          // The volume may be full or gone: what is known stays in the database.
          log.warn({ err: error, root: path }, 'Could not leave digests on a volume')
        }
      }
    },
  }
}
