import type { ModelType } from '../model-file.ts'

/** A model file as a walk found it: what names and `stat` say, nothing read. */
export interface WalkedFile {
  /** Real path, symlinks resolved. */
  readonly path: string
  /** The root below which it was found first, as configured. */
  readonly root: string
  /** Path below that root as it is listed, `/` between the parts. */
  readonly relative: string
  /** Path below the folder that gives the type: as a UI lists it. */
  readonly name: string
  readonly type: ModelType
  /** Other absolute paths, as listed, that lead to the same file. */
  readonly aliases: readonly string[]
  readonly sizeBytes: number
  readonly modifiedUs: number
  readonly changedUs: number
  /** Decimal digits: they may not fit into a number. */
  readonly device: string
  readonly inode: string
  /** A marker beside it or in its name (`.part`, `.aria2` …) says that it is still being written. */
  readonly partial: boolean
  /** Digest that its name tells: blobs of the Hugging Face cache. Lower-case hex. */
  readonly namedSha256: string | undefined
  /** Number that changes with root, relative path, type, aliases, sidecars (their sizes and times) and `partial`. */
  readonly place: number
}

/** What the index holds of a file, as far as a walk compares it. */
export interface StoredFile {
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedUs: number
  readonly changedUs: number
  readonly place: number
}

export interface WalkProblem {
  /** Absolute path, printable. */
  readonly path: string
  readonly reason: string
}

/** How a walk differs from what was stored. */
export interface WalkSummary {
  /** Model files found, each real file once. */
  readonly files: number
  /** Those that are as they were stored. */
  readonly unchanged: number
  /** Stored paths that the walk did not meet. Below folders of `unreadable` that says nothing. */
  readonly vanished: readonly string[]
  /** Folders that could not be read: what is below them is unknown, not absent. A root that is missing is one. */
  readonly unreadable: readonly WalkProblem[]
  /** Entries that were left out: names that are not valid UTF-8, links that lead nowhere or in circles … */
  readonly skipped: readonly WalkProblem[]
}
