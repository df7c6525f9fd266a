import type { DigestStore, ModelDigests } from './digests.ts'
import { type FoundModel, walkModels } from './walk.ts'

export interface LibraryFile extends FoundModel {
  /** Undefined while nobody has asked for them. */
  digests: ModelDigests | undefined
  /** Why it cannot be read, once that was tried. */
  fault: string | undefined
}

/** The model files of this host as they are now. */
export interface Library {
  readonly files: readonly LibraryFile[]
  readonly unreadable: readonly string[]
  /**
   * Reads the file unless its digests are known; afterwards it has either `digests` or a `fault`.
   * @throws the signal's reason
   */
  digest(file: LibraryFile, signal: AbortSignal, onBytes?: (done: number) => void): Promise<void>
}

export interface LibraryOpener {
  /** Walks the roots; hashes nothing. */
  open(roots: readonly string[], signal: AbortSignal): Promise<Library>
}

export function createLibraryOpener(store: DigestStore): LibraryOpener {
  return {
    async open(roots, signal) {
      const { files: found, unreadable } = await walkModels(roots, signal)
      const known = await store.known(found)
      const files: LibraryFile[] = found.map((file) => ({ ...file, digests: known.get(file.path), fault: undefined }))
      return {
        files,
        unreadable,
        async digest(file, digestSignal, onBytes) {
          if (file.digests !== undefined) return
          const computed = await store.compute(file, digestSignal, onBytes)
          if ('fault' in computed) file.fault = computed.fault
          else file.digests = computed.digests
        },
      }
    },
  }
}
