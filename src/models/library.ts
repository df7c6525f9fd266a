import type { DigestStore, ModelDigests } from './digests.ts'
import { type FoundModel, walkModels } from './walk.ts'

export interface LibraryFile extends FoundModel {
  /** Undefined while nobody has asked for them. */
  digests: ModelDigests | undefined
}

/** The model files of this host as they are now. */
export interface Library {
  readonly files: readonly LibraryFile[]
  readonly unreadable: readonly string[]
  /** Reads the file unless its digests are known. */
  digest(file: LibraryFile, signal: AbortSignal, onBytes?: (done: number) => void): Promise<ModelDigests>
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
      const files: LibraryFile[] = found.map((file) => ({ ...file, digests: known.get(file.path) }))
      return {
        files,
        unreadable,
        async digest(file, digestSignal, onBytes) {
          file.digests ??= await store.compute(file, digestSignal, onBytes)
          return file.digests
        },
      }
    },
  }
}
