import type { Inspected, InspectRequest } from '../inspect/inspection.ts'
import type { ModelRoot } from '../root.ts'
import type { PackedFiles } from './packed.ts'
import type { WalkedFile, WalkProblem } from './walked-file.ts'

/** What the worker for model folders can be asked. A walk is followed by pages, batches, and `end` or another walk. */
export type ScanCalls = {
  /** Answers how many files there are; tells them so far as progress. Ends with `cancelled` when it is asked to. */
  readonly walk: { readonly input: { readonly roots: readonly ModelRoot[] }; readonly output: number }
  /** The same for some folders of the roots; undefined where they cannot be looked at alone. */
  readonly walkFolders: {
    readonly input: { readonly roots: readonly ModelRoot[]; readonly folders: readonly string[] }
    readonly output: number | undefined
  }
  /** What is stored, page by page. */
  readonly page: { readonly input: PackedFiles; readonly output: undefined }
  /** The next changed files, at most so many. */
  readonly changed: { readonly input: number; readonly output: readonly WalkedFile[] }
  /** The next vanished paths with NULs between them, at most so many. */
  readonly vanished: { readonly input: number; readonly output: string }
  readonly end: { readonly input: undefined; readonly output: WalkEnd }
  /** Forgets the walk. The answer also says that no call before it goes on. */
  readonly drop: { readonly input: undefined; readonly output: undefined }
  readonly inspect: { readonly input: readonly InspectRequest[]; readonly output: readonly Inspected[] }
}

export interface WalkEnd {
  readonly files: number
  readonly unchanged: number
  readonly unreadable: readonly WalkProblem[]
  readonly skipped: readonly WalkProblem[]
}
