import type { FileHints } from './library/find-files.ts'
import type { ModelDigests } from './library/known-digests.ts'
import type { ModelType } from './model-file.ts'
import type { WalkProblem } from './scan/walked-file.ts'

export type { FileHints } from './library/find-files.ts'
export type { ModelDigests } from './library/known-digests.ts'

export interface LibraryFile {
  /** Real path, symlinks resolved. */
  readonly path: string
  /** Absolute path as it stands below its root. */
  readonly listedPath: string
  /** Name under which a UI lists it: `style/foo.safetensors`. */
  readonly name: string
  readonly type: ModelType
  readonly sizeBytes: number
  /** As Civitai said of its digest, else as its sidecars claim. */
  readonly civitaiVersionId: number | undefined
  /** The name that its trainer gave it. */
  readonly outputName: string | undefined
  /** Undefined while they are not known. */
  digests: ModelDigests | undefined
  /** Why it cannot be read, once that was tried. */
  fault: string | undefined
}

/** Bytes, both ends included. */
export interface SizeRange {
  readonly least: number
  readonly most: number
}

/** The model files of this host: as the index has them, and after {@link Library.look} as they are. */
export interface Library {
  /**
   * What the index knows by any of these hints: a file for each name that leads to it; those of one file have the same
   * `path`. What nothing could load is left out.
   */
  find(hints: FileHints): Promise<readonly LibraryFile[]>
  /**
   * Files whose stem has one of these (lower case) as a part, or is the larger part of one: what somebody may have
   * meant. The closest come first, so many at most.
   */
  findPartly(stems: readonly string[]): Promise<readonly LibraryFile[]>
  /**
   * Brings the index in line with the disk and hashes nothing; where somebody else does so, it is done once for both.
   * @throws the signal's reason
   */
  look(): Promise<void>
  /** Folders that could not be read when it looked. */
  readonly unreadable: readonly string[]
  /** Reads the headers of all files that came since they were read: these tell of names, versions and damage. */
  readHeaders(): Promise<void>
  /** Files whose digests are not all known, the small ones first: all of them, or those of one of these sizes. */
  unhashed(sizes?: readonly SizeRange[]): Promise<readonly LibraryFile[]>
  /**
   * Whether the file is at its listed path as it was found, and can be loaded as far as its header tells: it is read
   * where nobody has done so yet.
   */
  confirm(file: LibraryFile): Promise<boolean>
  /**
   * Reads the file unless its digests are known, before whatever else waits to be read; afterwards it has either
   * `digests` or a `fault`.
   * @throws the signal's reason
   */
  digest(file: LibraryFile, onBytes?: (done: number) => void): Promise<void>
  /** Files that are there and cannot be read, the first of them; none before it has looked. */
  faults(limit: number): Promise<readonly WalkProblem[]>
  /** Remembers that something needs these of the files that were found. */
  markUsed(listedPaths: readonly string[]): Promise<void>
}

export interface OpenOptions {
  /** For a caller with a token: only what lies within the named roots, which are real paths. */
  readonly confined?: boolean
  /** Milliseconds since the epoch: a look at the disk that began later is new enough. @default now */
  readonly since?: number
}

export interface LibraryOpener {
  /**
   * The files below `roots`, at which it looks at once; below the host's own where there are none, and then as the
   * index has them.
   */
  open(roots: readonly string[], signal: AbortSignal, options?: OpenOptions): Promise<Library>
}
