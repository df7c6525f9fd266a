import type { FolderState } from '../host-index.ts'

/** What is wanted of folders of this host. */
export interface LookRequest {
  /** Absolute; each is looked through with everything below it, but for those of `shallow`. */
  readonly folders: readonly string[]
  /** Those of them of which only what lies in them itself is wanted. */
  readonly shallow: readonly string[]
  /** Names of files; what will have one of them once it is whole is found too. */
  readonly names: readonly string[]
  /** Numbers in the names that civitdl writes. */
  readonly versions: readonly number[]
  readonly models: readonly number[]
  /** Folders of which every model that may be any is wanted: what lies in them itself. Absolute. */
  readonly anyOf: readonly string[]
}

/** A file under one of the paths that lead to it. */
export interface FoundFile {
  /** As it stands below the folder that was asked for. */
  readonly path: string
  /** Symlinks resolved. */
  readonly real: string
  readonly sizeBytes: number
  readonly modifiedUs: number
}

export interface LookAnswer {
  readonly files: readonly FoundFile[]
  /** Of every folder of the request. */
  readonly states: readonly (readonly [folder: string, state: FolderState, problem?: string])[]
  /** Those of `anyOf` that hold such models; of thousands only the first. */
  readonly strangers: readonly (readonly [folder: string, files: readonly FoundFile[]])[]
}

export type LookCalls = {
  readonly look: { readonly input: LookRequest; readonly output: LookAnswer }
  /** Why nothing could load each of them, as far as its head tells; null: nothing speaks against it. */
  readonly heads: { readonly input: readonly FoundFile[]; readonly output: readonly (string | null)[] }
}
