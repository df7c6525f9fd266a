import { toAppError } from '../../errors.ts'
import type { FileDigest } from '../../hash/whole-file.ts'
import type { HashQueue, QueueOptions } from '../hash-queue.ts'
import type { Inspected, InspectRequest } from '../inspect/inspection.ts'
import { createDigestKeeper, type FileToHash, storeFault } from './digests.ts'
import { createInspectionStore, filesToInspect, filesToInspectAt } from './inspections.ts'
import type { LibraryDeps } from './take-changes.ts'

export interface ReaderDeps extends LibraryDeps {
  readonly queue: HashQueue
  readonly inspect: (requests: readonly InspectRequest[], signal: AbortSignal) => Promise<readonly Inspected[]>
}

/** Reads files for the index: headers and sidecars of those that changed, and digests. */
export interface LibraryReader {
  /** Reads what no walk has read yet. @returns how many files were looked into, and how many were not what was hashed */
  inspectAll(signal: AbortSignal, options?: InspectOptions): Promise<{ files: number; refuted: number }>
  /** Reads those of these files (real paths) that no walk has read yet. */
  inspect(paths: readonly string[], signal: AbortSignal): Promise<void>
  /**
   * Hashes one file and keeps the digests; a fault where it cannot be read, which is kept too.
   * @throws the signal's reason; what Db.write throws
   */
  hash(file: FileToHash, options: QueueOptions): Promise<HashOutcome>
}

export interface InspectOptions {
  /** Files read so far. */
  readonly onFiles?: ((files: number) => void) | undefined
}

export type HashOutcome =
  | { readonly fault: undefined; readonly digest: FileDigest }
  | { readonly fault: string; readonly digest: undefined }

/** Files of one message to the thread that reads headers. */
const GROUP = 64

export function createLibraryReader(deps: ReaderDeps): LibraryReader {
  const keeper = createDigestKeeper(deps)
  const storeInspections = createInspectionStore(deps)
  return {
    async inspectAll(signal, { onFiles } = {}) {
      let files = 0
      let refuted = 0
      let after = ''
      // What was read is written while the next files are read.
      let writing: Promise<void> = Promise.resolve()
      while (true) {
        const requests = await filesToInspect(deps, after, GROUP)
        const last = requests.at(-1)
        if (last === undefined) break
        const inspected = await deps.inspect(requests, signal)
        await writing
        writing = storeInspections(requests, inspected).then((count) => {
          refuted += count
          files += requests.length
          onFiles?.(files)
        })
        // Looked at where it is awaited.
        writing.catch(() => {})
        after = last.path
      }
      await writing
      return { files, refuted }
    },
    async inspect(paths, signal) {
      const requests = await filesToInspectAt(deps, paths)
      if (requests.length > 0) await storeInspections(requests, await deps.inspect(requests, signal))
    },
    async hash(file, options) {
      let digest: FileDigest
      try {
        digest = await deps.queue.digest(file, options)
      } catch (error) {
        options.signal.throwIfAborted()
        await storeFault(deps, file, error)
        return { fault: toAppError(error).message, digest: undefined }
      }
      // What the database says is no fault of the file.
      const kept = await keeper.store(file.path, digest)
      return kept ? { fault: undefined, digest } : { fault: 'It changed since it was found', digest: undefined }
    },
  }
}
