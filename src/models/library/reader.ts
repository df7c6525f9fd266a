import { toAppError } from '../../errors.ts'
import type { FileDigest } from '../../hash/whole-file.ts'
import type { HashQueue, QueueOptions } from '../hash-queue.ts'
import type { Inspected, InspectRequest } from '../inspect/inspection.ts'
import { type FileToHash, storeDigest, storeFault } from './digests.ts'
import { filesToInspect, storeInspections } from './inspections.ts'
import type { LibraryDeps } from './take-changes.ts'

export interface ReaderDeps extends LibraryDeps {
  readonly queue: HashQueue
  readonly inspect: (requests: readonly InspectRequest[], signal: AbortSignal) => Promise<readonly Inspected[]>
}

/** Reads files for the index: headers and sidecars of those that changed, and digests. */
export interface LibraryReader {
  /** Reads what no walk has read yet. @returns how many files were looked into, and how many were not what was hashed */
  inspectAll(signal: AbortSignal, onFiles?: (files: number) => void): Promise<{ files: number; refuted: number }>
  /**
   * Hashes one file and keeps the digests; a fault where it cannot be read, which is kept too.
   * @throws the signal's reason; what Db.write throws
   */
  hash(file: FileToHash, options: QueueOptions): Promise<HashOutcome>
}

export type HashOutcome =
  | { readonly fault: undefined; readonly digest: FileDigest }
  | { readonly fault: string; readonly digest: undefined }

/** Files of one message to the thread that reads headers. */
const GROUP = 64

export function createLibraryReader(deps: ReaderDeps): LibraryReader {
  return {
    async inspectAll(signal, onFiles) {
      let files = 0
      let refuted = 0
      let after = ''
      while (true) {
        const requests = await filesToInspect(deps, after, GROUP)
        const last = requests.at(-1)
        if (last === undefined) return { files, refuted }
        const inspected = await deps.inspect(requests, signal)
        refuted += await storeInspections(deps, requests, inspected)
        files += requests.length
        onFiles?.(files)
        after = last.path
      }
    },
    async hash(file, options) {
      try {
        const digest = await deps.queue.digest(file, options)
        const kept = await storeDigest(deps, file, digest)
        return kept ? { fault: undefined, digest } : { fault: 'It changed since it was found', digest: undefined }
      } catch (error) {
        options.signal.throwIfAborted()
        await storeFault(deps, file.path, error)
        return { fault: toAppError(error).message, digest: undefined }
      }
    },
  }
}
